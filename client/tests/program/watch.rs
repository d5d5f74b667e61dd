//! A steady watch on one connection.

use rustix::process::Signal;

use crate::program::{Background, program, run};
use crate::server::Server;

#[test]
fn a_watch_counts_its_calls_by_the_pod_that_answered() {
    let server = Server::named("pod-b", 0);
    let args = ["--output", "json", "watch", "--every", "0s", "--in-flight", "4", "--count", "50"];
    let ended = run(server.port, &args);
    let summary = ended.json();
    assert_eq!(ended.code, Some(0));
    assert_eq!((&summary["calls"], &summary["ok"], &summary["failed"]), (&50.into(), &50.into(), &0.into()));
    assert_eq!(summary["pods"], serde_json::json!({ "pod-b": 50 }));
    assert_eq!(summary["interrupted"], false);
    assert_eq!(ended.err.matches("Start GetCustomerDetails").count(), 50);
    assert_eq!(ended.err.matches("End GetCustomerDetails from pod-b").count(), 50);
}

#[test]
fn a_watch_is_what_runs_without_a_command() {
    let server = Server::start();
    let mut watch = Background::start(&mut program(server.port));
    watch.wait_for("End GetCustomerDetails from pod-a");
    watch.signal(Signal::INT);
    let ended = watch.end();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert!(ended.out.starts_with("1 calls, 1 ok, 0 failed"), "{}", ended.out);
}

#[test]
fn a_watch_survives_the_server_going_away_and_coming_back() {
    let server = Server::named("before", 0);
    let port = server.port;
    let mut watch = Background::start(program(port).args(["--output", "json", "watch", "--every", "20ms"]));
    watch.wait_for("End GetCustomerDetails from before");
    server.stop();
    assert!(watch.wait_for("End GetCustomerDetails failed").contains("UNAVAILABLE"));
    let _server = Server::named("after", port);
    watch.wait_for("End GetCustomerDetails from after");
    watch.signal(Signal::TERM);

    let ended = watch.end();
    let summary = ended.json();
    assert_eq!(ended.code, Some(3));
    assert!(summary["pods"]["before"].as_u64() > Some(0) && summary["pods"]["after"].as_u64() > Some(0), "{summary}");
    assert!(summary["failures"]["UNAVAILABLE"].as_u64() > Some(0), "{summary}");
}

#[test]
fn a_watch_with_a_time_ends_by_itself() {
    let server = Server::start();
    let ended = run(server.port, &["--output", "json", "watch", "--every", "1h", "--for", "100ms"]);
    assert_eq!((ended.code, &ended.json()["calls"]), (Some(0), &1.into()));
}

#[test]
fn a_watch_that_is_cut_short_says_so_and_keeps_its_numbers() {
    let server = Server::start();
    let mut watch =
        Background::start(program(server.port).args(["--output", "json", "watch", "--every", "1h", "--count", "2"]));
    watch.wait_for("End GetCustomerDetails from pod-a");
    watch.signal(Signal::INT);
    let ended = watch.end();
    assert_eq!(ended.code, Some(130));
    let summary = ended.json();
    assert_eq!((&summary["calls"], &summary["ok"], &summary["interrupted"]), (&1.into(), &1.into(), &true.into()));
}

#[test]
fn a_watch_without_one_good_call_fails() {
    let ended = run(1, &["--output", "json", "watch", "--every", "0s", "--count", "3"]);
    assert_eq!((ended.code, &ended.json()["failures"]["UNAVAILABLE"]), (Some(1), &3.into()));
}

#[test]
fn log_lines_are_json_where_that_is_asked_for() {
    let server = Server::start();
    let ended = run(server.port, &["--log-format", "json", "watch", "--count", "1"]);
    let lines: Vec<serde_json::Value> = ended.err.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["message"], "Start GetCustomerDetails");
    assert_eq!((&lines[1]["level"], &lines[1]["pod"]), (&"INFO".into(), &"pod-a".into()));
}
