//! What asks servers and Envoy whether they are well, as a kubelet, Prometheus and Envoy do.

use std::fmt;
use std::net::SocketAddrV4;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use async_std::task::block_on;
use ticketing_client::{Channel, Serving};

use crate::connect::channel_with_deadline;
use crate::{Bed, BedError, http, wait};

const EVERY: Duration = Duration::from_millis(250);
/// What a kubelet waits by default.
const LIMIT: Duration = Duration::from_secs(1);
const SERVICE: &str = "ticketing.CustomerController";

/// Probes until they are stopped or dropped.
pub(super) struct Probes {
    ended: Arc<AtomicBool>,
    probing: JoinHandle<Probed>,
}

/// What was asked.
#[derive(Default)]
pub(super) struct Probed {
    asked: u64,
    slowest: Duration,
    /// The first that did not answer in time.
    missed: Option<String>,
}

/// Whom to ask, and for what.
enum Probe {
    Page(SocketAddrV4, &'static str),
    Health(Channel),
}

impl Probes {
    pub(super) fn start(bed: &Bed) -> Self {
        let mut probes =
            vec![Probe::Page(bed.envoy().telemetry(), "/ready"), Probe::Page(bed.envoy().admin(), "/ready")];
        for server in bed.servers() {
            probes.extend(["/livez", "/readyz", "/metrics"].map(|page| Probe::Page(server.admin(), page)));
            probes.push(Probe::Health(channel_with_deadline(server.address(), LIMIT)));
        }
        let ended = Arc::new(AtomicBool::new(false));
        let probing = thread::spawn({
            let ended = ended.clone();
            move || ask(&probes, &ended)
        });
        Self { ended, probing }
    }

    /// What was asked; an error if anyone was silent, or unwell.
    pub(super) fn stop(self) -> Result<Probed, BedError> {
        self.ended.store(true, Ordering::Relaxed);
        let probed = self.probing.join().map_err(|_| BedError::Unexpected("the probes panicked".to_owned()))?;
        match probed.missed {
            Some(missed) => Err(BedError::Unexpected(missed)),
            None => Ok(probed),
        }
    }
}

fn ask(probes: &[Probe], ended: &AtomicBool) -> Probed {
    let mut told = Probed::default();
    while !ended.load(Ordering::Relaxed) {
        for probe in probes {
            let begun = Instant::now();
            let well = probe.is_well();
            let took = begun.elapsed();
            told.asked += 1;
            told.slowest = told.slowest.max(took);
            if !well || took > LIMIT {
                told.missed.get_or_insert_with(|| format!("{probe} was not well after {took:?}, under overload"));
            }
        }
        wait::rest(EVERY);
    }
    told
}

impl Probe {
    fn is_well(&self) -> bool {
        match self {
            Self::Page(address, page) => http::get(*address, page).is_some(),
            Self::Health(channel) => matches!(block_on(channel.health(SERVICE)), Ok(Serving::Serving)),
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(address, page) => write!(f, "http://{address}{page}"),
            Self::Health(channel) => write!(f, "grpc.health.v1 of {}", channel.target()),
        }
    }
}

impl fmt::Display for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} health checks and admin pages all well, the slowest after {:.0} ms",
            self.asked,
            self.slowest.as_secs_f64() * 1e3
        )
    }
}
