//! `overlays/tls` in real Envoy: certificates on both sides of it.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::net::{SocketAddr, TcpStream};
use std::process::Command;
use std::time::Duration;

use testbed::secured::Overlay;
use testbed::{BedError, Certificates, Testbed, Use, binaries, until_true};

use crate::caller::Caller;
use crate::encrypted::{assert_unavailable, bed, caller, counted, handshake};

#[test]
fn calls_go_through_envoy_with_certificates_on_both_sides_to_every_server() {
    let bed = bed(2);
    let caller = caller(&bed, Some("writer"));
    let mut pods: Vec<_> = (0..10).map(|_| caller.get().unwrap()).collect();
    caller.create().unwrap();
    caller.list().unwrap();
    pods.sort_unstable();
    pods.dedup();
    assert_eq!(pods, ["app-server-1", "app-server-2"]);
    // Health checks among them.
    let connections = counted(&bed, "cluster.app-server-headless.upstream_cx_total");
    assert!(connections > 0);
    assert!(counted(&bed, "cluster.app-server-headless.ssl.handshake") >= connections, "some went without TLS");
    // `max_session_keys`: each connection to a server is a look at its certificate.
    assert_eq!(counted(&bed, "cluster.app-server-headless.ssl.session_reused"), 0);
}

#[test]
fn envoy_starts_on_each_overlay_without_a_warning() {
    for overlay in Overlay::ALL {
        let bed = Testbed::new().servers(1).envoy().overlay(overlay).start().unwrap();
        let log = bed.envoy().process().log();
        assert!(log.is_empty(), "{}: {log}", overlay.name());
    }
}

/// `require_client_certificate` and the authority of callers.
#[test]
fn a_caller_without_a_good_certificate_is_refused_and_counted() {
    let bed = bed(1);
    let certificates = bed.secured().certificates();
    let uri = "URI:spiffe://ticketing/writer";
    certificates.issue("servers-ca", "of-the-servers", Use::Client, uri).unwrap();
    certificates.issue_expired("callers-ca", "expired", Use::Client, uri).unwrap();
    certificates.issue("callers-ca", "for-servers", Use::Server, uri).unwrap();
    for (shown, counter) in [
        (None, "ssl.fail_verify_no_cert"),
        (Some("of-the-servers"), "ssl.fail_verify_error"),
        (Some("expired"), "ssl.fail_verify_error"),
        (Some("for-servers"), "ssl.fail_verify_error"),
    ] {
        let before = counted(&bed, counter);
        assert_unavailable(caller(&bed, shown).get(), &bed);
        assert!(counted(&bed, counter) > before, "{shown:?} was not counted by {counter}");
    }
    assert_eq!(counted(&bed, "cluster.app-server-headless.upstream_rq_total"), 0, "none got as far as a server");
    caller(&bed, Some("writer")).get().unwrap();
}

/// What `ticketing-client` says of Envoy, which says nothing itself but an alert of TLS.
#[test]
fn the_program_tells_what_is_wrong_with_a_certificate_before_envoy() {
    const REFUSED: &str = "the server does not take this client's certificate";
    let bed = bed(1);
    let certificates = bed.secured().certificates();
    certificates.issue_expired("callers-ca", "expired", Use::Client, "URI:spiffe://ticketing/writer").unwrap();
    let [trusted, other] = ["reader", "server"].map(|name| certificates.authority(name).display().to_string());
    let shown = |name: &str| {
        let [certificate, key] =
            [certificates.certificate(name), certificates.key(name)].map(|file| file.display().to_string());
        ["--tls-ca", &trusted, "--tls-cert", &certificate, "--tls-key", &key].map(str::to_owned).to_vec()
    };
    let flags = |flags: &[&str]| flags.iter().map(|flag| (*flag).to_owned()).collect::<Vec<_>>();
    for (flags, says) in [
        (flags(&["--tls-ca", &trusted]), "the server asks for a client certificate"),
        (shown("envoy-client"), REFUSED),
        (shown("expired"), REFUSED),
        ([shown("reader"), flags(&["--tls-server-name", "postgres"])].concat(), "not for postgres, but for envoy"),
        (flags(&["--tls-ca", &other]), "of an authority that is not trusted here"),
        (flags(&[]), "the server speaks TLS, this client plaintext"),
    ] {
        let (succeeded, said) = program(bed.envoy_address(), &flags);
        assert!(!succeeded && said.contains(says), "{flags:?}: {said}");
    }
    let (succeeded, said) = program(bed.envoy_address(), &shown("reader"));
    assert!(succeeded, "{said}");
}

/// `ticketing-client get ''`: whether it succeeded, and what it said.
fn program(address: SocketAddr, flags: &[String]) -> (bool, String) {
    let output = Command::new(binaries::client().unwrap())
        .env_clear()
        .args(["--server-domain", &address.ip().to_string(), "--server-port", &address.port().to_string()])
        .args(flags)
        .args(["get", ""])
        .output()
        .unwrap();
    (
        output.status.success(),
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat(),
    )
}

#[test]
fn a_caller_refuses_an_envoy_of_another_name_or_another_authority() {
    let bed = bed(1);
    let certificates = bed.secured().certificates();
    let (reader, servers) = (certificates.of("reader"), certificates.of("server"));
    let of_another_name = Caller::expecting(Some("postgres"), bed.envoy_address(), &reader, Some(&reader));
    assert_unavailable(of_another_name.get(), &bed);
    let of_another_authority = Caller::new(bed.envoy_address(), &servers, Some(&reader));
    assert_unavailable(of_another_authority.get(), &bed);
    let by_its_name = Caller::expecting(Some("envoy"), bed.envoy_address(), &reader, Some(&reader));
    assert_eq!(by_its_name.get().unwrap(), "app-server-1");
}

/// Whoever has direct reach: a caller's certificate opens no server.
#[test]
fn a_server_lets_in_envoy_and_no_caller() {
    let bed = bed(1);
    let certificates = bed.secured().certificates();
    let (server, address) = (certificates.of("server"), bed.server(0).address().into());
    for shown in [None, Some("writer"), Some("reader")] {
        let shown = shown.map(|name| certificates.of(name));
        // By its name, so that it is the server who refuses.
        let caller = Caller::expecting(Some("app-server-headless"), address, &server, shown.as_deref());
        assert_unavailable(caller.get(), &bed);
    }
    let as_envoy =
        Caller::expecting(Some("app-server-headless"), address, &server, Some(&certificates.of("envoy-client")));
    assert_eq!(as_envoy.get().unwrap(), "app-server-1");
}

/// `match_typed_subject_alt_names`: the authority alone would do for any of its certificates.
#[test]
fn a_server_whose_certificate_has_another_name_gets_no_calls() {
    assert_left_out("ssl.fail_verify_san", |certificates| {
        certificates.issue("servers-ca", "impostor", Use::Server, "DNS:postgres,IP:127.0.0.3")
    });
}

/// `trusted_ca` of the servers: here the callers' authority vouches for the right name.
#[test]
fn a_server_whose_certificate_is_of_another_authority_gets_no_calls() {
    assert_left_out("ssl.fail_verify_error", |certificates| {
        certificates.issue("callers-ca", "impostor", Use::Server, "DNS:app-server-headless")
    });
}

#[track_caller]
fn assert_left_out(counter: &str, issue: impl Fn(&Certificates) -> Result<(), BedError>) {
    let bed = bed(2);
    issue(bed.secured().certificates()).unwrap();
    let impostor = bed.secured().certificates().of("impostor");
    // It lets in whom it let in before.
    fs::copy(bed.secured().certificates().of("server").join("ca.crt"), impostor.join("ca.crt")).unwrap();
    bed.server(1).kill().unwrap();
    bed.server(1).secret().update(&impostor).unwrap();
    bed.server(1).start_again().unwrap();
    let counter = format!("cluster.app-server-headless.{counter}");
    until_true("Envoy has looked at the certificate", || counted(&bed, &counter) > 0).unwrap();
    let caller = caller(&bed, Some("reader"));
    for _ in 0..20 {
        assert_eq!(caller.get().unwrap_or_else(|refusal| panic!("{refusal:?}\n{}", bed.logs())), "app-server-1");
    }
    let address = bed.server(1).address().into();
    assert!(bed.envoy().hosts().iter().any(|host| host.address == address && !host.healthy));
}

/// `tls_minimum_protocol_version`.
#[test]
fn tls_1_1_is_refused_and_1_2_is_not() {
    let bed = bed(1);
    let old = handshake(&bed, &["-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"]);
    assert!(old.contains("alert protocol version"), "{old}");
    let new = handshake(&bed, &["-tls1_2"]);
    assert!(new.contains("New, TLSv1.2"), "{new}");
}

/// `disable_stateless_session_resumption` and `disable_stateful_session_resumption`: a session that is taken up again
/// shows no certificate.
#[test]
fn no_session_is_taken_up_again() {
    let bed = bed(1);
    for (way, file) in [(&["-tls1_2"][..], "by-ticket"), (&["-tls1_2", "-no_ticket"], "by-id")] {
        let session = bed.folder().join(file);
        let path = session.to_str().unwrap();
        let first = handshake(&bed, &[way, &["-sess_out", path]].concat());
        assert!(first.contains("New, TLSv1.2"), "{way:?}: {first}");
        // Without a ticket and without an id there is nothing that openssl could keep.
        if session.exists() {
            let again = handshake(&bed, &[way, &["-sess_in", path]].concat());
            assert!(again.contains("New, TLSv1.2"), "{way:?}: {again}");
        }
    }
}

/// `max_session_keys`. One server, so that the connection for calls could take up the session of that for health checks.
#[test]
fn no_session_with_a_server_is_taken_up_again() {
    let bed = bed(1);
    caller(&bed, Some("reader")).get().unwrap();
    assert!(
        counted(&bed, "cluster.app-server-headless.ssl.handshake") >= 2,
        "a connection for calls beside that for checks"
    );
    assert_eq!(counted(&bed, "cluster.app-server-headless.ssl.session_reused"), 0);
}

/// `transport_socket_connect_timeout`: else each such connection stays, one of those that Envoy lets in.
#[test]
fn a_handshake_that_does_not_get_on_is_ended() {
    let bed = bed(1);
    let mut stream = TcpStream::connect(bed.envoy_address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    match stream.read(&mut [0]) {
        Ok(0) => {}
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("Envoy did not end it: {other:?}"),
    }
}
