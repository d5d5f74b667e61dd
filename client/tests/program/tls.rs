//! What the program says where two sides do not agree on encryption: on a call, and as a doctor.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use grpcio::ServerCredentialsBuilder;
use testbed::{Certificates, Use};

use crate::misfits::{self, NotServing};
use crate::namespace::{Hosts, with_hosts};
use crate::program::{Ended, program};
use crate::server::Server;

fn text(path: PathBuf) -> String {
    path.to_str().expect("UTF-8").to_owned()
}

/// A server that shows the certificate of `server`, and asks callers for one of its authority.
fn mutual(certificates: &Certificates) -> Server {
    let [own, key, authority] =
        [certificates.certificate("server"), certificates.key("server"), certificates.authority("server")].map(text);
    let files = ["--tls-cert", &own, "--tls-key", &key, "--tls-client-ca", &authority];
    Server::with("pod-a", 0, &[&files[..], &["--health-addr", "127.0.0.1:0"]].concat())
}

/// Settings of a caller that trusts the authority of `trusted` and shows the certificate of `own`.
fn caller(certificates: &Certificates, trusted: &str, own: Option<&str>) -> Vec<String> {
    let mut flags = vec!["--tls-ca".to_owned(), text(certificates.authority(trusted))];
    if let Some(own) = own {
        let files = [certificates.certificate(own), certificates.key(own)].map(text);
        flags.extend(
            ["--tls-cert", "--tls-key"].map(str::to_owned).into_iter().zip(files).flat_map(|(flag, file)| [flag, file]),
        );
    }
    flags
}

fn run(port: u16, flags: &[String], command: &[&str]) -> Ended {
    program(port).args(flags).args(command).output().expect("the program starts").into()
}

/// Asserts that a call, a load and the doctor all tell this fault and this next step.
fn told(port: u16, flags: &[String], fault: &str, next: &str) {
    let call = run(port, flags, &["get", ""]);
    let line = call.failed_with_one_line(1);
    assert!(line.starts_with("error: cannot reach 127.0.0.1:"), "{line}");
    assert!(line.contains(fault) && line.contains(next), "{line}");
    let load = run(port, flags, &["load", "--mix", "probe=1", "--requests", "20"]);
    let note = load.out.lines().find(|line| line.contains("no call went well: ")).expect("a note on why");
    assert!(load.code == Some(1) && note.contains(fault) && note.contains(next), "{note}");
    let doctor = run(port, flags, &["--output", "json", "doctor"]);
    assert_eq!(doctor.code, Some(1));
    let checks = doctor.json()["checks"].as_array().expect("a list").clone();
    let finding = checks.iter().find(|each| each["verdict"] == "fault").expect("a fault");
    assert_eq!(finding["check"], "encryption", "{finding}");
    assert!(finding["found"].as_str().unwrap().contains(fault), "{finding}");
    assert!(finding["next"].as_str().unwrap().contains(next), "{finding}");
}

#[test]
fn each_side_that_trusts_the_other_is_served() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    let flags = caller(&certificates, "server", Some("envoy-client"));
    for command in
        [&["get", ""][..], &["create", "Ada", "Lovelace"], &["list"], &["health"], &["watch", "--count", "1"]]
    {
        let ended = run(server.port, &flags, command);
        assert_eq!(ended.code, Some(0), "{command:?}: {}", ended.err);
    }
    let load = ["load", "--concurrency", "2", "--requests", "10", "--mix", "probe=1"];
    assert_eq!(run(server.port, &flags, &load).code, Some(0));
    let doctor = run(server.port, &flags, &["--output", "json", "doctor"]);
    let checks = doctor.json()["checks"].as_array().expect("a list").clone();
    let encryption = checks.iter().find(|each| each["check"] == "encryption").expect("it is looked at");
    assert_eq!(encryption["verdict"], "ok", "{encryption}");
    let found = encryption["found"].as_str().unwrap();
    assert!(found.starts_with("TLSv1.3; ") && found.ends_with("and ours was taken"), "{found}");
}

/// As `openssl req -x509` makes it: an authority that is a server, too.
fn of_its_own(folder: &Path) -> [String; 2] {
    let [certificate, key] = ["tls.crt", "tls.key"].map(|name| text(folder.join(name)));
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1", "-out", &certificate, "-keyout", &key])
        .output()
        .expect("openssl");
    assert!(made.status.success(), "{made:?}");
    [certificate, key]
}

#[test]
fn a_server_that_vouches_for_itself_is_served_where_it_is_trusted_and_told_where_not() {
    let folders = [tempfile::tempdir(), tempfile::tempdir()].map(|folder| folder.expect("a folder"));
    let [[certificate, key], [other, _]] = folders.each_ref().map(|folder| of_its_own(folder.path()));
    let server =
        Server::with("pod-a", 0, &["--tls-cert", &certificate, "--tls-key", &key, "--health-addr", "127.0.0.1:0"]);
    let trusting = |authority: &str| vec!["--tls-ca".to_owned(), authority.to_owned()];
    let trusted = trusting(&certificate);
    assert_eq!(run(server.port, &trusted, &["get", ""]).code, Some(0));
    let doctor = run(server.port, &trusted, &["--output", "json", "doctor"]);
    assert_eq!(doctor.code, Some(0), "{}", doctor.out);
    told(server.port, &trusting(&other), "of an authority that is not trusted", "");
    let elsewhere = [trusted, vec!["--tls-server-name".to_owned(), "elsewhere".to_owned()]].concat();
    told(server.port, &elsewhere, "127.0.0.1", "");
}

#[test]
fn a_server_that_says_nothing_where_a_handshake_is_begun_is_told_so() {
    let certificates = Certificates::make().expect("certificates");
    let doctor = run(misfits::silent(), &caller(&certificates, "server", None), &["--output", "json", "doctor"]);
    let told = doctor.json()["checks"].to_string();
    assert!(told.contains("nothing was answered within 2s"), "{told}");
}

#[test]
fn settings_can_be_variables() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    let mut command = program(server.port);
    command.env("TLS_CA", certificates.authority("server")).env("TLS_SERVER_NAME", "app-server-headless");
    command.env("TLS_CERT", certificates.certificate("envoy-client")).env("TLS_KEY", certificates.key("envoy-client"));
    let ended = Ended::from(command.args(["get", ""]).output().expect("it starts"));
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn a_client_without_the_certificate_that_the_server_asks_for_is_told_which_settings_to_make() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    told(server.port, &caller(&certificates, "server", None), "asks for a client certificate", "TLS_CERT (--tls-cert)");
}

#[test]
fn a_client_whose_certificate_is_of_another_authority_is_told_so() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    let flags = caller(&certificates, "server", Some("reader"));
    told(server.port, &flags, "does not take this client's certificate", "TLS_CLIENT_CA");
}

#[test]
fn a_server_of_an_authority_that_is_not_trusted_is_told() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    let flags = caller(&certificates, "envoy", Some("envoy-client"));
    told(server.port, &flags, "of an authority that is not trusted here", "TLS_CA (--tls-ca)");
    // The system does not trust it either.
    told(server.port, &["--tls".to_owned()], "of an authority that is not trusted here", "TLS_CA (--tls-ca)");
}

#[test]
fn a_server_of_another_name_is_told_with_the_names_that_it_has() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    let mut flags = caller(&certificates, "server", Some("envoy-client"));
    flags.extend(["--tls-server-name", "customers.example"].map(str::to_owned));
    let fault = "is not for customers.example, but for app-server-headless, *.app-server-headless, localhost";
    told(server.port, &flags, fault, "TLS_SERVER_NAME (--tls-server-name)");
}

/// A server at `address` whose certificate is past its end.
fn expired(certificates: &Certificates, address: &str) -> NotServing {
    let sans = "DNS:localhost,IP:127.0.0.1";
    certificates.issue_expired("servers-ca", "late", Use::Server, sans).expect("an expired one");
    let read = |path| fs::read(path).expect("a file");
    let pair = (read(certificates.certificate("late")), read(certificates.key("late")));
    NotServing::on(address, ServerCredentialsBuilder::new().add_cert(pair.0, pair.1).build())
}

#[test]
fn a_server_whose_certificate_has_expired_is_told_with_the_moment() {
    let certificates = Certificates::make().expect("certificates");
    let late = expired(&certificates, "127.0.0.1:0");
    told(late.port, &caller(&certificates, "late", None), "the server's certificate expired at 20", "renew it");
}

#[test]
fn of_several_addresses_the_one_whose_certificate_is_unfit_is_named_and_the_others_are_called() {
    with_hosts(
        "tls::of_several_addresses_the_one_whose_certificate_is_unfit_is_named_and_the_others_are_called",
        |hosts| {
            let certificates = Certificates::make().expect("certificates");
            let server = mutual(&certificates);
            let late = format!("127.0.0.2:{}", server.port);
            let _late = expired(&certificates, &late);
            hosts.set(&["127.0.0.1", "127.0.0.2"]);
            let mut flags = caller(&certificates, "server", Some("envoy-client"));
            flags.extend(["--server-domain", Hosts::NAME, "--tls-server-name", "localhost"].map(str::to_owned));
            let doctor = run(server.port, &flags, &["--output", "json", "doctor"]);
            let checks = doctor.json()["checks"].as_array().expect("a list").clone();
            let finding = |check: &str| checks.iter().find(|each| each["check"] == check).expect("it is looked at");
            let encryption = finding("encryption");
            assert_eq!((doctor.code, &encryption["verdict"]), (Some(1), &"fault".into()), "{checks:?}");
            let found = encryption["found"].as_str().unwrap();
            assert!(found.starts_with(&format!("{late}: the server's certificate expired at 20")), "{found}");
            assert_eq!(finding("health")["verdict"], "ok", "{checks:?}");
        },
    );
}

#[test]
fn a_plaintext_client_of_a_server_with_tls_is_told() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    told(server.port, &[], "the server speaks TLS, this client plaintext", "set TLS_CA (--tls-ca)");
}

#[test]
fn a_client_with_tls_of_a_plaintext_server_is_told() {
    let certificates = Certificates::make().expect("certificates");
    let server = Server::start();
    let flags = caller(&certificates, "server", None);
    for port in [server.port, misfits::http_2()] {
        told(port, &flags, "the server does not speak TLS, this client does", "leave out TLS (--tls)");
    }
}

#[test]
fn where_nobody_listens_certificates_are_not_blamed() {
    let certificates = Certificates::make().expect("certificates");
    let ended = run(misfits::closed(), &caller(&certificates, "server", None), &["get", ""]);
    let line = ended.failed_with_one_line(1);
    assert!(line.contains("Connection refused") && line.contains("is the server running"), "{line}");
}

#[test]
fn a_create_that_reached_nobody_still_says_how_to_repeat_it() {
    let certificates = Certificates::make().expect("certificates");
    let server = mutual(&certificates);
    let flags = caller(&certificates, "server", None);
    let ended = run(server.port, &flags, &["create", "Ada", "Lovelace"]);
    let line = ended.failed_with_one_line(1);
    assert!(line.contains("asks for a client certificate") && line.contains("--request-id"), "{line}");
}

#[test]
fn files_that_cannot_be_used_are_bad_usage_and_named_by_their_setting() {
    let certificates = Certificates::make().expect("certificates");
    let (own, key) = (text(certificates.certificate("writer")), text(certificates.key("writer")));
    let (other, authority) = (text(certificates.key("reader")), text(certificates.authority("server")));
    let sans = "URI:spiffe://ticketing/reader";
    certificates.issue_expired("callers-ca", "late", Use::Client, sans).expect("an expired one");
    let (late, late_key) = (text(certificates.certificate("late")), text(certificates.key("late")));
    for (flags, told) in [
        (vec!["--tls-ca", "/nowhere"], "TLS_CA (--tls-ca) is \"/nowhere\": it cannot be read"),
        (vec!["--tls-ca", &key], "there is no certificate in it"),
        (vec!["--tls-ca", &authority, "--tls-cert", &own], "TLS_KEY (--tls-key): it is missing beside TLS_CERT"),
        (vec!["--tls-ca", &authority, "--tls-key", &key], "TLS_CERT (--tls-cert): it is missing beside TLS_KEY"),
        (vec!["--tls-cert", &own, "--tls-key", &other], "does not belong to the certificate in"),
        (vec!["--tls-cert", &late, "--tls-key", &late_key], "it expired at 20"),
    ] {
        let flags: Vec<_> = flags.into_iter().map(str::to_owned).collect();
        let ended = run(1, &flags, &["get", ""]);
        assert!(ended.failed_with_one_line(2).contains(told), "{flags:?}: {}", ended.err);
    }
}
