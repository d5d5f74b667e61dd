//! Exports through Envoy: of everything, in order, and whatever happens half-way.

use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use async_std::task::block_on;
use rustix::process::Signal;
use testbed::customers::Names;
use testbed::{Bed, Import, Process, Stop, Testbed, binaries, until_true, write_list};
use ticketing_client::{Channel, Target};

/// Several pages, the last of which is not full.
const CUSTOMERS: usize = 5_500;
const LIMIT: Duration = Duration::from_mins(1);

/// A bed with customers, and their list.
fn bed() -> (Bed, PathBuf) {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let list = bed.folder().join("list.csv");
    write_list(&list, CUSTOMERS, 7).unwrap();
    let imported = Import::start(bed.envoy_address(), &list, bed.folder()).unwrap().finish(&Stop::default()).unwrap();
    assert_eq!(imported.created, CUSTOMERS as u64);
    (bed, list)
}

/// Lets an export run through Envoy, after `prelude` of the shell.
fn export(bed: &Bed, prelude: &str) -> (Process, PathBuf) {
    let file = bed.folder().join("all.csv");
    let mut command = Command::new("sh");
    command
        .env_clear()
        .envs(binaries::corking())
        .args(["-c", &format!("{prelude} exec \"$0\" \"$@\"")])
        .arg(binaries::client().unwrap())
        .args(["--server-domain", &bed.envoy_address().ip().to_string()])
        .args(["--server-port", &bed.envoy_address().port().to_string()])
        .arg("export")
        .arg(&file);
    (Process::start("export", &mut command, &bed.folder().join("export.log")).unwrap(), file)
}

fn succeeds(export: &Process) {
    let status = export.wait(LIMIT).expect("an export ends");
    assert!(status.success(), "{status} {}", export.log());
}

fn rows(file: &Path) -> Vec<(String, String)> {
    csv::Reader::from_path(file).unwrap().deserialize().map(Result::unwrap).collect()
}

fn listed(bed: &Bed) -> Vec<(String, String)> {
    let target = Target::new(&bed.envoy_address().ip().to_string(), bed.envoy_address().port()).unwrap();
    let customers = Channel::builder(target).deadline(LIMIT).build().customers();
    let (mut all, mut token) = (Vec::new(), String::new());
    loop {
        let page = block_on(customers.list(700, &token)).unwrap().value;
        all.extend(page.customers.into_iter().map(|customer| (customer.first_name, customer.last_name)));
        token = page.next_page_token;
        if token.is_empty() {
            return all;
        }
    }
}

/// Makes sure that the last row is torn: now and then the limit falls on a row's end.
fn tear(part: &Path) {
    let rows = std::fs::read(part).unwrap();
    std::fs::write(part, rows.strip_suffix(b"\n").unwrap_or(&rows)).unwrap();
}

#[test]
fn an_export_that_was_killed_half_way_is_finished_by_the_same_command() {
    let (bed, list) = bed();
    // The system kills it in the middle of a write, as soon as the file has so many blocks.
    let (killed, file) = export(&bed, "ulimit -c 0; ulimit -f 120;");
    let status = killed.wait(LIMIT).expect("an export ends");
    assert_eq!(status.signal(), Some(Signal::XFSZ.as_raw()), "{}", killed.log());
    assert!(!file.exists());
    tear(&file.with_file_name("all.csv.part"));

    let (resumed, file) = export(&bed, "");
    succeeds(&resumed);
    assert!(resumed.log().contains("of them by an earlier run"), "{}", resumed.log());
    assert_eq!(Names::of_file(&file).unwrap(), Names::of_file(&list).unwrap());
    assert_eq!(rows(&file), listed(&bed));
}

#[test]
fn an_export_waits_for_servers_that_are_away() {
    let (bed, list) = bed();
    for server in bed.servers() {
        server.kill().unwrap();
    }
    let (waiting, file) = export(&bed, "");
    until_true("the export has begun", || file.with_file_name("all.csv.part").exists()).unwrap();
    for server in bed.servers() {
        server.start_again().unwrap();
    }
    succeeds(&waiting);
    assert_eq!(Names::of_file(&file).unwrap(), Names::of_file(&list).unwrap());
}
