//! That nothing is lost, doubled, invented or skipped while servers and database die.

use crate::figures::plan::Measured;
use crate::history::{Run, Scenario};
use crate::{BedError, Stop};

pub(super) fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let (sqlite, postgres) = (play(&Scenario::sqlite(), stop)?, play(&Scenario::postgres(), stop)?);
    let checked = sqlite.verdict.checked_creates + postgres.verdict.checked_creates;
    Ok(vec![told(&sqlite), told(&postgres), Measured::once(checked as f64, "of the two histories together")])
}

/// A history in which nothing happened breaks no promise either, and proves nothing: it is not measured.
fn play(scenario: &Scenario, stop: &Stop) -> Result<Run, BedError> {
    let run = scenario.run(stop)?;
    if run.kills == 0 || run.database_restarts < scenario.database_restarts || run.verdict.checked_creates == 0 {
        return Err(BedError::Unexpected(format!("a history without its kills, or without a create: {run:?}")));
    }
    Ok(run)
}

fn told(run: &Run) -> Measured {
    let Run { verdict, kills, database_restarts } = run;
    let note = format!("one run: {kills} servers killed, {database_restarts} restarts of the database; {verdict}");
    Measured::once(verdict.wrong() as f64, note)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_history_without_kills_is_not_measured() {
        let uneventful = Scenario { duration: Duration::from_millis(200), ..Scenario::sqlite() };
        let error = play(&uneventful, &Stop::never()).expect_err("nobody was killed").to_string();
        assert!(error.contains("without its kills"), "{error}");
    }
}
