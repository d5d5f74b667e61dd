//! What ends a process when this program is killed (SIGKILL) and can end nothing itself.

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

/// Reads until a word comes, or until nobody is left who could write one. Linux's parent-death signal would take no process
/// more, but belongs to the thread that started the child, and threads end long before beds do.
const SCRIPT: &str = r#"read -r over || kill -s KILL -- "-$0""#;

/// A shell that kills a process group once this program has gone. Dropping it calls it off.
#[derive(Debug)]
pub(crate) struct Watchdog(Box<Child>);

impl Watchdog {
    /// Watches over the group of this id.
    pub(crate) fn over(group: u32) -> io::Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, &group.to_string()]).process_group(0);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().map(|shell| Self(Box::new(shell)))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // If it has ended, by whatever hand, there is nothing left to call off.
        if let Some(mut line) = self.0.stdin.take() {
            let _ = line.write_all(b"over\n");
        }
        let _ = self.0.wait();
    }
}
