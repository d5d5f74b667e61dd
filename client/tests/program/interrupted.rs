//! Imports that meet trouble on their way, or are ended.

use grpcio::RpcStatusCode;
use rustix::process::Signal;

use crate::list::{FIVE, List};
use crate::program::{Background, import, program, run};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

#[test]
fn trouble_that_passes_costs_no_row_and_changes_no_request_id() {
    let service = Scripted::start(|number, _| match number {
        2 => Reply::Refused(RpcStatusCode::UNAVAILABLE, "restarting"),
        3 => Reply::Refused(RpcStatusCode::RESOURCE_EXHAUSTED, "busy"),
        4 => Reply::Refused(RpcStatusCode::INTERNAL, "reset half-way"),
        _ => Reply::Created,
    });
    let ended = import(service.port, &List::of(FIVE).path(), &["--in-flight", "1"]);
    assert!(ended.out.starts_with("5 created, 0 already there, 0 rejected of 5 rows"), "{} {}", ended.out, ended.err);
    let seen = service.seen();
    assert!(seen.iter().all(|create| create.idempotent));
    let second_row: Vec<_> = seen[1..5].iter().map(|create| &create.request).collect();
    assert!(second_row.iter().all(|request| *request == second_row[0]), "{second_row:?}");
}

#[test]
fn an_import_that_gets_nowhere_stops_and_says_how_to_go_on() {
    let service = Scripted::start(|number, _| match number {
        1 | 2 => Reply::Created,
        _ => Reply::Refused(RpcStatusCode::UNAVAILABLE, "no healthy upstream"),
    });
    let list = List::of(FIVE.to_owned() + ",\n");
    let ended = import(service.port, &list.path(), &["--in-flight", "1", "--give-up-after", "10ms"]);
    let line = ended.failed_with_one_line(1);
    assert!(line.contains("UNAVAILABLE: no healthy upstream"), "{line}");
    assert!(line.contains("running the same command again finishes the job"), "{line}");
    assert!(ended.out.starts_with("2 created, 0 already there, 0 rejected of 6 rows"), "{}", ended.out);
    assert_eq!(list.files(), ["list.csv"]);
}

#[test]
fn an_interrupted_import_counts_what_it_did_and_the_same_command_finishes_it() {
    let service = Scripted::start(|number, _| if number <= 3 { Reply::Created } else { Reply::Silence });
    let list = List::of(FIVE);
    let mut command = program(service.port);
    let mut running =
        Background::start(command.args(["--deadline", "500ms", "import", "--in-flight", "1"]).arg(list.path()));
    service.wait_for(4);
    running.signal(Signal::INT);
    running.wait_for("stopping once the calls in flight are answered");
    let ended = running.end();
    assert_eq!(ended.code, Some(130), "{} {}", ended.out, ended.err);
    assert!(ended.out.starts_with("3 created, 0 already there, 0 rejected of 5 rows"), "{}", ended.out);
    assert!(ended.out.ends_with("2 rows left: the same command again finishes the job\n"), "{}", ended.out);
    assert_eq!(list.files(), ["list.csv"]);

    let server = Server::start();
    for create in &service.seen()[..3] {
        let request = &create.request;
        run(server.port, &["create", &request.first_name, &request.last_name, "--request-id", &request.request_id]);
    }
    let again = import(server.port, &list.path(), &[]);
    assert!(again.out.starts_with("2 created, 3 already there, 0 rejected of 5 rows"), "{}", again.out);
}

#[test]
fn a_second_signal_ends_an_import_at_once() {
    let service = Scripted::start(|_, _| Reply::Silence);
    let list = List::of(FIVE);
    let mut command = program(service.port);
    let mut running = Background::start(command.args(["--deadline", "1h", "import"]).arg(list.path()));
    service.wait_for(1);
    running.signal(Signal::TERM);
    running.wait_for("a second signal ends at once");
    running.signal(Signal::TERM);
    assert_eq!(running.end().code, Some(130));
    assert_eq!(list.files(), ["list.csv"]);
}
