//! `make demo`, as a newcomer sees it.

use std::fs;
use std::process::{Command, Output, Stdio};

use testbed::binaries;

fn demo(arguments: &[&str]) -> Output {
    let program = binaries::testbed().unwrap_or_else(|error| panic!("{error}"));
    Command::new(program).arg("demo").args(arguments).output().unwrap()
}

fn told(output: &Output) -> String {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}{err}", output.status);
    out.into_owned()
}

#[test]
fn the_demo_fits_one_screen_and_tells_what_the_project_is_for() {
    let screen = told(&demo(&[]));
    for promised in [
        "300 created",
        "0 created, 300 already there",
        "300 read back identical",
        "one pod has all the work",
        "even: most minus fewest is",
    ] {
        assert!(screen.contains(promised), "{promised}:\n{screen}");
    }
    assert!(screen.lines().count() <= 40, "{screen}");
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    assert!(!screen.contains('\u{1b}'), "no colours where there is no terminal");
}

#[test]
fn the_demo_takes_a_list_of_ones_own_and_leaves_its_unfit_rows_out() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("mine.csv");
    fs::write(&list, "Last Name,city,First Name\n\"King, Jr.\",X,Ana\n,Y,Nobody\n李,Z,小明\n").unwrap();
    let screen = told(&demo(&["--customers", list.to_str().unwrap()]));
    for promised in [
        "2 created, 1 rejected\n    line 3: last_name is blank\n",
        "0 created, 2 already there",
        "2 read back identical",
    ] {
        assert!(screen.contains(promised), "{promised}:\n{screen}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside the list");
}

#[test]
fn names_between_white_space_of_any_script_come_back_identical() {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("mine.csv");
    fs::write(&list, "first_name,last_name\n\u{3000}小明\u{3000},\u{a0}李\u{2003}\n").unwrap();
    let screen = told(&demo(&["--customers", list.to_str().unwrap()]));
    assert!(screen.contains("1 created\n") && screen.contains("1 read back identical\n"), "{screen}");
}

#[test]
fn a_list_that_cannot_be_used_is_one_clear_line_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let utf_16: Vec<u8> = "\u{feff}first_name,last_name\nAna,Li\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    fs::write(path("utf16.csv"), utf_16).unwrap();
    fs::write(path("quote.csv"), "first_name,last_name\nAna,\"Li\nBo,Li\n").unwrap();
    assert!(Command::new("mkfifo").arg(path("pipe")).status().unwrap().success());
    for (list, reason) in [
        ("/no/such/list.csv".to_owned(), "cannot be opened"),
        (path("utf16.csv"), "UTF-16"),
        (path("quote.csv"), "line 2: a quoted field begins here and is never closed"),
        (path("pipe"), "is not a regular file"),
    ] {
        let output = demo(&["--customers", &list]);
        assert!(!output.status.success());
        assert_eq!(output.stdout, b"");
        let said = String::from_utf8(output.stderr).unwrap();
        let line = said.starts_with(&format!("testbed: {list}: ")) && said.contains(reason);
        assert!(line && said.lines().count() == 1, "{said}");
    }
}

/// Asked for before minutes of building are over.
#[test]
fn a_list_that_is_mistyped_is_found_before_the_build() {
    let make = |arguments: &[&str]| {
        Command::new("make").current_dir(binaries::repository()).args(arguments).stdin(Stdio::null()).output().unwrap()
    };
    let output = make(&["demo", "CUSTOMERS=/no/such/list.csv"]);
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("demo: CUSTOMERS=/no/such/list.csv: no such file"), "{said}");
    let planned = make(&["--dry-run", "demo"]);
    let planned = String::from_utf8(planned.stdout).unwrap();
    let (check, build) = (planned.find("demo: CUSTOMERS"), planned.find("cargo build"));
    assert!(check.is_some() && check < build, "{planned}");
}

/// The first screen, with what differs from run to run made equal.
#[test]
fn the_readme_shows_what_the_demo_prints() {
    let readme = fs::read_to_string(binaries::repository().join("README.md")).unwrap();
    let shown = readme.split("```\n").find(|block| block.starts_with("Ticketing: ")).expect("the demo's screen");
    assert_eq!(without_chance(shown), without_chance(&told(&demo(&[]))));
}

/// Ports are free ones, and Envoy's turn may begin in the middle of a round.
fn without_chance(screen: &str) -> Vec<String> {
    let masked = |word: &str| match word.rsplit_once(':') {
        Some((address, port)) if port.trim_end_matches(',').parse::<u16>().is_ok() => format!("{address}:PORT"),
        _ if matches!(word, "999" | "1000" | "1001") => "1000".to_owned(),
        _ if matches!(word, "0;" | "1;") => "0;".to_owned(),
        _ => word.to_owned(),
    };
    screen.lines().map(|line| line.split(' ').map(masked).collect::<Vec<_>>().join(" ").trim_end().to_owned()).collect()
}
