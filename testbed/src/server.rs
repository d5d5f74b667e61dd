//! One server process on an address of its own, as one pod.

use std::net::{SocketAddrV4, TcpStream};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_std::task::block_on;
use rustix::process::Signal;
use ticketing_client::Serving;

use crate::connect::channel_with_deadline;
use crate::secured::SecretVolume;
use crate::{BedError, Endpoints, Process, Stop, binaries, wait};

/// The service that Envoy asks about too.
const SERVICE: &str = "ticketing.CustomerController";
const READY_LIMIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(2);
const CHECK_LIMIT: Duration = Duration::from_secs(1);
/// `DRAIN_DELAY` and `DRAIN_TIMEOUT` are 12 s together: after this the server hangs.
const EXIT_LIMIT: Duration = Duration::from_secs(20);

/// What a server needs to start, again if need be.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) pod: String,
    pub(crate) address: SocketAddrV4,
    pub(crate) admin: SocketAddrV4,
    pub(crate) database_url: String,
    pub(crate) log: PathBuf,
    /// Where it tells its health without TLS, if it speaks TLS.
    pub(crate) health: Option<SocketAddrV4>,
    /// Its certificates, and what tells it of them.
    pub(crate) secret: Option<(SecretVolume, Vec<(String, String)>)>,
}

/// A server, running or not. It ends when it is dropped.
#[derive(Debug)]
pub struct Server {
    launch: Launch,
    endpoints: Endpoints,
    stop: Stop,
    run: Mutex<Run>,
}

/// One life of a server.
#[derive(Debug)]
struct Run {
    process: Process,
    begun: Instant,
    ready_after: Option<Duration>,
}

impl Server {
    /// Starts the process; [`Server::wait_until_serving`] waits until it takes calls.
    pub(crate) fn start(launch: Launch, endpoints: Endpoints, stop: Stop) -> Result<Self, BedError> {
        let run = Mutex::new(Run::begin(&launch)?);
        Ok(Self { launch, endpoints, stop, run })
    }

    /// The pod's name, as it answers.
    pub fn pod(&self) -> &str {
        &self.launch.pod
    }

    /// Where it serves gRPC.
    pub fn address(&self) -> SocketAddrV4 {
        self.launch.address
    }

    /// Where it serves admin HTTP.
    pub fn admin(&self) -> SocketAddrV4 {
        self.launch.admin
    }

    /// Its mount of the certificates.
    ///
    /// # Panics
    /// When the bed was built without an overlay.
    pub fn secret(&self) -> &SecretVolume {
        let (volume, _) = self.launch.secret.as_ref().expect("this bed was built without overlay()");
        volume
    }

    /// The id of the process that runs, or ran last.
    pub fn pid(&self) -> u32 {
        self.run().process.pid()
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        self.run().process.log()
    }

    /// Whether its process is there, be it stopped or not.
    pub fn is_running(&self) -> bool {
        self.run().process.ended().is_none()
    }

    /// Ends it in order, as Kubernetes ends a pod: its address goes at once, then SIGTERM; returns when it has exited.
    pub fn terminate(&self) -> Result<ExitStatus, BedError> {
        self.ask_to_end();
        self.await_exit()
    }

    /// Waits for the end of a server that was asked to end. Asking again would cut its drain short.
    pub(crate) fn await_exit(&self) -> Result<ExitStatus, BedError> {
        let run = self.run();
        run.process.wait(EXIT_LIMIT).ok_or_else(|| BedError::TooLate {
            what: format!("the end of {}", self.pod()),
            limit: EXIT_LIMIT,
            log: run.process.log_tail(),
        })
    }

    /// SIGKILL: it is gone without a word, and its address stays in DNS as that of a crashed container does.
    pub fn kill(&self) -> Result<ExitStatus, BedError> {
        self.run().process.kill().map_err(BedError::io(format!("kill {}", self.pod())))
    }

    /// SIGSTOP: it keeps its sockets and answers nothing, until [`Server::cont`].
    pub fn stop(&self) {
        self.run().process.signal(Signal::STOP);
    }

    /// SIGCONT: it goes on where [`Server::stop`] held it.
    pub fn cont(&self) {
        self.run().process.signal(Signal::CONT);
    }

    /// Starts it once more after its end, on the same address; returns when it takes calls.
    pub fn start_again(&self) -> Result<(), BedError> {
        let run = Run::begin(&self.launch)?;
        *self.run() = run;
        self.wait_until_serving()
    }

    /// How long it took, the last time, from its exec until a health check said SERVING; none while that is not so.
    pub fn ready_after(&self) -> Option<Duration> {
        self.run().ready_after
    }

    /// The moment at which it said SERVING, in this life; none before.
    pub(crate) fn serving_since(&self) -> Option<Instant> {
        let run = self.run();
        run.ready_after.map(|after| run.begun + after)
    }

    /// CPU time that its process has used.
    pub fn cpu_time(&self) -> Result<Duration, BedError> {
        self.run().process.cpu_time()
    }

    /// The most memory that its process ever had resident, in bytes.
    pub(crate) fn peak_memory(&self) -> Result<u64, BedError> {
        self.run().process.peak_memory()
    }

    /// Waits until it says SERVING, then lists its address.
    pub(crate) fn wait_until_serving(&self) -> Result<(), BedError> {
        let health = self.launch.health.unwrap_or(self.address());
        let mut channel = None;
        wait::until(&format!("{} says SERVING", self.pod()), READY_LIMIT, LOOK_EVERY, &self.stop, || {
            self.run().process.check_running()?;
            // A channel that finds nobody pauses before it tries again: longer than a start takes.
            if channel.is_none() && TcpStream::connect(health).is_ok() {
                channel = Some(channel_with_deadline(health, CHECK_LIMIT));
            }
            let serving = channel.as_ref().map(|channel| block_on(channel.health(SERVICE)));
            Ok(matches!(serving, Some(Ok(Serving::Serving))).then_some(()))
        })?;
        let mut run = self.run();
        run.ready_after = Some(run.begun.elapsed());
        self.endpoints.add(self.address());
        Ok(())
    }

    /// Takes its address away and asks it to end, without waiting.
    pub(crate) fn ask_to_end(&self) {
        self.endpoints.remove(self.address());
        self.run().process.ask_to_end();
    }

    /// Waits for its end until `deadline`, then kills it.
    pub(crate) fn end_by(&self, deadline: Instant) {
        self.run().process.end_by(deadline);
    }

    pub(crate) fn log_tail(&self) -> String {
        self.run().process.log_tail()
    }

    fn run(&self) -> MutexGuard<'_, Run> {
        self.run.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Run {
    /// Settings come by flag: what is set in our own environment must not reach the servers, but for the one that says how
    /// they write.
    fn begin(launch: &Launch) -> Result<Self, BedError> {
        let mut command = Command::new(binaries::server()?);
        command
            .env_clear()
            .env("RUST_LOG", "info")
            .envs(binaries::corking())
            .args(["--listen-addr", &launch.address.to_string()])
            .args(["--admin-addr", &launch.admin.to_string()])
            .args(["--pod-name", &launch.pod])
            .args(["--database-url", &launch.database_url]);
        if let Some((_, settings)) = &launch.secret {
            command.envs(settings.iter().map(|(name, value)| (name, value)));
        }
        let begun = Instant::now();
        let process = Process::start(&launch.pod, &mut command, &launch.log)?;
        Ok(Self { process, begun, ready_after: None })
    }
}
