//! All processes of a cluster: its children leave the process group of the first one.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::{BedError, wait};

const LIMIT: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(2);

/// Holds the process and all its children where they are (SIGSTOP); returns the children. The parent first, so that it
/// makes no more of them.
pub(super) fn hold(parent: u32) -> Result<Vec<u32>, BedError> {
    send(parent, Signal::STOP);
    until("the database is held", || state(parent).is_none_or(|now| now == 'T'))?;
    let children = children_of(parent)?;
    for child in &children {
        send(*child, Signal::STOP);
    }
    Ok(children)
}

/// Lets them all go on.
pub(super) fn release(parent: u32) -> Result<(), BedError> {
    for child in children_of(parent)? {
        send(child, Signal::CONT);
    }
    send(parent, Signal::CONT);
    Ok(())
}

/// Kills processes (SIGKILL) that are not our own children, and waits until they are gone.
pub(super) fn kill(pids: &[u32]) -> Result<(), BedError> {
    for pid in pids {
        send(*pid, Signal::KILL);
    }
    until("the database is gone", || pids.iter().all(|pid| matches!(state(*pid), None | Some('Z'))))
}

/// The process and its children.
pub(super) fn all_of(parent: u32) -> Result<Vec<u32>, BedError> {
    let mut all = children_of(parent)?;
    all.push(parent);
    Ok(all)
}

fn send(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        // It can only fail because the process ended by itself a moment ago.
        let _ = kill_process(pid, signal);
    }
}

fn children_of(parent: u32) -> Result<Vec<u32>, BedError> {
    let all = fs::read_dir("/proc").map_err(BedError::io("list /proc"))?.flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    Ok(pids.filter(|pid| stat(*pid).is_some_and(|(_, its_parent)| its_parent == parent)).collect())
}

fn state(pid: u32) -> Option<char> {
    stat(pid).map(|(state, _)| state)
}

/// State and parent, as `proc_pid_stat(5)` has them behind the name, which may hold anything.
fn stat(pid: u32) -> Option<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.chars().next()?, fields.next()?.parse().ok()?))
}

fn until(what: &str, mut look: impl FnMut() -> bool) -> Result<(), BedError> {
    let begun = Instant::now();
    while !look() {
        if begun.elapsed() >= LIMIT {
            return Err(BedError::TooLate { what: what.to_owned(), limit: LIMIT, log: String::new() });
        }
        wait::rest(LOOK_EVERY);
    }
    Ok(())
}
