//! Whether servers say that they serve.

use std::net::SocketAddr;

use ticketing_client::{CallError, Code, Serving};

use super::each::Asked;
use super::failed;
use super::finding::{Finding, Verdict};

const CHECK: &str = "health";

/// What is said at each of the addresses.
pub(super) fn judged(asked: &[Asked]) -> Finding {
    summed_up(asked.iter().map(|asked| (asked.address, found(&asked.health))).collect())
}

fn found(told: &Result<Serving, CallError>) -> Finding {
    match told {
        Ok(Serving::Serving) => Finding::ok(CHECK, "SERVING"),
        Ok(other) => Finding::fault(
            CHECK,
            other.to_string(),
            "the server is starting or stopping, or waits for its store: its log and /readyz tell",
        ),
        Err(error) if error.code == Code::Unimplemented => {
            let next = "nothing, for calls; probes need one: ask a server itself";
            Finding::skipped(CHECK, "there is no health service here; a proxy need not have one", Some(next))
        }
        Err(error) => {
            let next = match error.code {
                Code::Unknown if failed::no_server_behind(&error.message).is_none() => {
                    "is this the port for gRPC? Check SERVER_PORT (--server-port), and the server's log"
                }
                _ => failed::next(error),
            };
            Finding::fault(CHECK, failed::found(error), next)
        }
    }
}

/// The worst, with its address; where others serve calls can go there, so that is no more than a warning.
fn summed_up(findings: Vec<(SocketAddr, Finding)>) -> Finding {
    let count = findings.len();
    let well = findings.iter().filter(|(_, finding)| finding.verdict != Verdict::Fault).count();
    let worst = findings.iter().max_by_key(|(_, finding)| finding.verdict).cloned();
    let (address, worst) = worst.expect("an open port was asked");
    let alike = findings.iter().filter(|(_, finding)| finding.found == worst.found).count();
    match worst.verdict {
        _ if count == 1 => worst,
        Verdict::Fault => Finding {
            verdict: if well == 0 { Verdict::Fault } else { Verdict::Warning },
            found: format!("{} of {count} addresses, such as {address}: {}", count - well, worst.found),
            ..worst
        },
        _ if alike == count => Finding { found: format!("{} at all of {count} addresses", worst.found), ..worst },
        _ => Finding { found: format!("{} at {alike} of {count} addresses", worst.found), ..worst },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(findings: Vec<Finding>) -> (Verdict, String) {
        let address = |last: usize| format!("127.0.0.{last}:1").parse().unwrap();
        let finding = summed_up(findings.into_iter().enumerate().map(|(at, one)| (address(at + 1), one)).collect());
        (finding.verdict, finding.found)
    }

    #[test]
    fn one_of_several_that_does_not_serve_is_named_and_a_warning() {
        let serving = || found(&Ok(Serving::Serving));
        let stopping = || found(&Ok(Serving::NotServing));
        assert_eq!(told(vec![serving(), serving()]), (Verdict::Ok, "SERVING at all of 2 addresses".to_owned()));
        assert_eq!(
            told(vec![serving(), stopping(), serving()]),
            (Verdict::Warning, "1 of 3 addresses, such as 127.0.0.2:1: NOT_SERVING".to_owned())
        );
        let none = || Finding::skipped(CHECK, "there is no health service here", None);
        assert_eq!(told(vec![serving(), none()]), (Verdict::Ok, "SERVING at 1 of 2 addresses".to_owned()));
        assert_eq!(told(vec![stopping()]), (Verdict::Fault, "NOT_SERVING".to_owned()));
    }
}
