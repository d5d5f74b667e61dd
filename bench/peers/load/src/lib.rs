//! What every program that makes load is asked, and what it says: one way for all of them, so that they differ in
//! their client library alone.
//!
//! Usage of each: ADDRESS PORT ID FIRST-NAME LAST-NAME CALLS CONNECTIONS AT-ONCE
//!
//! It calls GetCustomer for the id on so many connections, so many calls at once on each of them, looks at every answer,
//! and prints one line:
//!
//! `{"calls":80000,"seconds":1.250,"cpu_seconds":0.710,"p50_us":1490,"p99_us":2870,"p999_us":5210,"peak_bytes":14000000}`
//!
//! What came before the first of these calls does not count: the start of the program, and the connections with a call on
//! each that made it. A call's time is that which its caller waited; the memory is the most that was resident.

use std::fmt::Display;
use std::fs;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use rustix::time::{ClockId, clock_gettime};

/// A customer, as every answer is held against it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customer {
    /// Its id.
    pub id: String,
    /// The first name.
    pub first_name: String,
    /// The last name.
    pub last_name: String,
}

/// What a program is asked to do.
#[derive(Debug, Clone)]
pub struct Load {
    /// Host of the server, or of the proxy before it.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The customer to be asked for.
    pub customer: Customer,
    /// Connections, each of its own.
    pub connections: usize,
    calls: usize,
    at_once: usize,
}

/// Makes one call after the other.
pub trait Caller: Send + 'static {
    /// One call of GetCustomer; an error is text for people.
    fn call(&mut self) -> impl Future<Output = Result<Customer, String>> + Send;
}

/// A caller's work, for the threads that the client library brings.
pub type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The program: reads what it is asked, lets `run` do it, and prints what came of it.
pub fn main(run: impl FnOnce(&Load) -> Result<Report, String>) -> ExitCode {
    match Load::from_args(std::env::args().skip(1)).and_then(|load| run(&load)) {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

impl Load {
    fn from_args(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut next = |what: &str| args.next().ok_or_else(|| format!("{what} is missing"));
        Ok(Self {
            host: next("ADDRESS")?,
            port: number("PORT", &next("PORT")?)?,
            customer: Customer { id: next("ID")?, first_name: next("FIRST-NAME")?, last_name: next("LAST-NAME")? },
            calls: number("CALLS", &next("CALLS")?)?,
            connections: number("CONNECTIONS", &next("CONNECTIONS")?)?,
            at_once: number("AT-ONCE", &next("AT-ONCE")?)?,
        })
    }

    /// Makes the calls: so many callers at once on each of `connections`, whose threads `spawn` knows.
    pub fn run<N, C: Caller>(
        &self,
        connections: &[N],
        caller: impl Fn(&N) -> C,
        spawn: impl Fn(&N, Task),
    ) -> Result<Report, String> {
        let make = |calls: usize, at_once: usize| {
            let begun = Arc::new(AtomicUsize::new(0));
            let (done, outcomes) = mpsc::channel();
            for connection in connections {
                for _ in 0..at_once {
                    let (mut caller, begun, done) = (caller(connection), begun.clone(), done.clone());
                    let wanted = self.customer.clone();
                    let task = async move {
                        // Nobody waits any more where another caller has failed.
                        let _ = done.send(call_all(&mut caller, &begun, calls, &wanted).await);
                    };
                    spawn(connection, Box::pin(task));
                }
            }
            drop(done);
            outcomes.iter().collect::<Result<Vec<Waits>, String>>()
        };
        make(connections.len(), 1)?;
        let (begun, cpu) = (Instant::now(), cpu_time());
        let waits = make(self.calls, self.at_once)?;
        let (elapsed, cpu) = (begun.elapsed(), cpu_time().saturating_sub(cpu));
        let mut all = no_waits();
        for of_one in &waits {
            all.add(of_one).map_err(|error| error.to_string())?;
        }
        Ok(Report { calls: self.calls, elapsed, cpu, waits: all, peak_bytes: peak_memory()? })
    }
}

/// How long calls took, in microseconds.
type Waits = Histogram<u32>;

/// To a minute, with three digits.
fn no_waits() -> Waits {
    Histogram::new_with_max(60_000_000, 3).expect("a range that can be counted in")
}

async fn call_all(
    caller: &mut impl Caller,
    begun: &AtomicUsize,
    calls: usize,
    wanted: &Customer,
) -> Result<Waits, String> {
    let mut waits = no_waits();
    while begun.fetch_add(1, Ordering::Relaxed) < calls {
        let asked = Instant::now();
        let answer = caller.call().await?;
        waits.saturating_record(u64::try_from(asked.elapsed().as_micros()).unwrap_or(u64::MAX));
        if answer != *wanted {
            return Err(format!("the answer is {answer:?}"));
        }
    }
    Ok(waits)
}

/// What came of it.
#[derive(Debug, Clone)]
pub struct Report {
    calls: usize,
    elapsed: Duration,
    /// CPU of this process, in user and kernel.
    cpu: Duration,
    waits: Waits,
    peak_bytes: u64,
}

impl Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { calls, elapsed, cpu, waits, peak_bytes } = self;
        let (seconds, cpu_seconds) = (elapsed.as_secs_f64(), cpu.as_secs_f64());
        let [p50, p99, p999] = [0.5, 0.99, 0.999].map(|part| waits.value_at_quantile(part));
        write!(f, r#"{{"calls":{calls},"seconds":{seconds:.6},"cpu_seconds":{cpu_seconds:.6},"#)?;
        write!(f, r#""p50_us":{p50},"p99_us":{p99},"p999_us":{p999},"peak_bytes":{peak_bytes}}}"#)
    }
}

fn number<N: std::str::FromStr>(what: &str, typed: &str) -> Result<N, String> {
    typed.parse().map_err(|_| format!("{what} is {typed:?}: a whole number is wanted"))
}

/// The process clock: all threads, also those that have ended.
fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("the clock began at nothing")
}

/// The most that was resident of this process, in bytes.
fn peak_memory() -> Result<u64, String> {
    let status = fs::read_to_string("/proc/self/status").map_err(|error| format!("/proc/self/status: {error}"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kibibytes = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    kibibytes.map(|kibibytes| kibibytes * 1024).ok_or_else(|| "/proc/self/status has no VmHWM".to_owned())
}
