//! What a machine lacks is one line before anything is compiled.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use testbed::binaries;

/// A compiler that calls itself GCC of this version.
fn gcc(folder: &Path, version: &str) -> String {
    let path = folder.join(format!("gcc-{version}"));
    fs::write(&path, format!("#!/bin/sh\necho {version}\n")).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn preflight(compiler: &str, variables: &[(&str, &str)]) -> Output {
    let program = binaries::repository().join("tools/preflight");
    let mut command = Command::new(program);
    command.env("CC", compiler).env("CXX", compiler).env_remove("ALLOW_NEWER_GCC").envs(variables.iter().copied());
    command.output().unwrap()
}

#[test]
fn a_gcc_that_cannot_compile_c_core_is_named_unless_it_is_allowed() {
    let folder = tempfile::tempdir().unwrap();
    for version in ["9.4.0", "12.2.0", "14.3.0"] {
        let output = preflight(&gcc(folder.path(), version), &[]);
        assert!(output.status.success(), "{output:?}");
    }
    for version in ["15.1.0", "16.0.1", "20"] {
        let new = gcc(folder.path(), version);
        let output = preflight(&new, &[]);
        assert!(!output.status.success(), "{output:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(&format!("is GCC {version}")) && said.lines().count() == 1, "{said}");
        assert!(preflight(&new, &[("ALLOW_NEWER_GCC", "1")]).status.success());
    }
}
