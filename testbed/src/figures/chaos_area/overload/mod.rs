//! Five times what the servers can do: what is answered, how soon the rest is refused, and how soon it is over.

mod probes;
mod pulse;

use std::time::{Duration, Instant};

use async_std::task::block_on;
use ticketing_client::CreateCustomerRequest;

use super::Measured;
use crate::connect::channel_to;
use crate::figures::Seen;
use crate::generator::{Generator, LoadReport};
use crate::quota::Quota;
use crate::{Bed, BedError, Latency, Stop, Testbed, wait};
use probes::Probes;
use pulse::Pulse;

const SERVERS: usize = 2;
/// Of a CPU, for all servers: little, so that the machine has room for five times as many callers and for Envoy.
const CPUS: f64 = 0.2;
/// So that a page of a list is full.
const CUSTOMERS: usize = 100;
/// Half of the calls are cheap and half cost some ten times as much.
const MIX: [&str; 2] = ["--mix", "get=1,list=1"];
const CONNECTIONS: [&str; 2] = ["--connections", "4"];
/// Enough callers to keep both servers busy, and too few to make them late.
const SATURATING: [&str; 6] = ["--concurrency", "32", "--warmup", "2s", "--duration", "8s"];
const TIMES: f64 = 5.0;
/// What the usual callers offer of the capacity, before, during and after.
const USUAL: f64 = 0.5;
const BEFORE: Duration = Duration::from_secs(4);
const OVERLOAD: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(6);

/// `overload_goodput`, `overload_refusal_p99`, `overload_recovery`.
pub(super) fn measure(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let (_quota, bed) = scene(stop)?;
    let capacity = capacity(&bed, stop)?;
    let memory = memories(&bed)?;

    let probes = Probes::start(&bed);
    let pulse = Pulse::start(bed.envoy_address());
    let whole = seconds(BEFORE + OVERLOAD + AFTER);
    let usual = offer(&bed, USUAL * capacity, &whole, "usual")?;
    let begun = Instant::now();
    wait::rest(BEFORE);
    let (calm_until, overload_from) = (Instant::now(), begun.elapsed());
    let more = offer(&bed, (TIMES - USUAL) * capacity, &seconds(OVERLOAD), "overload")?.finish(stop)?;
    // The last call was begun when the load had lasted as long as it should; its answer came later.
    let tail = Duration::from_secs_f64(more.seconds).saturating_sub(OVERLOAD);
    let over = Instant::now().checked_sub(tail).unwrap_or_else(Instant::now);
    let overload_to = over.duration_since(begun);
    let usual = usual.finish(stop)?;
    let (pulses, health) = (pulse.stop(), probes.stop()?);

    let (answered, in_seconds) = usual.answered_between(overload_from.as_secs_f64(), overload_to.as_secs_f64());
    let usual_rate = answered as f64 / in_seconds.max(1) as f64;
    let goodput = more.ok as f64 / more.seconds + usual_rate;
    let (refused, all) = (more.latency("failed")?, more.latency("all")?);
    let seen = Seen {
        calls: more.calls,
        failures: more.failures.clone(),
        quiet: Latency::of(pulses.took_before(calm_until)),
        event: all,
    };
    let recovery = pulses.bad_after(over);
    let grown = growth(&memory, &memories(&bed)?);
    let scene = format!(
        "{SERVERS} servers that have {CPUS} of a CPU together and answer {capacity:.0} calls/s to {} callers; {TIMES} times that \
         is offered for {OVERLOAD:?}, by callers outside of the quota who wait for 3 s and retry nothing",
        SATURATING[1],
    );
    Ok(vec![
        Measured::once(
            100.0 * goodput / capacity,
            format!(
                "{scene}: {goodput:.0} calls/s answered; of {} calls {}; answered ones p50 {:.0} ms, p99 {:.0} ms; {health}; \
                 peak memory grew by {grown}",
                more.calls,
                by_code(&more),
                all.p50_ms,
                all.p99_ms,
            ),
        )
        .seen(seen),
        Measured::once(
            refused.p99_ms,
            format!(
                "at the caller, of all calls that failed: median {:.1} ms, the slowest {:.0} ms",
                refused.p50_ms, refused.max_ms
            ),
        )
        .of_calls(more.calls),
        Measured::once(
            recovery.as_secs_f64(),
            format!(
                "from the last call of the overload to the last call that failed or took longer than {:?}, while {:.0} % of the \
                 capacity go on; {pulses}",
                pulse::SLOW,
                100.0 * USUAL,
            ),
        ),
    ])
}

/// Servers with a fixed share of a CPU, Envoy without, and customers to list.
fn scene(stop: &Stop) -> Result<(Quota, Bed), BedError> {
    let bed = Testbed::new().servers(SERVERS).envoy().stop_on(stop).start()?;
    let channel = channel_to(bed.envoy_address());
    for number in 0..CUSTOMERS {
        let request = CreateCustomerRequest {
            first_name: format!("Ada {number}"),
            last_name: "Patient".to_owned(),
            ..CreateCustomerRequest::new()
        };
        block_on(channel.customers().create(&request))?;
    }
    let quota = Quota::of(CPUS)?;
    bed.servers().iter().try_for_each(|server| quota.hold(server.pid()))?;
    Ok((quota, bed))
}

/// Calls a second that are answered to callers who wait for each answer.
fn capacity(bed: &Bed, stop: &Stop) -> Result<f64, BedError> {
    let arguments = [&MIX[..], &CONNECTIONS, &SATURATING].concat();
    let report = Generator::start(bed.envoy_address(), &arguments, bed.folder(), "capacity")?.finish(stop)?;
    if report.failures.is_empty() {
        return Ok(report.calls_per_second);
    }
    Err(BedError::Unexpected(format!("calls failed before the overload: {:?}", report.failures)))
}

fn offer(bed: &Bed, rate: f64, lasting: &str, name: &str) -> Result<Generator, BedError> {
    let rate = format!("{rate:.0}");
    let arguments = [&MIX[..], &CONNECTIONS, &["--rate", &rate, "--duration", lasting]].concat();
    Generator::start(bed.envoy_address(), &arguments, bed.folder(), name)
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs())
}

fn by_code(report: &LoadReport) -> String {
    let failures = report.failures.iter().map(|(code, count)| format!("{count} {code}"));
    [format!("{} answered", report.ok)].into_iter().chain(failures).collect::<Vec<_>>().join(", ")
}

/// The most memory that each process ever had, in bytes.
fn memories(bed: &Bed) -> Result<Vec<(String, u64)>, BedError> {
    let servers = bed.servers().iter().map(|server| Ok((server.pod().to_owned(), server.peak_memory()?)));
    let envoy = bed.envoy().process();
    servers.chain([envoy.peak_memory().map(|bytes| ("Envoy".to_owned(), bytes))]).collect()
}

fn growth(before: &[(String, u64)], after: &[(String, u64)]) -> String {
    let grown = before
        .iter()
        .zip(after)
        .map(|((name, before), (_, after))| format!("{:.0} MB ({name})", after.saturating_sub(*before) as f64 / 1e6));
    grown.collect::<Vec<_>>().join(", ")
}
