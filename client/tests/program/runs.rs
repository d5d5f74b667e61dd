//! Runs of a load: repeated, saved, merged and compared.

use grpcio::RpcStatusCode;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::load::JSON;
use crate::program::{Background, program, run};
use crate::scripted::{Reply, Scripted};
use crate::server::Server;

fn place(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().expect("UTF-8").to_owned()
}

/// What is in a file of runs.
fn runs_and_calls(file: &str) -> (u64, u64) {
    let kept = run(1, &[&JSON[..], &["--merge", file]].concat()).json();
    let count = |what: &str| kept[what].as_u64().unwrap_or_else(|| panic!("no {what} in {kept}"));
    (count("runs"), count("calls"))
}

#[test]
fn saved_runs_are_merged_and_compared_without_calling_anyone() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| place(&folder, name);
    let (files, all, page) = (["1.json", "2.json", "3.json"].map(file), file("all.json"), file("page.html"));
    for saved in &files {
        let args = ["load", "--mix", "probe=1", "--requests", "30", "--save", saved, "--html", &page];
        assert_eq!(run(server.port, &args).code, Some(0));
    }
    assert!(std::fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
    server.stop();
    let [first, second, third] = &files;
    let merged = run(1, &[&JSON[..], &["--merge", first, second, third, "--save", &all]].concat()).json();
    assert_eq!((&merged["runs"], &merged["calls"]), (&3.into(), &90.into()));
    let compared = run(1, &["load", "--merge", &all, "--compare", &all]);
    assert_eq!(compared.out.matches("no difference beyond the noise of the runs").count(), 1, "{}", compared.out);
    assert_eq!(compared.out.matches("too few answers for it").count(), 2, "{}", compared.out);
    assert_eq!(compared.out.matches("shorter than half a second").count(), 2, "{}", compared.out);
    let single = run(1, &["load", "--merge", first, "--compare", second]);
    assert_eq!(single.out.matches("it takes three runs or more of each side (--runs 3)").count(), 1, "{}", single.out);
    let twice = run(1, &["load", "--merge", first, second, &format!("{}/./1.json", folder.path().display())]);
    assert!(twice.failed_with_one_line(2).contains("would count double"), "{}", twice.err);
}

#[test]
fn a_load_that_is_repeated_is_as_many_runs_which_can_be_compared() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let before = place(&folder, "before.json");
    let thrice = ["--requests", "30", "--runs", "3"];
    let first = run(server.port, &[&JSON[..], &thrice, &["--save", &before]].concat());
    let report = first.json();
    assert_eq!((&report["runs"], &report["calls"], &report["prepared_customers"]), (&3.into(), &90.into(), &10.into()));
    assert!(first.err.contains("run 1 of 3\n") && first.err.contains("run 3 of 3\n"), "{}", first.err);
    let compared = run(server.port, &[&JSON[..], &thrice, &["--compare", &before]].concat()).json();
    assert_ne!(compared["comparison"]["figures"][0]["judgement"], "untold", "{compared}");
}

#[test]
fn a_load_that_is_repeated_ends_with_the_run_in_which_it_is_interrupted() {
    let service = Scripted::start(|_, _| Reply::Created);
    let args = [&JSON[..], &["--mix", "create=1", "--duration", "1h", "--runs", "3"]].concat();
    let load = Background::start(program(service.port).args(args));
    service.wait_for(50);
    load.signal(Signal::INT);
    let ended = load.end();
    assert_eq!((ended.code, &ended.json()["runs"]), (Some(130), &1.into()), "{}", ended.err);
}

#[test]
fn a_run_that_cannot_be_saved_is_reported_and_fails() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let unread = place(&folder, "pipe");
    mknodat(CWD, &unread, FileType::Fifo, Mode::RWXU, 0).unwrap();
    for place in ["/dev/full", &unread] {
        let ended = run(server.port, &[&JSON[..], &["--mix", "probe=1", "--requests", "5", "--save", place]].concat());
        assert_eq!((ended.code, &ended.json()["calls"]), (Some(1), &5.into()), "{}", ended.err);
        assert!(ended.err.contains("choose a place"), "{}", ended.err);
    }
}

#[test]
fn a_run_is_saved_and_drawn_also_where_its_report_cannot_be_told() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let (saved, page) = (place(&folder, "runs.json"), place(&folder, "page.html"));
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let args = ["load", "--mix", "probe=1", "--requests", "5", "--save", &saved, "--html", &page];
    let ended = program(server.port).args(args).stdout(full).status().unwrap();
    assert_eq!(ended.code(), Some(1));
    assert_eq!(runs_and_calls(&saved), (1, 5));
    assert!(std::fs::read_to_string(&page).unwrap().ends_with("</html>\n"));
}

#[test]
fn runs_that_did_not_go_well_are_merged_well() {
    let service = Scripted::start(|number, _| match number {
        1 => Reply::Refused(RpcStatusCode::UNAVAILABLE, "restarting"),
        _ => Reply::Created,
    });
    let folder = tempfile::tempdir().unwrap();
    let saved = place(&folder, "runs.json");
    let args = ["load", "--mix", "create=1", "--requests", "5", "--save", &saved];
    assert_eq!(run(service.port, &args).code, Some(3));
    assert_eq!(run(1, &["load", "--merge", &saved]).code, Some(0));
}

#[test]
fn a_run_in_which_nothing_was_measured_replaces_no_file() {
    let service = Scripted::start(|_, _| Reply::Created);
    let kept = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(kept.path(), "kept").unwrap();
    let args = ["load", "--mix", "create=1", "--warmup", "1h", "--save", kept.path().to_str().unwrap()];
    let load = Background::start(program(service.port).args(args));
    service.wait_for(50);
    load.signal(Signal::INT);
    assert_eq!(load.end().code, Some(130));
    assert_eq!(std::fs::read_to_string(kept.path()).unwrap(), "kept");
}

#[test]
fn runs_that_have_ended_are_kept_whatever_becomes_of_the_next() {
    let service = Scripted::start(|number, _| if number <= 30 { Reply::Created } else { Reply::Silence });
    let folder = tempfile::tempdir().unwrap();
    let saved = place(&folder, "runs.json");
    let args = ["--deadline", "1h", "load", "--mix", "create=1", "--requests", "30", "--runs", "3", "--save", &saved];
    let mut load = Background::start(program(service.port).args(args));
    service.wait_for(31);
    load.signal(Signal::INT);
    load.wait_for("a second signal ends at once");
    load.signal(Signal::INT);
    assert_eq!(load.end().code, Some(130));
    assert_eq!(runs_and_calls(&saved), (1, 30));
}

#[test]
fn an_interrupt_in_the_warm_up_of_a_later_run_spoils_no_other() {
    let service = Scripted::start(|_, _| Reply::Created);
    let folder = tempfile::tempdir().unwrap();
    let saved = place(&folder, "runs.json");
    let args = ["load", "--mix", "create=1", "--rate", "100", "--requests", "5", "--warmup", "5s", "--runs", "2"];
    let mut load = Background::start(program(service.port).args(args).args(["--save", &saved]));
    load.wait_for("run 2 of 2");
    load.signal(Signal::INT);
    assert_eq!(load.end().code, Some(130));
    assert_eq!(runs_and_calls(&saved), (1, 5));
}

#[test]
fn runs_that_get_other_customers_are_another_load() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| place(&folder, name);
    let saved = ["one", "other", "one again"].map(|name| {
        let (ids, saved) = (file(&format!("{name}.ids")), file(&format!("{name}.json")));
        let both = if name == "one" { "one\nboth\n" } else { "both\n\none\n" };
        std::fs::write(&ids, if name == "other" { "other\n" } else { both }).unwrap();
        run(server.port, &["load", "--requests", "5", "--ids", &ids, "--save", &saved]);
        saved
    });
    let note = "not all of these runs were offered the same load";
    let merged = |one: &str, other: &str| run(1, &["load", "--merge", one, other]).out;
    assert!(merged(&saved[0], &saved[1]).contains(note) && !merged(&saved[0], &saved[2]).contains(note));
}

#[test]
fn runs_of_another_load_are_not_judged_and_not_merged_without_a_note() {
    let server = Server::start();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| place(&folder, name);
    let (one, other, page) = (file("one.json"), file("other.json"), file("page.html"));
    for (saved, concurrency) in [(&one, "1"), (&other, "2")] {
        let args = ["load", "--mix", "probe=1", "--requests", "30", "--concurrency", concurrency, "--save", saved];
        assert_eq!(run(server.port, &args).code, Some(0));
    }
    let compared = run(1, &["load", "--merge", &one, "--compare", &other, "--html", &page]);
    let on_page = std::fs::read_to_string(&page).unwrap();
    for told in [&compared.out, &on_page] {
        assert_eq!(told.matches("another load was offered").count(), 1, "{told}");
    }
    let compared = run(1, &[&JSON[..], &["--merge", &one, "--compare", &other]].concat()).json();
    assert_eq!(compared["comparison"]["figures"][0]["judgement"], "not_comparable", "{compared}");
    let mixed = run(1, &["load", "--merge", &one, &other]);
    assert!(mixed.out.contains("note: not all of these runs were offered the same load"), "{}", mixed.out);
}
