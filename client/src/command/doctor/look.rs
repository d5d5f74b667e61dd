//! What is spoken at each address: encryption and HTTP/2.

use std::cmp::Reverse;
use std::io;
use std::net::SocketAddr;
use std::time::SystemTime;

use ticketing_client::{Target, TlsFault};

use super::finding::{Finding, Verdict};
use super::port::{self, Speaks};
use super::{MEND, tls};

/// What there is to see at one address.
pub(super) struct Look {
    /// Encryption and HTTP/2.
    findings: [Finding; 2],
    /// When the certificate expires, where there is a fit one.
    end: Option<SystemTime>,
}

impl Look {
    /// Whether calls can be tried there.
    pub(super) fn is_usable(&self) -> bool {
        self.verdict() != Verdict::Fault
    }

    fn verdict(&self) -> Verdict {
        Verdict::worst(&self.findings)
    }
}

/// Looks at one address of a target.
pub(super) async fn at(target: &Target, address: SocketAddr) -> Look {
    if let Some(examined) = target.examine_tls_at(address).await {
        let end = examined.as_ref().ok().map(|examined| examined.end);
        return Look { findings: tls::findings(examined), end };
    }
    let speaks = port::speaks(address).await;
    Look { findings: [encryption(&speaks), http2(&speaks)], end: None }
}

/// Of all addresses the one that is no good, or whose certificate ends first.
pub(super) fn worst(open: &[SocketAddr], looks: Vec<Look>) -> [Finding; 2] {
    let worst = open.iter().zip(looks).min_by_key(|(_, look)| (Reverse(look.verdict()), look.end));
    let (address, look) = worst.expect("an open port was looked at");
    let (is_bad, count) = (look.verdict() != Verdict::Ok, open.len());
    let mut findings = look.findings;
    for finding in &mut findings {
        if count > 1 && is_bad {
            finding.found = format!("{address}: {}", finding.found);
        } else if count > 1 && look.end.is_some() && finding.check == tls::ENCRYPTION {
            finding.found = format!("{}; of {count} the first to expire", finding.found);
        }
    }
    findings
}

fn encryption(speaks: &io::Result<Speaks>) -> Finding {
    match speaks {
        Ok(Speaks::Tls) => {
            Finding::fault("encryption", TlsFault::ClientIsPlaintext.to_string(), TlsFault::ClientIsPlaintext.advice())
        }
        Ok(Speaks::Http1 | Speaks::Http2) => Finding::ok("encryption", "plaintext, as this client speaks"),
        Ok(Speaks::Nothing | Speaks::HangsUp | Speaks::SomethingElse) | Err(_) => {
            Finding::skipped("encryption", "neither plaintext HTTP nor TLS was answered", Some("see the next line"))
        }
    }
}

fn http2(speaks: &io::Result<Speaks>) -> Finding {
    let fault = |found: &str, next: &str| Finding::fault("http/2", found, next);
    match speaks {
        Ok(Speaks::Http2) => Finding::ok("http/2", "the server opens HTTP/2"),
        Ok(Speaks::Tls) => Finding::skipped("http/2", "hidden by TLS", Some(MEND)),
        Ok(Speaks::Http1) => fault(
            "the port speaks HTTP/1 only",
            "is this the admin port, or a proxy without HTTP/2 (for a Service: appProtocol kubernetes.io/h2c)?",
        ),
        Ok(Speaks::Nothing) => fault(
            "the connection is taken, but nothing is said on it",
            "the process is stuck, or a proxy has nobody behind it: look at its log",
        ),
        Ok(Speaks::HangsUp) => fault(
            "the connection is closed at once",
            "a balancer without a server behind it does that, and so does a port that is not for gRPC, such as the admin port: \
             look whether pods are ready, and check SERVER_PORT (--server-port)",
        ),
        Ok(Speaks::SomethingElse) => fault("the port speaks something else", "check SERVER_PORT (--server-port)"),
        Err(error) => Finding::fault("http/2", format!("the connection broke: {error}"), "try again"),
    }
}
