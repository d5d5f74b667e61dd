//! `tools/certs`, as `make certs` runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use testbed::binaries;

fn certs(arguments: &[&str]) -> Output {
    Command::new(binaries::repository().join("tools/certs")).args(arguments).output().expect("bash runs it")
}

fn made(folder: &Path) -> String {
    let path = folder.to_str().unwrap();
    let output = certs(&[path]);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a certificate says of itself.
fn told(folder: &Path, name: &str, what: &[&str]) -> String {
    let file = folder.join(name).join("tls.crt");
    let output = Command::new("openssl").args(["x509", "-noout", "-in"]).arg(file).args(what).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn keys_are_for_their_owner_alone_and_it_says_that_this_is_for_development() {
    let folder = tempfile::tempdir().unwrap();
    assert!(made(folder.path()).contains("for development only"));
    for (name, key) in [("callers-ca", "ca.key"), ("servers-ca", "ca.key"), ("server", "tls.key"), ("envoy", "tls.key")]
    {
        let mode = fs::metadata(folder.path().join(name).join(key)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}/{key}");
    }
}

#[test]
fn what_is_there_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let read = |file: &str| fs::read(folder.path().join(file)).unwrap();
    let files = ["callers-ca/ca.crt", "servers-ca/ca.key", "server/tls.crt", "reader/tls.key"];
    let before = files.map(read);
    fs::remove_dir_all(folder.path().join("writer")).unwrap();
    let said = made(folder.path());
    assert!(said.contains("callers-ca is there and stays") && said.contains("wrote"), "{said}");
    assert_eq!(files.map(read), before);
    assert!(folder.path().join("writer/tls.crt").is_file(), "what was missing is made");
}

#[test]
fn half_an_authority_is_not_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    fs::remove_file(folder.path().join("servers-ca/ca.key")).unwrap();
    let before = fs::read(folder.path().join("servers-ca/ca.crt")).unwrap();
    let output = certs(&[folder.path().to_str().unwrap()]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("has only one of ca.crt and ca.key"), "{said}");
    assert_eq!(fs::read(folder.path().join("servers-ca/ca.crt")).unwrap(), before);
}

#[test]
fn a_renewed_certificate_has_the_same_names_and_use_and_another_key() {
    let folder = tempfile::tempdir().unwrap();
    made(folder.path());
    let of = || {
        let same = told(folder.path(), "server", &["-ext", "subjectAltName,extendedKeyUsage", "-issuer", "-subject"]);
        (same, told(folder.path(), "server", &["-pubkey"]))
    };
    let before = of();
    let output = certs(&["--renew", folder.path().to_str().unwrap(), "server"]);
    assert!(output.status.success(), "{output:?}");
    let after = of();
    assert_eq!(before.0, after.0);
    assert_ne!(before.1, after.1);
    let unknown = certs(&["--renew", folder.path().to_str().unwrap(), "nobody"]);
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert!(!unknown.status.success() && said.contains("a NAME is a folder of"), "{said}");
}
