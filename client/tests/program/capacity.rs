//! `capacity` calls nobody: no server runs here.

use std::fs;

use crate::program::run;

/// Nobody listens there.
const NOBODY: u16 = 1;

#[test]
fn a_load_is_told_in_pods_envoys_and_database_with_the_first_bottleneck() {
    let ended = run(NOBODY, &["capacity", "--calls-per-second", "50000"]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    for part in ["50,000 calls/s", "pods ", "Envoys ", "database ", "health checks", "first bottleneck: "] {
        assert!(ended.out.contains(part), "{part}: {}", ended.out);
    }
}

#[test]
fn programs_read_the_same_with_the_costs_that_were_used() {
    let found = run(NOBODY, &["capacity", "--calls-per-second", "50000", "--output", "json"]).json();
    assert_eq!(found["fits"], true, "{found}");
    let (pods, envoys) = (&found["plan"]["pods"]["count"], &found["plan"]["envoys"]["count"]);
    assert!(pods.as_u64() >= Some(2) && envoys.as_u64() >= Some(2), "{found}");
    assert!(found["bottleneck"]["calls_per_second"].as_f64() > Some(50_000.0), "{found}");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("costs.json");
    fs::write(&file, found["costs"].to_string()).expect("written");
    let path = file.to_str().expect("text");
    let again = run(NOBODY, &["capacity", "--calls-per-second", "50000", "--output", "json", "--costs", path]).json();
    assert_eq!(again, found);

    fs::write(&file, r#"{ "server_hit_us": 1000 }"#).expect("written");
    let dearer = run(NOBODY, &["capacity", "--calls-per-second", "50000", "--output", "json", "--costs", path]).json();
    assert!(dearer["plan"]["pods"]["count"].as_u64() > pods.as_u64(), "{dearer}");
}

#[test]
fn more_pods_than_were_measured_are_a_warning() {
    let asked = |calls| run(NOBODY, &["capacity", "--calls-per-second", calls, "--headroom", "0"]).out;
    assert!(!asked("1000000").contains("beyond what was measured"));
    let many = asked("20000000");
    assert!(many.contains("beyond what was measured"), "{many}");
}

#[test]
fn costs_that_cannot_be_used_are_bad_usage() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("costs.json");
    let path = file.to_str().expect("text");
    let refused = || run(NOBODY, &["capacity", "--calls-per-second", "1", "--costs", path]);
    assert!(refused().failed_with_one_line(2).contains("costs.json"));
    fs::write(&file, r#"{ "server_hits_us": 1 }"#).expect("written");
    assert!(refused().failed_with_one_line(2).contains("unknown field `server_hits_us`"));
}
