//! Files that one load is told to read and write, and whether they get on with each other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::fault::LoadFault;
use super::run::Run;
use super::saved;

/// The runs of all of these files, one after the other.
pub(super) fn merged(files: &[PathBuf]) -> Result<Vec<Run>, LoadFault> {
    let mut places = BTreeSet::new();
    let mut runs: Vec<Run> = Vec::new();
    for file in files {
        if !places.insert(place(file)) {
            return Err(LoadFault::MergedTwice(file.clone()));
        }
        for run in saved::read(file)? {
            // Also where an earlier merge holds it.
            if runs.contains(&run) {
                return Err(LoadFault::MergedTwice(file.clone()));
            }
            runs.push(run);
        }
    }
    Ok(runs)
}

/// Refuses to write a file where another one is read or written: one would be lost to the other.
pub(super) fn keep_apart<'a>(written: &Path, mut others: impl Iterator<Item = &'a PathBuf>) -> Result<(), LoadFault> {
    let its_own = place(written);
    if others.any(|file| place(file) == its_own) { Err(LoadFault::Twofold(written.to_owned())) } else { Ok(()) }
}

/// The same path for all names of a file, also of one that is yet to be written.
fn place(file: &Path) -> PathBuf {
    if let Ok(place) = file.canonicalize() {
        return place;
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (folder.canonicalize(), file.file_name()) {
        (Ok(folder), Some(name)) => folder.join(name),
        _ => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_one_place_whatever_it_is_called_and_before_it_is_there() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("in")).unwrap();
        std::os::unix::fs::symlink(folder.path().join("in"), folder.path().join("link")).unwrap();
        let called = |name: &str| place(&folder.path().join(name));
        let all_one = || ["in/a", "in/../in/a", "link/a"].map(called).windows(2).all(|two| two[0] == two[1]);
        assert!(all_one());
        std::fs::write(folder.path().join("in/a"), "").unwrap();
        assert!(all_one());
        assert_ne!(called("in/a"), called("in/b"));
    }
}
