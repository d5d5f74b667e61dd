//! How far clocks are apart, as far as answers tell the time.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use super::bare::Bare;
use super::failed;
use super::finding::Finding;
use super::reach::first;
use super::spread::pods;

const CHECK: &str = "clock";

/// Below it nobody is misled who reads the logs of several machines side by side.
const TOLERANCE: Duration = Duration::from_secs(1);
/// A `date` header counts whole seconds.
const DATE_RESOLUTION: Duration = Duration::from_secs(1);

/// An answer that told its server's time.
pub(super) struct Seen {
    /// This clock when the call began.
    pub(super) sent: SystemTime,
    /// What the server said.
    pub(super) said: SystemTime,
    /// This clock when the answer was there.
    pub(super) received: SystemTime,
}

/// How far another clock is from this one. The server looked at it at some moment of the call: nobody knows which.
#[derive(Clone, Copy)]
struct Distance {
    is_ahead: bool,
    apart: Duration,
    /// It may be nearer or further by so much.
    give_or_take: Duration,
}

/// The clocks of pods, as the quickest answer of each told them.
#[derive(Default)]
pub(super) struct Clocks(BTreeMap<String, Distance>);

impl Clocks {
    pub(super) fn add(&mut self, pod: &str, seen: Seen) {
        // A clock that was set back amid the call has seen nothing.
        let Ok(took) = seen.received.duration_since(seen.sent) else { return };
        self.keep_quicker(pod.to_owned(), Distance::of(seen.said, seen.sent + took / 2, took / 2));
    }

    pub(super) fn and(mut self, others: Self) -> Self {
        for (pod, distance) in others.0 {
            self.keep_quicker(pod, distance);
        }
        self
    }

    fn keep_quicker(&mut self, pod: String, distance: Distance) {
        let kept = self.0.entry(pod).or_insert(distance);
        if distance.give_or_take < kept.give_or_take {
            *kept = distance;
        }
    }
}

impl Distance {
    fn of(theirs: SystemTime, ours: SystemTime, give_or_take: Duration) -> Self {
        match theirs.duration_since(ours) {
            Ok(apart) => Self { is_ahead: true, apart, give_or_take },
            Err(error) => Self { is_ahead: false, apart: error.duration(), give_or_take },
        }
    }

    /// Whether it is apart for sure.
    fn is_far(&self) -> bool {
        self.apart > TOLERANCE + self.give_or_take
    }

    fn told(&self) -> String {
        let side = if self.is_ahead { "ahead" } else { "behind" };
        format!("{:.1} s {side}", self.apart.as_secs_f64())
    }
}

/// The next step where nobody tells the time.
const BY_HAND: &str = "where it matters, compare `date -u` here and on the nodes of the pods";

/// By what the servers of this project say themselves; else by the `date` header that a proxy adds.
pub(super) async fn check(clocks: &Clocks, bare: &Bare) -> Finding {
    if !clocks.0.is_empty() {
        return compared(clocks);
    }
    match bare.headers(["date", "server"]).await {
        Ok([date, server]) => by_date(date.as_deref(), server.as_deref(), SystemTime::now()),
        Err(error) => {
            let why = format!("no answer that could tell the time: {}", failed::told(&error));
            Finding::skipped(CHECK, why, Some(BY_HAND))
        }
    }
}

fn compared(Clocks(clocks): &Clocks) -> Finding {
    const SHOWN: usize = 8;
    let far: Vec<_> = clocks.iter().filter(|(_, distance)| distance.is_far()).collect();
    let pods = pods(clocks.len());
    if far.is_empty() {
        let most = clocks.values().map(|distance| distance.apart + distance.give_or_take).max().unwrap_or_default();
        return Finding::ok(CHECK, format!("{pods}, at most {} ms from this clock", most.as_millis() + 1));
    }
    let named = first(far.iter().map(|(pod, distance)| format!("{pod} is {}", distance.told())), SHOWN);
    apart(format!("{} of {pods} off this clock: {named}", far.len()))
}

/// Servers of earlier versions tell no time: where there is a `date`, a proxy such as Envoy wrote it, by its own clock.
fn by_date(date: Option<&str>, server: Option<&str>, now: SystemTime) -> Finding {
    let Some(date) = date else {
        let why = "no answer tells the time: neither the servers do, nor did a proxy on the way add a date header";
        return Finding::skipped(CHECK, why, Some(BY_HAND));
    };
    let Ok(theirs) = httpdate::parse_http_date(date) else {
        return Finding::skipped(CHECK, format!("the date header is no time: {date:?}"), Some(BY_HAND));
    };
    let distance = Distance::of(theirs + DATE_RESOLUTION / 2, now, DATE_RESOLUTION / 2);
    let named = server.map(|server| format!(" ({server})")).unwrap_or_default();
    let found =
        format!("the clock of the proxy on the way{named} is {}; the servers do not tell theirs", distance.told());
    if distance.is_far() { apart(found) } else { Finding::ok(CHECK, found) }
}

fn apart(found: String) -> Finding {
    Finding::warning(CHECK, found, "deadlines do not suffer, logs and ids do: see whether NTP runs on both sides")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::doctor::Verdict;

    fn at(date: &str) -> SystemTime {
        httpdate::parse_http_date(date).unwrap()
    }

    fn noon(date: Option<&str>, server: Option<&str>) -> Finding {
        by_date(date, server, at("Tue, 24 Nov 2026 12:00:10 GMT"))
    }

    /// Clocks of pods that are so many milliseconds ahead, by answers that took so many.
    fn seen(pods: &[(&str, i64, u64)]) -> Finding {
        let sent = at("Tue, 24 Nov 2026 12:00:00 GMT");
        let mut clocks = Clocks::default();
        for (pod, ahead, took) in pods {
            let took = Duration::from_millis(*took);
            let off = Duration::from_millis(ahead.unsigned_abs());
            let true_time = sent + took / 2;
            let said = if *ahead < 0 { true_time - off } else { true_time + off };
            clocks.add(pod, Seen { sent, said, received: sent + took });
        }
        compared(&clocks)
    }

    #[test]
    fn clocks_of_pods_that_are_right_are_told_with_what_is_certain() {
        let right = seen(&[("a", 0, 2), ("b", -3, 2)]);
        assert_eq!((right.verdict, &*right.found), (Verdict::Ok, "2 pods, at most 5 ms from this clock"));
    }

    #[test]
    fn pods_whose_clocks_are_off_are_named() {
        let off = seen(&[("a", 0, 2), ("b", -3_600_000, 2), ("c", 90_000, 2)]);
        assert_eq!(off.verdict, Verdict::Warning);
        assert_eq!(off.found, "2 of 3 pods off this clock: b is 3600.0 s behind, c is 90.0 s ahead");
    }

    #[test]
    fn a_slow_answer_accuses_nobody_and_a_quick_one_of_the_same_pod_is_believed() {
        assert_eq!(seen(&[("a", 1_900, 2_000)]).verdict, Verdict::Ok);
        assert_eq!(seen(&[("a", 900, 2_000), ("a", 1_900, 2)]).verdict, Verdict::Warning);
        assert_eq!(seen(&[("a", 1_900, 2), ("a", 900, 2_000)]).verdict, Verdict::Warning);
    }

    #[test]
    fn the_clock_of_a_proxy_is_told_where_the_servers_tell_none() {
        let near = noon(Some("Tue, 24 Nov 2026 12:00:09 GMT"), Some("envoy"));
        assert_eq!(near.verdict, Verdict::Ok);
        assert!(near.found.contains("the clock of the proxy on the way (envoy) is 0.5 s behind"), "{near:?}");
        let far = noon(Some("Tue, 24 Nov 2026 12:01:09 GMT"), None);
        assert_eq!(far.verdict, Verdict::Warning);
        assert!(far.found.contains("the clock of the proxy on the way is 59.5 s ahead"), "{far:?}");
    }

    #[test]
    fn a_clock_that_cannot_be_seen_is_skipped_with_the_reason() {
        for (date, why) in [(None, "no answer tells the time"), (Some("yesterday"), "no time: \"yesterday\"")] {
            let skipped = noon(date, None);
            assert!(skipped.verdict == Verdict::Skipped && skipped.found.contains(why), "{skipped:?}");
        }
    }
}
