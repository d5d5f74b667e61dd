//! Log lines on stderr, C-core's among them.

use log::LevelFilter;
use ticketing_logging::Format;

/// It logs parameters of a database's URL with their values, whatever those are.
const SILENCED: [&str; 1] = ["sqlx_postgres::options::parse"];

/// Starts logging: `RUST_LOG` chooses levels (default `info`). C-core's errors come through it too.
pub fn start(format: Format) {
    ticketing_logging::start(format, &SILENCED);
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
