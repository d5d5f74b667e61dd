//! What the kernel says that a process has used (proc(5)).

use std::fs;
use std::time::Duration;

use crate::BedError;

/// CPU time of all its threads, also those that have ended, in user and kernel. It counts in hundredths of a second.
pub(crate) fn cpu_time(pid: u32) -> Result<Duration, BedError> {
    let stat = read(pid, "stat")?;
    // Its name, in parentheses, may hold spaces and parentheses itself.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // Counted from 1 in the manual, where utime is 14 and stime 15; the first here is 3.
    let ticks = |field: usize| fields.get(field - 3).and_then(|value| value.parse::<u64>().ok());
    match (ticks(14), ticks(15)) {
        (Some(user), Some(kernel)) => {
            Ok(Duration::from_secs_f64((user + kernel) as f64 / rustix::param::clock_ticks_per_second() as f64))
        }
        _ => Err(unfit(pid, "stat")),
    }
}

/// The most memory that it ever had resident, in bytes.
pub(crate) fn peak_memory(pid: u32) -> Result<u64, BedError> {
    status(pid, "VmHWM:")
}

/// Lets [`peak_memory`] begin anew, from what is resident now.
pub(crate) fn forget_peak(pid: u32) -> Result<(), BedError> {
    const PEAK: &str = "5";
    fs::write(format!("/proc/{pid}/clear_refs"), PEAK)
        .map_err(BedError::io(format!("reset the peak memory of process {pid} (as root)")))
}

/// The memory that it has resident now, in bytes.
pub(crate) fn memory(pid: u32) -> Result<u64, BedError> {
    status(pid, "VmRSS:")
}

fn status(pid: u32, field: &str) -> Result<u64, BedError> {
    let status = read(pid, "status")?;
    let value = status.lines().find_map(|line| line.strip_prefix(field));
    let kilobytes = value.and_then(|value| value.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| unfit(pid, "status"))
}

fn read(pid: u32, file: &str) -> Result<String, BedError> {
    fs::read_to_string(format!("/proc/{pid}/{file}")).map_err(BedError::io(format!("read {file} of process {pid}")))
}

fn unfit(pid: u32, file: &str) -> BedError {
    BedError::Unexpected(format!("{file} of process {pid} is not as proc(5) says"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_that_works_uses_cpu_and_memory() {
        let before = cpu_time(std::process::id()).unwrap();
        while cpu_time(std::process::id()).unwrap() == before {
            std::hint::black_box(vec![1_u8; 1 << 20]);
        }
        // In this order: tests beside this one take memory meanwhile.
        let now = memory(std::process::id()).unwrap();
        let peak = peak_memory(std::process::id()).unwrap();
        assert!(now > 1 << 20 && peak >= now, "{now} {peak}");
    }
}
