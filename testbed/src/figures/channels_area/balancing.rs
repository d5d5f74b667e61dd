//! Whether docs/balancing.md tells of this version.

use super::Measured;
use crate::{BedError, Stop, balance};

pub(super) fn cells_measured(_: &Stop) -> Result<Measured, BedError> {
    let (measured, all) = balance::measured_cells()?;
    let note = format!(
        "{measured} of {all} cells of docs/balancing.md are of a run with this release and these configurations of Envoy; \
         `make balance` measures them"
    );
    Ok(Measured::once(measured as f64 * 100.0 / all as f64, note))
}
