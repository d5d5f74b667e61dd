//! Both images once more, after an edit of server and client.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::engine::{ask, docker};
use crate::figures::plan::Measured;
use crate::{BedError, Process, Stop, binaries, wait};

const TAG: &str = "rebuild";
const LIMIT: Duration = Duration::from_mins(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

pub(super) fn run(stop: &Stop) -> Result<Measured, BedError> {
    let folder = tempfile::Builder::new().prefix("ticketing-rebuild-").tempdir();
    let folder = folder.map_err(BedError::io("make a temporary folder"))?;
    let copy = folder.path().join("copy");
    copy_of_what_is_built(&copy)?;
    edit(&copy.join("server/src/lib.rs"))?;
    edit(&copy.join("client/src/lib.rs"))?;

    let log = folder.path().join("images.log");
    let mut command = Command::new(binaries::repository().join("tools/images"));
    let begun = Instant::now();
    let images = Process::start("tools/images", command.arg(&copy).arg(TAG), &log)?;
    let status = wait::until("the rebuilt images", LIMIT, LOOK_EVERY, stop, || Ok(images.ended()))?;
    let took = begun.elapsed();
    if !status.success() {
        images.check_running()?;
    }
    docker(["rmi", &format!("ticketing-server:{TAG}"), &format!("ticketing-client:{TAG}")])?;
    let stages: Vec<_> = images.log().lines().filter_map(|line| line.strip_prefix("images: ")).map(spaced).collect();
    let note =
        format!("one run, after `make images`, of a copy with a new constant in each library: {}", stages.join(", "));
    Ok(Measured::once(took.as_secs_f64(), note))
}

/// What `.dockerignore` lets through is what a build reads.
fn copy_of_what_is_built(to: &Path) -> Result<(), BedError> {
    let root = binaries::repository();
    fs::create_dir(to).map_err(BedError::io(format!("make {}", to.display())))?;
    let ignore = root.join(".dockerignore");
    let text = fs::read_to_string(&ignore).map_err(BedError::io(format!("read {}", ignore.display())))?;
    let read = text.lines().filter_map(|line| line.strip_prefix('!')).chain(["Dockerfile", ".dockerignore"]);
    ask(Command::new("cp").current_dir(root).args(["--archive", "--parents"]).args(read).arg(to)).map(drop)
}

/// Another constant each time, so that no earlier build can serve.
fn edit(source: &Path) -> Result<(), BedError> {
    let edit = || {
        let mut file = File::options().append(true).open(source)?;
        writeln!(file, "\n/// An edit.\npub const EDIT: u64 = {};", fastrand::u64(..))
    };
    edit().map_err(BedError::io(format!("edit {}", source.display())))
}

fn spaced(line: &str) -> String {
    line.split_whitespace().collect::<Vec<_>>().join(" ")
}
