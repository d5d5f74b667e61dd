//! Log lines on stderr, for people or for programs.

use std::io::Write as _;

use env_logger::{Builder, Env};
use log::LevelFilter;
use serde_json::json;

use crate::config::LogFormat;

/// Starts logging: `RUST_LOG` chooses levels (default `info`). C-core's errors come through it too.
pub fn start(format: LogFormat) {
    let mut builder = Builder::from_env(Env::default().default_filter_or("info"));
    // It logs parameters of a database's URL with their values, whatever those are.
    builder.filter_module("sqlx_postgres::options::parse", LevelFilter::Off);
    if format == LogFormat::Json {
        builder.format(|out, record| {
            let line = json!({
                "time": out.timestamp_millis().to_string(),
                "level": record.level().as_str(),
                "target": record.target(),
                "message": record.args().to_string(),
            });
            writeln!(out, "{line}")
        });
    }
    builder.init();
    redirect_c_core();
}

/// C-core's information is about its own workings: it is only let through where debugging is asked for.
fn redirect_c_core() {
    let level = log::max_level();
    if level == LevelFilter::Info {
        log::set_max_level(LevelFilter::Warn);
    }
    grpcio::redirect_log();
    log::set_max_level(level);
}
