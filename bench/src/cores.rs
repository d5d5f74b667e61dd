//! Which core each side runs on, so that the generator never takes from the server.

use std::process::Command;
use std::sync::OnceLock;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use testbed::BedError;

/// One of the cores that this program may use, by its rank.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Core(usize);

/// Of the server that is measured.
pub(crate) const SERVER: Core = Core(0);
/// Of what loads it.
pub(crate) const GENERATOR: Core = Core(1);

impl Core {
    /// A command line that lacks the program, which will run on this core alone.
    pub(crate) fn command(self) -> Result<Command, BedError> {
        let mut command = Command::new("taskset");
        command.args(["--cpu-list", &self.number()?.to_string()]);
        Ok(command)
    }

    /// Keeps this thread on this core from now on.
    pub(crate) fn pin_this_thread(self) -> Result<(), BedError> {
        let mut set = CpuSet::new();
        set.set(self.number()?);
        sched_setaffinity(None, &set).map_err(|error| BedError::io("choose a core")(error.into()))
    }

    fn number(self) -> Result<usize, BedError> {
        // Asked once: a thread that was pinned has only its own.
        static ALLOWED: OnceLock<Vec<usize>> = OnceLock::new();
        let allowed = ALLOWED.get_or_init(|| {
            let set = sched_getaffinity(None).unwrap_or_default();
            (0..CpuSet::MAX_CPU).filter(|number| set.is_set(*number)).collect()
        });
        allowed.get(self.0).copied().ok_or_else(|| {
            BedError::Unexpected("there is one core: server and generator need one each to be compared".to_owned())
        })
    }
}
