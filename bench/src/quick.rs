//! The key ratios and the instructions, in two minutes.

use testbed::{BedError, Stop};

use crate::costs;
use crate::instructions::count;
use crate::peers::Peer;
use crate::ratchet::Baseline;

/// Measures, and tells what came of it beside the baseline.
pub(crate) fn compare(stop: &Stop) -> Result<(), BedError> {
    let baseline = Baseline::read()?;
    for line in baseline.compare(&measure(stop)?) {
        println!("{line}");
    }
    Ok(())
}

/// Measures, and makes that the baseline.
pub(crate) fn keep(stop: &Stop) -> Result<(), BedError> {
    measure(stop)?.write()
}

fn measure(stop: &Stop) -> Result<Baseline, BedError> {
    let instructions = count(Peer::Ours, stop)?;
    let ratios = costs::quick(stop)?.into_iter().map(|(name, ratio)| (name, ratio.value)).collect();
    Ok(Baseline { instructions, ratios })
}
