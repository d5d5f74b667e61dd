//! Certificates for a PostgreSQL that speaks TLS: an authority of its own, and a server's certificate for 127.0.0.1.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::BedError;

const VALID_DAYS: &str = "2";
/// Elliptic curves: RSA keys take longer to make than the database.
const KEY: [&str; 4] = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

/// The authority's certificate, which a caller has to trust.
pub(super) fn authority(folder: &Path) -> PathBuf {
    folder.join("authority.crt")
}

/// Makes all files; returns those that the server reads.
pub(super) fn make_certificates(folder: &Path) -> Result<[PathBuf; 2], BedError> {
    let [certificate, key] = server_files(folder);
    openssl(folder, "authority", |command| {
        command.args(["-subj", "/CN=Ticketing testbed"]).arg("-out").arg(authority(folder));
        command.arg("-keyout").arg(folder.join("authority.key"));
    })?;
    openssl(folder, "server", |command| {
        command
            .args(["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE"])
            .arg("-CA")
            .arg(authority(folder))
            .arg("-CAkey")
            .arg(folder.join("authority.key"))
            .arg("-out")
            .arg(&certificate)
            .arg("-keyout")
            .arg(&key);
    })?;
    Ok([certificate, key])
}

/// How the server is told.
pub(super) fn settings(folder: &Path) -> [(&'static str, String); 3] {
    let [certificate, key] = server_files(folder).map(|path| path.display().to_string());
    [("ssl", "on".to_owned()), ("ssl_cert_file", certificate), ("ssl_key_file", key)]
}

fn server_files(folder: &Path) -> [PathBuf; 2] {
    [folder.join("server.crt"), folder.join("server.key")]
}

fn openssl(folder: &Path, what: &str, more: impl FnOnce(&mut Command)) -> Result<(), BedError> {
    let log = folder.join("openssl.log");
    let out = fs::File::create(&log).map_err(BedError::io(format!("write {}", log.display())))?;
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-nodes", "-days", VALID_DAYS]).args(KEY);
    more(&mut command);
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(out).status();
    let status = status.map_err(BedError::io("run openssl (the package of the same name has it)"))?;
    if status.success() {
        return Ok(());
    }
    let said = fs::read_to_string(&log).unwrap_or_default();
    Err(BedError::Unexpected(format!("openssl made no certificate for the {what}: {}", said.trim())))
}
