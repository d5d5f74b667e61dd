//! What a person would check by hand, in that order, when calls fail or do not spread.

mod bare;
mod clock;
mod failed;
mod finding;
mod look;
mod port;
mod spread;
mod tls;

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;

use futures::future::join_all;
use grpcio::RpcStatusCode;
use ticketing_client::{Code, Serving, Target};

pub(crate) use finding::{Finding, Verdict};

use self::bare::Bare;
use self::look::Look;
pub(super) use self::tls::fault as tls_fault;
use crate::args::Settings;
use crate::exit::{Exit, Failure};

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

    pub(crate) fn exit(&self) -> Exit {
        if self.verdict() == Verdict::Fault { Exit::Failed } else { Exit::Done }
    }
}

impl Doctor {
    pub(crate) async fn run(&self, settings: &Settings) -> Result<Examination, Failure> {
        let target = settings.target()?;
        let mut findings = Vec::new();
        let reachable = reach(settings, &target, &mut findings).await;
        let versions = if let Some(addresses) = reachable {
            calls(settings, &target, addresses, &mut findings).await?
        } else {
            let rest = ["health", "reflection", "one connection", "new connections", "clock"];
            skip(&mut findings, &rest, "no call can be made");
            skip(&mut findings, &["versions"], &format!("client {OURS}; no server was asked"));
            return Ok(Examination { target: target.to_string(), findings });
        };
        findings.push(compared(&versions));
        Ok(Examination { target: target.to_string(), findings })
    }
}

/// Name, port, encryption and HTTP/2; the number of open addresses if calls can be tried.
async fn reach(settings: &Settings, target: &Target, findings: &mut Vec<Finding>) -> Option<usize> {
    let (host, port) = (settings.host(), settings.server_port);
    let addresses = match port::addresses(host, port).await {
        Ok(addresses) if !addresses.is_empty() => addresses,
        found => {
            let why = found.map_or_else(|error| error.to_string(), |_| "no address".to_owned());
            let next = "check SERVER_DOMAIN (--server-domain), and the resolver with `getent hosts`; a headless Service \
                        has a name only while pods are ready";
            findings.push(Finding::fault("name", format!("{host} does not resolve: {why}"), next));
            skip(findings, &["port", "encryption", "http/2"], "there is no address");
            return None;
        }
    };
    findings.push(Finding::ok("name", format!("{host} resolves to {}", listed(&addresses))));

    let mut open = Vec::new();
    let mut closed = Vec::new();
    for address in addresses.iter().take(port::MOST_ADDRESSES) {
        match port::open(*address).await {
            Ok(_) => open.push(*address),
            // Somebody is there, and hangs up.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => open.push(*address),
            Err(error) => closed.push(format!("{address}: {error}")),
        }
    }
    if open.is_empty() {
        let next = "is the server running and listening there (LISTEN_ADDR)? Check SERVER_PORT (--server-port), and \
                    network policies";
        findings.push(Finding::fault("port", format!("closed: {}", closed.join("; ")), next));
        skip(findings, &["encryption", "http/2"], "the port is closed");
        return None;
    }
    findings.push(if closed.is_empty() {
        Finding::ok("port", format!("{port} is open"))
    } else {
        Finding::warning(
            "port",
            format!("closed on some: {}", closed.join("; ")),
            "look at the pods of those addresses",
        )
    });

    let looks = join_all(open.iter().map(|address| look::at(target, *address))).await;
    let usable = looks.iter().any(Look::is_usable);
    findings.extend(look::worst(&open, looks));
    usable.then_some(open.len())
}

/// What takes calls to find out; the versions of the servers that answered.
async fn calls(
    settings: &Settings,
    target: &Target,
    addresses: usize,
    findings: &mut Vec<Finding>,
) -> Result<BTreeSet<String>, Failure> {
    let channel = settings.channel()?;
    findings.push(match channel.health("").await {
        Ok(Serving::Serving) => Finding::ok("health", "SERVING"),
        Ok(other) => Finding::fault(
            "health",
            other.to_string(),
            "the server is starting or stopping, or waits for its store: its log and /readyz tell",
        ),
        Err(error) if error.code == Code::Unimplemented => {
            let next = "nothing, for calls; probes need one: ask a server itself";
            Finding::skipped("health", "there is no health service here; a proxy need not have one", Some(next))
        }
        Err(error) => {
            let next = failed::no_server_behind(&error.message);
            let next = next.unwrap_or("see `ticketing-client health`, and the server's log");
            Finding::fault("health", failed::found(&error), next)
        }
    });
    let bare = Bare::new(target, settings.deadline);
    findings.push(reflection(bare.services().await));
    let spread = spread::check(settings, &channel, addresses).await?;
    findings.extend(spread.findings);
    findings.push(clock::check(&spread.clocks, &bare).await);
    Ok(spread.versions)
}

fn reflection(services: grpcio::Result<Vec<String>>) -> Finding {
    const CHECK: &str = "reflection";
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
    findings.extend(checks.iter().map(|check| Finding::skipped(check, why, Some(MEND))));
}

fn listed(addresses: &[SocketAddr]) -> String {
    let count = if addresses.len() == 1 { "1 address".to_owned() } else { format!("{} addresses", addresses.len()) };
    format!("{count}: {}", first(addresses.iter().map(|address| address.ip().to_string()), 5))
}

/// The first ones of a list that may be long.
fn first(all: impl ExactSizeIterator<Item = String>, most: usize) -> String {
    let more = if all.len() > most { ", …" } else { "" };
    all.take(most).collect::<Vec<_>>().join(", ") + more
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
