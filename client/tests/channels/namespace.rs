//! A hosts file for one test: the native resolver reads no other than the system's, so the test runs again in a mount
//! namespace in which that is a file of its own.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Set where the test runs again: the path of the file.
const VARIABLE: &str = "TICKETING_TEST_HOSTS";

/// A name and its addresses, which the test sets.
pub(crate) struct Hosts(PathBuf);

impl Hosts {
    pub(crate) const NAME: &str = "pods.test";

    pub(crate) fn set(&self, addresses: &[&str]) {
        let lines: Vec<_> = addresses.iter().map(|address| format!("{address} {}\n", Self::NAME)).collect();
        // In place: another file of that name would not be the one that is mounted.
        std::fs::write(&self.0, lines.concat()).unwrap();
    }
}

/// Runs `body` where the hosts file may be changed. `test` is the whole name of the calling test. Where the privilege is
/// missing that is said on standard error, past the capture of output, and nothing is tried.
pub(crate) fn with_hosts(test: &str, body: impl FnOnce(&Hosts)) {
    if let Some(path) = std::env::var_os(VARIABLE) {
        return body(&Hosts(path.into()));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    let Some(mut again) = in_namespace(file.path()) else {
        let sorry = "SKIPPED: no mount namespace can be made here; run it as root, or where `unshare --map-root-user \
                     --mount` works";
        // Not `eprintln!`: what tests print is captured.
        let _ = std::io::stderr().write_all(format!("test {test} ... {sorry}\n").as_bytes());
        return;
    };
    again.arg(std::env::current_exe().unwrap()).args(["--exact", test, "--nocapture"]);
    let ended = again.output().unwrap();
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).join("\n");
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}

/// What runs the program that is appended with `file` for a hosts file, if that is allowed.
fn in_namespace(file: &Path) -> Option<Command> {
    // And nobody else is asked: a name server may take its time, or answer for names that nobody has.
    const MOUNT: &str = r#"
        echo 'hosts: files' >"$0.nsswitch" && mount --bind "$0" /etc/hosts &&
        { [ ! -e /etc/nsswitch.conf ] || mount --bind "$0.nsswitch" /etc/nsswitch.conf; } && rm "$0.nsswitch" && exec "$@""#;
    let command = |options: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(options).args(["sh", "-c", MOUNT]).arg(file).env(VARIABLE, file);
        command
    };
    let allowed = |options: &&[&str]| command(options).arg("true").output().is_ok_and(|ended| ended.status.success());
    let choices: [&[&str]; 2] = [&["--mount"], &["--map-root-user", "--mount"]];
    choices.iter().copied().find(allowed).map(command)
}
