//! What a person would check by hand, in that order, when calls fail or do not spread.

mod bare;
mod clock;
mod each;
mod failed;
mod finding;
mod health;
mod look;
mod port;
mod reach;
mod spread;
mod tls;

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use grpcio::RpcStatusCode;
use indicatif::ProgressBar;
use ticketing_client::Target;

pub(crate) use finding::{Finding, Verdict};

use self::bare::Bare;
use self::reach::{Reached, reach};
pub(super) use self::tls::fault as tls_fault;
use crate::args::Settings;
use crate::exit::{Exit, Failure};
use crate::stop::Stop;

/// Look for what is wrong when calls fail or do not spread over the pods.
///
/// Checks name, port, encryption, HTTP/2, health, reflection, spread, clock and versions, each with a verdict and, where all is
/// not well, a next step. The exit code is 1 if there is a fault; warnings leave it 0. It makes about a hundred calls, which store nothing.
#[derive(Debug, clap::Args)]
pub(crate) struct Doctor {}

/// All checks, in their order.
#[derive(Debug)]
pub(crate) struct Examination {
    pub(crate) target: String,
    pub(crate) findings: Vec<Finding>,
    /// A signal came before all was looked at.
    pub(crate) interrupted: bool,
}

const REFLECTION: &str = "reflection";

/// What is being looked at, for whoever waits at a terminal: what hangs may take a while. It goes when all is known.
struct Stage(ProgressBar);

impl Stage {
    const EVERY: Duration = Duration::from_millis(200);

    fn new() -> Self {
        let bar = ProgressBar::new_spinner();
        bar.enable_steady_tick(Self::EVERY);
        Self(bar)
    }

    fn tell(&self, what: &'static str) {
        self.0.set_message(what);
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// The next step where a check hangs on one that failed.
const MEND: &str = "mend the fault above first";
const OURS: &str = env!("CARGO_PKG_VERSION");
const SERVICE: &str = "ticketing.CustomerController";

impl Examination {
    /// The worst verdict of all.
    pub(crate) fn verdict(&self) -> Verdict {
        Verdict::worst(&self.findings)
    }

    /// What it comes to, in a word.
    pub(crate) fn conclusion(&self) -> &'static str {
        if self.interrupted { "interrupted" } else { self.verdict().name() }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self.verdict() {
            _ if self.interrupted => Exit::Interrupted,
            Verdict::Fault => Exit::Failed,
            _ => Exit::Done,
        }
    }
}

impl Doctor {
    /// Looks at everything, or until `stop`.
    pub(crate) async fn run(&self, settings: &Settings, stop: Stop) -> Result<Examination, Failure> {
        let target = settings.target()?;
        let mut findings = Vec::new();
        let interrupted = match select(pin!(examine(settings, &target, &mut findings)), pin!(stop.requested())).await {
            Either::Left((ended, _)) => ended.map(|()| false)?,
            Either::Right(_) => true,
        };
        Ok(Examination { target: target.to_string(), findings, interrupted })
    }
}

async fn examine(settings: &Settings, target: &Target, findings: &mut Vec<Finding>) -> Result<(), Failure> {
    let stage = Stage::new();
    stage.tell("looking at the name, and what is spoken at each address");
    let reachable = reach(settings, target, findings).await;
    stage.tell("calling each address, then on one connection and on new ones");
    if let Some(reached) = reachable {
        let versions = calls(settings, target, &reached, findings).await?;
        findings.push(compared(&versions));
    } else {
        let rest = ["health", "reflection", "one connection", "new connections", "clock"];
        skip(findings, &rest, "no call can be made");
        skip(findings, &["versions"], &format!("client {OURS}; no server was asked"));
    }
    Ok(())
}

/// What takes calls to find out; the versions of the servers that answered.
async fn calls(
    settings: &Settings,
    target: &Target,
    reached: &Reached,
    findings: &mut Vec<Finding>,
) -> Result<BTreeSet<String>, Failure> {
    let channel = settings.channel()?;
    let asked = each::ask(settings, &reached.usable).await?;
    findings.push(health::judged(&asked));
    // Not by the name, which may lead to one that keeps it waiting.
    let answering = asked.iter().find(|asked| asked.has_answered()).map_or(reached.usable[0], |asked| asked.address);
    let bare = Bare::new(&settings.target_at(answering)?, target, settings.deadline);
    findings.push(reflection(bare.services().await));
    findings.extend(each::judged(&asked, reached.left_out));
    let spread = spread::check(settings, &channel, each::pods_of(&asked)).await?;
    let spread = spread.and(asked.into_iter().map(|asked| asked.answers));
    if spread.any_answered {
        // A proxy may send what is asked of other services elsewhere: calls do not need it.
        let next = "calls do not need it: a proxy sends what asks for reflection to another server";
        findings.iter_mut().filter(|finding| finding.check == REFLECTION).for_each(|finding| finding.soften(next));
    }
    findings.extend(spread.findings);
    findings.push(clock::check(&spread.clocks, &bare).await);
    Ok(spread.versions)
}

fn reflection(services: grpcio::Result<Vec<String>>) -> Finding {
    const CHECK: &str = REFLECTION;
    match services {
        Ok(services) if services.iter().any(|service| service == SERVICE) => {
            Finding::ok(CHECK, format!("{SERVICE} is there"))
        }
        Ok(services) => Finding::fault(
            CHECK,
            format!("{SERVICE} is not among the services: {}", services.join(", ")),
            "this is another server: check SERVER_DOMAIN and SERVER_PORT",
        ),
        Err(grpcio::Error::RpcFailure(status)) if status.code() == RpcStatusCode::UNIMPLEMENTED => {
            let next = "nothing, for calls; tools such as grpcurl need it: REFLECTION (--reflection) of the server";
            Finding::skipped(CHECK, "there is no reflection here; calls do not need it", Some(next))
        }
        Err(error) => {
            let told = failed::told(&error);
            let next = failed::no_server_behind(&told).unwrap_or("calls do not need it; look at the next lines");
            Finding::warning(CHECK, format!("reflection failed: {told}"), next)
        }
    }
}

/// The versions that the servers said in their answers to the identity probe, beside ours.
fn compared(servers: &BTreeSet<String>) -> Finding {
    const CHECK: &str = "versions";
    let theirs: Vec<_> = servers.iter().map(String::as_str).collect();
    match theirs[..] {
        [] => {
            let next = "its admin port does: `ticketing_build_info` in /metrics";
            Finding::skipped(CHECK, format!("client {OURS}; no server told its own"), Some(next))
        }
        [one] => Finding::ok(CHECK, format!("client {OURS}, servers {one}")),
        _ => Finding::warning(
            CHECK,
            format!("client {OURS}, servers of several versions: {}", theirs.join(", ")),
            "they may run side by side, as during a rollout: see whether it goes on (`kubectl rollout status`)",
        ),
    }
}

fn skip(findings: &mut Vec<Finding>, checks: &[&'static str], why: &str) {
    // Said once: of all of them it is the same.
    let next = |number: usize| (number == 0).then_some(MEND);
    findings.extend(checks.iter().enumerate().map(|(number, check)| Finding::skipped(check, why, next(number))));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_of_several_versions_are_a_warning_and_those_that_say_none_are_skipped() {
        let verdict =
            |versions: &[&str]| compared(&versions.iter().map(|&version| version.to_owned()).collect()).verdict;
        assert_eq!(verdict(&["1.0.0"]), Verdict::Ok);
        assert_eq!(verdict(&["1.0.0", "1.1.0"]), Verdict::Warning);
        assert_eq!(verdict(&[]), Verdict::Skipped);
    }
}
