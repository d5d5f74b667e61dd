//! What `make compose-test` finds, as figures.

use crate::compose::exercise;
use crate::figures::plan::Measured;
use crate::{BedError, Stop};

pub(super) fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let found = exercise(stop, &mut |line| eprintln!("{line}"))?;
    let spread = found.pods.iter().map(|pod| found.spread.of(pod) as f64).collect();
    let first_calls: Vec<_> = found.first_calls.iter().map(std::time::Duration::as_secs_f64).collect();
    let (down, kill) = (&found.scale_down, &found.kill);
    Ok(vec![
        Measured::of(found.uneven() as f64, spread, "one run; samples are the calls of each pod"),
        Measured::of(
            found.slowest_first_call().as_secs_f64(),
            first_calls,
            "one run under calls; from the server's log line until a caller had an answer",
        ),
        Measured::once(down.failed() as f64, format!("one run; {} calls succeeded meanwhile", down.succeeded())),
        Measured::once(
            found.verdict.lost.customers as f64,
            format!(
                "one run; {}; while one server was killed {} of {} calls failed",
                found.verdict,
                kill.failed(),
                kill.failed() + kill.succeeded()
            ),
        ),
    ])
}
