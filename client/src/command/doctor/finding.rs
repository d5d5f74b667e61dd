//! What a check found.

use serde::Serialize;

/// How a check came out; the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It could not be looked at.
    Skipped,
    Ok,
    /// Calls work, but not as they could.
    Warning,
    /// Calls fail, or will.
    Fault,
}

impl Verdict {
    /// The worst of all; what was skipped is no finding.
    pub(crate) fn worst(findings: &[Finding]) -> Self {
        findings.iter().map(|finding| finding.verdict).max().unwrap_or(Self::Ok).max(Self::Ok)
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
            Self::Skipped => "skipped",
        }
    }
}

/// One line of the examination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) found: String,
    /// What to do next; nothing where all is well.
    pub(crate) next: Option<String>,
}

impl Finding {
    pub(crate) fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), next: None }
    }

    pub(crate) fn warning(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Warning, found: found.into(), next: Some(next.into()) }
    }

    pub(crate) fn fault(check: &'static str, found: impl Into<String>, next: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Fault, found: found.into(), next: Some(next.into()) }
    }

    /// No more than a warning, with another next step: it keeps nobody from calling.
    pub(crate) fn soften(&mut self, next: &str) {
        if self.verdict == Verdict::Fault {
            (self.verdict, self.next) = (Verdict::Warning, Some(next.to_owned()));
        }
    }

    pub(crate) fn skipped(check: &'static str, why: impl Into<String>, next: Option<&str>) -> Self {
        Self { check, verdict: Verdict::Skipped, found: why.into(), next: next.map(str::to_owned) }
    }
}
