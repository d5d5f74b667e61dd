//! `Args` is what was typed, `Config` what it means. Only `try_from` makes a `Config`, so no later room checks again.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

mod args;
mod database;
mod encryption;

pub use args::{Args, Command, Withheld};
pub use database::{DatabaseUrl, PostgresUrl};
pub(crate) use encryption::{Certificates, EncryptionFiles};
pub use encryption::{Encryption, EncryptionArgs};

/// Each queue is a thread; a process that cannot start one more would end half-way.
const MAX_WORKERS: usize = 128;

/// What the settings mean.
#[derive(Debug, Clone)]
pub struct Config {
    /// gRPC.
    pub listen: SocketAddr,
    /// Admin HTTP; none where it is off.
    pub admin: Option<SocketAddr>,
    /// Whether and how calls are encrypted.
    pub encryption: Option<Encryption>,
    /// Printable ASCII, fit for a header.
    pub pod_name: String,
    /// Any text.
    pub app_version: String,
    /// Which store.
    pub database: DatabaseUrl,
    /// How the server ends.
    pub drain: DrainConfig,
    /// Completion queues.
    pub workers: NonZeroUsize,
    /// Whether answers that are ready together leave in one write.
    pub corking: bool,
    /// Whether `grpc.reflection` is served.
    pub reflection: bool,
    /// Whether calls are counted and timed.
    pub metrics: bool,
}

/// The bounds of the end, see [`crate::Running::drain`].
#[derive(Debug, Clone, Copy)]
pub struct DrainConfig {
    /// NOT_SERVING before shutdown.
    pub delay: Duration,
    /// Calls may run so long after it.
    pub timeout: Duration,
}

/// A setting that cannot be used: what, what was typed, and what would do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}{typed}: {advice}")]
pub struct BadSetting {
    setting: String,
    typed: String,
    advice: String,
}

impl BadSetting {
    fn new(variable: &str, flag: &str, typed: &str, advice: impl Into<String>) -> Self {
        Self { typed: format!(" is {typed:?}"), ..Self::hiding(variable, flag, advice) }
    }

    /// For values that may hold a password.
    fn hiding(variable: &str, flag: &str, advice: impl Into<String>) -> Self {
        Self { setting: format!("{variable} (--{flag})"), typed: String::new(), advice: advice.into() }
    }

    /// For an argument that is no setting.
    pub(crate) fn argument(name: &str, typed: &str, advice: &str) -> Self {
        Self { setting: name.to_owned(), typed: format!(" is {typed:?}"), advice: advice.to_owned() }
    }
}

impl TryFrom<Args> for Config {
    type Error = BadSetting;

    fn try_from(args: Args) -> Result<Self, BadSetting> {
        let (listen, admin) = (args.listen()?, admin(&args.admin_addr)?);
        if admin.is_some_and(|admin| clash(listen, admin)) {
            let advice = format!("gRPC is served there, LISTEN_ADDR (--listen-addr) is {listen}; use another port");
            return Err(BadSetting::new("ADMIN_ADDR", "admin-addr", &args.admin_addr, advice));
        }
        Ok(Self {
            listen,
            admin,
            encryption: args.encryption.meaning(listen, admin)?,
            pod_name: pod_name(args.pod_name, args.pod_name_from.as_deref())?,
            app_version: args.app_version,
            database: database(&args.database_url.0, args.database_password_file.as_deref())?,
            drain: DrainConfig {
                delay: duration("DRAIN_DELAY", "drain-delay", &args.drain_delay)?,
                timeout: duration("DRAIN_TIMEOUT", "drain-timeout", &args.drain_timeout)?,
            },
            workers: args.workers.as_deref().map_or_else(|| Ok(default_workers()), workers)?,
            corking: switch("CORKING", "corking", &args.corking)?,
            reflection: switch("REFLECTION", "reflection", &args.reflection)?,
            metrics: switch("METRICS", "metrics", &args.metrics)?,
        })
    }
}

fn address(variable: &'static str, flag: &'static str, typed: &str) -> Result<SocketAddr, BadSetting> {
    typed.parse().map_err(|_| {
        BadSetting::new(
            variable,
            flag,
            typed,
            "use an IP address and a port, for example 127.0.0.1:12345 or [::]:12345",
        )
    })
}

/// None where admin HTTP is off.
fn admin(typed: &str) -> Result<Option<SocketAddr>, BadSetting> {
    match typed {
        "off" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| {
            let advice = "use an IP address and a port, for example 127.0.0.1:9090 or [::]:9090, or off";
            BadSetting::new("ADMIN_ADDR", "admin-addr", typed, advice)
        }),
    }
}

fn duration(variable: &'static str, flag: &'static str, typed: &str) -> Result<Duration, BadSetting> {
    if typed != "0" && !typed.is_empty() && typed.bytes().all(|byte| byte.is_ascii_digit()) {
        let advice = format!("add a unit, for example {typed}s or {typed}ms");
        return Err(BadSetting::new(variable, flag, typed, advice));
    }
    humantime::parse_duration(typed)
        .map_err(|_| BadSetting::new(variable, flag, typed, "use a number and a unit, for example 20s or 1500ms"))
}

fn database(url: &str, password_file: Option<&Path>) -> Result<DatabaseUrl, BadSetting> {
    let url: DatabaseUrl =
        url.parse().map_err(|advice: String| BadSetting::hiding("DATABASE_URL", "database-url", advice))?;
    match password_file {
        None => Ok(url),
        Some(file) => url.with_password_file(file).map_err(|advice| {
            BadSetting::new("DATABASE_PASSWORD_FILE", "database-password-file", &file.to_string_lossy(), advice)
        }),
    }
}

/// Whether both cannot be bound: an address of this machine is also one of those that "every address" means.
fn clash(one: SocketAddr, other: SocketAddr) -> bool {
    let covers = |wide: SocketAddr, narrow: SocketAddr| {
        // [::] takes IPv4 too.
        wide.ip() == narrow.ip() || wide.ip().is_unspecified() && (wide.is_ipv6() || narrow.is_ipv4())
    };
    one.port() == other.port() && one.port() != 0 && (covers(one, other) || covers(other, one))
}

fn workers(typed: &str) -> Result<NonZeroUsize, BadSetting> {
    typed.parse().ok().filter(|workers: &NonZeroUsize| workers.get() <= MAX_WORKERS).ok_or_else(|| {
        let advice = format!("use 1 to {MAX_WORKERS}; one serves a core to the full");
        BadSetting::new("WORKERS", "workers", typed, advice)
    })
}

fn switch(variable: &'static str, flag: &'static str, typed: &str) -> Result<bool, BadSetting> {
    match typed {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(BadSetting::new(variable, flag, typed, "use on or off")),
    }
}

fn pod_name(typed: String, from: Option<&str>) -> Result<String, BadSetting> {
    let name = match from {
        None => typed,
        // In a container the short container id.
        Some("hostname") => rustix::system::uname().nodename().to_string_lossy().into_owned(),
        Some(other) => {
            return Err(BadSetting::new("POD_NAME_FROM", "pod-name-from", other, "use hostname, or leave it out"));
        }
    };
    if name.is_empty() || name.len() > 253 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        let advice = "use 1 to 253 printable ASCII characters without spaces: it goes out as the header x-pod-name";
        return Err(BadSetting::new("POD_NAME", "pod-name", &name, advice));
    }
    Ok(name)
}

/// One queue serves a saturated core, and each further one costs CPU per call; the other half is for the store.
/// `available_parallelism` knows the cgroup's quota, C-core's own default does not.
fn default_workers() -> NonZeroUsize {
    std::thread::available_parallelism()
        .ok()
        .and_then(|cpus| NonZeroUsize::new(cpus.get().div_ceil(2)))
        .unwrap_or(NonZeroUsize::MIN)
}

#[cfg(test)]
mod tests;
