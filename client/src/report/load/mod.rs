//! What a load came to: as text, as JSON, and as a page with plots.

mod json;
mod page;
mod plots;
mod svg;
mod text;

pub(super) use json::value;
pub(crate) use page::write as write_page;
pub(super) use text::write;

use std::time::Duration;

use crate::command::Run;

/// The percentiles that reports name.
const PERCENTILES: [(&str, f64); 5] = [("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)];

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// So long, in a unit that shows it.
fn lasting(seconds: f64) -> String {
    if seconds < 1.0 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.1} s") }
}

/// What was offered, as one line.
fn offered(run: &Run, runs: usize, one_load: bool) -> String {
    let shape = &run.shape;
    let how = match (shape.rate, shape.concurrency) {
        (Some(rate), _) => format!("open loop, {rate} calls/s offered, latencies from the intended start"),
        (None, callers) => format!("closed loop, {} at the same time", callers.unwrap_or_default()),
    };
    let connections = match shape.connections {
        1 => "1 connection".to_owned(),
        connections => format!("{connections} connections"),
    };
    let several = match runs {
        1 => String::new(),
        _ if one_load => format!("{runs} runs, each: "),
        _ => format!("{runs} runs, the first of them: "),
    };
    let tls = if run.tls == Some(true) { " with TLS" } else { "" };
    format!("{several}{how}, {connections} to {}{tls}, {}, nothing sent again from here", run.target, shape.mix)
}
