//! What may be known stays where it belongs: passwords in nothing that is written, and what others wrote in no line of ours.

use std::io::{BufReader, Read as _};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::common::http_get;
use crate::started::{PROGRAM, Started, one_line, program};

const PASSWORD: &str = "hunter2-9f2c";

/// A program that waits for a database where none is, with everything logged.
fn waiting(url: &str, format: &str) -> Started {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = program(folder.path(), &[]);
    command.env("DATABASE_URL", url).env("PGPASSWORD", PASSWORD).env("RUST_LOG", "trace").env("LOG_FORMAT", format);
    let mut child = command.stderr(Stdio::piped()).spawn().expect("it runs");
    let log = BufReader::new(child.stderr.take().expect("a pipe"));
    Started { child, log, _folder: folder }
}

/// Its pages once it says what it waits for, and its whole log.
fn told(mut server: Started) -> (String, String) {
    let line = server.log_line("serving admin HTTP on ");
    let admin = line.split('"').next().and_then(|address| address.parse().ok()).expect("an address");
    let mut pages = String::new();
    while !pages.contains("waiting for the store") {
        pages = http_get(admin, "/readyz").1;
    }
    pages += &http_get(admin, "/metrics").1;
    server.signal(Signal::TERM);
    let mut log = String::new();
    server.log.read_to_string(&mut log).expect("the log is text");
    assert_eq!(server.wait().code(), Some(0));
    (pages, log)
}

#[test]
fn a_password_is_in_no_log_line_and_on_no_page() {
    for url in [
        format!("postgres://ada:{PASSWORD}@127.0.0.1:1/customers"),
        format!("postgres://ada@127.0.0.1:1/customers?password={PASSWORD}"),
        "postgres://ada@127.0.0.1:1/customers".to_owned(),
    ] {
        let (pages, log) = told(waiting(&url, "text"));
        assert!(pages.contains("postgres://ada@127.0.0.1:1/customers"), "{pages}");
        assert!(!pages.contains(PASSWORD), "{pages}");
        assert!(log.contains("Connection refused") && !log.contains(PASSWORD), "{log}");
    }
}

#[test]
fn a_password_is_no_default_of_the_help_and_in_no_complaint() {
    let url = format!("postgres://ada:{PASSWORD}@db/customers");
    let run = |args: &[&str], url: &str| {
        let output = Command::new(PROGRAM).args(args).env("DATABASE_URL", url).env("PGPASSWORD", PASSWORD).output();
        let output = output.expect("it runs");
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
    };
    let help = run(&["--help"], &url);
    assert!(help.contains("--database-url") && help.contains("[env: DATABASE_URL]"), "{help}");
    assert!(!help.contains(PASSWORD), "{help}");
    for (args, url) in [
        (&["--workers", "0"][..], url.as_str()),
        (&["--frob"], &url),
        (&[], &url.replace("@db", "@db:port")),
        (&[], &url.replace("postgres:", "mysql:")),
        (&[], &url.replace("@db", "?@db")),
        (&[], &format!("postgres://ada@db/customers?sslpassword={PASSWORD}")),
    ] {
        let complaint = run(args, url);
        assert!(!complaint.is_empty() && !complaint.contains(PASSWORD), "{url}: {complaint}");
    }
}

/// The name of a database, as its URL has it: a line break, and an order to a terminal.
const FORGED_NAME: &str = "postgres://ada@127.0.0.1:1/a%0A2026%20ERROR%20forged%1B%5B2J%C2%9B31m";

#[test]
fn what_others_wrote_forges_no_log_line_and_steers_no_terminal() {
    let (pages, log) = told(waiting(FORGED_NAME, "text"));
    assert!(log.contains("waiting for the store: postgres://ada@127.0.0.1:1/a\\n2026 ERROR forged\\u{1b}[2J"), "{log}");
    let obeyed = |text: &str| text.contains(|letter: char| letter.is_control() && letter != '\n');
    assert!(!obeyed(&log) && !log.lines().any(|line| line.starts_with("2026 ERROR")), "{log}");
    assert!(!obeyed(&pages) && pages.starts_with("not ready: waiting for the store: "), "{pages}");

    let (_, log) = told(waiting(FORGED_NAME, "json"));
    assert!(!obeyed(&log), "{log}");
    let messages = log.lines().map(|line| match serde_json::from_str::<serde_json::Value>(line) {
        Ok(line) => line["message"].as_str().expect("a message").to_owned(),
        Err(error) => panic!("{error}: {line}"),
    });
    assert!(messages.into_iter().any(|message| message.contains("a\n2026 ERROR forged\x1b[2J\u{9b}31m")), "{log}");
}

#[test]
fn a_complaint_stays_one_line_whatever_the_store_is_called() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = "sqlite:nowhere\x1b[2J\nticketing-server: forged/customers.db";
    let output = program(folder.path(), &["--database-url", url]).output().expect("it runs");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let line = one_line(&output);
    assert!(line.contains("nowhere\\u{1b}[2J\\nticketing-server: forged"), "{line}");
}
