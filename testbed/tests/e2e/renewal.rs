//! Certificates and authorities that are replaced while Envoy runs, with `overlays/tls`.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use async_std::task::{self, block_on};
use testbed::until_true;

use crate::caller::{Caller, Refusal};
use crate::encrypted::{assert_unavailable, bed, caller, certificate_shown, counted};

/// Secret discovery from files, with `watched_directory`: what the kubelet does when a Secret changes.
#[test]
fn certificates_renewed_on_every_side_of_envoy_fail_no_call_and_are_used() {
    const RENEWALS: usize = 5;
    const CALLERS: usize = 4;
    let bed = bed(2);
    let (secured, certificates) = (bed.secured(), bed.secured().certificates());
    let (address, reader) = (bed.envoy_address(), certificates.of("reader"));
    let ended = AtomicBool::new(false);
    let outcomes: Vec<_> = thread::scope(|scope| {
        let ending = Ending(&ended);
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(|| call_until(&ended, address, &reader))).collect();
        for _ in 0..RENEWALS {
            let before = certificate_shown(&bed);
            certificates.renew(&["envoy", "envoy-client", "server"]).unwrap();
            secured.envoy_for_callers().update(&certificates.of("envoy")).unwrap();
            secured.envoy_for_servers().update(&certificates.of("envoy-client")).unwrap();
            bed.servers().iter().for_each(|server| server.secret().update(&certificates.of("server")).unwrap());
            until_true("Envoy shows its new certificate", || certificate_shown(&bed) != before).unwrap();
        }
        drop(ending);
        callers.into_iter().map(|caller| caller.join().unwrap()).collect()
    });
    let failures: Vec<_> = outcomes.iter().flat_map(|(_, failures)| failures).collect();
    assert!(failures.is_empty(), "{failures:?}\n{}", bed.logs());
    assert!(outcomes.iter().all(|(calls, _)| *calls > 0));
    // One at the start and one for each renewal, of the certificate for servers too.
    let read = counted(&bed, "client_ssl_socket_factory.ssl_context_update_by_sds");
    assert!(read > RENEWALS as u64, "Envoy read its certificate for servers {read} times");
}

/// Ends the callers, also when the test fails.
struct Ending<'a>(&'a AtomicBool);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Calls on a connection that lasts, and on one that is made anew every few calls; what was called and what failed.
fn call_until(ended: &AtomicBool, address: SocketAddr, shown: &Path) -> (u64, Vec<Refusal>) {
    const CALLS_ON_ONE: u64 = 10;
    let connect = || Caller::new(address, shown, Some(shown));
    let (lasting, mut short) = (connect(), connect());
    let (mut rounds, mut failures) = (0_u64, Vec::new());
    while !ended.load(Ordering::Relaxed) {
        if rounds.is_multiple_of(CALLS_ON_ONE) {
            short = connect();
        }
        failures.extend([lasting.get().err(), short.get().err()].into_iter().flatten());
        rounds += 1;
        block_on(task::sleep(Duration::from_millis(2)));
    }
    (rounds, failures)
}

/// An authority is replaced in three steps (docs/tls.md); after the last one the old one opens nothing.
#[test]
fn a_caller_of_an_authority_that_was_taken_away_gets_no_new_connection() {
    let bed = bed(1);
    let certificates = bed.secured().certificates();
    let connected = caller(&bed, Some("reader"));
    connected.get().unwrap();
    let updates = counted(&bed, "server_ssl_socket_factory.ssl_context_update_by_sds");
    let mixed = bed.folder().join("mixed");
    fs::create_dir(&mixed).unwrap();
    for name in ["tls.crt", "tls.key"] {
        fs::copy(certificates.of("envoy").join(name), mixed.join(name)).unwrap();
    }
    fs::copy(certificates.of("server").join("ca.crt"), mixed.join("ca.crt")).unwrap();
    bed.secured().envoy_for_callers().update(&mixed).unwrap();
    until_true("Envoy has read the new authority", || {
        counted(&bed, "server_ssl_socket_factory.ssl_context_update_by_sds") > updates
    })
    .unwrap();
    assert_unavailable(caller(&bed, Some("reader")).get(), &bed);
    // What is connected stays so: replacing an authority does not end calls.
    connected.get().unwrap();
}
