use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::json;
use ticketing_client::{Answer, Customer, Serving};
use ticketing_logging::plain_json;

use super::{Report, load};
use crate::command::{
    Capacities, Checked, Examination, ExportSummary, Health, ImportSummary, LoadReport, WatchSummary,
};
use crate::exit::Failure;

/// JSON for programs: one object a line.
pub(crate) struct Json;

impl Report for Json {
    fn customer(&self, answer: &Answer<Customer>, out: &mut dyn Write) -> io::Result<()> {
        let Customer { id, first_name, last_name, .. } = &answer.value;
        let Answer { pod, replayed, .. } = answer;
        line(
            &json!({ "id": id, "first_name": first_name, "last_name": last_name, "pod": pod, "replayed": replayed }),
            out,
        )
    }

    fn customers(&self, page: &[Customer], out: &mut dyn Write) -> io::Result<()> {
        for Customer { id, first_name, last_name, .. } in page {
            line(&json!({ "id": id, "first_name": first_name, "last_name": last_name }), out)?;
        }
        Ok(())
    }

    fn more_customers(&self, next_page_token: &str, out: &mut dyn Write) -> io::Result<()> {
        line(&json!({ "next_page_token": next_page_token }), out)
    }

    fn health(&self, asked: &Health, serving: Serving, out: &mut dyn Write) -> io::Result<()> {
        line(&json!({ "service": asked.service, "status": serving.name() }), out)
    }

    fn watch(&self, summary: &WatchSummary, out: &mut dyn Write) -> io::Result<()> {
        let failures: BTreeMap<_, _> = summary.failures.iter().map(|(code, calls)| (code.name(), calls)).collect();
        line(
            &json!({
                "calls": summary.calls,
                "ok": summary.ok(),
                "failed": summary.failed(),
                "failures": failures,
                "pods": summary.pods,
                "interrupted": summary.interrupted,
                "seconds": summary.elapsed.as_secs_f64(),
            }),
            out,
        )
    }

    fn checked(&self, checked: Checked, out: &mut dyn Write) -> io::Result<()> {
        line(&json!({ "rows": checked.rows, "unfit": checked.unfit }), out)
    }

    fn import(&self, summary: &ImportSummary, out: &mut dyn Write) -> io::Result<()> {
        line(
            &json!({
                "rows": summary.rows,
                "created": summary.created,
                "already_there": summary.already_there,
                "rejected": summary.rejected,
                "left": summary.left(),
                "rejected_file": summary.rejected_file.as_ref().map(|path| path.display().to_string()),
                "complete": summary.is_complete(),
                "seconds": summary.elapsed.as_secs_f64(),
            }),
            out,
        )
    }

    fn export(&self, summary: &ExportSummary, out: &mut dyn Write) -> io::Result<()> {
        line(
            &json!({
                "exported": summary.exported,
                "file": summary.file.display().to_string(),
                "resumed": summary.resumed.is_some(),
                "seconds": summary.elapsed.as_secs_f64(),
                "complete": summary.is_complete(),
            }),
            out,
        )
    }

    fn capacity(&self, found: &Capacities, out: &mut dyn Write) -> io::Result<()> {
        let mut found_too = json!(found);
        found_too["fits"] = found.fits().into();
        found_too["beyond_measured"] = found.beyond_measured().into();
        line(&found_too, out)
    }

    fn doctor(&self, found: &Examination, out: &mut dyn Write) -> io::Result<()> {
        let Examination { target, findings, interrupted } = found;
        let verdict = (!interrupted).then(|| found.verdict());
        line(&json!({ "target": target, "verdict": verdict, "interrupted": interrupted, "checks": findings }), out)
    }

    fn load(&self, report: &LoadReport, out: &mut dyn Write) -> io::Result<()> {
        line(&load::value(report), out)
    }

    fn failure(&self, failure: &Failure, out: &mut dyn Write) -> io::Result<()> {
        if failure.is_silent() {
            return Ok(());
        }
        let mut error = json!({ "error": failure.to_string() });
        if let Some(call) = failure.call() {
            error["code"] = call.code.name().into();
            error["method"] = call.method.into();
            error["target"] = call.target.to_string().into();
            error["answered"] = call.answered.into();
            error["attempts"] = call.attempts.into();
            error["seconds"] = call.elapsed.as_secs_f64().into();
            error["reason"] = call.details.reason.as_deref().into();
            error["pod"] = call.details.pod.as_deref().into();
        }
        line(&error, out)
    }
}

fn line(value: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "{}", plain_json(value)?)
}
