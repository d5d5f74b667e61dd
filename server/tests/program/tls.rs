//! What it says of its encryption, and how it is probed then.

use std::process::{Command, Output};

use rustix::process::Signal;
use testbed::Certificates;

use crate::started::{PROGRAM, Started, ended, one_line};

fn flags(certificates: &Certificates) -> [String; 6] {
    let file = |path: std::path::PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (own, key) = (file(certificates.certificate("server")), file(certificates.key("server")));
    ["--tls-cert".to_owned(), own, "--tls-key".to_owned(), key, "--health-addr".to_owned(), "127.0.0.1:0".to_owned()]
}

#[test]
fn it_says_how_calls_are_encrypted() {
    let mut plain = Started::new(&["--database-url", "memory:"]);
    assert!(plain.log_line("encryption: ").starts_with("none, calls are plaintext"));
    let certificates = Certificates::make().expect("certificates");
    let flags = flags(&certificates);
    let flags = [&["--database-url", "memory:"], &flags.each_ref().map(String::as_str)[..]].concat();
    let mut one_sided = Started::new(&flags);
    let said = one_sided.log_line("encryption: ");
    assert!(said.starts_with("TLS, callers need none; as app-server-headless, localhost, spiffe://"), "{said}");
    let authority = certificates.authority("server");
    let mut mutual = Started::new(&[&flags[..], &["--tls-client-ca", authority.to_str().expect("UTF-8")]].concat());
    let said = mutual.log_line("encryption: ");
    assert!(said.starts_with("mTLS, callers need a certificate; as app-server-headless"), "{said}");
}

#[test]
fn it_asks_for_health_where_that_is_plaintext() {
    let certificates = Certificates::make().expect("certificates");
    let flags = flags(&certificates);
    let flags = [&["--database-url", "memory:"], &flags.each_ref().map(String::as_str)[..]].concat();
    let mut server = Started::new(&flags);
    let health = server.log_line("serving health without encryption on ");
    let grpc = server.log_line("serving gRPC on ");
    // As a probe in the same pod, which has the same settings.
    let same = [("TLS_CERT", flags[3]), ("TLS_KEY", flags[5]), ("HEALTH_ADDR", &health)];
    let probe = Command::new(PROGRAM).arg("health").envs(same).output().expect("it runs");
    assert!(probe.status.success(), "{probe:?}");
    let wrong: Output = Command::new(PROGRAM).args(["health", &grpc]).output().expect("it runs");
    assert_eq!(wrong.status.code(), Some(1));
    assert!(one_line(&wrong).contains("HEALTH_ADDR"), "{wrong:?}");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_certificate_that_cannot_be_used_is_one_line_and_ends_it_before_its_store_is_touched() {
    let (output, folder) = ended(&["--tls-cert", "/nowhere/tls.crt", "--tls-key", "/nowhere/tls.key"]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let line = one_line(&output);
    assert!(line.contains("TLS_CERT (--tls-cert) is \"/nowhere/tls.crt\": it cannot be read"), "{line}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
