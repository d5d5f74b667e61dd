//! Histories of real callers through real Envoy, while servers are killed.

use std::time::Duration;

use testbed::Stop;
use testbed::history::{Run, Scenario, Store};

fn short(scenario: Scenario) -> Run {
    let scenario = Scenario { duration: Duration::from_secs(4), kill_every: Duration::from_secs(1), ..scenario };
    let run = scenario.run(&Stop::never()).unwrap();
    assert_eq!(run.verdict.wrong(), 0, "{}", run.verdict);
    assert!(run.kills > 0 && run.verdict.checked_creates > 0 && run.verdict.walks > 0, "{run:?}");
    run
}

#[test]
fn a_history_under_kills_breaks_no_promise() {
    short(Scenario::sqlite());
}

#[test]
fn a_history_on_postgres_breaks_no_promise_while_servers_and_database_are_killed() {
    let run = short(Scenario { database_restarts: 2, ..Scenario::postgres() });
    assert!(run.database_restarts > 0);
}

#[test]
fn a_history_on_a_serializable_postgres_breaks_no_promise() {
    let run = short(Scenario { store: Store::SerializablePostgres, database_restarts: 1, ..Scenario::postgres() });
    assert!(run.database_restarts > 0);
}
