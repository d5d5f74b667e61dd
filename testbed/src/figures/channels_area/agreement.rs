//! Whether `ticketing-client load` tells the truth: against what can be computed, and against h2load.

use std::fs;
use std::process::{Command, Output};

use super::Measured;
use super::one_at_a_time::{TAKES, median_ms, server};
use crate::figures::median;
use crate::generator::Generator;
use crate::service::Service;
use crate::{BedError, Stop, binaries};

const PER_SECOND: u32 = 200;
const SECONDS: u32 = 5;
const REQUESTS: usize = 400;
/// The answers of an overload come late: no deadline may cut them off.
const NO_DEADLINE: &str = "1h";
/// A `GetCustomerRequest` without an id, as a gRPC message: not compressed, of no bytes.
const EMPTY_MESSAGE: [u8; 5] = [0; 5];

/// What a generator saw.
struct Seen {
    calls_per_second: f64,
    median_ms: f64,
}

/// The median that an open loop reports, against the computed one.
pub(super) fn open_loop_truth(_: &Stop) -> Result<Measured, BedError> {
    let service = server()?;
    let (rate, seconds) = (PER_SECOND.to_string(), format!("{SECONDS}s"));
    let seen = load(&service, &["--rate", &rate, "--duration", &seconds])?;
    let computed = median_ms(PER_SECOND, SECONDS);
    let note = format!(
        "one run of {SECONDS} s with {PER_SECOND} calls/s at a server that takes {TAKES:?} for each: {:.0} ms reported, \
         {computed:.0} ms computed",
        seen.median_ms
    );
    Ok(Measured::once(seen.median_ms / computed, note))
}

/// Throughput and median of a closed loop with one caller against h2load's; of the two the one that is further from 1.
pub(super) fn load_agrees(_: &Stop) -> Result<Measured, BedError> {
    let service = server()?;
    let requests = REQUESTS.to_string();
    let ours = load(&service, &["--concurrency", "1", "--requests", &requests])?;
    let theirs = h2load(&service)?;
    let samples = vec![ours.calls_per_second / theirs.calls_per_second, ours.median_ms / theirs.median_ms];
    let further = samples.iter().copied().max_by(|one, other| (one - 1.0).abs().total_cmp(&(other - 1.0).abs()));
    let note = format!(
        "one run of {REQUESTS} calls each, one at a time: {:.1} and {:.1} calls/s, median {:.2} and {:.2} ms, ours and h2load's",
        ours.calls_per_second, theirs.calls_per_second, ours.median_ms, theirs.median_ms
    );
    Ok(Measured::of(further.expect("two samples"), samples, note))
}

fn load(service: &Service, shape: &[&str]) -> Result<Seen, BedError> {
    let folder = binaries::scratch("ticketing-load-")?;
    let arguments = [&["--deadline", NO_DEADLINE, "--mix", "probe=1"], shape].concat();
    let report = Generator::start(service.address(), &arguments, folder.path(), "load")?.finish(&Stop::never())?;
    if !report.failures.is_empty() {
        return Err(BedError::Unexpected(format!("calls of ticketing-client load failed: {:?}", report.failures)));
    }
    Ok(Seen { calls_per_second: report.calls_per_second, median_ms: report.latency("all")?.p50_ms })
}

fn h2load(service: &Service) -> Result<Seen, BedError> {
    let folder = binaries::scratch("ticketing-h2load-")?;
    let (message, log) = (folder.path().join("message"), folder.path().join("log"));
    fs::write(&message, EMPTY_MESSAGE).map_err(BedError::io("write a message for h2load"))?;
    let mut command = Command::new("h2load");
    command.args(["--threads", "1", "--clients", "1", "--max-concurrent-streams", "1"]);
    command.args(["--requests", &REQUESTS.to_string(), "--data"]).arg(&message).arg("--log-file").arg(&log);
    command.args(["--header", "content-type: application/grpc", "--header", "te: trailers"]);
    command.arg(format!("http://127.0.0.1:{}/ticketing.CustomerController/GetCustomer", service.address().port()));
    let output = finished(&mut command, "h2load (Debian: nghttp2-client)")?;
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.lines().find_map(|line| line.strip_prefix("finished in ")?.split(", ").nth(1)?.split(' ').next());
    let rate = rate.and_then(|rate| rate.parse().ok());
    // Start, status and microseconds, with tabs between.
    let text = fs::read_to_string(&log).map_err(BedError::io("read what h2load logged"))?;
    let times: Vec<f64> = text.lines().filter_map(|line| line.split('\t').nth(2)?.parse().ok()).collect();
    match rate {
        Some(calls_per_second) if times.len() == REQUESTS => {
            Ok(Seen { calls_per_second, median_ms: median(&times) / 1e3 })
        }
        _ => Err(BedError::Unexpected(format!("h2load timed {} of {REQUESTS} calls: {said}", times.len()))),
    }
}

fn finished(command: &mut Command, what: &str) -> Result<Output, BedError> {
    let output = command.output().map_err(BedError::io(format!("run {what}")))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(BedError::Unexpected(format!("{what} ended with {}: {}", output.status, said.trim())))
}
