//! A copy of the source in which lines of code can be taken out while its programs run: one build has all of them.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::Programs;
use super::{Guard, out};
use crate::{BedError, Stop, binaries};

/// What is no source, or not of this workspace.
const LEFT_OUT: [&str; 5] = ["target", ".git", ".tools", "bench", "fuzz"];

/// The copy. It stays for the next time, as all of `target/` does.
pub(super) struct Source {
    root: PathBuf,
    switches: PathBuf,
}

/// A line is out until this is dropped.
pub(super) struct IsOut(PathBuf);

impl Drop for IsOut {
    fn drop(&mut self) {
        // Nobody is left to tell; and the next copy begins without switches.
        let _ = fs::remove_file(&self.0);
    }
}

impl Source {
    /// Copies what has changed to `folder`, with a switch for each guard.
    pub(super) fn with_switches(folder: &Path, guards: &[Guard]) -> Result<Self, BedError> {
        let (root, switches) = (folder.join("source"), folder.join("out"));
        let io = |path: &Path| BedError::io(format!("make {}", path.display()));
        let _ = fs::remove_dir_all(&switches);
        fs::create_dir_all(&switches).map_err(io(&switches))?;
        let source = Self { root, switches };
        copy(&binaries::repository(), &source.root, Path::new(""), &|file, text| source.switched(file, text, guards))?;
        let tools = source.root.join(".tools");
        if !tools.exists() {
            std::os::unix::fs::symlink(binaries::repository().join(".tools"), &tools).map_err(io(&tools))?;
        }
        source.take_over_dependencies()?;
        Ok(source)
    }

    /// Builds the programs of the tests of these guards.
    pub(super) fn build(&self, guards: &[Guard], stop: &Stop) -> Result<Programs, BedError> {
        let targets: BTreeSet<String> = guards.iter().map(|guard| target_of(&guard.test.root())).collect();
        let wanted: Vec<_> = targets.iter().flat_map(|target| ["--test", target.as_str()]).collect();
        let wanted = [&["--bin", "ticketing-server"][..], &wanted].concat();
        Programs::build(&self.root, &wanted, &self.root.with_extension("log"), stop)
    }

    /// From now on, in all programs of this copy, the line is out.
    pub(super) fn take_out(&self, guard: &Guard) -> Result<IsOut, BedError> {
        let switch = self.switch_of(guard);
        File::create(&switch).map_err(BedError::io(format!("make {}", switch.display())))?;
        Ok(IsOut(switch))
    }

    fn switch_of(&self, guard: &Guard) -> PathBuf {
        let letters = |letter: char| if letter.is_alphanumeric() { letter } else { '-' };
        let name: String = format!("{} {}", guard.file, guard.line).chars().map(letters).collect();
        self.switches.join(name)
    }

    fn switched(&self, file: &Path, text: String, guards: &[Guard]) -> Result<String, BedError> {
        guards.iter().filter(|guard| Path::new(guard.file) == file).try_fold(text, |text, guard| {
            out::switchable(&text, guard, &self.switch_of(guard).display().to_string()).ok_or_else(|| {
                BedError::Unexpected(format!("{} does not have the text of its guard {} once", guard.file, guard.line))
            })
        })
    }

    /// What the repository's own build made of registries' packages, C-core above all, need not be made again.
    fn take_over_dependencies(&self) -> Result<(), BedError> {
        let (ours, theirs) = (binaries::repository().join("target/release"), self.root.join("target/release"));
        if theirs.is_dir() || !ours.is_dir() {
            return Ok(());
        }
        fs::create_dir_all(&theirs).map_err(BedError::io(format!("make {}", theirs.display())))?;
        for part in ["deps", "build", ".fingerprint"] {
            let copied = Command::new("cp").args(["-a", "--reflink=auto"]).arg(ours.join(part)).arg(&theirs).status();
            let copied = copied.map_err(BedError::io("copy what was built"))?;
            if !copied.success() {
                return Err(BedError::Unexpected(format!(
                    "what was built could not be copied to {}",
                    theirs.display()
                )));
            }
        }
        Ok(())
    }
}

fn target_of(root: &str) -> String {
    let path = root.trim_end_matches("/main.rs").trim_end_matches(".rs");
    path.rsplit('/').next().unwrap_or(path).to_owned()
}

/// Makes `to` like `from`; a file that is the same already is left alone, for cargo looks at its age.
fn copy(
    from: &Path,
    to: &Path,
    below: &Path,
    changed: &impl Fn(&Path, String) -> Result<String, BedError>,
) -> Result<(), BedError> {
    let io = |path: &Path| BedError::io(format!("copy to {}", path.display()));
    fs::create_dir_all(to).map_err(io(to))?;
    let mut names = BTreeSet::new();
    for entry in fs::read_dir(from).map_err(io(from))? {
        let name = entry.map_err(io(from))?.file_name();
        if below.as_os_str().is_empty() && LEFT_OUT.iter().any(|left_out| name == *left_out) {
            continue;
        }
        let (source, target, file) = (from.join(&name), to.join(&name), below.join(&name));
        names.insert(name);
        if source.is_dir() {
            copy(&source, &target, &file, changed)?;
            continue;
        }
        let bytes = fs::read(&source).map_err(io(&source))?;
        let bytes = match String::from_utf8(bytes) {
            Ok(text) => changed(&file, text)?.into_bytes(),
            Err(other) => other.into_bytes(),
        };
        if fs::read(&target).ok().as_ref() != Some(&bytes) {
            fs::write(&target, bytes).map_err(io(&target))?;
            let mode = fs::metadata(&source).map_err(io(&source))?.permissions();
            fs::set_permissions(&target, mode).map_err(io(&target))?;
        }
    }
    for entry in fs::read_dir(to).map_err(io(to))? {
        let name = entry.map_err(io(to))?.file_name();
        let left_out = below.as_os_str().is_empty() && LEFT_OUT.iter().any(|left_out| name == *left_out);
        if !left_out && !names.contains(&name) {
            let gone = to.join(&name);
            let removed = if gone.is_dir() { fs::remove_dir_all(&gone) } else { fs::remove_file(&gone) };
            removed.map_err(io(&gone))?;
        }
    }
    Ok(())
}
