//! What a process that logs writes on standard error.

use std::process::Command;

use ticketing_logging::Format;

const FORGED: &str = "gone\n2026-01-01 ERROR forged \x1b[2J\u{9b}31m";

/// Run as a process of its own by the tests below: a logger is for a whole process.
#[test]
#[ignore = "it is a part of the others"]
fn child() {
    let json = std::env::var("CHILD_FORMAT").is_ok_and(|format| format == "json");
    ticketing_logging::start(if json { Format::Json } else { Format::Text }, &["silenced"]);
    log::warn!(target: "database", "{FORGED}");
    log::error!(target: "silenced", "never seen");
    let panicked = std::thread::spawn(|| panic!("{FORGED}")).join();
    assert!(panicked.is_err());
}

/// The lines of such a process.
fn lines(format: &str) -> Vec<String> {
    let program = std::env::current_exe().expect("this program");
    let mut child = Command::new(program);
    child.args(["--ignored", "--exact", "child", "--nocapture"]).env("CHILD_FORMAT", format);
    let output = child.env_remove("RUST_LOG").env_remove("RUST_BACKTRACE").output().expect("it runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).expect("UTF-8").lines().map(str::to_owned).collect()
}

#[test]
fn text_of_others_forges_no_line_and_steers_no_terminal() {
    let lines = lines("text");
    assert_eq!(lines.len(), 2, "{lines:?}");
    for line in &lines {
        assert!(line.contains("gone\\n2026-01-01 ERROR forged \\u{1b}[2J\\u{9b}31m"), "{line}");
        assert!(!line.contains(char::is_control), "{line:?}");
    }
    assert!(lines[0].contains("WARN  database"), "{}", lines[0]);
    assert!(lines[1].contains("ERROR panic") && lines[1].contains("panicked at"), "{}", lines[1]);
}

#[test]
fn json_lines_are_json_whatever_is_in_them_panics_too() {
    let lines = lines("json");
    assert_eq!(lines.len(), 2, "{lines:?}");
    let messages = lines.iter().map(|line| {
        assert!(!line.contains(char::is_control), "{line:?}");
        let line: serde_json::Value = serde_json::from_str(line).expect("JSON");
        line["message"].as_str().expect("a message").to_owned()
    });
    let messages: Vec<_> = messages.collect();
    assert_eq!(messages[0], FORGED);
    assert!(messages[1].ends_with(FORGED), "{}", messages[1]);
}
