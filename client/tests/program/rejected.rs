//! Rows of lists that are no customers, and where they are kept.

use std::fs;

use grpcio::RpcStatusCode;

use crate::list::{FIVE, List, stored};
use crate::program::{Ended, import, program};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

#[test]
fn bad_rows_go_to_a_file_with_line_and_reason_and_do_not_stop_the_rest() {
    let server = Server::start();
    let long = "x".repeat(201);
    let mut text = format!("first_name,last_name\nAnn,Lee\n\n  ,Li\n{long},Ng\nDi\nE\0d,Po\n").into_bytes();
    text.extend(b"\xff,Ra\n\"two\nlines\",So\nUi,Va\n");
    let list = List::of(text);
    let ended = import(server.port, &list.path(), &[]);
    assert_eq!(ended.code, Some(3));
    assert!(ended.out.starts_with("2 created, 0 already there, 6 rejected of 8 rows"), "{}", ended.out);
    assert!(ended.out.contains("list.rejected.csv"), "{}", ended.out);
    assert_eq!(stored(server.port), ["Ann Lee", "Ui Va"]);

    let rejected = fs::read_to_string(list.rejected()).unwrap();
    let mut rows = csv::Reader::from_reader(rejected.as_bytes());
    assert_eq!(rows.headers().unwrap(), vec!["line", "reason", "first_name", "last_name"]);
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    let lines: Vec<_> = rows.iter().map(|row| &row[0]).collect();
    assert_eq!(lines, ["4", "5", "6", "7", "8", "9"]);
    let reasons = [
        "first_name is blank",
        "201 characters",
        "has 1 fields",
        "control character",
        "not valid UTF-8",
        "control character",
    ];
    for (row, reason) in rows.iter().zip(reasons) {
        assert!(row[1].contains(reason), "{row:?}");
    }
    assert_eq!((&rows[0][3], &rows[5][2]), ("Li", "two\nlines"));
}

#[test]
fn a_corrected_list_leaves_no_file_of_rejected_rows() {
    let (server, list) = (Server::start(), List::of("first_name,last_name\n,Lee\n"));
    import(server.port, &list.path(), &[]);
    assert_eq!(list.files(), ["list.csv", "list.rejected.csv"]);
    list.replace(FIVE);
    assert_eq!(import(server.port, &list.path(), &[]).code, Some(0));
    assert_eq!(list.files(), ["list.csv"]);
}

#[test]
fn rows_that_the_server_refuses_are_rejected_with_its_words() {
    let service = Scripted::start(|_, request| match request.first_name.as_str() {
        "Bo" => Reply::Refused(RpcStatusCode::ALREADY_EXISTS, "the request_id was used with other names"),
        "Di" => Reply::Refused(RpcStatusCode::INVALID_ARGUMENT, "first_name is not to our taste"),
        _ => Reply::Created,
    });
    let list = List::of(FIVE);
    let ended = import(service.port, &list.path(), &["--in-flight", "1"]);
    assert!(ended.out.starts_with("3 created, 0 already there, 2 rejected of 5 rows"), "{}", ended.out);
    assert_eq!(
        fs::read_to_string(list.rejected()).unwrap(),
        "line,reason,first_name,last_name\n\
         3,ALREADY_EXISTS: the request_id was used with other names,Bo,Li\n\
         5,INVALID_ARGUMENT: first_name is not to our taste,Di,Oh\n"
    );
}

#[test]
fn a_file_that_holds_no_rejected_rows_is_never_replaced() {
    let (server, list) = (Server::start(), List::of(FIVE));
    let path = list.path();
    let before = fs::read(&path).unwrap();
    let ended = import(server.port, &path, &["--rejected", path.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert!(ended.err.contains("name another place with --rejected"), "{}", ended.err);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn rejected_rows_that_are_imported_again_are_never_replaced_by_their_own() {
    let (server, list) = (Server::start(), List::of("line,reason,first_name,last_name\n2,blank,Ada,Lovelace\n"));
    let path = list.path();
    let before = fs::read(&path).unwrap();
    let ended = import(server.port, &path, &["--rejected", path.to_str().unwrap()]);
    assert_eq!(ended.code, Some(2), "{}", ended.err);
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn a_hard_link_of_the_list_is_never_replaced() {
    let list = List::of("line,reason,first_name,last_name\n2,blank,,Lovelace\n");
    let link = list.folder.path().join("link.csv");
    fs::hard_link(list.path(), &link).unwrap();
    let ended = import(1, &list.path(), &["--rejected", link.to_str().unwrap()]);
    assert!(ended.failed_with_one_line(2).contains("link.csv is the list itself"), "{}", ended.err);
}

/// A path that takes no file, whoever asks: root may write into any folder.
fn no_folder(list: &List) -> String {
    list.path().join("rejected.csv").to_str().unwrap().to_owned()
}

#[test]
fn a_list_without_bad_rows_needs_no_place_for_them() {
    let server = Server::start();
    let list = List::of(FIVE);
    let absent = list.folder.path().join("absent/rejected.csv");
    let ended = import(server.port, &list.path(), &["--rejected", absent.to_str().unwrap()]);
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn a_list_with_bad_rows_is_sent_only_if_there_is_a_place_for_them() {
    let server = Server::start();
    let list = List::of(FIVE.to_owned() + ",\n");
    let absent = list.folder.path().join("absent/rejected.csv");
    for refused in [no_folder(&list), absent.to_str().unwrap().to_owned()] {
        let ended = import(server.port, &list.path(), &["--rejected", &refused]);
        assert!(ended.failed_with_one_line(2).contains("name another place with --rejected"), "{}", ended.err);
    }
    assert!(stored(server.port).is_empty());
}

#[test]
fn rows_that_only_the_server_refuses_are_kept_elsewhere_if_their_place_takes_no_file() {
    let service = Scripted::start(|number, _| match number {
        2 | 4 => Reply::Refused(RpcStatusCode::INVALID_ARGUMENT, "not to our taste"),
        _ => Reply::Created,
    });
    let list = List::of(FIVE);
    let elsewhere = tempfile::tempdir().unwrap();
    let absent = list.folder.path().join("absent/rejected.csv");
    let mut command = program(service.port);
    command.env("TMPDIR", elsewhere.path()).args(["--output", "json", "import", "--in-flight", "1", "--rejected"]);
    let ended: Ended = command.arg(absent).arg(list.path()).output().unwrap().into();
    let summary = ended.json();
    assert_eq!((&summary["created"], &summary["rejected"]), (&3.into(), &2.into()));
    let kept = fs::read_dir(&elsewhere).unwrap().next().unwrap().unwrap().path();
    let line = ended.failed_with_one_line(1);
    assert!(line.contains("absent/rejected.csv") && line.contains(kept.to_str().unwrap()), "{line}");
    let kept = fs::read_to_string(kept).unwrap();
    assert_eq!(kept.lines().nth(2), Some("5,INVALID_ARGUMENT: not to our taste,Di,Oh"), "{kept}");
}
