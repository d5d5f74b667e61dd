//! What happens to a deployment in its life, one thing after the other, while callers go on.

use std::collections::BTreeSet;
use std::time::{Duration, Instant, SystemTime};

use super::{Compose, Container};
use crate::history::{Crew, Drive, Verdict, check};
use crate::{BedError, Load, Stop, Tally, engine, equal_calls, wait};

const CALLS: usize = 3_000;
const PODS: usize = 3;
/// One for Envoy's worker, one for a pod that joins or leaves the turn.
const MOST_UNEVEN: u64 = 2;
const MORE_PODS: usize = 5;
const FEWER_PODS: usize = 2;
const CALLERS: usize = 12;
/// How long callers go on before and after something happens.
const MARGIN: Duration = Duration::from_secs(2);
const SETTLE_LIMIT: Duration = Duration::from_mins(1);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// The line that a server logs when it says SERVING.
const SERVING: &str = "serving gRPC on";
/// Few: the machine also runs the engine, five servers, Envoy and PostgreSQL.
const CREW: Crew = Crew { writers: 2, readers: 1, walkers: 1, connections: 2 };

/// What came of it.
#[derive(Debug)]
pub struct Findings {
    /// Equal calls on one connection, by pod.
    pub spread: Tally,
    /// The pods that were there then.
    pub pods: Vec<String>,
    /// For each pod that was added, the time from SERVING to its first call.
    pub first_calls: Vec<Duration>,
    /// Calls while pods were taken away in order.
    pub scale_down: Tally,
    /// Calls while one pod was killed.
    pub kill: Tally,
    /// What the callers saw that created, read and walked all the time, held against what is there at the end.
    pub verdict: Verdict,
}

impl Findings {
    /// Most calls of a pod minus fewest.
    pub fn uneven(&self) -> u64 {
        self.spread.spread(self.pods.iter().map(String::as_str))
    }

    /// What of it must not be, in words; times are figures and no part of it.
    pub fn faults(&self) -> Vec<String> {
        let counts = [
            (self.spread.failed(), "of the equal calls failed"),
            (self.uneven().saturating_sub(MOST_UNEVEN), "calls too uneven was the spread"),
            (self.scale_down.failed(), "calls failed while pods were taken away in order"),
            (self.verdict.wrong() as u64, "customers are lost, doubled, invented or were skipped"),
        ];
        counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect()
    }

    /// The slowest new pod.
    pub fn slowest_first_call(&self) -> Duration {
        self.first_calls.iter().max().copied().unwrap_or_default()
    }
}

/// Brings the deployment up, does to it what operators and faults do, and takes it down. `tell` hears each step.
pub fn exercise(stop: &Stop, tell: &mut dyn FnMut(&str)) -> Result<Findings, BedError> {
    let begun = Instant::now();
    let mut tell = |text: String| tell(&format!("{:4} s  {text}", begun.elapsed().as_secs()));

    tell("bringing everything up".to_owned());
    let compose = Compose::start(stop)?;
    let bed = Exercise { compose: &compose, stop };

    tell(format!("{CALLS} equal calls on one connection"));
    // Its calls would take places in the round robin.
    compose.stop("client")?;
    let pods: Vec<String> = bed.pods_answer(PODS)?.iter().map(|server| server.pod().to_owned()).collect();
    let spread = equal_calls(compose.address(), CALLS, stop)?;

    let drive = Drive::start(compose.address(), CREW);
    tell(format!("scaling up to {MORE_PODS}"));
    let first_calls = bed.scale_up()?;
    tell(format!("scaling down to {FEWER_PODS}"));
    let scale_down = bed.while_calling(|| compose.scale(FEWER_PODS))?;
    bed.pods_answer(FEWER_PODS)?;

    tell("killing one server".to_owned());
    let victim = bed.servers()?.remove(0);
    let kill = bed.while_calling(|| compose.kill(&victim))?;
    tell(format!("{} of {} calls failed; starting it again", kill.failed(), kill.failed() + kill.succeeded()));
    compose.scale(PODS)?;
    bed.pods_answer(PODS)?;

    for service in ["envoy", "postgres"] {
        tell(format!("restarting {service}"));
        compose.restart(service)?;
        bed.creates_go_on(&drive)?;
    }
    bed.pods_answer(PODS)?;
    let history = drive.stop();

    tell("taking all down but the volume, and bringing it up again".to_owned());
    compose.down()?;
    compose.up()?;
    bed.pods_answer(PODS)?;
    tell("looking for every customer".to_owned());
    let verdict = check(&history.conclude(compose.address())?);
    tell(format!("{verdict}"));
    drop(compose);
    tell("done".to_owned());
    Ok(Findings { spread, pods, first_calls, scale_down, kill, verdict })
}

struct Exercise<'a> {
    compose: &'a Compose,
    stop: &'a Stop,
}

impl Exercise<'_> {
    fn servers(&self) -> Result<Vec<Container>, BedError> {
        self.compose.containers("server")
    }

    /// Waits until exactly the `count` servers that run answer calls, and none fails.
    fn pods_answer(&self, count: usize) -> Result<Vec<Container>, BedError> {
        wait::until(&format!("{count} pods answer"), SETTLE_LIMIT, LOOK_EVERY, self.stop, || {
            let servers = self.servers()?;
            let tally = equal_calls(self.compose.address(), 4 * count, self.stop)?;
            let running: BTreeSet<&str> = servers.iter().map(Container::pod).collect();
            let answering: BTreeSet<&str> = tally.pods.keys().map(String::as_str).collect();
            Ok((servers.len() == count && tally.failed() == 0 && running == answering).then_some(servers))
        })
    }

    fn scale_up(&self) -> Result<Vec<Duration>, BedError> {
        let before = self.servers()?;
        let mut servers = Vec::new();
        let tally = self.while_calling(|| {
            self.compose.scale(MORE_PODS)?;
            servers = self.pods_answer(MORE_PODS)?;
            Ok(())
        })?;
        let new = servers.iter().filter(|server| !before.contains(server));
        new.map(|server| first_call(server, &tally)).collect()
    }

    /// What came of calls before, while and after something happened.
    fn while_calling(&self, mut happens: impl FnMut() -> Result<(), BedError>) -> Result<Tally, BedError> {
        let load = Load::start(self.compose.address(), CALLERS);
        wait::rest(MARGIN);
        happens()?;
        wait::rest(MARGIN);
        self.stop.check()?;
        Ok(load.stop())
    }

    fn creates_go_on(&self, drive: &Drive) -> Result<(), BedError> {
        const SOME: usize = 100;
        let before = drive.acknowledged();
        wait::until("creates are acknowledged again", SETTLE_LIMIT, LOOK_EVERY, self.stop, || {
            Ok((drive.acknowledged() >= before + SOME).then_some(()))
        })
    }
}

/// From the line in the server's log to the first answer. Both are moments of this machine's clock, or of two that
/// agree, where the engine is elsewhere.
fn first_call(server: &Container, tally: &Tally) -> Result<Duration, BedError> {
    let unfit = |what: &str| BedError::Unexpected(format!("{} {what}", server.pod()));
    let serving = engine::logged_at(&server.id, SERVING)?.ok_or_else(|| unfit("never said that it serves"))?;
    let answered: SystemTime = *tally.since.get(server.pod()).ok_or_else(|| unfit("answered no call"))?;
    Ok(answered.duration_since(serving).unwrap_or_default())
}
