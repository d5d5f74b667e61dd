//! Where PostgreSQL's programs are, and how they are run by somebody whom they accept.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf, absolute};
use std::process::Command;

use crate::{BedError, binaries};

/// The folder of `postgres` and `initdb`, where it is not one of the usual ones.
const FOLDER_VARIABLE: &str = "POSTGRES_BIN";
/// Debian's packages put each major version into a folder of its own below this one, none on the PATH.
const DEBIAN: &str = "usr/lib/postgresql";
/// What `tools/setup test` gets where the machine has none: Debian's packages, unpacked.
const UNPACKED: &str = ".tools/postgresql";
const OLDEST: u32 = 15;

/// The programs of one version of PostgreSQL.
#[derive(Debug)]
pub(super) struct Programs {
    folder: PathBuf,
    /// Shared libraries that came with programs which nobody installed.
    libraries: Option<PathBuf>,
    user: User,
}

/// Who runs the programs: PostgreSQL refuses root.
#[derive(Debug, Clone, Copy)]
enum User {
    Ourselves,
    Other { uid: u32, gid: u32 },
}

impl Programs {
    /// The newest programs on this machine: those that were pointed at, installed, on the PATH, or unpacked.
    pub(super) fn find() -> Result<Self, BedError> {
        let unpacked = binaries::repository().join(UNPACKED);
        let folder = env::var_os(FOLDER_VARIABLE)
            .and_then(|folder| absolute(PathBuf::from(folder)).ok())
            .or_else(|| newest(&Path::new("/").join(DEBIAN)))
            .or_else(|| env::split_paths(&env::var_os("PATH")?).find(|folder| has_programs(folder)))
            .or_else(|| newest(&unpacked.join(DEBIAN)))
            .filter(|folder| has_programs(folder))
            .ok_or(BedError::NoPostgres { variable: FOLDER_VARIABLE, oldest: OLDEST })?;
        let libraries = folder.starts_with(&unpacked).then(|| unpacked.join("libraries"));
        Ok(Self { folder, libraries, user: User::choose()? })
    }

    /// One of them, run by somebody whom it accepts, on files in `folder`.
    pub(super) fn command(&self, name: &str, folder: &Path) -> Command {
        let program = self.folder.join(name);
        let command = match self.user {
            User::Ourselves => Command::new(program),
            User::Other { uid, gid } if open_to_all(&program) && folder.parent().is_some_and(open_to_all) => {
                let mut command = Command::new(program);
                command.uid(uid).gid(gid);
                command
            }
            User::Other { uid, gid } => past_closed_folders(&program, uid, gid),
        };
        let mut command = self.in_clean_environment(command);
        // Ours may be closed to others.
        command.current_dir("/");
        command
    }

    /// One of them, run by ourselves.
    pub(super) fn plain_command(&self, name: &str) -> Command {
        self.in_clean_environment(Command::new(self.folder.join(name)))
    }

    fn in_clean_environment(&self, mut command: Command) -> Command {
        command.env_clear().env("LC_ALL", "C").env("TZ", "UTC");
        if let Some(libraries) = &self.libraries {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        command
    }

    /// Gives a file or folder to whoever runs the programs.
    pub(super) fn hand_over(&self, path: &Path) -> Result<(), BedError> {
        match self.user {
            User::Ourselves => Ok(()),
            User::Other { uid, gid } => std::os::unix::fs::chown(path, Some(uid), Some(gid))
                .map_err(BedError::io(format!("give {} to user {uid}", path.display()))),
        }
    }
}

impl User {
    /// `nobody`, where we are root: `initdb` insists on a user with a name.
    fn choose() -> Result<Self, BedError> {
        let ourselves = fs::metadata("/proc/self").map_err(BedError::io("ask who we are"))?.uid();
        if ourselves != 0 {
            return Ok(Self::Ourselves);
        }
        let known = fs::read_to_string("/etc/passwd").map_err(BedError::io("read /etc/passwd"))?;
        let fields = known.lines().find_map(|line| line.strip_prefix("nobody:"));
        let mut fields = fields.into_iter().flat_map(|line| line.split(':')).skip(1).map(str::parse);
        match (fields.next(), fields.next()) {
            (Some(Ok(uid)), Some(Ok(gid))) => Ok(Self::Other { uid, gid }),
            _ => Err(BedError::Unexpected("there is no user nobody, and PostgreSQL refuses to run as root".to_owned())),
        }
    }
}

/// A checkout in root's home is closed to others. The one capability that opens it is kept, and the rest of root goes.
/// `initdb` looks for `postgres` with `access(2)`, which forgets capabilities unless the bit says otherwise.
fn past_closed_folders(program: &Path, uid: u32, gid: u32) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args([format!("--reuid={uid}"), format!("--regid={gid}"), "--clear-groups".to_owned()])
        .args(["--securebits=+no_setuid_fixup", "--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"])
        .arg("--")
        .arg(program);
    command
}

fn open_to_all(program: &Path) -> bool {
    const EXECUTE_FOR_OTHERS: u32 = 0o001;
    let open = |path: &Path| path.metadata().is_ok_and(|found| found.permissions().mode() & EXECUTE_FOR_OTHERS != 0);
    program.ancestors().all(open)
}

/// The folder of the newest version that is not too old.
fn newest(versions: &Path) -> Option<PathBuf> {
    let entries = fs::read_dir(versions).ok()?.flatten();
    let numbered = entries.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let folder = entry.path().join("bin");
        (version >= OLDEST && has_programs(&folder)).then_some((version, folder))
    });
    numbered.collect::<BTreeMap<_, _>>().into_values().next_back()
}

fn has_programs(folder: &Path) -> bool {
    ["postgres", "initdb"].iter().all(|name| folder.join(name).is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_is_whole_and_not_too_old_is_taken() {
        let versions = tempfile::tempdir().unwrap();
        let install = |version: &str, programs: &[&str]| {
            let folder = versions.path().join(version).join("bin");
            fs::create_dir_all(&folder).unwrap();
            for name in programs {
                fs::write(folder.join(name), "").unwrap();
            }
        };
        install("9", &["postgres", "initdb"]);
        assert_eq!(newest(versions.path()), None);
        install("15", &["postgres", "initdb"]);
        install("16", &["postgres", "initdb"]);
        install("17", &["postgres"]);
        assert_eq!(newest(versions.path()), Some(versions.path().join("16/bin")));
    }
}
