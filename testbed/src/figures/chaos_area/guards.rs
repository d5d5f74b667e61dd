//! The lines that protect: each is taken out, and its test must notice.

use super::Measured;
use crate::guards::{self, Outcome, Proof};
use crate::{BedError, Stop};

/// `guards_proven`.
pub(super) fn proven(stop: &Stop) -> Result<Measured, BedError> {
    let guards = guards::all();
    let mut number = 0;
    let tell = |proof: &Proof| {
        number += 1;
        let Proof { guard, outcome } = proof;
        let place = format!("guards: {number} of {}: {}: {}", guards.len(), guard.file, guard.line);
        match outcome {
            Outcome::Proven(said) => eprintln!("{place}: without it: {said:.200}"),
            Outcome::NotProven(why) => eprintln!("{place}: NOT PROVEN: {why}"),
        }
    };
    let proofs = guards::prove(&guards, tell, stop)?;
    let proven = proofs.iter().filter(|proof| proof.holds()).count();
    let lacking: Vec<_> = proofs.iter().filter(|proof| !proof.holds()).map(|proof| proof.guard.line).collect();
    let mut note =
        format!("{proven} of the {} lines of SECURITY.md fail their test when they are taken out", proofs.len());
    if !lacking.is_empty() {
        note = format!("{note}; not so: {}", lacking.join(", "));
    }
    Ok(Measured::once(100.0 * proven as f64 / proofs.len() as f64, note))
}
