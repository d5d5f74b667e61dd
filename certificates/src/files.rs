//! Files, and whether they are still the same.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use crate::{Role, Unfit};

/// Far more than a chain of certificates takes; a file that was named by mistake may be larger than the memory.
const MOST_BYTES: u64 = 1 << 20;

pub(crate) fn read(role: Role, path: &Path) -> Result<Vec<u8>, Unfit> {
    let unfit = |advice: String| Unfit::new(role, path, advice);
    let unreadable = |error| unfit(format!("it cannot be read: {error}; name a PEM file that this user may read"));
    let found = fs::metadata(path).map_err(unreadable)?;
    if !found.is_file() || found.len() > MOST_BYTES {
        return Err(unfit("it is no file of certificates or keys; name a PEM file".to_owned()));
    }
    let content = fs::read(path).map_err(unreadable)?;
    // C-core takes strings that end with the first of them.
    if content.contains(&0) {
        return Err(unfit(
            "it has zero bytes in it, as a file that was not written to its end; write it again".to_owned(),
        ));
    }
    Ok(content)
}

/// What tells one state of some files from another without reading them. Links are followed, as those by which Kubernetes
/// exchanges all files of a Secret at once (`..data`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint(Vec<Option<State>>);

/// Device, file, length and time of the last change, in seconds and nanoseconds.
type State = (u64, u64, u64, i64, i64);

impl Fingerprint {
    /// That of the files as they are now; a file that cannot be looked at has one too.
    pub fn of<'a>(paths: impl IntoIterator<Item = &'a PathBuf>) -> Self {
        let state = |path| {
            let found = fs::metadata(path).ok()?;
            Some((found.dev(), found.ino(), found.len(), found.ctime(), found.ctime_nsec()))
        };
        Self(paths.into_iter().map(state).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_zero_bytes_is_unfit() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(&file, "-----BEGIN CERTIFICATE-----\n\0\0").unwrap();
        let unfit = read(Role::Authorities, file.path()).unwrap_err();
        assert!(unfit.advice.contains("zero bytes"), "{unfit}");
    }
}
