//! What happens while callers call.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::findings::Outcome;
use super::site::Site;
use super::{Way, arrival};
use crate::{BedError, Server, Stop, metrics, wait};

/// One thing that happens to pods, or to what is before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// Nothing: where calls go, and what they cost.
    Steady,
    /// Pods are added.
    NewPod,
    /// The busiest pod is asked to end, then the one that is busiest now.
    Leave,
    /// The busiest pod is killed and started again, twice.
    Kill,
    /// Every pod is replaced, one after the other.
    Roll,
    /// Envoy is replaced, or the L4 balancer loses its state, three times.
    Replace,
}

/// Calls go on undisturbed before the first thing happens, and after the last.
const BEFORE: Duration = Duration::from_secs(1);
const AFTER: Duration = Duration::from_secs(3);
const LEAVING: usize = 2;
const KILLS: usize = 2;
const REPLACEMENTS: usize = 3;
/// Until the kubelet's word that a container died has come to all nodes and to DNS.
const UNTIL_UNLISTED: Duration = Duration::from_secs(2);
/// Then until the kubelet starts it again.
const UNTIL_STARTED: Duration = Duration::from_secs(1);

impl Event {
    /// In the order of the table.
    pub const ALL: [Self; 6] = [Self::Steady, Self::NewPod, Self::Leave, Self::Kill, Self::Roll, Self::Replace];

    /// As in `--event EVENT`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Steady => "steady",
            Self::NewPod => "new-pod",
            Self::Leave => "leave",
            Self::Kill => "kill",
            Self::Roll => "roll",
            Self::Replace => "replace",
        }
    }

    /// Lets it happen on a site of its own, but for [`Event::Steady`], whose rounds interleave the ways.
    pub(super) fn measure(self, way: Way, stop: &Stop) -> Result<Outcome, BedError> {
        match self {
            Self::Steady => unreachable!("the ways take turns in one run: steady::measure"),
            Self::NewPod => arrival::measure(way, stop),
            Self::Leave => faults(way, stop, |site| (0..LEAVING).try_for_each(|_| leave(site, stop))),
            Self::Kill => faults(way, stop, |site| (0..KILLS).try_for_each(|_| kill(site, stop))),
            Self::Roll => faults(way, stop, |site| site.bed.roll()),
            Self::Replace if way == Way::RoundRobin => {
                Ok(Outcome::NotApplicable { reason: "nothing stands between".to_owned() })
            }
            Self::Replace => faults(way, stop, |site| (0..REPLACEMENTS).try_for_each(|_| replace(site, stop))),
        }
    }
}

/// Counts what fails while `disturb` goes on.
fn faults(way: Way, stop: &Stop, disturb: impl FnOnce(&mut Site) -> Result<(), BedError>) -> Result<Outcome, BedError> {
    let mut site = Site::start(way, stop)?;
    let callers = site.callers()?;
    callers.wait_for_first(stop)?;
    wait::rest(BEFORE);
    disturb(&mut site)?;
    wait::rest(AFTER);
    stop.check()?;
    Ok(Outcome::Calls(callers.finish()?.totals()))
}

fn leave(site: &Site, stop: &Stop) -> Result<(), BedError> {
    stop.check()?;
    let exit = busiest(site)?.terminate()?;
    if exit.success() { Ok(()) } else { Err(BedError::Unexpected(format!("a pod that had to leave: {exit}"))) }
}

fn kill(site: &Site, stop: &Stop) -> Result<(), BedError> {
    stop.check()?;
    let victim = busiest(site)?;
    victim.kill()?;
    wait::rest(UNTIL_UNLISTED);
    site.bed.endpoints().remove(victim.address());
    wait::rest(UNTIL_STARTED);
    victim.start_again()?;
    wait::rest(BEFORE);
    Ok(())
}

fn replace(site: &mut Site, stop: &Stop) -> Result<(), BedError> {
    stop.check()?;
    site.front.replace(&site.bed, stop)?;
    wait::rest(BEFORE);
    Ok(())
}

/// The running pod that has had the most calls: where few connections carry all, chance must not spare them.
fn busiest(site: &Site) -> Result<&Server, BedError> {
    let running = site.bed.servers().iter().filter(|server| server.is_running());
    let counted = running.map(|server| Ok((metrics::creates_handled(server)?, server)));
    let counted = counted.collect::<Result<Vec<_>, BedError>>()?;
    let most = counted.into_iter().max_by_key(|(creates, _)| *creates);
    most.map(|(_, server)| server).ok_or_else(|| BedError::Unexpected("no pod runs any more".to_owned()))
}
