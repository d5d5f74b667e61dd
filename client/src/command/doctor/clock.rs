//! How far clocks are apart, as far as answers tell the time.

use std::time::{Duration, SystemTime};

use super::bare::Bare;
use super::failed;
use super::finding::Finding;

const CHECK: &str = "clock";

/// A `date` header counts whole seconds, and the answer was under way.
const TOLERANCE: Duration = Duration::from_secs(2);

pub(super) async fn check(bare: &Bare) -> Finding {
    match bare.headers(["date", "server"]).await {
        Ok([date, server]) => judged(date.as_deref(), server.as_deref(), SystemTime::now()),
        Err(error) => {
            let why = format!("no answer that could tell the time: {}", failed::told(&error));
            Finding::skipped(CHECK, why, None)
        }
    }
}

/// The servers send no `date`: where there is one, a proxy such as Envoy wrote it, by its own clock.
fn judged(date: Option<&str>, server: Option<&str>, now: SystemTime) -> Finding {
    let Some(date) = date else {
        let why = "no answer tells the time: the servers send no date header, and no proxy on the way added one";
        return Finding::skipped(
            CHECK,
            why,
            Some("where it matters, compare `date -u` here and on the nodes of the pods"),
        );
    };
    let Ok(theirs) = httpdate::parse_http_date(date) else {
        return Finding::skipped(CHECK, format!("the date header is no time: {date:?}"), None);
    };
    // Theirs was up to a second later than the header says: that adds where it is ahead, and takes off where behind.
    let apart = now.duration_since(theirs).unwrap_or_else(|error| error.duration() + Duration::from_secs(1));
    let named = server.map(|server| format!(" ({server})")).unwrap_or_default();
    let found = format!(
        "this clock and that of the proxy on the way{named} are at most {} s apart; the servers do not tell theirs",
        apart.as_secs_f64().ceil()
    );
    if apart <= TOLERANCE {
        Finding::ok(CHECK, found)
    } else {
        Finding::warning(CHECK, found, "deadlines do not suffer, logs and ids do: see whether NTP runs on both sides")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::Verdict;

    fn noon(date: Option<&str>, server: Option<&str>) -> Finding {
        judged(date, server, httpdate::parse_http_date("Tue, 24 Nov 2026 12:00:10 GMT").unwrap())
    }

    #[test]
    fn clocks_that_differ_are_told_with_whose_they_are() {
        let near = noon(Some("Tue, 24 Nov 2026 12:00:09 GMT"), Some("envoy"));
        assert_eq!(near.verdict, Verdict::Ok);
        assert!(near.found.contains("that of the proxy on the way (envoy) are at most 1 s apart"), "{near:?}");
        let far = noon(Some("Tue, 24 Nov 2026 12:01:09 GMT"), None);
        assert_eq!(far.verdict, Verdict::Warning);
        assert!(far.found.contains("that of the proxy on the way are at most 60 s apart"), "{far:?}");
    }

    #[test]
    fn a_clock_that_cannot_be_seen_is_skipped_with_the_reason() {
        for (date, why) in [(None, "the servers send no date header"), (Some("yesterday"), "no time: \"yesterday\"")] {
            let skipped = noon(date, None);
            assert!(skipped.verdict == Verdict::Skipped && skipped.found.contains(why), "{skipped:?}");
        }
    }
}
