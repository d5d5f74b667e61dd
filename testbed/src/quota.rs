//! A fixed share of a CPU for some processes: a cgroup of their own (cgroups(7)), of version 1 or 2.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::BedError;

/// Microseconds. Short, so that those who have used up their share do not pause for long; the kernel's default is 100 ms.
const PERIOD: u32 = 10_000;
/// The least that the kernel grants in a period.
const LEAST: Duration = Duration::from_millis(1);
/// The processes of a group, an id a line.
const MEMBERS: &str = "cgroup.procs";
/// Where each version has its groups, and the file by which a group of that version can be told.
const PLACES: [(&str, Version); 3] = [
    ("/sys/fs/cgroup/cpu", Version::One),
    ("/sys/fs/cgroup/cpu,cpuacct", Version::One),
    ("/sys/fs/cgroup", Version::Two),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// A share of a CPU that all processes in it have together. Dropping it lets them go on without.
#[derive(Debug)]
pub struct CpuQuota {
    group: PathBuf,
    parent: &'static Path,
}

impl CpuQuota {
    /// Grants `cpus` of a CPU, for example 0.25; at least a tenth. Takes the right to make cgroups, which root has.
    pub fn of(cpus: f64) -> Result<Self, BedError> {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let quota = Duration::from_micros(PERIOD.into()).mul_f64(cpus).max(LEAST).as_micros();
        let (place, version) =
            PLACES.into_iter().find(|(place, version)| version.is_at(Path::new(place))).ok_or_else(|| {
                BedError::Unexpected(
                    "no CPU quotas can be had here: this takes a cgroup hierarchy with the controller cpu".to_owned(),
                )
            })?;
        let parent = Path::new(place);
        let group = parent.join(format!("ticketing-{}-{}", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed)));
        if version == Version::Two {
            write(&parent.join("cgroup.subtree_control"), "+cpu")?;
        }
        fs::create_dir(&group).map_err(BedError::io(format!("make the cgroup {} (as root?)", group.display())))?;
        let made = Self { group, parent };
        match version {
            Version::One => {
                write(&made.group.join("cpu.cfs_period_us"), &PERIOD.to_string())?;
                write(&made.group.join("cpu.cfs_quota_us"), &quota.to_string())?;
            }
            Version::Two => write(&made.group.join("cpu.max"), &format!("{quota} {PERIOD}"))?,
        }
        Ok(made)
    }

    /// Takes a process in, with its threads and the children that it will have.
    pub fn take(&self, pid: u32) -> Result<(), BedError> {
        write(&self.group.join(MEMBERS), &pid.to_string())
    }
}

impl Version {
    fn is_at(self, place: &Path) -> bool {
        match self {
            Self::One => place.join("cpu.cfs_quota_us").is_file(),
            Self::Two => {
                let controllers = fs::read_to_string(place.join("cgroup.controllers")).unwrap_or_default();
                controllers.split_whitespace().any(|controller| controller == "cpu")
            }
        }
    }
}

impl Drop for CpuQuota {
    fn drop(&mut self) {
        for pid in fs::read_to_string(self.group.join(MEMBERS)).unwrap_or_default().lines() {
            // It may have ended.
            let _ = fs::write(self.parent.join(MEMBERS), pid);
        }
        // One that stays is empty, and harms nobody.
        let _ = fs::remove_dir(&self.group);
    }
}

fn write(file: &Path, text: &str) -> Result<(), BedError> {
    fs::write(file, text).map_err(BedError::io(format!("write {} (as root?)", file.display())))
}
