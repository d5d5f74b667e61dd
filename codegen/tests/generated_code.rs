//! What is committed is what would be generated, and a difference is named.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

const PROTO: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../proto");

fn codegen(proto: &Path, flags: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_ticketing-codegen"))
        .args(flags)
        .arg("--proto")
        .arg(proto)
        .output()
        .expect("it runs")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

#[test]
fn the_committed_code_is_what_would_be_generated() {
    let output = codegen(Path::new(PROTO), &["--check"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_check_names_every_file_that_differs_and_changes_none() {
    let scratch = tempfile::tempdir().expect("a folder");
    copy(Path::new(PROTO), scratch.path());
    let generated = scratch.path().join("src/gen");
    let (edited, missing, stray) =
        (generated.join("ticketing/ticketing.rs"), generated.join("descriptors.bin"), generated.join("stray.rs"));
    let text = fs::read_to_string(&edited).expect("a source");
    let changed = text.replacen('\n', "\n\n", 1);
    fs::write(&edited, &changed).expect("written");
    fs::remove_file(&missing).expect("removed");
    fs::write(&stray, "").expect("written");

    let output = codegen(scratch.path(), &["--check"]);
    assert_eq!(output.status.code(), Some(1));
    let complaints = String::from_utf8_lossy(&output.stderr);
    for complaint in ["ticketing/ticketing.rs:2 differs", "descriptors.bin is missing", "stray.rs is not generated"] {
        assert!(complaints.contains(complaint), "{complaints}");
    }
    assert_eq!(fs::read_to_string(&edited).expect("a source"), changed);

    assert!(codegen(scratch.path(), &[]).status.success());
    assert_eq!(fs::read_to_string(&edited).expect("a source"), text);
    assert!(missing.exists() && !stray.exists());
}

#[test]
fn a_proto_file_that_does_not_parse_is_named() {
    let scratch = tempfile::tempdir().expect("a folder");
    copy(Path::new(PROTO), scratch.path());
    fs::write(scratch.path().join("ticketing.proto"), "syntax = \"proto3\"; message {").expect("written");
    let output = codegen(scratch.path(), &["--check"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("ticketing.proto"), "{output:?}");
}
