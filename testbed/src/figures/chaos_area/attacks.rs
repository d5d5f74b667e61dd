//! Attacks, and what a bystander, the servers and Envoy notice of them.

use super::Measured;
use crate::attacks::{ATTACKS, Attack, Ground, LASTING, Tried, Way};
use crate::figures::{Seen, median};
use crate::{BedError, Latency, Stop};

const BOMB: &str = "gzip-bomb";

/// `attacks_bystander_failed`, `attacks_bystander_p99`, `attacks_server_rss`, `gzip_bomb_rss`.
pub(super) fn measure(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let ground = Ground::prepare(Way::Envoy, stop)?;
    let mut tried = Vec::new();
    for attack in ATTACKS {
        let this = ground.attack(attack, Way::Envoy, stop)?;
        eprintln!("chaos: {}", this.line());
        tried.push(this);
    }
    let is_bomb = |attack: &&Attack| attack.name == BOMB;
    let bomb = ATTACKS.iter().find(is_bomb).expect("the bomb is among them");
    let direct = ground.attack(bomb, Way::Server, stop)?;
    let through = tried.iter().find(|tried| tried.name == BOMB).expect("it was tried");
    let failed: u64 = tried.iter().map(Tried::failed).sum();
    let calls: u64 = tried.iter().map(Tried::calls).sum();
    // Of all quiet times: that of one is measured in a few of its calls, and by chance is several times another's.
    let quiet_ms = median(&tried.iter().map(|tried| tried.quiet.p99_ms).collect::<Vec<_>>());
    let late = worst(&tried, |tried| tried.bystander.latency.p99_ms);
    let large = worst(&tried, |tried| tried.server_mb_in_all);
    let bombs = [through, &direct].map(|tried| tried.server_mb);
    let failing: Vec<_> = tried.iter().filter(|tried| tried.failed() > 0).map(Tried::line).collect();
    let note = if failing.is_empty() { "none".to_owned() } else { failing.join("; ") };
    Ok(vec![
        Measured::once(failed as f64, format!("{} attacks, each for {LASTING:?}; failed beside: {note}", tried.len()))
            .of_calls(calls)
            .seen(seen(&tried, late, calls)),
        Measured::once(
            late.bystander.latency.p99_ms / quiet_ms,
            format!("quiet {quiet_ms:.1} ms, the median of {} quiet times; {}", tried.len(), late.line()),
        ),
        Measured::once(large.server_mb_in_all, format!("from before any attack to the peak; {}", large.line())),
        Measured::once(
            bombs[0].max(bombs[1]),
            format!("through Envoy {:.1} MB, straight at a server {:.1} MB: {}", bombs[0], bombs[1], direct.got),
        ),
    ])
}

fn worst(tried: &[Tried], by: impl Fn(&Tried) -> f64) -> &Tried {
    tried.iter().max_by(|one, other| by(one).total_cmp(&by(other))).expect("there are attacks")
}

/// All calls, and the latencies of the worst attack.
fn seen(tried: &[Tried], worst: &Tried, calls: u64) -> Seen {
    let [quiet, event]: [Latency; 2] = [worst.quiet, worst.bystander.latency];
    let mut all = Seen { calls, failures: Default::default(), quiet, event };
    for (code, count) in tried.iter().flat_map(|tried| tried.bystander.failures.iter().chain(&tried.newcomers.failures))
    {
        *all.failures.entry(code.clone()).or_default() += count;
    }
    all
}
