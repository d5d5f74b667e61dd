//! A Secret as the kubelet lays it out in a pod.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::BedError;

/// Where the link points that all files of a volume go through.
const CURRENT: &str = "..data";

/// A folder whose files change all at once: each is a link into `..data`, which is itself a link that is moved.
#[derive(Debug)]
pub struct SecretVolume {
    folder: PathBuf,
}

impl SecretVolume {
    /// Lays out `files` of `from` in `folder`.
    pub fn mount(folder: PathBuf, from: &Path) -> Result<Self, BedError> {
        fs::create_dir_all(&folder).map_err(BedError::io(format!("make {}", folder.display())))?;
        let volume = Self { folder };
        volume.update(from)?;
        for name in names_in(from)? {
            let link = volume.folder.join(&name);
            symlink(Path::new(CURRENT).join(&name), &link).map_err(BedError::io(format!("link {}", link.display())))?;
        }
        Ok(volume)
    }

    /// Where it is.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Replaces all files by those of `from`, at once, as the kubelet does when the Secret has changed.
    pub fn update(&self, from: &Path) -> Result<(), BedError> {
        let files = tempfile::Builder::new().prefix("..").tempdir_in(&self.folder);
        let files = files.map_err(BedError::io(format!("make a folder in {}", self.folder.display())))?.keep();
        for name in names_in(from)? {
            let source = from.join(&name);
            fs::copy(&source, files.join(&name)).map_err(BedError::io(format!("copy {}", source.display())))?;
        }
        let (next, current) = (self.folder.join("..data_tmp"), self.folder.join(CURRENT));
        symlink(files.file_name().expect("a folder that was made has a name"), &next)
            .and_then(|()| fs::rename(&next, &current))
            .map_err(BedError::io(format!("move {}", current.display())))
    }
}

fn names_in(folder: &Path) -> Result<Vec<String>, BedError> {
    let entries = fs::read_dir(folder).map_err(BedError::io(format!("read {}", folder.display())))?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_files_change_at_once_and_keep_their_places() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        for (from, text) in [(&old, "1"), (&new, "2")] {
            fs::create_dir(from).unwrap();
            for name in ["tls.crt", "tls.key"] {
                fs::write(from.join(name), text).unwrap();
            }
        }
        let volume = SecretVolume::mount(folder.path().join("volume"), &old).unwrap();
        let read = |name: &str| fs::read_to_string(volume.folder().join(name)).unwrap();
        assert_eq!((read("tls.crt"), read("tls.key")), ("1".to_owned(), "1".to_owned()));
        volume.update(&new).unwrap();
        assert_eq!((read("tls.crt"), read("tls.key")), ("2".to_owned(), "2".to_owned()));
    }
}
