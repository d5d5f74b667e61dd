//! What was reached, kept in `bench/baseline.json`, so that a later change that costs more does not pass unseen.

use std::fs;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use testbed::{BedError, binaries};

use crate::instructions::Count;

/// Instructions may change by so much, in percent, before it is said loudly.
const TOLERANCE: f64 = 3.0;

/// What the quick run measured, to be compared with.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    /// Instructions of a call of ours.
    pub(crate) instructions: Vec<Count>,
    /// Ratios of CPU, by the figure's name. They are told beside new ones, not judged: the machine blurs them.
    pub(crate) ratios: Vec<(String, f64)>,
}

impl Baseline {
    pub(crate) fn read() -> Result<Self, BedError> {
        let path = path();
        let text = fs::read(&path).map_err(BedError::io(format!("read {}", path.display())))?;
        serde_json::from_slice(&text).map_err(|error| {
            BedError::Unexpected(format!("{}: {error}; `make bench-baseline` writes it", path.display()))
        })
    }

    pub(crate) fn write(&self) -> Result<(), BedError> {
        let path = path();
        let text = serde_json::to_string_pretty(self).expect("plain data") + "\n";
        fs::write(&path, text).map_err(BedError::io(format!("write {}", path.display())))
    }

    /// What `new` says beside this, a line each; loud where instructions are not what they were.
    pub(crate) fn compare(&self, new: &Self) -> Vec<String> {
        let mut lines: Vec<_> = new.instructions.iter().map(|count| self.compare_count(count)).collect();
        lines.extend(new.ratios.iter().map(|(name, ratio)| {
            let before = self.ratios.iter().find(|(of, _)| of == name);
            before.map_or(format!("{name} {ratio:.2} x"), |(_, before)| {
                format!("{name} {ratio:.2} x (baseline {before:.2})")
            })
        }));
        lines
    }

    fn compare_count(&self, new: &Count) -> String {
        let Count { peer, shape, instructions } = new;
        let text = format!("instructions of a call, {shape}: {instructions:.0}");
        let Some(before) = self.instructions.iter().find(|count| (count.peer, count.shape) == (*peer, *shape)) else {
            return format!("\n!!! NOTHING TO COMPARE WITH: {text}; `make bench-baseline` keeps it.\n");
        };
        let growth = (instructions / before.instructions - 1.0) * 100.0;
        let text = format!("{text} (baseline {:.0}, {growth:+.1} %)", before.instructions);
        if growth > TOLERANCE {
            format!(
                "\n!!! A CALL COSTS MORE THAN IT DID: {text}, allowed is {TOLERANCE} %.\n!!! Find out why; where it is worth it, `make bench-baseline` accepts it.\n"
            )
        } else if growth < -TOLERANCE {
            format!(
                "\n!!! A CALL COSTS LESS: {text}. `make bench-baseline` keeps it; until then it may grow back unseen.\n"
            )
        } else {
            text
        }
    }
}

fn path() -> PathBuf {
    binaries::repository().join("bench/baseline.json")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::Shape;
    use crate::peers::Peer;

    fn baseline(instructions: f64) -> Baseline {
        let count = Count { peer: Peer::Ours, shape: Shape::new(1, 1), instructions };
        Baseline { instructions: vec![count], ratios: vec![("get_8x1_tonic".to_owned(), 1.02)] }
    }

    #[test]
    fn a_change_is_loud_only_past_the_tolerance() {
        let before = baseline(10_000.0);
        let said = |instructions| before.compare(&baseline(instructions)).join("\n");
        assert!(!said(10_290.0).contains("!!!"), "{}", said(10_290.0));
        assert!(said(10_310.0).contains("!!! A CALL COSTS MORE"), "{}", said(10_310.0));
        assert!(!said(9_710.0).contains("!!!"), "{}", said(9_710.0));
        assert!(said(9_690.0).contains("!!! A CALL COSTS LESS"), "{}", said(9_690.0));
    }

    #[test]
    fn a_baseline_that_was_never_written_is_said() {
        assert!(Baseline::default().compare(&baseline(1.0)).join("\n").contains("!!! NOTHING TO COMPARE WITH"));
    }
}
