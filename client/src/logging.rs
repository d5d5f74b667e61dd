//! Log lines on standard error.

use std::io::Write;

use env_logger::fmt::Formatter;
use env_logger::{Builder, Env};
use log::{Record, kv};
use serde_json::{Map, Value};

use crate::args::LogFormat;

/// Installs the program's logger: level info unless `RUST_LOG` says otherwise.
pub(crate) fn install(format: LogFormat) {
    let mut builder = Builder::from_env(Env::default().default_filter_or("info"));
    if matches!(format, LogFormat::Json) {
        builder.format(json);
    }
    builder.init();
}

fn json(out: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let mut line = Map::new();
    line.insert("time".to_owned(), out.timestamp_millis().to_string().into());
    line.insert("level".to_owned(), record.level().as_str().into());
    line.insert("target".to_owned(), record.target().into());
    line.insert("message".to_owned(), record.args().to_string().into());
    // A visitor that only collects does not fail.
    let _ = record.key_values().visit(&mut Fields(&mut line));
    writeln!(out, "{}", Value::Object(line))
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl<'kvs> kv::VisitSource<'kvs> for Fields<'_> {
    fn visit_pair(&mut self, key: kv::Key<'kvs>, value: kv::Value<'kvs>) -> Result<(), kv::Error> {
        self.0.insert(key.to_string(), value.to_string().into());
        Ok(())
    }
}
