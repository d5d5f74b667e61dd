//! The closing report for programs. Latencies are in milliseconds, and null where nothing was answered.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{PERCENTILES, ms};
use crate::command::{LoadReport, Slice};

pub(in crate::report) fn value(report: &LoadReport) -> Value {
    let run = &report.run;
    let mut latencies = Map::new();
    for (name, each) in run.listed() {
        let told = |milliseconds: f64| (each.count() > 0).then_some(milliseconds);
        let mut row: Map<_, _> = PERCENTILES
            .iter()
            .map(|(name, quantile)| ((*name).to_owned(), json!(told(ms(each.at(*quantile))))))
            .collect();
        row.insert("mean".to_owned(), json!(told(ms(each.mean()))));
        row.insert("calls".to_owned(), each.count().into());
        latencies.insert(name, row.into());
    }
    let [lateness, own_lateness] = [&run.lateness, &run.own_lateness].map(|late| {
        let late = late.as_ref()?;
        Some(PERCENTILES.iter().map(|(name, quantile)| (*name, ms(late.at(*quantile)))).collect::<BTreeMap<_, _>>())
    });
    json!({
        "started": run.started,
        "target": run.target,
        "tls": run.tls,
        "runs": report.runs,
        "load": run.shape,
        "retries": 0,
        "calls": run.calls(),
        "ok": run.ok(),
        "failed": run.failed(),
        "failures": run.failures,
        "first_errors": run.first_errors,
        "pods": run.pods,
        "seconds": run.seconds,
        "rate_seconds": run.rate_seconds,
        "scheduled_seconds": run.scheduled_seconds,
        "seconds_after_schedule": run.seconds_after_schedule(),
        "calls_per_second": run.calls_per_second(),
        "answers_per_second": run.answers_per_second(),
        "latency_ms": latencies,
        "lateness_ms": lateness,
        "own_lateness_ms": own_lateness,
        "held_back": run.held_back,
        "warmup": { "seconds": run.warmup_seconds, "calls": run.warmup_calls, "failed": run.warmup_failed },
        "prepared_customers": run.prepared,
        "interrupted": run.interrupted,
        "notes": report.doubts.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "comparison": report.comparison,
        "over_time": run.slices.iter().map(second).collect::<Vec<_>>(),
    })
}

fn second(slice: &Slice) -> Value {
    let mut told = json!(slice);
    if slice.answered() == 0 {
        told["p50_ms"] = Value::Null;
        told["p99_ms"] = Value::Null;
    }
    told
}
