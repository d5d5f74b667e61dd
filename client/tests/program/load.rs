//! A load: what it counts, what it keeps, and what it says about itself.

use std::process::Command;
use std::time::Duration;

use grpcio::RpcStatusCode;
use rustix::process::Signal;

use crate::program::{Background, program, run};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

pub(crate) const JSON: [&str; 3] = ["--output", "json", "load"];

#[test]
fn a_load_makes_as_many_calls_as_it_is_told_to_and_tells_the_pod() {
    let server = Server::named("pod-b", 0);
    let args = ["--mix", "get=8,create=1,list=1", "--requests", "200", "--connections", "3"];
    let ended = run(server.port, &[&JSON[..], &args].concat());
    let report = ended.json();
    assert_eq!((ended.code, &report["calls"], &report["ok"]), (Some(0), &200.into(), &200.into()), "{report}");
    assert_eq!(report["pods"], serde_json::json!({ "pod-b": 200 }));
    assert_eq!(report["prepared_customers"], 10, "there were none to get");
    let kinds: u64 =
        ["get", "create", "list"].map(|kind| report["latency_ms"][kind]["calls"].as_u64().unwrap()).iter().sum();
    assert_eq!(kinds, 200);
    assert!(report["latency_ms"]["all"]["p50"].as_f64() > Some(0.0), "{report}");
}

/// The terminal is that of `script`, which every Debian has.
#[test]
fn on_a_terminal_a_load_draws_the_share_of_each_pod_anew_each_second() {
    let server = Server::named("pod-b", 0);
    let load = format!(
        "{} --server-domain 127.0.0.1 --server-port {} load --mix probe=1 --concurrency 2 --duration 3s",
        env!("CARGO_BIN_EXE_ticketing-client"),
        server.port
    );
    let output = Command::new("script").args(["-qec", &load, "/dev/null"]).env("TERM", "xterm").output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    let drawn = shown.matches("pod-b").count();
    // Each second, and in the report at the end.
    assert!(output.status.success() && drawn >= 3 && shown.contains("####"), "{shown}");
    assert!(shown.contains("\x1b["), "drawn over what was there: {shown}");
}

#[test]
fn calls_of_the_warm_up_are_counted_apart() {
    let server = Server::start();
    let args = ["--mix", "probe=1", "--requests", "50", "--warmup", "300ms"];
    let report = run(server.port, &[&JSON[..], &args].concat()).json();
    assert_eq!(report["calls"], 50);
    assert!(report["warmup"]["calls"].as_u64() > Some(0), "{report}");
}

#[test]
fn errors_are_counted_by_code_and_nothing_is_retried() {
    let service = Scripted::start(|number, _| match number % 4 {
        0 => Reply::Refused(RpcStatusCode::UNAVAILABLE, "restarting"),
        1 => Reply::Refused(RpcStatusCode::RESOURCE_EXHAUSTED, "busy"),
        _ => Reply::Created,
    });
    let ended = run(service.port, &[&JSON[..], &["--mix", "create=1", "--requests", "40"]].concat());
    let report = ended.json();
    assert_eq!(report["failures"], serde_json::json!({ "RESOURCE_EXHAUSTED": 10, "UNAVAILABLE": 10 }));
    assert_eq!((ended.code, &report["ok"], service.seen().len()), (Some(3), &20.into(), 40));
    let why = |code: &str| report["first_errors"][code].as_str().unwrap_or_else(|| panic!("no {code} in {report}"));
    assert!(why("UNAVAILABLE").contains("restarting") && why("RESOURCE_EXHAUSTED").contains("busy"), "{report}");
}

#[test]
fn a_load_that_is_interrupted_loses_no_call_and_reports() {
    let service = Scripted::start(|_, _| Reply::Created);
    for pace in [&["--concurrency", "4"][..], &["--rate", "500"]] {
        let before = service.seen().len();
        let args = [&JSON[..], pace, &["--mix", "create=1", "--duration", "1h"]].concat();
        let load = Background::start(program(service.port).args(args));
        service.wait_for(before + 100);
        load.signal(Signal::INT);
        let ended = load.end();
        let report = ended.json();
        assert_eq!((ended.code, &report["interrupted"]), (Some(130), &true.into()), "{pace:?} {}", ended.err);
        assert_eq!(report["calls"], service.seen().len() - before, "{pace:?}");
    }
}

#[test]
fn a_warm_up_that_is_interrupted_took_as_long_as_it_did() {
    let service = Scripted::start(|_, _| Reply::Created);
    let args = [&JSON[..], &["--mix", "create=1", "--warmup", "1h"]].concat();
    let load = Background::start(program(service.port).args(args));
    service.wait_for(50);
    load.signal(Signal::INT);
    let ended = load.end();
    let report = ended.json();
    assert_eq!((ended.code, &report["calls"]), (Some(130), &0.into()), "{}", ended.err);
    let seconds = report["warmup"]["seconds"].as_f64();
    assert!(seconds > Some(0.0) && seconds < Some(600.0), "{report}");
    assert_eq!(report["notes"], serde_json::json!([]));
}

/// The first calls without a place are held back by those before them, and hold back all that come later, also where these
/// find a free place when their turn comes.
#[test]
fn calls_behind_one_that_is_held_back_count_as_held_back_too_and_the_schedule_ends_before_the_run() {
    let service = Scripted::start(|_, _| {
        #[expect(clippy::disallowed_methods, reason = "one call at a time is what this server is for")]
        std::thread::sleep(Duration::from_millis(10));
        Reply::Created
    });
    let pace = ["--rate", "1000", "--requests", "40", "--warmup", "10ms", "--max-in-flight", "20"];
    let args = [&JSON[..], &["--deadline", "1h", "--mix", "create=1"], &pace].concat();
    let report = run(service.port, &args).json();
    let held_back = report["held_back"].as_u64();
    // Of 50 calls the first 20 have a place.
    assert!(held_back >= Some(25) && held_back <= Some(40), "{report}");
    assert_eq!(report["scheduled_seconds"], 0.04);
    assert!(report["seconds_after_schedule"].as_f64() > Some(0.2), "{report}");
    let slow = report["notes"].as_array().expect("notes").iter().any(|note| {
        note.as_str()
            .is_some_and(|note| note.contains("of 40 calls started late") && note.contains("slower than the rate"))
    });
    assert!(slow, "{report}");
}

/// Each call waits for all before it: the longer it goes on, the longer the wait. A tool that counts from the moment
/// at which it got round to a call would report the ten milliseconds of the server.
#[test]
fn an_open_loop_counts_from_the_intended_start_also_where_calls_are_held_back() {
    let service = Scripted::start(|_, _| {
        #[expect(clippy::disallowed_methods, reason = "one call at a time is what this server is for")]
        std::thread::sleep(Duration::from_millis(10));
        Reply::Created
    });
    for limit in ["1", "10000"] {
        let pace = ["--rate", "200", "--requests", "100", "--max-in-flight", limit];
        let args = [&JSON[..], &["--deadline", "1h", "--mix", "create=1"], &pace].concat();
        let report = run(service.port, &args).json();
        // The call of number n, from 0, should start at 5n ms and cannot end before 10(n + 1) ms.
        assert!(report["latency_ms"]["all"]["p50"].as_f64() > Some(0.99 * 250.0), "{report}");
        assert_eq!(report["held_back"].as_u64() > Some(0), limit == "1", "{report}");
    }
}

/// Where all callers hang none of them begins a call, and the time in which they would have counts all the same.
#[test]
fn a_server_that_freezes_before_the_end_costs_a_closed_loop_its_rate() {
    let service = Scripted::start(|number, _| if number <= 100 { Reply::Created } else { Reply::Silence });
    let pace = ["--mix", "create=1", "--concurrency", "2", "--duration", "2s"];
    let report = run(service.port, &[&JSON[..], &["--deadline", "1500ms"], &pace].concat()).json();
    assert!(report["rate_seconds"].as_f64() >= Some(2.0), "{report}");
}

#[test]
fn one_call_without_an_answer_at_the_end_costs_an_open_loop_no_rate() {
    let service = Scripted::start(|number, _| if number < 100 { Reply::Created } else { Reply::Silence });
    let pace = ["--mix", "create=1", "--rate", "100", "--requests", "100"];
    let report = run(service.port, &[&JSON[..], &["--deadline", "10s"], &pace].concat()).json();
    assert_eq!((&report["ok"], &report["failed"]), (&99.into(), &1.into()), "{report}");
    assert!(report["seconds"].as_f64() > Some(10.0) && report["rate_seconds"].as_f64() < Some(10.0), "{report}");
}

#[test]
fn a_load_without_one_good_call_fails() {
    let ended = run(1, &[&JSON[..], &["--mix", "probe=1", "--requests", "20"]].concat());
    assert_eq!((ended.code, &ended.json()["failures"]["UNAVAILABLE"]), (Some(1), &20.into()));
}

#[test]
fn a_load_that_nobody_answers_says_why_and_where_to_look() {
    let ended = run(1, &["load", "--mix", "probe=1", "--requests", "20"]);
    let told = ended.out.lines().skip_while(|line| !line.starts_with("failed  UNAVAILABLE")).nth(1);
    let told = told.unwrap_or_else(|| panic!("no UNAVAILABLE in {}", ended.out));
    assert!(
        told.starts_with("        the first: cannot reach 127.0.0.1:1: UNAVAILABLE (Connection refused)"),
        "{told}"
    );
    assert_eq!(ended.out.matches("note: ").count(), 1, "{}", ended.out);
    assert!(ended.out.contains("note: no call went well: `ticketing-client doctor`"), "{}", ended.out);
}

#[test]
fn where_there_is_no_terminal_lines_tell_how_it_goes() {
    let server = Server::start();
    let ended = run(server.port, &["load", "--mix", "probe=1", "--duration", "6s", "--rate", "20"]);
    assert!(ended.err.contains("calls/s, p50 "), "{}", ended.err);
    assert!(ended.out.contains("nothing sent again from here") && ended.out.contains("pod pod-a"), "{}", ended.out);
}

#[test]
fn ids_come_from_a_file_where_one_is_given() {
    let server = Server::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "nobody\n").unwrap();
    let args = ["--requests", "5", "--ids", file.path().to_str().unwrap()];
    let ended = run(server.port, &[&JSON[..], &args].concat());
    let report = ended.json();
    assert_eq!(report["failures"], serde_json::json!({ "NOT_FOUND": 5 }));
    assert!(report["notes"][0].as_str().is_some_and(|note| note.contains("the errors above say why")), "{report}");
}

#[test]
fn what_cannot_be_meant_is_refused_with_one_line_before_any_call() {
    let empty = tempfile::NamedTempFile::new().unwrap();
    let empty = empty.path().to_str().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| format!("{}/{name}", folder.path().display());
    let (both, same, saved) = (file("both"), file("./both"), file("saved"));
    for (args, told) in [
        (&["--mix", "read=1"][..], "get=90,create=9,list=1"),
        (&["--runs", "0"], "runs"),
        (&["--merge", "a.json", "--runs", "3"], "cannot be used with"),
        (&["--rate", "0"], "must be a number above 0"),
        (&["--rate", "1e9"], "0.001 to 1000000"),
        (&["--concurrency", "0"], "concurrency"),
        (&["--duration", "10"], "add a unit"),
        (&["--duration", "48h"], "at most 1 day"),
        (&["--rate", "5", "--concurrency", "5"], "cannot be used with"),
        (&["--max-in-flight", "5"], "--rate"),
        (&["--max-in-flight", "5", "--concurrency", "5"], "cannot be used with"),
        (&["--ids", empty], "no id in it"),
        (&["--ids", "/no/such/file"], "one id a line"),
        (&["--compare", empty], "load --save"),
        (&["--merge", "/no/such/file"], "load --save"),
        (&["--html", "/no/such/folder/page.html"], "No such file or directory (os error 2); choose a place"),
        (&["--save", "/"], "choose a place"),
        (&["--save", &both, "--html", &same], "is named for two things"),
        (&["--compare", &saved, "--save", &saved], "is named for two things"),
        (&["--ids", &both, "--html", &same], "is named for two things"),
        (&["--ids", &both, "--save", &same], "is named for two things"),
    ] {
        let ended = run(1, &[&JSON[..], args].concat());
        let line = ended.failed_with_one_line(2);
        assert!(line.contains(told), "{args:?}: {line}");
    }
}
