//! `Args` is what was typed, `Config` what it means. Only `try_from` makes a `Config`, so no later room checks again.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};

mod database;

pub use database::{DatabaseUrl, PostgresUrl};

/// The customer service over gRPC. Every setting is a flag and an environment variable.
#[derive(Debug, Clone, Parser)]
#[command(name = "ticketing-server", version, after_help = EXIT_CODES)]
pub struct Args {
    /// Where gRPC is served; port 0 takes a free one
    #[arg(long, env = "LISTEN_ADDR", default_value = "0.0.0.0:12345", value_name = "ADDRESS:PORT")]
    pub listen_addr: String,
    /// Where /livez, /readyz and /metrics are served over HTTP; port 0 takes a free one
    #[arg(long, env = "ADMIN_ADDR", default_value = "0.0.0.0:9090", value_name = "ADDRESS:PORT")]
    pub admin_addr: String,
    /// The name by which this server tells callers who answered
    #[arg(long, env = "POD_NAME", default_value = "test", value_name = "NAME")]
    pub pod_name: String,
    /// Take the pod's name from somewhere else: the host's name, as in compose
    #[arg(long, env = "POD_NAME_FROM", value_name = "SOURCE")]
    pub pod_name_from: Option<PodNameFrom>,
    /// The version of the application, for logs and metrics
    #[arg(long, env = "APP_VERSION", default_value = "", value_name = "TEXT")]
    pub app_version: String,
    /// The store: sqlite:FILE (embedded, several processes of one machine may share the file),
    /// postgres://USER@HOST:PORT/DATABASE (shared by replicas) or memory: (gone with the process)
    #[arg(
        long,
        env = "DATABASE_URL",
        default_value = "sqlite:customers.db",
        hide_env_values = true,
        value_name = "URL"
    )]
    pub database_url: String,
    /// A file with the password of that PostgreSQL; the URL and PGPASSWORD can hold it too
    #[arg(long, env = "DATABASE_PASSWORD_FILE", value_name = "FILE")]
    pub database_password_file: Option<PathBuf>,
    /// How long the server says NOT_SERVING before it shuts down, so that every Envoy sees it
    #[arg(long, env = "DRAIN_DELAY", default_value = "2s", value_name = "DURATION")]
    pub drain_delay: String,
    /// How long calls may still run after that, before they are cancelled
    #[arg(long, env = "DRAIN_TIMEOUT", default_value = "10s", value_name = "DURATION")]
    pub drain_timeout: String,
    /// Completion queues, a thread each [default: half of the CPUs that the cgroup grants, at least 1]
    #[arg(long, env = "WORKERS", value_name = "N")]
    pub workers: Option<usize>,
    /// Whether answers that are ready together leave in one write
    #[arg(long, env = "CORKING", default_value = "on", value_name = "SWITCH")]
    pub corking: Switch,
    /// The form of log lines on stderr
    #[arg(long, env = "LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormat,
    /// What to do instead of serving
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Ask a server whether it serves, for probes: exit code 0 if so
    Health {
        /// The server [default: the port of --listen-addr on the loopback address]
        #[arg(value_name = "ADDRESS:PORT")]
        address: Option<String>,
    },
}

/// Sources of the pod's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PodNameFrom {
    /// The host's name; in a container the short container id.
    Hostname,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It happens.
    On,
    /// It does not.
    Off,
}

/// Forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Each queue is a thread; a process that cannot start one more would end half-way.
const MAX_WORKERS: usize = 128;

const EXIT_CODES: &str =
    "Log levels: RUST_LOG (default info). SIGTERM or SIGINT drains; a second one ends at once (exit code 143 or 130).

Exit codes:
  0  drained, every call was answered
  1  asked for health: not serving, or no answer
  2  a setting is unfit
  3  the store cannot be opened, and waiting would not help
  4  an address cannot be bound
  5  drained, but calls still ran at the end of --drain-timeout and were cancelled
  6  a fault of the program or of the machine while it started";

/// What the settings mean.
#[derive(Debug, Clone)]
pub struct Config {
    /// gRPC.
    pub listen: SocketAddr,
    /// Admin HTTP.
    pub admin: SocketAddr,
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
        let (listen, admin) = (args.listen()?, address("ADMIN_ADDR", "admin-addr", &args.admin_addr)?);
        if listen == admin && listen.port() != 0 {
            let advice = "gRPC is served there (LISTEN_ADDR); use another port";
            return Err(BadSetting::new("ADMIN_ADDR", "admin-addr", &args.admin_addr, advice));
        }
        Ok(Self {
            listen,
            admin,
            pod_name: pod_name(args.pod_name, args.pod_name_from)?,
            app_version: args.app_version,
            database: database(&args.database_url, args.database_password_file.as_deref())?,
            drain: DrainConfig {
                delay: duration("DRAIN_DELAY", "drain-delay", &args.drain_delay)?,
                timeout: duration("DRAIN_TIMEOUT", "drain-timeout", &args.drain_timeout)?,
            },
            workers: workers(args.workers.unwrap_or_else(default_workers))?,
            corking: args.corking == Switch::On,
        })
    }
}

impl Args {
    /// Where these settings serve gRPC.
    pub(crate) fn listen(&self) -> Result<SocketAddr, BadSetting> {
        address("LISTEN_ADDR", "listen-addr", &self.listen_addr)
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
        url.parse().map_err(|advice: &str| BadSetting::hiding("DATABASE_URL", "database-url", advice))?;
    match password_file {
        None => Ok(url),
        Some(file) => url.with_password_file(file).map_err(|advice| {
            BadSetting::new("DATABASE_PASSWORD_FILE", "database-password-file", &file.to_string_lossy(), advice)
        }),
    }
}

fn workers(typed: usize) -> Result<NonZeroUsize, BadSetting> {
    NonZeroUsize::new(typed).filter(|workers| workers.get() <= MAX_WORKERS).ok_or_else(|| {
        let advice = format!("use 1 to {MAX_WORKERS}; one serves a core to the full");
        BadSetting::new("WORKERS", "workers", &typed.to_string(), advice)
    })
}

fn pod_name(typed: String, from: Option<PodNameFrom>) -> Result<String, BadSetting> {
    let name = match from {
        None => typed,
        Some(PodNameFrom::Hostname) => rustix::system::uname().nodename().to_string_lossy().into_owned(),
    };
    if name.is_empty() || name.len() > 253 || !name.bytes().all(|byte| byte.is_ascii_graphic()) {
        let advice = "use 1 to 253 printable ASCII characters without spaces: it goes out as the header x-pod-name";
        return Err(BadSetting::new("POD_NAME", "pod-name", &name, advice));
    }
    Ok(name)
}

/// One queue serves a saturated core, and each further one costs CPU per call; the other half is for the store.
/// `available_parallelism` knows the cgroup's quota, C-core's own default does not.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(1, |cpus| cpus.get().div_ceil(2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(flags: &[&str]) -> Result<Config, String> {
        let args = Args::try_parse_from([&["ticketing-server"], flags].concat()).map_err(|error| error.to_string())?;
        Config::try_from(args).map_err(|error| error.to_string())
    }

    #[test]
    fn a_duration_without_a_unit_is_told_which_one_to_add() {
        assert_eq!(
            config(&["--drain-timeout", "20"]).err().as_deref(),
            Some(r#"DRAIN_TIMEOUT (--drain-timeout) is "20": add a unit, for example 20s or 20ms"#)
        );
        assert_eq!(config(&["--drain-delay", "0"]).map(|config| config.drain.delay), Ok(Duration::ZERO));
        assert!(config(&["--drain-delay", "soon"]).is_err());
        assert_eq!(
            config(&["--drain-delay", ""]).err().as_deref(),
            Some(r#"DRAIN_DELAY (--drain-delay) is "": use a number and a unit, for example 20s or 1500ms"#)
        );
    }

    #[test]
    fn a_password_in_a_bad_database_url_is_not_repeated() {
        let error = config(&["--database-url", "mysql://user:secret@host/db"]).err();
        assert_eq!(
            error.as_deref(),
            Some("DATABASE_URL (--database-url): use sqlite:FILE, postgres://USER@HOST:PORT/DATABASE or memory:")
        );
    }

    #[test]
    fn a_pod_name_must_fit_a_header() {
        assert!(config(&["--pod-name", "app-server-0"]).is_ok());
        assert!(config(&["--pod-name", ""]).is_err());
        assert!(config(&["--pod-name", "caf\u{e9}"]).is_err());
    }

    #[test]
    fn grpc_and_admin_http_cannot_share_a_port() {
        let error = config(&["--listen-addr", "127.0.0.1:9090", "--admin-addr", "127.0.0.1:9090"]).err();
        assert!(error.is_some_and(|error| error.contains("ADMIN_ADDR") && error.contains("another port")));
        assert!(config(&["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]).is_ok());
    }

    #[test]
    fn no_workers_serve_nobody() {
        assert_eq!(
            config(&["--workers", "0"]).err().as_deref(),
            Some(r#"WORKERS (--workers) is "0": use 1 to 128; one serves a core to the full"#)
        );
        assert!(config(&["--workers", "129"]).is_err());
    }
}
