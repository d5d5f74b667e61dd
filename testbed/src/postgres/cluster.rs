//! A PostgreSQL of our own: its files, its processes, their ends and beginnings.

use std::fs;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::database::Login;
use super::family;
use super::programs::Programs;
use super::tls;
use crate::binaries::scratch;
use crate::{BedError, Port, Process, Stop, wait};

/// The name of the superuser. The servers get a user of their own, who may make databases and no more.
pub(super) const SUPERUSER: &str = "postgres";

const MAKE_LIMIT: Duration = Duration::from_mins(1);
/// Also for the recovery after a crash.
const START_LIMIT: Duration = Duration::from_secs(30);
const END_LIMIT: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The line of `postmaster.pid` that says how far the start is.
const STATUS_LINE: usize = 7;

/// As a careful operator sets it, and nothing outside its folder: with `mmap` a crash leaves nothing in /dev/shm.
const SETTINGS: [(&str, &str); 9] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("password_encryption", "scram-sha-256"),
    ("unix_socket_directories", ""),
    ("dynamic_shared_memory_type", "mmap"),
    ("max_connections", "400"),
    ("shared_buffers", "128MB"),
    // Its library is large, and its plans are for queries that nobody makes here.
    ("jit", "off"),
    ("logging_collector", "off"),
];

/// What a cluster is made with.
#[derive(Debug, Clone, Default)]
pub(super) struct Wishes {
    pub(super) settings: Vec<(String, String)>,
    pub(super) tls: bool,
}

#[derive(Debug)]
pub(super) struct Cluster {
    programs: Programs,
    wishes: Wishes,
    password: String,
    stop: Stop,
    port: Port,
    postmaster: Mutex<Process>,
    folder: TempDir,
}

impl Cluster {
    /// Makes the files and starts the processes; returns when it takes connections.
    pub(super) fn start(wishes: Wishes, password: &str, stop: Stop) -> Result<Self, BedError> {
        let make = |programs: &Programs, folder: &Path| make_files(programs, folder, password, &stop);
        Self::start_on(make, wishes, password, &stop)
    }

    /// A standby: starts on a copy of this one's files, and follows it from then on.
    pub(super) fn standby(&self) -> Result<Self, BedError> {
        let copy = |programs: &Programs, folder: &Path| copy_files(programs, folder, &self.superuser(), &self.stop);
        Self::start_on(copy, self.wishes.clone(), &self.password, &self.stop)
    }

    fn start_on(
        files: impl FnOnce(&Programs, &Path) -> Result<(), BedError>,
        wishes: Wishes,
        password: &str,
        stop: &Stop,
    ) -> Result<Self, BedError> {
        let programs = Programs::find()?;
        let folder = scratch("ticketing-postgres-")?;
        programs.hand_over(folder.path())?;
        files(&programs, folder.path())?;
        if wishes.tls {
            tls::make_certificates(folder.path())?.iter().try_for_each(|file| programs.hand_over(file))?;
        }
        let port = Port::free_on(&[Ipv4Addr::LOCALHOST])?;
        let postmaster = Mutex::new(begin(&programs, &wishes, folder.path(), &port)?);
        let (password, stop) = (password.to_owned(), stop.clone());
        let cluster = Self { programs, wishes, password, stop, port, postmaster, folder };
        cluster.wait_until_ready()?;
        Ok(cluster)
    }

    /// Who `user` is here: all have the same password.
    pub(super) fn login(&self, user: &str) -> Login {
        Login::new(self.address(), user, &self.password)
    }

    /// The URL by which everything is allowed.
    pub(super) fn superuser(&self) -> String {
        self.login(SUPERUSER).own_url()
    }

    pub(super) fn stop(&self) -> &Stop {
        &self.stop
    }

    pub(super) fn address(&self) -> SocketAddrV4 {
        SocketAddrV4::new(Ipv4Addr::LOCALHOST, self.port.number())
    }

    pub(super) fn pid(&self) -> u32 {
        self.postmaster().pid()
    }

    pub(super) fn log(&self) -> String {
        self.postmaster().log()
    }

    pub(super) fn authority(&self) -> PathBuf {
        tls::authority(self.folder.path())
    }

    /// Ends it with `signal`: SIGINT (`fast`) or SIGQUIT (`immediate`).
    pub(super) fn end(&self, signal: Signal) -> Result<(), BedError> {
        let postmaster = self.postmaster();
        if postmaster.ended().is_some() {
            return Ok(());
        }
        family::release(postmaster.pid())?;
        postmaster.signal(signal);
        postmaster.wait(END_LIMIT).map(|_| ()).ok_or_else(|| BedError::TooLate {
            what: "the end of PostgreSQL".to_owned(),
            limit: END_LIMIT,
            log: postmaster.log_tail(),
        })
    }

    /// Kills all its processes at once, as a machine that loses its power does to them.
    pub(super) fn crash(&self) -> Result<(), BedError> {
        let postmaster = self.postmaster();
        if postmaster.ended().is_some() {
            return Ok(());
        }
        let children = family::hold(postmaster.pid())?;
        postmaster.kill().map_err(BedError::io("kill PostgreSQL"))?;
        family::kill(&children)
    }

    /// Starts it after its end, on the same port; returns when it takes connections.
    pub(super) fn start_again(&self) -> Result<(), BedError> {
        self.begin_again()?;
        self.wait_until_ready()
    }

    pub(super) fn freeze(&self) -> Result<(), BedError> {
        family::hold(self.pid()).map(|_| ())
    }

    pub(super) fn thaw(&self) -> Result<(), BedError> {
        family::release(self.pid())
    }

    fn begin_again(&self) -> Result<(), BedError> {
        let mut postmaster = self.postmaster();
        if postmaster.ended().is_none() {
            return Err(BedError::Unexpected("PostgreSQL runs: end it before it is started again".to_owned()));
        }
        *postmaster = begin(&self.programs, &self.wishes, self.folder.path(), &self.port)?;
        Ok(())
    }

    fn wait_until_ready(&self) -> Result<(), BedError> {
        let file = data(self.folder.path()).join("postmaster.pid");
        wait::until("PostgreSQL takes connections", START_LIMIT, LOOK_EVERY, &self.stop, || {
            let postmaster = self.postmaster();
            postmaster.check_running()?;
            let text = fs::read_to_string(&file).unwrap_or_default();
            let mut lines = text.lines().map(str::trim);
            // A crash leaves the file of the process before.
            let ours = lines.next() == Some(postmaster.pid().to_string().as_str());
            Ok((ours && lines.nth(STATUS_LINE - 1) == Some("ready")).then_some(()))
        })
    }

    fn postmaster(&self) -> MutexGuard<'_, Process> {
        self.postmaster.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Its files go too, so nothing is worth a checkpoint. What does not end is killed, children included.
        if self.end(Signal::QUIT).is_err() {
            // Nobody is left to tell if even that fails.
            let _ = self.crash();
        }
    }
}

fn make_files(programs: &Programs, folder: &Path, password: &str, stop: &Stop) -> Result<(), BedError> {
    let secret = folder.join("password");
    fs::write(&secret, password).map_err(BedError::io(format!("write {}", secret.display())))?;
    programs.hand_over(&secret)?;
    let mut command = programs.command("initdb", folder);
    command
        .args(["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C", "--auth=scram-sha-256"])
        .arg(format!("--username={SUPERUSER}"))
        .arg("--pwfile")
        .arg(&secret)
        .arg("--pgdata")
        .arg(data(folder));
    finish("initdb", &mut command, folder, stop)
}

/// The files of the cluster at `url`, and the wish to follow it.
fn copy_files(programs: &Programs, folder: &Path, url: &str, stop: &Stop) -> Result<(), BedError> {
    let mut command = programs.command("pg_basebackup", folder);
    command.args(["--no-sync", "--checkpoint=fast", "--wal-method=stream", "--write-recovery-conf"]);
    command.arg("--dbname").arg(url).arg("--pgdata").arg(data(folder));
    finish("pg_basebackup", &mut command, folder, stop)
}

fn finish(name: &str, command: &mut Command, folder: &Path, stop: &Stop) -> Result<(), BedError> {
    let process = Process::start(name, command, &folder.join(format!("{name}.log")))?;
    let status = wait::until(&format!("the end of {name}"), MAKE_LIMIT, LOOK_EVERY, stop, || Ok(process.ended()))?;
    if status.success() { Ok(()) } else { Err(process.check_running().expect_err("it has ended")) }
}

fn begin(programs: &Programs, wishes: &Wishes, folder: &Path, port: &Port) -> Result<Process, BedError> {
    let mut command = programs.command("postgres", folder);
    command.arg("-D").arg(data(folder));
    let mut set = |name: &str, value: &str| {
        command.arg("-c").arg(format!("{name}={value}"));
    };
    set("listen_addresses", &Ipv4Addr::LOCALHOST.to_string());
    set("port", &port.number().to_string());
    for (name, value) in SETTINGS {
        set(name, value);
    }
    if wishes.tls {
        for (name, value) in tls::settings(folder) {
            set(name, &value);
        }
    }
    for (name, value) in &wishes.settings {
        set(name, value);
    }
    Process::start("postgres", &mut command, &folder.join("postgres.log"))
}

fn data(folder: &Path) -> PathBuf {
    folder.join("data")
}
