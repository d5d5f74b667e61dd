//! Everything that the testbed started ends with it.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testbed::{Bed, Testbed, binaries, until_true};

fn exists(pid: u64) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

fn pids(bed: &Bed) -> Vec<u64> {
    let servers = bed.servers().iter().map(|server| server.pid().into());
    servers.chain([bed.envoy().process().pid().into()]).collect()
}

fn up(arguments: &[&str]) -> Child {
    Command::new(binaries::testbed().unwrap_or_else(|error| panic!("{error}")))
        .arg("up")
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn a_panic_ends_everything() {
    let (send, started) = mpsc::channel();
    let panicked = thread::spawn(move || {
        let bed = Testbed::new().servers(2).envoy().start().unwrap();
        send.send(pids(&bed)).unwrap();
        panic!("on purpose, to see what is left");
    })
    .join();
    assert!(panicked.is_err());
    let left: Vec<_> = started.recv().unwrap().into_iter().filter(|pid| exists(*pid)).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn the_program_prints_one_line_and_ends_everything_on_a_signal() {
    for signal in [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT] {
        let mut child = up(&["--servers", "2"]);
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let (line, said, pids) = started(&mut out);
        let servers = &said["servers"];
        assert_eq!((&servers[0]["pod"], &servers[1]["pod"]), (&"app-server-1".into(), &"app-server-2".into()));

        kill_process(Pid::from_child(&child), signal).unwrap();
        let status = child.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(!pids.iter().any(|pid| exists(*pid)), "{line}");
        let mut rest = String::new();
        out.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "");
    }
}

/// The line that `up` prints, and the processes that it names, all of which are there.
fn started(out: &mut impl BufRead) -> (String, Value, Vec<u64>) {
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let said: Value = serde_json::from_str(&line).unwrap();
    let servers = said["servers"].as_array().unwrap();
    let mut pids: Vec<_> = servers.iter().map(|server| server["pid"].as_u64().unwrap()).collect();
    pids.push(said["envoy_pid"].as_u64().unwrap());
    assert_eq!(pids.len(), 3);
    assert!(pids.iter().all(|pid| exists(*pid)), "{line}");
    (line, said, pids)
}

/// No program can catch SIGKILL: somebody else has to end what it started.
#[test]
fn the_program_leaves_nothing_running_when_it_is_killed() {
    let mut child = up(&["--servers", "2"]);
    let (line, _, pids) = started(&mut BufReader::new(child.stdout.take().unwrap()));
    kill_process(Pid::from_child(&child), Signal::KILL).unwrap();
    child.wait().unwrap();
    // Nobody of ours can wait for them: they are gone, or wait for init to notice.
    until_true("all have ended", || !pids.iter().any(|pid| is_running(*pid)))
        .unwrap_or_else(|error| panic!("{error}: {line}"));
}

fn is_running(pid: u64) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn a_port_that_is_taken_is_one_clear_line_and_nothing_on_stdout() {
    let stranger = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = stranger.local_addr().unwrap().port();
    let output = up(&["--envoy-port", &port.to_string()]).wait_with_output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, format!("testbed: port {port} is taken: choose another one, or none to get a free one\n"));
}

#[test]
fn a_store_that_cannot_be_opened_is_told_and_nothing_is_left() {
    let output = up(&["--database-url", "nonsense:"]).wait_with_output().unwrap();
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("DATABASE_URL"), "{said}");
}

#[test]
fn two_beds_stand_side_by_side() {
    let first = Testbed::new().servers(2).envoy().start().unwrap();
    let second = Testbed::new().servers(2).envoy().start().unwrap();
    for bed in [&first, &second] {
        let tally = testbed::equal_calls(bed.envoy_address(), 100, &testbed::Stop::never()).unwrap();
        assert_eq!((tally.failed(), tally.pods.len()), (0, 2), "{tally:?}");
    }
    assert_ne!(first.database_url(), second.database_url());
}
