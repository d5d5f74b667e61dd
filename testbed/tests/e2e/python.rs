//! Callers in another language: a script from `tests/python`, run to its end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use testbed::binaries;

/// Where the script is.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/python").join(name)
}

/// Runs the script with these arguments and returns what it printed; panics with its error if it fails.
pub(crate) fn run(script: &str, arguments: &[&str]) -> String {
    let path = self::script(script);
    let python = binaries::python().unwrap_or_else(|error| panic!("{error}"));
    let output = Command::new(python).arg("-B").arg(path).args(arguments).output().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}: {}\n{out}{err}", output.status);
    out.into_owned()
}

/// The same for scripts whose first argument is the server's or Envoy's address.
pub(crate) fn call(script: &str, address: SocketAddr, arguments: &[&str]) -> String {
    run(script, &[&[address.to_string().as_str()], arguments].concat())
}
