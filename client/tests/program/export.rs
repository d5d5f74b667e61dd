//! Exports, whole and cut short.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;

use grpcio::RpcStatusCode;
use rustix::process::Signal;
use tempfile::TempDir;

use crate::pages::{Pages, Turn};
use crate::program::{Background, Ended, import, program, run};
use crate::server::Server;

const SEVEN: [(&str, &str); 7] = [
    ("Ann", "Lee"),
    ("安", "\"O'Neil\", Jr."),
    ("Ann", "Lee"),
    ("Zoë Ann", "=1+1"),
    ("\u{feff}Bo", "Li\u{2028}Fu"),
    ("#", "\""),
    (",", "\\"),
];

const SEVEN_AS_CSV: &str = "first_name,last_name\nAnn,Lee\n安,\"\"\"O'Neil\"\", Jr.\"\nAnn,Lee\nZoë Ann,=1+1\n\
                            \u{feff}Bo,Li\u{2028}Fu\n#,\"\"\"\"\n\",\",\\\n";

/// A folder of its own for one export.
struct Place {
    folder: TempDir,
}

impl Place {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("all.csv")
    }

    fn part(&self) -> PathBuf {
        self.folder.path().join("all.csv.part")
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("all.csv.part.state")
    }

    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn export(&self, port: u16, args: &[&str]) -> Ended {
        program(port).args(["--output", "json", "export"]).arg(self.file()).args(args).output().unwrap().into()
    }

    /// An export that is killed while it waits for its fourth page; three are on disk.
    fn cut_short(&self) {
        let pages = Pages::start(&SEVEN, |number| if number < 4 { Turn::Page } else { Turn::Silence });
        let running = Background::start(program(pages.port).arg("export").arg(self.file()));
        pages.wait_for(4);
        running.signal(Signal::KILL);
        assert_eq!(running.end().code, None);
        assert_eq!(self.files(), ["all.csv.part", "all.csv.part.state"]);
    }

    fn assert_whole(&self) {
        assert_eq!(fs::read_to_string(self.file()).unwrap(), SEVEN_AS_CSV);
        assert_eq!(self.files(), ["all.csv"]);
    }
}

fn healthy() -> Pages {
    Pages::start(&SEVEN, |_| Turn::Page)
}

#[test]
fn an_export_is_all_customers_in_order_with_their_very_names() {
    let (pages, place) = (healthy(), Place::new());
    let ended = place.export(pages.port, &[]);
    let summary = ended.json();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    assert_eq!((&summary["exported"], &summary["file"]), (&7.into(), &place.file().to_str().into()));
    assert_eq!((&summary["resumed"], &summary["complete"]), (&false.into(), &true.into()));
    assert!(summary["seconds"].is_f64());
    place.assert_whole();
    assert_eq!(pages.asked(), ["", "2", "4", "6"]);
}

#[test]
fn an_export_can_be_imported_and_is_the_same_when_it_is_exported_again() {
    let (first, second, place) = (healthy(), Server::start(), Place::new());
    place.export(first.port, &[]);
    let imported = import(second.port, &place.file(), &["--in-flight", "1"]);
    assert!(imported.out.starts_with("7 created, 0 already there, 0 rejected"), "{} {}", imported.out, imported.err);
    let again = place.folder.path().join("again.csv");
    let ended = run(second.port, &["export", again.to_str().unwrap()]);
    assert!(ended.out.starts_with("7 customers in "), "{} {}", ended.out, ended.err);
    assert_eq!(fs::read_to_string(again).unwrap(), SEVEN_AS_CSV);
}

#[test]
fn a_service_without_customers_makes_a_file_without_rows() {
    let (server, place) = (Server::start(), Place::new());
    assert_eq!(place.export(server.port, &[]).json()["exported"], 0);
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "first_name,last_name\n");
}

#[test]
fn a_file_is_replaced_only_by_force_and_nothing_is_asked_before() {
    let (pages, place) = (healthy(), Place::new());
    fs::write(place.file(), "precious").unwrap();
    let refused = place.export(pages.port, &[]);
    assert!(refused.failed_with_one_line(2).contains("replace it with --force"), "{}", refused.err);
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "precious");
    assert!(pages.asked().is_empty());
    assert_eq!(place.files(), ["all.csv"]);

    assert_eq!(place.export(pages.port, &["--force"]).code, Some(0));
    place.assert_whole();
}

#[test]
fn what_is_no_regular_file_is_never_replaced() {
    let place = Place::new();
    let link = place.folder.path().join("link.csv");
    std::os::unix::fs::symlink(place.file(), &link).unwrap();
    for refused in ["/dev/stdout", "/dev/null", "-", "..", link.to_str().unwrap()] {
        let ended = run(1, &["export", "--force", refused]);
        assert!(ended.failed_with_one_line(2).contains("is not a regular file"), "{}", ended.err);
    }
}

#[test]
fn an_export_that_was_killed_goes_on_from_its_last_page() {
    let place = Place::new();
    place.cut_short();
    let pages = healthy();
    let summary = place.export(pages.port, &[]).json();
    assert_eq!((&summary["exported"], &summary["resumed"]), (&7.into(), &true.into()));
    place.assert_whole();
    // The page that was the last is looked at once more, the ones before it are not.
    assert_eq!(pages.asked(), ["4", "6"]);
}

#[test]
fn a_torn_end_costs_no_row_and_doubles_none() {
    type Tear = fn(&Place);
    let tears: [Tear; 6] = [
        |place| append(place.part(), "Ann,\"Le"),
        |place| append(place.state(), "{\"rows\":8,\"byt"),
        |place| append(place.state(), "\0\0\0\0\n"),
        |place| cut(place.part(), 40),
        |place| cut(place.part(), 0),
        |place| cut(place.state(), 60),
    ];
    for tear in tears {
        let place = Place::new();
        place.cut_short();
        tear(&place);
        let ended = place.export(healthy().port, &[]);
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        place.assert_whole();
    }
}

fn append(path: PathBuf, text: &str) {
    File::options().append(true).open(path).unwrap().write_all(text.as_bytes()).unwrap();
}

fn cut(path: PathBuf, bytes: u64) {
    File::options().write(true).open(path).unwrap().set_len(bytes).unwrap();
}

#[test]
fn an_interrupted_export_says_how_far_it_is_and_the_same_command_finishes_it() {
    let pages = Pages::start(&SEVEN, |number| if number < 3 { Turn::Page } else { Turn::Silence });
    let place = Place::new();
    let mut command = program(pages.port);
    let mut running =
        Background::start(command.args(["--deadline", "500ms", "--output", "json", "export"]).arg(place.file()));
    pages.wait_for(3);
    running.signal(Signal::INT);
    running.wait_for("stopping once the calls in flight are answered");
    let ended = running.end();
    let summary = ended.json();
    assert_eq!(ended.code, Some(130), "{}", ended.err);
    assert_eq!((&summary["exported"], &summary["complete"]), (&4.into(), &false.into()));

    assert_eq!(place.export(healthy().port, &[]).code, Some(0));
    place.assert_whole();
}

#[test]
fn an_export_outlasts_trouble_that_passes() {
    let pages = Pages::start(&SEVEN, |number| match number {
        1 | 3 => Turn::Refused(RpcStatusCode::UNAVAILABLE),
        4 => Turn::Refused(RpcStatusCode::INTERNAL),
        _ => Turn::Page,
    });
    let place = Place::new();
    assert_eq!(place.export(pages.port, &[]).code, Some(0));
    place.assert_whole();
}

#[test]
fn an_export_that_gets_nowhere_stops_and_says_how_to_go_on() {
    let pages = Pages::start(&SEVEN, |number| match number {
        1 => Turn::Page,
        _ => Turn::Refused(RpcStatusCode::UNAVAILABLE),
    });
    let place = Place::new();
    let ended = place.export(pages.port, &["--give-up-after", "10ms"]);
    assert_eq!(ended.json()["exported"], 2);
    let line = ended.failed_with_one_line(1);
    assert!(line.contains("UNAVAILABLE") && line.contains("running the same command again goes on"), "{line}");
    assert_eq!(place.export(healthy().port, &[]).code, Some(0));
    place.assert_whole();
}

#[test]
fn a_part_without_its_state_is_never_touched() {
    for state in [None, Some("mine")] {
        let place = Place::new();
        fs::write(place.part(), "precious").unwrap();
        state.inspect(|text| fs::write(place.state(), text).unwrap());
        let ended = place.export(1, &[]);
        let line = ended.failed_with_one_line(2);
        assert!(line.contains("all.csv.part is no part of an export that can go on"), "{line}");
        assert!(line.contains("move it away, or remove it and "), "{line}");
        assert_eq!(fs::read_to_string(place.part()).unwrap(), "precious");
    }
}

#[test]
fn a_part_is_not_continued_with_the_customers_of_another_service() {
    let place = Place::new();
    place.cut_short();
    let mut others = SEVEN;
    others.rotate_left(1);
    let before = fs::read(place.part()).unwrap();
    let ended = place.export(Pages::start(&others, |_| Turn::Page).port, &[]);
    assert!(ended.failed_with_one_line(2).contains("a service with other customers"), "{}", ended.err);
    assert_eq!(fs::read(place.part()).unwrap(), before);
}

#[test]
fn two_exports_never_write_one_file() {
    let pages = Pages::start(&SEVEN, |number| if number < 3 { Turn::Page } else { Turn::Silence });
    let place = Place::new();
    let running = Background::start(program(pages.port).arg("export").arg(place.file()));
    pages.wait_for(3);
    let second = place.export(healthy().port, &[]);
    assert!(second.failed_with_one_line(2).contains("is being written by another export"), "{}", second.err);
    running.signal(Signal::KILL);
    running.end();
    assert_eq!(place.export(healthy().port, &[]).code, Some(0));
    place.assert_whole();
}

#[test]
fn a_file_that_came_while_the_export_went_on_is_not_replaced() {
    let place = Place::new();
    let came = place.file();
    let pages = Pages::start(&SEVEN, move |number| {
        if number == 3 {
            fs::write(&came, "precious").unwrap();
        }
        Turn::Page
    });
    let ended = place.export(pages.port, &[]);
    assert!(ended.failed_with_one_line(1).contains("replace it with --force"), "{}", ended.err);
    assert_eq!(fs::read_to_string(place.file()).unwrap(), "precious");
    assert_eq!(place.export(pages.port, &["--force"]).code, Some(0));
    place.assert_whole();
}
