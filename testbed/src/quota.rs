//! Shares of the CPUs, granted by the kernel (cgroups(7)): who has one cannot take what others need.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::BedError;

/// The kernel gives out the share anew so often. Its default, 100 ms, would let a flood take everything for the length of
/// many calls, then nothing.
const PERIOD: Duration = Duration::from_millis(5);

static MADE: AtomicU64 = AtomicU64::new(0);

/// A group of processes that together get no more than a share of one CPU. It goes when this is dropped, if it is empty
/// then.
#[derive(Debug)]
pub(crate) struct Quota {
    folder: PathBuf,
}

impl Quota {
    /// A group that may use `cpus` CPUs. Needs root, and cgroups of either version that may be written.
    pub(crate) fn of(cpus: f64) -> Result<Self, BedError> {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("ticketing-testbed-{}-{number}", std::process::id());
        let (period, share) = (PERIOD.as_micros(), PERIOD.mul_f64(cpus).as_micros());
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let root = if unified { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/cpu" };
        let quota = Self { folder: Path::new(root).join(name) };
        if unified {
            Self::allow_in(root)?;
        }
        fs::create_dir(&quota.folder).map_err(BedError::io(format!(
            "make the cgroup {} (CPU quotas need root and a cgroup file system that may be written)",
            quota.folder.display()
        )))?;
        if unified {
            quota.write("cpu.max", &format!("{share} {period}"))?;
        } else {
            quota.write("cpu.cfs_period_us", &period.to_string())?;
            quota.write("cpu.cfs_quota_us", &share.to_string())?;
        }
        Ok(quota)
    }

    /// Takes a process in, with all of its threads.
    pub(crate) fn hold(&self, pid: u32) -> Result<(), BedError> {
        self.write("cgroup.procs", &pid.to_string())
    }

    /// The root of version 2 grants its children the controllers that it was told to.
    fn allow_in(root: &str) -> Result<(), BedError> {
        let path = Path::new(root).join("cgroup.subtree_control");
        fs::write(&path, "+cpu").map_err(BedError::io(format!("write {}", path.display())))
    }

    fn write(&self, file: &str, value: &str) -> Result<(), BedError> {
        let path = self.folder.join(file);
        fs::write(&path, value).map_err(BedError::io(format!("write {value} to {}", path.display())))
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // One that still holds a process stays, which harms nobody.
        let _ = fs::remove_dir(&self.folder);
    }
}
