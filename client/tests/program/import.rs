//! Imports of customer lists, good, bad and interrupted.

use std::fs;
use std::path::{Path, PathBuf};

use grpcio::RpcStatusCode;
use rustix::fs::{CWD, Mode, mkfifoat};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::program::{Background, Ended, import, program, run, run_piped};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

/// A folder of its own with one list in it.
struct List {
    folder: TempDir,
}

impl List {
    fn of(content: impl AsRef<[u8]>) -> Self {
        let list = Self { folder: tempfile::tempdir().unwrap() };
        list.replace(content);
        list
    }

    fn replace(&self, content: impl AsRef<[u8]>) {
        fs::write(self.path(), content).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("list.csv")
    }

    fn rejected(&self) -> PathBuf {
        self.folder.path().join("list.rejected.csv")
    }

    /// All that is there, temporary files too.
    fn files(&self) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(&self.folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

const FIVE: &str = "first_name,last_name\nAnn,Lee\nBo,Li\nCy,Ng\nDi,Oh\nEd,Po\n";

fn stored(port: u16) -> Vec<String> {
    let listed = run(port, &["list", "--all"]);
    assert_eq!(listed.code, Some(0), "{}", listed.err);
    let mut names: Vec<_> =
        listed.out.lines().map(|line| line.split_once('\t').unwrap().1.replace('\t', " ")).collect();
    names.sort();
    names
}

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
