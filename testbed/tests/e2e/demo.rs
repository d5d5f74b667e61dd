//! `make demo`, as a newcomer sees it.

use std::fs;
use std::process::{Command, Output};

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
    for promised in ["2 created, 1 rejected", "0 created, 2 already there", "2 read back identical"] {
        assert!(screen.contains(promised), "{promised}:\n{screen}");
    }
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing is left beside the list");
}

#[test]
fn a_list_that_is_not_there_is_one_clear_line() {
    let output = demo(&["--customers", "/no/such/list.csv"]);
    assert!(!output.status.success());
    assert_eq!(output.stdout, b"");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("testbed: /no/such/list.csv: ") && said.lines().count() == 1, "{said}");
}
