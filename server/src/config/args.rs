//! What can be typed: flags and environment variables, texts so far.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand};
use ticketing_logging::Format;

use super::{BadSetting, EncryptionArgs, address};

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

/// The customer service over gRPC. Every setting is a flag and an environment variable.
#[derive(Debug, Clone, Parser)]
#[command(name = "ticketing-server", version, after_help = EXIT_CODES)]
pub struct Args {
    /// Where gRPC is served; port 0 takes a free one
    #[arg(long, env = "LISTEN_ADDR", default_value = "0.0.0.0:12345", value_name = "ADDRESS:PORT")]
    pub listen_addr: String,
    /// Where /livez, /readyz and /metrics are served over HTTP; port 0 takes a free one, and off serves them nowhere
    #[arg(long, env = "ADMIN_ADDR", default_value = "0.0.0.0:9090", value_name = "ADDRESS:PORT|off")]
    pub admin_addr: String,
    /// TLS
    #[command(flatten)]
    pub encryption: EncryptionArgs,
    /// The name by which this server tells callers who answered
    #[arg(long, env = "POD_NAME", default_value = "test", value_name = "NAME")]
    pub pod_name: String,
    /// Take the pod's name from somewhere else: hostname is the host's name, as in compose
    #[arg(long, env = "POD_NAME_FROM", value_name = "SOURCE")]
    pub pod_name_from: Option<String>,
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
    pub database_url: Withheld,
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
    pub workers: Option<String>,
    /// Whether answers that are ready together leave in one write, on connections without C-core's idle filters: on or off
    #[arg(long, env = "CORKING", default_value = "on", value_name = "SWITCH")]
    pub corking: String,
    /// Whether tools may ask for the services and their messages (grpc.reflection): on or off
    #[arg(long, env = "REFLECTION", default_value = "on", value_name = "SWITCH")]
    pub reflection: String,
    /// Whether calls are counted and timed for /metrics: on or off
    #[arg(long, env = "METRICS", default_value = "on", value_name = "SWITCH")]
    pub metrics: String,
    /// The form of log lines on stderr: text or json
    #[arg(long, env = "LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: String,
    /// What to do instead of serving
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What was typed and may hold a password: `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Withheld(pub String);

impl From<String> for Withheld {
    fn from(typed: String) -> Self {
        Self(typed)
    }
}

impl fmt::Debug for Withheld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// What the program can do besides serving.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Ask a server whether it serves, for probes: exit code 0 if so
    Health {
        /// The server [default: the port of --listen-addr, with TLS_CERT that of --health-addr, on the loopback address]
        #[arg(value_name = "ADDRESS:PORT")]
        address: Option<String>,
    },
}

impl Args {
    /// Where these settings serve gRPC.
    pub(crate) fn listen(&self) -> Result<SocketAddr, BadSetting> {
        address("LISTEN_ADDR", "listen-addr", &self.listen_addr)
    }

    /// Where these settings answer probes.
    pub(crate) fn probed(&self) -> Result<SocketAddr, BadSetting> {
        self.encryption.probed().unwrap_or_else(|| self.listen())
    }

    /// How log lines shall look. Asked for before there is a [`Config`], whose making may be worth a line.
    pub fn log_format(&self) -> Result<Format, BadSetting> {
        match self.log_format.as_str() {
            "text" => Ok(Format::Text),
            "json" => Ok(Format::Json),
            typed => Err(BadSetting::new("LOG_FORMAT", "log-format", typed, "use text or json")),
        }
    }
}
