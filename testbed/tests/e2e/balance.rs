//! Ways to balance: the program that measures them, and what it relies on.

use std::fs;
use std::process::Command;

use serde_json::Value;
use testbed::envoy::{ConfigFile, Envoy};
use testbed::{Bed, Endpoints, L4Balancer, Load, Testbed, binaries, until_true};

const CALLERS: usize = 12;

#[test]
fn a_cell_is_measured_by_the_command_that_stands_beside_it() {
    let mut program = Command::new(binaries::testbed().unwrap());
    let output = program.args(["balance", "--way", "l4", "--event", "replace"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let cells: Value = serde_json::from_slice(&output.stdout).unwrap();
    let cell = &cells[0];
    assert_eq!(cell["command"], "target/release/testbed balance --way l4 --event replace");
    assert!(cell["outcome"]["calls"]["calls"].as_u64().unwrap() > 0, "{cell}");
}

/// Without a retry anywhere but in Envoy.
#[test]
fn an_envoy_that_is_replaced_in_order_fails_no_call() {
    let bed = Testbed::new().servers(2).start().unwrap();
    let (old, new) = (envoy(&bed, "old"), envoy(&bed, "new"));
    let listed = Endpoints::default();
    listed.add(old.address());
    let service = L4Balancer::start(listed.clone(), 1).unwrap();
    let load = Load::start(service.address(), CALLERS);
    until_true("calls go through the old Envoy", || calls_of(&old) > 0).unwrap();

    listed.add(new.address());
    listed.remove(old.address());
    old.drain().unwrap();
    drop(old);

    let tally = load.stop();
    assert_eq!(tally.failed(), 0, "{:?}", tally.first_failure);
    assert!(calls_of(&new) > 0);
}

fn envoy(bed: &Bed, name: &str) -> Envoy {
    let folder = bed.folder().join(name);
    fs::create_dir(&folder).unwrap();
    let (file, port) = (ConfigFile::of_repository().unwrap(), bed.server(0).address().port());
    let envoy = Envoy::start(&file, &folder, None, port, bed.dns().address()).unwrap();
    let all_healthy = || envoy.hosts().iter().filter(|host| host.healthy).count() == bed.servers().len();
    until_true("Envoy sends calls to all servers", all_healthy).unwrap();
    envoy
}

fn calls_of(envoy: &Envoy) -> u64 {
    envoy.hosts().iter().map(|host| host.calls).sum()
}
