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
/// What is asked for, and of how much of a CPU, for all servers: little, so that the machine has room for five times as
/// many callers and for Envoy.
const SHAPES: [Shape; 3] = [
    // Half of the calls are cheap and half cost some ten times as much.
    Shape { mix: "get=1,list=1", cpus: 0.2 },
    // Nothing here is cheaper to refuse than something else.
    Shape { mix: "get=1", cpus: 0.05 },
    Shape { mix: "create=1", cpus: 0.1 },
];
/// So that a page of a list is full.
const CUSTOMERS: usize = 100;
const CONNECTIONS: [&str; 2] = ["--connections", "4"];
/// Enough callers to keep both servers busy, and too few to make them late.
const SATURATING: [&str; 6] = ["--concurrency", "32", "--warmup", "2s", "--duration", "8s"];
const TIMES: f64 = 5.0;
/// What the usual callers offer of the capacity, before, during and after.
const USUAL: f64 = 0.5;
const BEFORE: Duration = Duration::from_secs(4);
const OVERLOAD: Duration = Duration::from_secs(30);
const AFTER: Duration = Duration::from_secs(6);

#[derive(Debug, Clone, Copy)]
struct Shape {
    mix: &'static str,
    cpus: f64,
}

/// What came of one shape.
struct Outcome {
    goodput: Measured,
    refusal: Measured,
    recovery: Measured,
}

/// `overload_goodput`, `overload_refusal_p99`, `overload_recovery`: each of the shape in which it is worst.
pub(super) fn measure(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let mut outcomes = Vec::new();
    for shape in SHAPES {
        let outcome = shape.overload(stop)?;
        for (what, measured) in
            [("goodput", &outcome.goodput), ("refusal", &outcome.refusal), ("recovery", &outcome.recovery)]
        {
            eprintln!("chaos: overload by {}: {what} {:.2}, {}", shape.mix, measured.value, measured.note);
        }
        outcomes.push(outcome);
    }
    let (mut goodputs, mut refusals, mut recoveries) = (Vec::new(), Vec::new(), Vec::new());
    for Outcome { goodput, refusal, recovery } in outcomes {
        goodputs.push(goodput);
        refusals.push(refusal);
        recoveries.push(recovery);
    }
    Ok(vec![worst(goodputs, |value| -value), worst(refusals, |value| value), worst(recoveries, |value| value)])
}

/// The worst one, with the values and notes of all.
fn worst(all: Vec<Measured>, badness: impl Fn(f64) -> f64) -> Measured {
    let samples = all.iter().map(|measured| measured.value).collect();
    let notes: Vec<_> =
        SHAPES.iter().zip(&all).map(|(shape, measured)| format!("{}: {}", shape.mix, measured.note)).collect();
    let by = |one: &Measured, other: &Measured| badness(one.value).total_cmp(&badness(other.value));
    let worst = all.into_iter().max_by(by).expect("there are shapes");
    Measured { samples, note: notes.join("; "), ..worst }
}

impl Shape {
    fn overload(self, stop: &Stop) -> Result<Outcome, BedError> {
        let (_quota, bed) = self.scene(stop)?;
        let capacity = self.capacity(&bed, stop)?;
        let memory = memories(&bed)?;

        let probes = Probes::start(&bed);
        let pulse = Pulse::start(bed.envoy_address());
        let whole = seconds(BEFORE + OVERLOAD + AFTER);
        let usual = self.offer(&bed, USUAL * capacity, &whole, "usual")?;
        let begun = Instant::now();
        wait::rest(BEFORE);
        let (calm_until, overload_from) = (Instant::now(), begun.elapsed());
        let more = self.offer(&bed, (TIMES - USUAL) * capacity, &seconds(OVERLOAD), "overload")?.finish(stop)?;
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
        let envoys = sent_again_and_left(&bed);
        let scene = format!(
            "{SERVERS} servers that have {} of a CPU together and answer {capacity:.0} calls/s to {} callers; {TIMES} times \
             that is offered for {OVERLOAD:?}, by callers outside of the quota who wait for 3 s and retry nothing",
            self.cpus, SATURATING[1],
        );
        let goodput = Measured::once(
            100.0 * goodput / capacity,
            format!(
                "{scene}: {goodput:.0} calls/s answered; of {} calls {}; answered ones p50 {:.0} ms, p99 {:.0} ms; {envoys}; \
                 {health}; peak memory grew by {grown}",
                more.calls,
                by_code(&more),
                all.p50_ms,
                all.p99_ms,
            ),
        );
        let refusal = Measured::once(
            refused.p99_ms,
            format!(
                "at the caller, of all calls that failed: median {:.1} ms, the slowest {:.0} ms",
                refused.p50_ms, refused.max_ms
            ),
        );
        let recovery = Measured::once(
            recovery.as_secs_f64(),
            format!(
                "from the last call of the overload to the last call that failed or took longer than {:?}, while {:.0} % of the \
                 capacity go on; {pulses}",
                pulse::SLOW,
                100.0 * USUAL,
            ),
        );
        Ok(Outcome { goodput: goodput.seen(seen), refusal: refusal.of_calls(more.calls), recovery })
    }

    /// Servers with a fixed share of a CPU, Envoy without, and customers to list.
    fn scene(self, stop: &Stop) -> Result<(Quota, Bed), BedError> {
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
        let quota = Quota::of(self.cpus)?;
        bed.servers().iter().try_for_each(|server| quota.hold(server.pid()))?;
        Ok((quota, bed))
    }

    /// Calls a second that are answered to callers who wait for each answer.
    fn capacity(self, bed: &Bed, stop: &Stop) -> Result<f64, BedError> {
        let arguments = [&["--mix", self.mix][..], &CONNECTIONS, &SATURATING].concat();
        let report = Generator::start(bed.envoy_address(), &arguments, bed.folder(), "capacity")?.finish(stop)?;
        if report.failures.is_empty() {
            return Ok(report.calls_per_second);
        }
        Err(BedError::Unexpected(format!("calls failed before the overload: {:?}", report.failures)))
    }

    fn offer(self, bed: &Bed, rate: f64, lasting: &str, name: &str) -> Result<Generator, BedError> {
        let rate = format!("{rate:.0}");
        let arguments = [&["--mix", self.mix][..], &CONNECTIONS, &["--rate", &rate, "--duration", lasting]].concat();
        Generator::start(bed.envoy_address(), &arguments, bed.folder(), name)
    }
}

/// What Envoy made of it: a storm of retries, or servers taken for bad, would be seen here.
fn sent_again_and_left(bed: &Bed) -> String {
    let count = |name: &str| {
        let full = format!("cluster.app-server-headless.{name}");
        bed.envoy().stats(name).into_iter().find(|(stat, _)| *stat == full).map_or(0, |(_, count)| count)
    };
    format!(
        "Envoy sent {} calls again and left servers {} times",
        count("upstream_rq_retry"),
        count("outlier_detection.ejections_enforced_total"),
    )
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
