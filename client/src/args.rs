//! What was typed, or set in the environment.

mod encryption;
mod values;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, ValueEnum};
use ticketing_client::{Channel, Channels, MAX_DEADLINE, Target};

use self::encryption::Encryption;
pub(crate) use self::values::{count, duration, percent, positive, positive_duration};
use crate::command::Command;
use crate::exit::{self, Failure};
use crate::report::{Human, Json, Report};

/// Calls the customer service: one call, a steady watch, or a whole import.
///
/// Without a command it watches: one call every 3 s on one long-lived connection.
#[derive(Debug, Parser)]
#[command(name = "ticketing-client", version, after_help = exit::help(), max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) settings: Settings,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What all commands share.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Settings")]
pub(crate) struct Settings {
    /// Host name or address of the server, or of the Envoy before it.
    #[arg(long, env = "SERVER_DOMAIN", default_value = "localhost", global = true, value_name = "HOST")]
    pub(crate) server_domain: String,

    /// Port of the server.
    #[arg(
        long,
        env = "SERVER_PORT",
        default_value_t = 12345,
        global = true,
        value_name = "PORT",
        value_parser = port,
        allow_negative_numbers = true
    )]
    pub(crate) server_port: u16,

    #[command(flatten)]
    pub(crate) encryption: Encryption,

    /// How long a call may take, for example 500ms or 3s; at most 1 day.
    #[arg(long, env = "DEADLINE", default_value = "3s", value_parser = deadline, global = true, value_name = "TIME")]
    pub(crate) deadline: Duration,

    /// Whether requests that are ready together leave in one write, in commands that make many calls.
    #[arg(long, env = "CORKING", value_enum, default_value_t = Switch::On, global = true)]
    pub(crate) corking: Switch,

    /// Who reads the result on standard output.
    #[arg(long, value_enum, default_value_t = Output::Human, global = true)]
    pub(crate) output: Output,

    /// `RUST_LOG` says which log lines are written on standard error (default: info), this how they look.
    #[arg(long, env = "LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub(crate) log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// It happens.
    On,
    /// It does not.
    Off,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Output {
    /// Text for people.
    Human,
    /// JSON for programs: one object a line.
    Json,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LogFormat {
    /// One line of text each.
    Text,
    /// One JSON object a line.
    Json,
}

impl From<LogFormat> for ticketing_logging::Format {
    fn from(format: LogFormat) -> Self {
        match format {
            LogFormat::Text => Self::Text,
            LogFormat::Json => Self::Json,
        }
    }
}

impl Output {
    pub(crate) fn report(self) -> &'static dyn Report {
        match self {
            Self::Human => &Human,
            Self::Json => &Json,
        }
    }
}

impl Settings {
    /// What retries calls to the server that is meant; nothing is connected yet.
    pub(crate) fn channels(&self) -> Result<Channels, Failure> {
        Ok(Channels::builder(self.target()?).deadline(self.deadline).build())
    }

    /// A channel to that server, on which every call is one attempt; nothing is connected yet.
    pub(crate) fn channel(&self) -> Result<Channel, Failure> {
        Ok(Channel::builder(self.target()?).deadline(self.deadline).build())
    }

    /// The same at one of its addresses.
    pub(crate) fn channel_at(&self, address: SocketAddr) -> Result<Channel, Failure> {
        Ok(Channel::builder(self.target_at(address)?).deadline(self.deadline).build())
    }

    /// One of the server's addresses; its certificate must have the name of the server all the same.
    pub(crate) fn target_at(&self, address: SocketAddr) -> Result<Target, Failure> {
        let target = Target::new(&address.ip().to_string(), address.port())?;
        Ok(match self.encryption.meaning()? {
            Some(tls) if self.encryption.tls_server_name.is_none() => target.with_tls(tls.server_name(self.host())),
            Some(tls) => target.with_tls(tls),
            None => target,
        })
    }

    /// The server that is meant.
    pub(crate) fn target(&self) -> Result<Target, Failure> {
        let target = Target::new(&self.server_domain, self.server_port)?;
        Ok(match self.encryption.meaning()? {
            Some(tls) => target.with_tls(tls),
            None => target,
        })
    }

    /// The host as the system's resolver wants it: an IPv6 address without brackets.
    pub(crate) fn host(&self) -> &str {
        let host = self.server_domain.as_str();
        host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
    }
}

fn port(text: &str) -> Result<u16, String> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| "use a port from 1 to 65535".to_owned())
}

fn deadline(text: &str) -> Result<Duration, String> {
    match positive_duration(text)? {
        time if time > MAX_DEADLINE => Err("a call may take at most 1 day, for example 3s".to_owned()),
        time => Ok(time),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::error::ErrorKind;

    use super::*;

    fn refusal(args: &[&str]) -> String {
        let args = ["ticketing-client"].iter().chain(args);
        Args::try_parse_from(args).expect_err("refused").to_string()
    }

    #[test]
    fn the_definition_of_the_arguments_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_time_without_a_unit_is_refused_with_an_example() {
        let text = refusal(&["--deadline", "20"]);
        assert!(text.contains("--deadline") && text.contains("'20'") && text.contains("add a unit"), "{text}");
    }

    #[test]
    fn a_deadline_of_nothing_is_refused() {
        assert!(refusal(&["--deadline", "0s"]).contains("must be longer than 0"));
    }

    #[test]
    fn a_deadline_of_more_than_a_day_is_refused() {
        assert!(Args::try_parse_from(["ticketing-client", "--deadline", "24h"]).is_ok());
        for long in ["86401s", "10000000000000000000s", "99999999y"] {
            assert!(refusal(&["--deadline", long]).contains("at most 1 day"), "{long}");
        }
        assert!(refusal(&["--deadline", "100000000000000000000s"]).contains("longer or finer than can be counted"));
    }

    #[test]
    fn a_page_of_less_than_one_customer_is_refused() {
        for size in ["-1", "0", "many", "3000000000"] {
            let text = refusal(&["list", "--page-size", size]);
            assert!(text.contains("a page has from 1 to 1000 customers"), "{text}");
        }
        assert!(Args::try_parse_from(["ticketing-client", "list", "--page-size", "5000"]).is_ok());
    }

    #[test]
    fn a_negative_number_is_a_value_and_no_flag() {
        for flag in ["--in-flight", "--count", "--server-port"] {
            let text = refusal(&["watch", flag, "-1"]);
            assert!(text.contains(&format!("invalid value '-1' for '{flag}")), "{text}");
        }
    }

    #[test]
    fn a_capacity_that_cannot_be_meant_is_refused() {
        for (flag, value, advice) in [
            ("--calls-per-second", "0", "must be a number above 0"),
            ("--calls-per-second", "-5", "must be a number above 0"),
            ("--calls-per-second", "many", "must be a number above 0"),
            ("--calls-per-second", "inf", "must be a number above 0"),
            ("--create-share", "101", "use a percentage from 0 to 100"),
            ("--cache-hit-share", "NaN", "use a percentage from 0 to 100"),
            ("--headroom", "100", "use a percentage from 0 to 99"),
            ("--customers", "1.5", "must be a whole number from 1 on"),
        ] {
            let text = refusal(&["capacity", flag, value]);
            assert!(text.contains(flag) && text.contains(advice), "{text}");
        }
        assert!(refusal(&["capacity"]).contains("--calls-per-second"));
    }

    #[test]
    fn the_help_tells_the_exit_codes() {
        let help = Args::try_parse_from(["ticketing-client", "--help"]).expect_err("help");
        assert_eq!(help.kind(), ErrorKind::DisplayHelp);
        for code in ["  0 ", "  1 ", "  2 ", "  3 ", "  130 "] {
            assert!(help.to_string().contains(code), "{help}");
        }
    }

    #[test]
    fn a_watch_ends_by_count_or_by_time_but_not_by_both() {
        assert!(refusal(&["watch", "--count", "3", "--for", "1s"]).contains("cannot be used with"));
    }
}
