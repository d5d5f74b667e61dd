//! How the servers of this run write: `make test` runs them corked, `make test-uncorked` with a write for each answer.

use testbed::{Testbed, binaries};

#[test]
fn every_server_writes_as_this_run_asks_and_its_log_says_how() {
    let bed = Testbed::new().servers(2).start().unwrap();
    let says = match binaries::corking() {
        Some((_, switch)) if switch == "off" => "writes: stock, because it is switched off",
        _ => "writes: corked",
    };
    for server in bed.servers() {
        assert!(server.log().contains(says), "{}: {}", server.pod(), server.log());
    }
}
