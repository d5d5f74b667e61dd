//! Log lines on standard error that stay lines, and text of others that cannot steer a terminal.
//!
//! What databases, peers, callers and file names bring along may hold line breaks, which would forge log lines, and escape
//! sequences, which a terminal obeys (CWE-117, CWE-150). Every line of a program's log goes through here, C-core's and
//! panics too; what a program writes beside its log goes through [`Plain`] or [`plain_json`].

mod panics;
mod plain;

use std::io::Write as _;

use env_logger::fmt::Formatter;
use env_logger::{Builder, Env, Logger};
use log::{LevelFilter, Log, Metadata, Record, kv};
use serde_json::{Map, Value};

pub use plain::{Plain, plain_json};

/// Forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts logging, once in a process: `RUST_LOG` chooses levels (default `info`), and modules that are `silenced` say
/// nothing whatever it chooses. Panics are log lines from then on.
pub fn start(format: Format, silenced: &[&str]) {
    let mut builder = Builder::from_env(Env::default().default_filter_or("info"));
    for module in silenced {
        builder.filter_module(module, LevelFilter::Off);
    }
    if format == Format::Json {
        builder.format(json);
    }
    let inner = builder.build();
    let level = inner.filter();
    let logger: Box<dyn Log> = match format {
        Format::Text => Box::new(OneLine(inner)),
        Format::Json => Box::new(inner),
    };
    log::set_boxed_logger(logger).expect("logging is started once");
    log::set_max_level(level);
    panics::are_logged();
}

/// A logger whose messages are made plain.
struct OneLine(Logger);

impl Log for OneLine {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        self.0.enabled(metadata)
    }

    fn log(&self, record: &Record<'_>) {
        if self.0.matches(record) {
            let message = record.args().to_string();
            self.0.log(&record.to_builder().args(format_args!("{}", Plain(&message))).build());
        }
    }

    fn flush(&self) {
        self.0.flush();
    }
}

fn json(out: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let mut line = Map::new();
    line.insert("time".to_owned(), out.timestamp_millis().to_string().into());
    line.insert("level".to_owned(), record.level().as_str().into());
    line.insert("target".to_owned(), record.target().into());
    line.insert("message".to_owned(), record.args().to_string().into());
    // A visitor that only collects does not fail.
    let _ = record.key_values().visit(&mut Fields(&mut line));
    writeln!(out, "{}", plain_json(&Value::Object(line))?)
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl<'kvs> kv::VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.insert(key.to_string(), value.to_string().into());
        Ok(())
    }
}
