//! What a handshake of our own tells about the encryption.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use async_std::future::timeout;
use certificates::told;
use futures::StreamExt as _;
use futures::future::ready;
use futures::stream::FuturesUnordered;
use ticketing_client::{Examined, Target, TlsFault};

use super::MEND;
use super::finding::Finding;
use super::port::{self, Speaks};
use crate::args::Settings;

pub(super) const ENCRYPTION: &str = "encryption";
const HTTP2: &str = "http/2";

/// For a look at the encryption after a call has failed: whoever waits for the error waits for this too.
const CAUSE_WITHIN: Duration = Duration::from_secs(2);

/// Whoever renews certificates does so earlier.
const SOON: Duration = Duration::from_hours(7 * 24);

/// What is wrong between this client and the port, if the encryption is, and if that can be told in the time that a call may
/// take.
pub(in crate::command) async fn fault(settings: &Settings) -> Option<TlsFault> {
    timeout(settings.deadline.min(CAUSE_WITHIN), encryption_fault(settings)).await.ok()?
}

/// The first that is found at any of the addresses: others may not answer at all.
async fn encryption_fault(settings: &Settings) -> Option<TlsFault> {
    let target = settings.target().ok()?;
    let addresses = port::addresses(settings.host(), settings.server_port).await.ok()?;
    let looks = addresses.iter().take(port::MOST_ADDRESSES).map(|address| fault_at(&target, *address));
    looks.collect::<FuturesUnordered<_>>().filter_map(ready).next().await
}

async fn fault_at(target: &Target, address: SocketAddr) -> Option<TlsFault> {
    match target.examine_tls_at(address).await {
        // A port where nobody listens has no fault of this kind.
        Some(Err(TlsFault::Unreached(_)) | Ok(_)) => None,
        Some(Err(fault)) => Some(fault),
        None => (port::speaks(address).await.ok()? == Speaks::Tls).then_some(TlsFault::ClientIsPlaintext),
    }
}

/// Encryption and HTTP/2, of a target with TLS.
pub(super) fn findings(examined: Result<Examined, TlsFault>) -> [Finding; 2] {
    match examined {
        Ok(examined) => [encryption(&examined, SystemTime::now()), Finding::ok(HTTP2, "the server opens HTTP/2")],
        Err(TlsFault::NoHttp2) => [
            Finding::ok(ENCRYPTION, "the server speaks TLS"),
            Finding::fault(HTTP2, TlsFault::NoHttp2.to_string(), TlsFault::NoHttp2.advice()),
        ],
        // The port was open a moment ago.
        Err(fault @ TlsFault::Unreached(_)) => [
            Finding::warning(
                ENCRYPTION,
                format!("no connection came about: {fault}"),
                "look at the pods of that address",
            ),
            Finding::skipped(HTTP2, "there is no encrypted connection", Some(MEND)),
        ],
        Err(fault) => [
            Finding::fault(ENCRYPTION, fault.to_string(), fault.advice()),
            Finding::skipped(HTTP2, "there is no encrypted connection", Some(MEND)),
        ],
    }
}

fn encryption(examined: &Examined, now: SystemTime) -> Finding {
    let Examined { version, end, mutual } = examined;
    let ours = if *mutual { ", and ours was taken" } else { "" };
    let found = format!("{version}; the server's certificate is good until {}{ours}", told(*end));
    if now + SOON > *end {
        Finding::warning(ENCRYPTION, found, "that is soon: who renews it?")
    } else {
        Finding::ok(ENCRYPTION, found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::Verdict;

    #[test]
    fn a_certificate_that_ends_within_a_week_is_a_warning() {
        let now = SystemTime::now();
        let ends_in = |days: u64| Examined {
            version: "TLSv1.3".to_owned(),
            end: now + Duration::from_hours(days * 24),
            mutual: false,
        };
        assert_eq!(encryption(&ends_in(8), now).verdict, Verdict::Ok);
        assert_eq!(encryption(&ends_in(6), now).verdict, Verdict::Warning);
    }
}
