//! Two versions side by side: the overlay's own configuration in real Envoy.

use testbed::{Canary, Stop, equal_calls};

use crate::python;

const STABLE: usize = 2;

#[test]
fn calls_split_between_two_versions_by_weight() {
    const CALLS: usize = 5_000;
    let canary = Canary::start(STABLE, &Stop::never()).unwrap();
    let tally = equal_calls(canary.address(), CALLS, &Stop::never()).unwrap();
    assert_eq!(tally.failed(), 0, "{:?}", tally.first_failure);
    let (share, weight) = (tally.of(canary.server().pod()) as f64 / CALLS as f64, canary.weight().unwrap());
    assert!((share - weight).abs() < 0.02, "{share} of the calls for a weight of {weight}");
}

#[test]
fn a_caller_who_names_itself_stays_with_its_version() {
    const IDS: usize = 200;
    let canary = Canary::start(STABLE, &Stop::never()).unwrap();
    let answered = python::call("caller_ids.py", canary.address(), &[&IDS.to_string(), "4"]);
    let pod = canary.server().pod();
    let with_canary: Vec<_> = answered
        .lines()
        .map(|pods| {
            let of_canary = pods.split(' ').filter(|name| *name == pod).count();
            assert!(of_canary == 0 || of_canary == 4, "{pods}");
            of_canary > 0
        })
        .collect();
    assert_eq!(with_canary.len(), IDS);
    assert!(with_canary.contains(&true) && with_canary.contains(&false), "{answered}");
}

#[test]
fn while_the_canary_is_dead_the_stable_version_answers_its_share() {
    let canary = Canary::start(STABLE, &Stop::never()).unwrap();
    canary.server().kill().unwrap();
    let tally = equal_calls(canary.address(), 1_000, &Stop::never()).unwrap();
    assert_eq!(tally.failed(), 0, "{:?}", tally.first_failure);
    assert_eq!(tally.of(canary.server().pod()), 0);
}
