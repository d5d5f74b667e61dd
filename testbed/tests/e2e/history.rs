//! Histories of real callers through real Envoy, while servers are killed.

use std::time::Duration;

use testbed::Stop;
use testbed::history::Scenario;

#[test]
fn a_history_under_kills_breaks_no_promise() {
    let scenario =
        Scenario { duration: Duration::from_secs(4), kill_every: Duration::from_secs(1), ..Scenario::sqlite() };
    let run = scenario.run(&Stop::never()).unwrap();
    assert_eq!(run.verdict.wrong(), 0, "{}", run.verdict);
    assert!(run.kills >= 3 && run.verdict.checked_creates > 0 && run.verdict.walks > 0, "{run:?}");
}
