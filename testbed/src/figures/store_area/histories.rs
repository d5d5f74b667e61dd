//! That nothing is lost, doubled, invented or skipped while servers and database die.

use crate::figures::plan::Measured;
use crate::history::{Run, Scenario};
use crate::{BedError, Stop};

pub(super) fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let (sqlite, postgres) = (Scenario::sqlite().run(stop)?, Scenario::postgres().run(stop)?);
    let checked = sqlite.verdict.checked_creates + postgres.verdict.checked_creates;
    Ok(vec![told(&sqlite), told(&postgres), Measured::once(checked as f64, "of the two histories together")])
}

fn told(run: &Run) -> Measured {
    let Run { verdict, kills, database_restarts } = run;
    let note = format!("one run: {kills} servers killed, {database_restarts} restarts of the database; {verdict}");
    Measured::once(verdict.wrong() as f64, note)
}
