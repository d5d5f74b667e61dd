//! How near the split through real Envoy comes to the weights of the overlay `canary`.

use crate::figures::plan::Measured;
use crate::{BedError, Canary, Stop, equal_calls};

const STABLE: usize = 2;
const CALLS: usize = 10_000;

pub(super) fn split(stop: &Stop) -> Result<Measured, BedError> {
    let canary = Canary::start(STABLE, stop)?;
    let tally = equal_calls(canary.address(), CALLS, stop)?;
    if let Some(failure) = tally.first_failure {
        return Err(BedError::Unexpected(failure));
    }
    let (share, weight) = (tally.of(canary.server().pod()) as f64 / CALLS as f64, canary.weight()?);
    // With two versions, what one has too much the other has too little.
    let note = format!("one run: {:.2} % of {CALLS} calls, for a weight of {:.2} %", share * 100.0, weight * 100.0);
    Ok(Measured::once((share - weight).abs() * 100.0, note))
}
