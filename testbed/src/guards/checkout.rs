//! A folder that stands for the repository, with one file changed: what a test runs in finds everything there.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{BedError, binaries};

/// It goes with its guard.
pub(super) struct Checkout(TempDir);

impl Checkout {
    /// The repository with `text` in place of its `file`, and the program of a test in it.
    pub(super) fn with(file: &str, text: &str, program: &Path) -> Result<(Self, PathBuf), BedError> {
        let checkout = Self(binaries::scratch("guard-")?);
        let to = checkout.0.path();
        mirror(&binaries::repository(), to, Path::new(file), text)?;
        // The bed looks for the repository above the program that it is in, so a link by name would lead to the real one.
        let placed = to.join("test");
        fs::hard_link(program, &placed).map_err(BedError::io(format!("link {}", program.display())))?;
        Ok((checkout, placed))
    }
}

/// Links to all of `from`, but the folders on the way to `file`, which are made anew.
fn mirror(from: &Path, to: &Path, file: &Path, text: &str) -> Result<(), BedError> {
    let mut parts = file.components();
    let first = parts.next();
    let rest = parts.as_path();
    for entry in fs::read_dir(from).map_err(BedError::io(format!("list {}", from.display())))? {
        let name = entry.map_err(BedError::io(format!("list {}", from.display())))?.file_name();
        let (source, target) = (from.join(&name), to.join(&name));
        let io = || BedError::io(format!("make {}", target.display()));
        if first.is_none_or(|first| first.as_os_str() != name) {
            symlink(&source, &target).map_err(io())?;
        } else if rest.as_os_str().is_empty() {
            fs::write(&target, text).map_err(io())?;
        } else {
            fs::create_dir(&target).map_err(io())?;
            mirror(&source, &target, rest, text)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkout_is_the_repository_but_for_one_file() {
        let file = "overlays/tls/envoy-conf.yaml";
        let program = std::env::current_exe().unwrap();
        let (checkout, placed) = Checkout::with(file, "other", &program).unwrap();
        let at = |path: &str| fs::read_to_string(checkout.0.path().join(path)).unwrap();
        let real = |path: &str| fs::read_to_string(binaries::repository().join(path)).unwrap();
        assert_eq!(at(file), "other");
        assert_ne!(real(file), "other");
        for same in ["overlays/tls/app-server.yaml", "envoy.yaml"] {
            assert_eq!(at(same), real(same));
        }
        assert_eq!(placed.parent(), Some(checkout.0.path()));
    }
}
