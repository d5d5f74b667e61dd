//! What tests of beds with TLS share: who calls, what Envoy counted, and what openssl tells of a handshake.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use grpcio::RpcStatusCode;
use testbed::secured::Overlay;
use testbed::{Bed, Testbed};

use crate::caller::{Caller, Refusal};

/// Servers and Envoy with certificates on both sides.
pub(crate) fn bed(servers: usize) -> Bed {
    Testbed::new().servers(servers).envoy().overlay(Overlay::Tls).start().unwrap()
}

/// A caller of Envoy that trusts the callers' authority.
pub(crate) fn caller(bed: &Bed, shown: Option<&str>) -> Caller {
    let certificates = bed.secured().certificates();
    let shown = shown.map(|name| certificates.of(name));
    Caller::new(bed.envoy_address(), &certificates.of("reader"), shown.as_deref())
}

/// All counters whose names end so, added up: the middle is the listener's address.
pub(crate) fn counted(bed: &Bed, ending: &str) -> u64 {
    let stats = bed.envoy().stats(ending);
    stats.into_iter().filter(|(name, _)| name.ends_with(ending)).map(|(_, value)| value).sum()
}

#[track_caller]
pub(crate) fn assert_unavailable(outcome: Result<String, Refusal>, bed: &Bed) {
    let unavailable = outcome.as_ref().is_err_and(|refusal| refusal.code == RpcStatusCode::UNAVAILABLE);
    assert!(unavailable, "{outcome:?}\n{}", bed.logs());
}

/// The certificate that Envoy shows to a new connection.
pub(crate) fn certificate_shown(bed: &Bed) -> String {
    let shown = handshake(bed, &["-tls1_2"]);
    let (_, certificate) = shown.split_once("-----BEGIN CERTIFICATE-----").unwrap_or_else(|| panic!("{shown}"));
    certificate.split_once("-----END").unwrap().0.to_owned()
}

/// What openssl, as a caller with a good certificate, tells of a handshake with Envoy.
pub(crate) fn handshake(bed: &Bed, flags: &[&str]) -> String {
    let reader = bed.secured().certificates().of("reader");
    s_client(bed.envoy_address(), &reader, flags)
}

fn s_client(address: SocketAddr, caller: &Path, flags: &[&str]) -> String {
    let output = Command::new("openssl")
        .args(["s_client", "-connect", &address.to_string(), "-alpn", "h2"])
        .arg("-CAfile")
        .arg(caller.join("ca.crt"))
        .arg("-cert")
        .arg(caller.join("tls.crt"))
        .arg("-key")
        .arg(caller.join("tls.key"))
        .args(flags)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    [String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)].concat()
}
