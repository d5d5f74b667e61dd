//! Imports of customer lists, good and broken.

use std::path::Path;

use grpcio::RpcStatusCode;
use rustix::fs::{CWD, Mode, mkfifoat};

use crate::list::{FIVE, List, stored};
use crate::program::{import, program, run_piped};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

#[test]
fn a_list_that_is_imported_twice_is_stored_once() {
    let (server, list) = (Server::start(), List::of(FIVE));
    let first = import(server.port, &list.path(), &[]);
    assert_eq!(first.code, Some(0), "{}", first.err);
    assert!(first.out.starts_with("5 created, 0 already there, 0 rejected of 5 rows in "), "{}", first.out);
    let second = import(server.port, &list.path(), &[]);
    assert!(second.out.starts_with("0 created, 5 already there, 0 rejected of 5 rows in "), "{}", second.out);
    assert_eq!(stored(server.port), ["Ann Lee", "Bo Li", "Cy Ng", "Di Oh", "Ed Po"]);
    assert_eq!(list.files(), ["list.csv"]);
}

#[test]
fn a_row_added_in_the_middle_is_the_only_one_created() {
    let (server, list) = (Server::start(), List::of(FIVE));
    import(server.port, &list.path(), &[]);
    list.replace(FIVE.replace("Cy,Ng", "Ann,Lee\nCy,Ng"));
    let again = import(server.port, &list.path(), &[]);
    assert!(again.out.starts_with("1 created, 5 already there"), "{}", again.out);
    assert_eq!(stored(server.port)[..2], ["Ann Lee", "Ann Lee"]);
}

#[test]
fn another_source_means_other_customers() {
    let (server, list) = (Server::start(), List::of(FIVE));
    import(server.port, &list.path(), &["--source", "spring"]);
    assert!(import(server.port, &list.path(), &["--source", "autumn"]).out.starts_with("5 created"));
    assert!(import(server.port, &list.path(), &["--source", "spring"]).out.starts_with("0 created, 5 already there"));
}

#[test]
fn lists_as_spreadsheets_write_them_are_understood() {
    let server = Server::start();
    let text =
        "\u{feff}Company;No,LAST NAME,First-Name\r\n\"Lee, \"\"Inc\"\"\r\n\",Lee , 安\r\n\r\nx,\"O'Neil, Jr.\",Ed\r\n";
    let ended = import(server.port, &List::of(text).path(), &[]);
    assert!(ended.out.starts_with("2 created, 0 already there, 0 rejected of 2 rows"), "{} {}", ended.out, ended.err);
    assert_eq!(stored(server.port), ["Ed O'Neil, Jr.", "安 Lee"]);
}

#[test]
fn a_broken_file_is_one_line_and_nothing_is_sent() {
    let server = Server::start();
    let good = "first_name,last_name\nAnn,Lee\n";
    for (content, complaint) in [
        (String::new(), "is empty"),
        ("name,city\nAnn Lee,Rome\n".to_owned(), "has no column first_name"),
        ("first_name;last_name\nAnn;Lee\n".to_owned(), "has no column first_name"),
        (format!("{good}Bo,\"Li\n"), "line 3: a quoted field begins here and is never closed"),
        (format!("{good}Bo,\"Li\"x\n"), "line 3: text after a closing quote"),
        (format!("{good}Bo \"the\" B,Li\n"), "line 3: a quote inside a field"),
        (format!("{good}Bo,{}\n", "x".repeat(10_000_000)), "line 3: a row of more than 1 MiB"),
    ] {
        let list = List::of(content);
        let ended = import(server.port, &list.path(), &[]);
        let line = ended.failed_with_one_line(2);
        assert!(line.contains("list.csv") && line.contains(complaint), "{line}");
        assert_eq!((ended.out.as_str(), list.files()), ("", vec!["list.csv".to_owned()]));
    }
    assert!(stored(server.port).is_empty());
}

#[test]
fn a_file_that_is_not_there_is_one_line() {
    let list = List::of("");
    let missing = import(1, &list.folder.path().join("missing.csv"), &[]);
    assert!(missing.failed_with_one_line(2).contains("missing.csv: cannot be opened"), "{}", missing.err);
    assert!(import(1, list.folder.path(), &[]).failed_with_one_line(2).contains("is not a regular file"));
}

#[test]
fn the_summary_for_programs_has_all_numbers_and_where_rejected_rows_are() {
    let (server, list) = (Server::start(), List::of(FIVE.to_owned() + ",\n"));
    let summary = import(server.port, &list.path(), &["--output", "json"]).json();
    assert!(summary["seconds"].is_f64());
    let counts = ["rows", "created", "already_there", "rejected", "left"].map(|key| summary[key].as_u64().unwrap());
    assert_eq!(counts, [6, 5, 0, 1, 0]);
    assert_eq!((&summary["complete"], &summary["rejected_file"]), (&true.into(), &list.rejected().to_str().into()));
}

#[test]
fn the_summary_for_programs_tells_what_is_left() {
    let service = Scripted::start(|number, _| match number {
        1 | 2 => Reply::Created,
        _ => Reply::Refused(RpcStatusCode::PERMISSION_DENIED, "no"),
    });
    let ended = import(service.port, &List::of(FIVE).path(), &["--output", "json", "--in-flight", "1"]);
    let summary = ended.json();
    assert_eq!(ended.code, Some(1));
    assert_eq!((&summary["left"], &summary["complete"]), (&3.into(), &false.into()));
    assert!(summary["rejected_file"].is_null(), "{summary}");
}

#[test]
fn a_pipe_is_refused_at_once_with_what_to_do() {
    let list = List::of(FIVE);
    let pipe = list.folder.path().join("pipe");
    mkfifoat(CWD, &pipe, Mode::RUSR | Mode::WUSR).unwrap();
    let piped = Path::new("/dev/stdin");
    for refused in [pipe.as_path(), piped, Path::new("-")] {
        let ended = run_piped(program(1).arg("import").arg(refused));
        let line = ended.failed_with_one_line(2);
        assert!(line.contains("is not a regular file") && line.contains("write the list to a file first"), "{line}");
    }
    let ended = import(1, &list.path(), &["--rejected", pipe.to_str().unwrap()]);
    let line = ended.failed_with_one_line(2);
    assert!(line.contains("pipe is not a regular file") && line.contains("with --rejected"), "{line}");
}
