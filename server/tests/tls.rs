//! Encrypted calls: who gets in, and what happens when certificates change.

mod common;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;

use common::{TestServer, connect, failure, health, http_get, patiently, serve_encrypted, some_customer};
use grpcio::{Channel, RpcStatusCode};
use testbed::secured::SecretVolume;
use testbed::{Certificates, Use, until_true};
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;
use ticketing_server::{Args, Config, Drained};

use crate::common::{NAME, secured};

/// A server of these certificates that asks callers for theirs.
fn mutual(certificates: &Certificates, flags: &[&str]) -> TestServer {
    let authority = certificates.authority("server");
    let authority = authority.to_str().expect("UTF-8");
    let (certificate, key) = (certificates.certificate("server"), certificates.key("server"));
    serve_encrypted(&certificate, &key, &[&["--tls-client-ca", authority], flags].concat())
}

/// Whether a call on this connection gets to the service.
fn is_served(channel: &Channel) -> bool {
    let code = failure(CustomerControllerClient::new(channel.clone()).get_customer_opt(&some_customer(), patiently()));
    code.code() == RpcStatusCode::NOT_FOUND
}

fn code(channel: &Channel) -> RpcStatusCode {
    failure(CustomerControllerClient::new(channel.clone()).get_customer_opt(&some_customer(), patiently())).code()
}

fn as_envoy(server: &TestServer, certificates: &Certificates) -> Channel {
    secured(server.grpc, certificates, "server", Some("envoy-client"), NAME)
}

/// The value of a metric by its name and labels, as they stand in the line.
fn metric(server: &TestServer, name: &str) -> Option<f64> {
    let (_, page) = server.get("/metrics");
    page.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

const TAKEN: &str = "ticketing_tls_reloads_total{outcome=\"taken\"}";
const REFUSED: &str = "ticketing_tls_reloads_total{outcome=\"refused\"}";

#[test]
fn only_callers_with_a_certificate_of_the_servers_authority_get_in() {
    let certificates = Certificates::make().expect("certificates");
    let sans = "URI:spiffe://ticketing/envoy";
    certificates.issue_expired("servers-ca", "late", Use::Client, sans).expect("an expired one");
    let server = mutual(&certificates, &[]);
    assert!(is_served(&as_envoy(&server, &certificates)));
    for stranger in [None, Some("reader"), Some("late")] {
        let channel = secured(server.grpc, &certificates, "server", stranger, NAME);
        assert_eq!(code(&channel), RpcStatusCode::UNAVAILABLE, "{stranger:?}");
    }
    assert!(is_served(&as_envoy(&server, &certificates)), "strangers hurt nobody");
}

#[test]
fn without_an_authority_of_callers_anyone_gets_in_who_trusts_the_server() {
    let certificates = Certificates::make().expect("certificates");
    let server = serve_encrypted(&certificates.certificate("server"), &certificates.key("server"), &[]);
    assert!(is_served(&secured(server.grpc, &certificates, "server", None, NAME)));
    let mistrustful = secured(server.grpc, &certificates, "envoy", None, NAME);
    assert_eq!(code(&mistrustful), RpcStatusCode::UNAVAILABLE);
    let other_name = secured(server.grpc, &certificates, "server", None, "app-server-headless.example");
    assert_eq!(code(&other_name), RpcStatusCode::UNAVAILABLE);
}

#[test]
fn plaintext_is_not_served_where_calls_are_encrypted() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates, &[]);
    assert_eq!(code(&connect(server.grpc)), RpcStatusCode::UNAVAILABLE);
}

/// The opening of a client that speaks nothing newer than `version` (RFC 5246, 7.4.1.2; RFC 4346 for TLS 1.1).
fn hello(version: [u8; 2]) -> Vec<u8> {
    // ECDHE on P-256 with ECDSA and AES-CBC, which TLS 1.0 to 1.2 share, and with AES-GCM for 1.2.
    let suites = [0xc0, 0x09, 0xc0, 0x0a, 0xc0, 0x2b];
    let groups_and_points = [0, 10, 0, 4, 0, 2, 0, 23, 0, 11, 0, 2, 1, 0];
    let signatures = [0, 13, 0, 6, 0, 4, 4, 3, 2, 3];
    let alpn = [0, 16, 0, 5, 0, 3, 2, b'h', b'2'];
    let extensions = [&groups_and_points[..], &signatures, &alpn].concat();
    let short = |bytes: usize| u16::try_from(bytes).expect("a few bytes").to_be_bytes();
    let mut body = [&version[..], &[7; 32], &[0], &short(suites.len()), &suites, &[1, 0]].concat();
    body.extend(short(extensions.len()));
    body.extend(extensions);
    let handshake = [&[1, 0][..], &short(body.len()), &body].concat();
    [&[22, 3, 1][..], &short(handshake.len()), &handshake].concat()
}

/// The first record of the answer to it: 22 is a handshake that goes on; a refusal is an alert (21), or the end.
fn answer(address: SocketAddr, version: [u8; 2]) -> Option<u8> {
    let mut stream = TcpStream::connect(address).expect("the port is open");
    stream.set_read_timeout(Some(Duration::from_secs(20))).expect("set");
    stream.write_all(&hello(version)).expect("sent");
    let mut kind = [0];
    stream.read_exact(&mut kind).ok().map(|()| kind[0])
}

/// RFC 8996: TLS 1.0 and 1.1 are not to be used.
#[test]
fn nothing_older_than_tls_1_2_is_spoken() {
    const HANDSHAKE: u8 = 22;
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates, &[]);
    assert_eq!(answer(server.grpc, [3, 3]), Some(HANDSHAKE), "TLS 1.2");
    for old in [[3, 1], [3, 2]] {
        assert_ne!(answer(server.grpc, old), Some(HANDSHAKE), "{old:?}");
    }
}

#[test]
fn the_port_for_probes_serves_health_and_nothing_else() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates, &[]);
    let probes = connect(server.health_port.expect("there is one"));
    assert_eq!(health(&probes, "").expect("answered"), ServingStatus::SERVING);
    assert_eq!(health(&probes, "live").expect("answered"), ServingStatus::SERVING);
    assert_eq!(code(&probes), RpcStatusCode::UNIMPLEMENTED);
    let reflection = common::call_raw(probes, "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo", Vec::new());
    assert_eq!(reflection.expect_err("refused").code(), RpcStatusCode::UNIMPLEMENTED);
}

#[test]
fn without_encryption_there_is_no_port_for_probes() {
    assert_eq!(common::serve().health_port, None);
}

#[test]
fn probes_hear_of_the_drain_as_long_as_it_lasts() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates, &["--drain-delay", "1s"]);
    let probes = connect(server.health_port.expect("there is one"));
    assert_eq!(health(&probes, "").expect("answered"), ServingStatus::SERVING);
    let draining = std::thread::spawn(move || server.drain());
    until_true("NOT_SERVING", || health(&probes, "").is_ok_and(|status| status == ServingStatus::NOT_SERVING))
        .expect("the probe is told");
    assert_eq!(health(&probes, "live").expect("answered"), ServingStatus::SERVING, "nobody restarts it");
    assert_eq!(draining.join().expect("it drains"), Drained::Clean);
}

/// C-core waits for a handshake, and the drain need not.
#[test]
fn a_handshake_that_never_ends_does_not_hold_the_drain() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates, &["--drain-delay", "0s", "--drain-timeout", "1h"]);
    let _silent = TcpStream::connect(server.grpc).expect("the port is open");
    let mut half_way = TcpStream::connect(server.grpc).expect("the port is open");
    half_way.write_all(&hello([3, 3])[..20]).expect("sent");
    assert!(is_served(&as_envoy(&server, &certificates)));
    assert_eq!(server.drain(), Drained::Clean);
}

#[test]
fn a_renewed_secret_is_used_for_new_connections_and_the_old_ones_live_on() {
    let certificates = Certificates::make().expect("certificates");
    certificates.issue("servers-ca", "next", Use::Server, "DNS:the-next-name").expect("another one");
    let folder = tempfile::tempdir().expect("a folder");
    let secret = SecretVolume::mount(folder.path().join("tls"), &certificates.of("server")).expect("laid out");
    let file = |name: &str| secret.folder().join(name);
    let authority = file("ca.crt");
    let flags = ["--tls-client-ca", authority.to_str().expect("UTF-8")];
    let server = serve_encrypted(&file("tls.crt"), &file("tls.key"), &flags);
    let old = as_envoy(&server, &certificates);
    assert!(is_served(&old));
    let before = metric(&server, "ticketing_tls_certificate_not_after_seconds").expect("a metric");

    secret.update(&certificates.of("next")).expect("exchanged");
    until_true("the new certificate in use", || metric(&server, TAKEN) == Some(1.0)).expect("it is taken");
    assert!(is_served(&old), "the connection that was there");
    let new = secured(server.grpc, &certificates, "server", Some("envoy-client"), "the-next-name");
    assert!(is_served(&new), "a new connection sees the new name");
    assert_eq!(code(&as_envoy(&server, &certificates)), RpcStatusCode::UNAVAILABLE, "and not the old one");
    assert!(metric(&server, "ticketing_tls_certificate_not_after_seconds").expect("a metric") >= before);
}

#[test]
fn callers_of_another_authority_get_in_once_it_is_in_the_file() {
    let certificates = Certificates::make().expect("certificates");
    let folder = tempfile::tempdir().expect("a folder");
    let authorities = folder.path().join("ca.crt");
    fs::copy(certificates.authority("server"), &authorities).expect("copied");
    let flags = ["--tls-client-ca", authorities.to_str().expect("UTF-8")];
    let server = serve_encrypted(&certificates.certificate("server"), &certificates.key("server"), &flags);
    let reader = || secured(server.grpc, &certificates, "server", Some("reader"), NAME);
    assert_eq!(code(&reader()), RpcStatusCode::UNAVAILABLE);
    let both = [certificates.authority("server"), certificates.authority("reader")].map(|file| fs::read(file).unwrap());
    fs::write(&authorities, both.concat()).expect("written");
    until_true("the new authority in use", || metric(&server, TAKEN) == Some(1.0)).expect("it is taken");
    assert!(is_served(&reader()));
    assert!(is_served(&as_envoy(&server, &certificates)));
}

#[test]
fn what_does_not_fit_is_refused_and_the_certificate_before_stays() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates, &[]);
    let renewed = |refused: f64| {
        until_true("a refusal", || metric(&server, REFUSED) == Some(refused)).expect("it is refused");
        assert!(is_served(&as_envoy(&server, &certificates)));
    };
    fs::copy(certificates.key("reader"), certificates.key("server")).expect("another key");
    renewed(1.0);
    fs::write(certificates.key("server"), "not a key").expect("no key");
    renewed(2.0);
    fs::remove_file(certificates.certificate("server")).expect("no certificate");
    renewed(3.0);
    let sans = "DNS:app-server-headless";
    certificates.issue_expired("servers-ca", "server", Use::Server, sans).expect("an expired one");
    renewed(4.0);
    assert_eq!(metric(&server, TAKEN), Some(0.0));
    certificates.issue("servers-ca", "server", Use::Server, sans).expect("a good one");
    until_true("the good one in use", || metric(&server, TAKEN) == Some(1.0)).expect("it is taken");
    assert!(is_served(&as_envoy(&server, &certificates)));
}

#[test]
fn certificates_that_change_both_files_one_after_the_other_are_taken_without_a_refusal() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates, &[]);
    for renewal in 1..=3 {
        certificates.renew(&["server"]).expect("renewed");
        until_true("the new one in use", || metric(&server, TAKEN) == Some(f64::from(renewal))).expect("it is taken");
    }
    assert_eq!(metric(&server, REFUSED), Some(0.0));
}

/// The status page of a server without encryption has no line that could make anyone believe otherwise.
#[test]
fn metrics_of_certificates_are_there_only_where_there_are_any() {
    let server = common::serve();
    assert!(!http_get(server.admin.expect("an admin port"), "/metrics").1.contains("ticketing_tls_"));
}

fn refusal(flags: &[&str]) -> String {
    let args = [&["ticketing-server", "--database-url", "memory:"], flags].concat();
    let args = <Args as clap::Parser>::try_parse_from(args).expect("flags");
    Config::try_from(args).map(|_| ()).expect_err("refused").to_string()
}

#[test]
fn certificates_that_cannot_be_used_are_named_before_anything_listens() {
    let certificates = Certificates::make().expect("certificates");
    certificates.issue_expired("servers-ca", "late", Use::Server, "DNS:app-server-headless").expect("an expired one");
    let file = |path: PathBuf| path.to_str().expect("UTF-8").to_owned();
    let (own, key) = (file(certificates.certificate("server")), file(certificates.key("server")));
    let (other_key, authority) = (file(certificates.key("reader")), file(certificates.authority("server")));
    let (late, late_key) = (file(certificates.certificate("late")), file(certificates.key("late")));
    for (flags, setting, advice) in [
        (vec!["--tls-cert", &own], "TLS_KEY (--tls-key): ", "name the file with the certificate's key"),
        (vec!["--tls-key", &key], "TLS_CERT (--tls-cert): ", "name the file with the key's certificate"),
        (vec!["--tls-client-ca", &authority], "TLS_CERT (--tls-cert): ", "missing beside TLS_CLIENT_CA"),
        (vec!["--tls-cert", "/nowhere", "--tls-key", &key], "TLS_CERT (--tls-cert) is", "cannot be read"),
        (vec!["--tls-cert", "/", "--tls-key", &key], "TLS_CERT (--tls-cert) is", "name a PEM file"),
        (vec!["--tls-cert", &key, "--tls-key", &key], "TLS_CERT (--tls-cert) is", "no certificate in it"),
        (vec!["--tls-cert", &own, "--tls-key", &own], "TLS_KEY (--tls-key) is", "no key in it"),
        (vec!["--tls-cert", &own, "--tls-key", &other_key], "TLS_KEY (--tls-key) is", "does not belong to"),
        (vec!["--tls-cert", &late, "--tls-key", &late_key], "TLS_CERT (--tls-cert) is", "it expired at 20"),
        (
            vec!["--tls-cert", &own, "--tls-key", &key, "--tls-client-ca", &key],
            "TLS_CLIENT_CA (--tls-client-ca) is",
            "no certificate in it",
        ),
        (
            vec!["--tls-cert", &own, "--tls-key", &key, "--health-addr", "0.0.0.0:12345"],
            "HEALTH_ADDR (--health-addr) is",
            "use another port",
        ),
    ] {
        let told = refusal(&flags);
        assert!(told.starts_with(setting) && told.contains(advice), "{flags:?}: {told}");
    }
}
