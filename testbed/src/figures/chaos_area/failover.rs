//! A PostgreSQL with a synchronous standby: the primary is killed while callers write, the standby takes its place.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Measured;
use crate::figures::Seen;
use crate::history::{Create, Crew, Drive, History, Outcome, Verdict, check};
use crate::{BedError, Endpoints, L4Balancer, Latency, Postgres, Stop, Testbed, wait};

const ROUNDS: usize = 3;
const SERVERS: usize = 3;
const CREW: Crew = Crew { writers: 16, readers: 4, walkers: 1, connections: 4 };
const BEFORE: Duration = Duration::from_secs(3);
/// What a failover manager takes to be sure that the primary is gone; Patroni's and repmgr's defaults are longer, and are
/// theirs to set.
const NOTICED_AFTER: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(5);
const LIMIT: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// `failover_lost`, `failover_doubled`, `failover_writes_again`.
pub(super) fn measure(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    let rounds = (0..ROUNDS).map(|_| fail_over(stop)).collect::<Result<Vec<_>, _>>()?;
    let sum = |count: fn(&Verdict) -> usize| rounds.iter().map(|round| count(&round.verdict)).sum::<usize>() as f64;
    let (lost, doubled) = (sum(Verdict::missing), sum(Verdict::surplus));
    let again: Vec<f64> = rounds.iter().map(|round| round.writes_again.as_secs_f64()).collect();
    let note = told(&rounds);
    Ok(vec![
        Measured::once(lost, note.clone()).seen(seen(&rounds)),
        Measured::once(doubled, note),
        Measured::of(
            again.iter().copied().fold(0.0, f64::max),
            again,
            format!(
                "the slowest of {ROUNDS} failovers, from SIGKILL to the first create that was begun after it and acknowledged; \
                 {NOTICED_AFTER:?} of it are the failover manager's, who promotes the standby and moves the address then"
            ),
        ),
    ])
}

/// What came of one failover.
struct Round {
    verdict: Verdict,
    writes_again: Duration,
    creates: Vec<Create>,
    killed: Duration,
}

fn fail_over(stop: &Stop) -> Result<Round, BedError> {
    let primary = Postgres::builder().stop_on(stop).start()?;
    let database = primary.new_database()?;
    let standby = primary.synchronous_standby()?;
    let address = Endpoints::default();
    address.add(primary.address()?);
    let moving = L4Balancer::start(address.clone(), 0).map_err(BedError::io("start an address that moves"))?;
    let url = Postgres::by_way_of(&database, moving.address())?;
    let bed = Testbed::new().servers(SERVERS).envoy().database_url(url).stop_on(stop).start()?;

    let drive = Drive::start(bed.envoy_address(), CREW);
    wait::rest(BEFORE);
    let killed = drive.now();
    primary.crash()?;
    let dead = drive.now();
    let acknowledged = drive.acknowledged();
    wait::rest(NOTICED_AFTER);
    standby.promote()?;
    address.remove(primary.address()?);
    address.add(standby.address()?);
    moving.forget();
    wait::until("creates are acknowledged again", LIMIT, LOOK_EVERY, stop, || {
        Ok((drive.acknowledged() > acknowledged + CREW.writers).then_some(()))
    })?;
    wait::rest(AFTER);
    let history = drive.stop();
    bed.settle()?;
    let again = first_after(&history, dead);
    let again =
        again.ok_or_else(|| BedError::Unexpected("no create was acknowledged after the failover".to_owned()))?;
    let creates = history.creates.clone();
    let verdict = check(&history.conclude(bed.envoy_address())?);
    Ok(Round { verdict, writes_again: again.saturating_sub(killed), creates, killed })
}

/// When the first create that was begun after a moment was acknowledged.
fn first_after(history: &History, moment: Duration) -> Option<Duration> {
    let acknowledged = history.creates.iter().filter(|create| matches!(create.outcome, Outcome::Acknowledged(_)));
    acknowledged.filter(|create| create.begun > moment).map(|create| create.ended).min()
}

/// Creates, each sent once: quiet are those that were over before the kill, and those that began when writes went on.
fn seen(rounds: &[Round]) -> Seen {
    let (mut quiet, mut event, mut failures, mut calls) = (Vec::new(), Vec::new(), BTreeMap::new(), 0);
    for Round { creates, killed, writes_again, .. } in rounds {
        for create in creates {
            calls += 1;
            if let Outcome::Unknown(code) = create.outcome {
                *failures.entry(code.name().to_owned()).or_default() += 1;
            }
            let undisturbed = create.ended < *killed || create.begun > *killed + *writes_again;
            let latencies = if undisturbed { &mut quiet } else { &mut event };
            latencies.push(create.ended.saturating_sub(create.begun));
        }
    }
    Seen { calls, failures, quiet: Latency::of(quiet), event: Latency::of(event) }
}

fn told(rounds: &[Round]) -> String {
    let sum = |count: fn(&Round) -> usize| rounds.iter().map(count).sum::<usize>();
    format!(
        "{} failovers under {} writers, {} readers and a walker: {} creates sent once each, {} customers acknowledged and \
         read back; {} creates had no answer",
        rounds.len(),
        CREW.writers,
        CREW.readers,
        sum(|round| round.creates.len()),
        sum(|round| round.verdict.checked_creates),
        seen(rounds).failures.values().sum::<u64>(),
    )
}
