//! A load on the service, and what it took.

mod addresses;
mod closed_loop;
mod compare;
mod connections;
mod doubt;
mod fault;
mod figure;
mod files;
mod hold;
mod ids;
mod judgement;
mod latencies;
mod live;
mod mix;
mod offer;
mod open_loop;
#[cfg(test)]
mod page_tests;
mod recorder;
mod run;
mod saved;
mod schedule;
#[cfg(test)]
mod tests;
mod welch;

use std::path::PathBuf;
use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use ticketing_client::TlsFault;

pub(crate) use compare::Comparison;
pub(crate) use doubt::Doubt;
pub(crate) use fault::LoadFault;
pub(crate) use judgement::Judgement;
pub(crate) use live::bars;
pub(crate) use run::{Run, Slice};
pub(crate) use saved::replace;

use self::connections::Connections;
use self::ids::Ids;
use self::mix::{Kind, Mix};
use self::offer::{Loop, Offer};
use self::recorder::Recorder;
use self::schedule::Schedule;
use crate::args::{Settings, count, duration, positive, positive_duration};
use crate::exit::{Exit, Failure};
use crate::stop::Stop;

/// Put a load on the service and tell latencies, errors and the share of each pod.
///
/// A closed loop (--concurrency) waits for each answer before the next call, and for 10 ms where nobody answered; an open loop (--rate) starts calls on a
/// schedule, and counts latencies from the start that was intended. Nothing is sent again from here, each attempt is one
/// call; a proxy on the way may still do so. No call is due after --duration or --requests, and a run ends with the last
/// answer: of an open loop at a server that is slower than the rate, that may be much later. SIGINT or SIGTERM end the load
/// once the calls in flight have ended, and it reports what there was; a second one ends it at once, without a report.
#[derive(Debug, clap::Args)]
pub(crate) struct Load {
    /// Closed loop: so many calls at the same time.
    #[arg(long, default_value_t = 10, value_name = "N", conflicts_with = "rate", value_parser = clap::value_parser!(u32).range(1..=100_000), allow_negative_numbers = true)]
    concurrency: u32,
    /// Open loop: so many calls start in each second, evenly.
    #[arg(long, value_name = "PER SECOND", value_parser = rate, allow_negative_numbers = true)]
    rate: Option<f64>,
    /// Open loop: calls without an answer, from which on the next ones wait; their latencies count the wait.
    #[arg(long, default_value_t = 10_000, value_name = "N", requires = "rate", conflicts_with = "concurrency", value_parser = clap::value_parser!(u32).range(1..=1_000_000), allow_negative_numbers = true)]
    max_in_flight: u32,
    /// Connections that the calls share in turn.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000), allow_negative_numbers = true)]
    connections: u16,
    /// Kinds of calls with their weights, for example get=90,create=9,list=1; probe asks only who answers.
    #[arg(long, default_value = "get=1", value_name = "KIND=WEIGHT,…")]
    mix: Mix,
    /// A file with ids to get, one a line. Default: those of the service's list, or 10 customers made for it.
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
    /// How long calls are due to start, without the warm-up. An open loop makes all of them, however late, and ends with the last
    /// answer.
    #[arg(long, default_value = "10s", value_name = "TIME", conflicts_with = "requests", value_parser = lasting)]
    duration: Duration,
    /// End after so many calls instead, without those of the warm-up.
    #[arg(long, value_name = "N", value_parser = count, allow_negative_numbers = true)]
    requests: Option<u64>,
    /// Calls of this first time are made but not counted.
    #[arg(long, default_value = "0s", value_name = "TIME", value_parser = pause)]
    warmup: Duration,
    /// So often, one after the other, each time on new connections: three runs or more tell noise from a difference.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=MOST_RUNS), allow_negative_numbers = true)]
    runs: u16,
    /// Write the runs, with their histograms, to this file; each as soon as it has ended.
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Call nobody: take the runs of these files, each named once, as one. With --save they are kept, run by run.
    #[arg(long, value_name = "FILE", num_args = 1.., conflicts_with_all = ["concurrency", "rate", "requests", "duration", "warmup", "mix", "ids", "connections", "max_in_flight", "runs"])]
    merge: Vec<PathBuf>,
    /// Compare with the runs of this file; with three runs (--runs) or more on each side, noise is told from a difference. The
    /// spread is how far runs of one side lie apart, (most - least) / mean, of the side where that is more.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Write the report with plots to this file, as one page of HTML.
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

/// More would be a campaign: let each round of it have a file of its own.
const MOST_RUNS: i64 = 100;
/// The longest run: what a page of plots, and a clock, can hold.
const LONGEST: Duration = Duration::from_hours(24);

fn rate(text: &str) -> Result<f64, String> {
    let most = 1e6;
    positive(text)?; // Says what is no number above 0.
    positive(text).ok().filter(|rate| (0.001..=most).contains(rate)).ok_or_else(|| "use 0.001 to 1000000".to_owned())
}

fn lasting(text: &str) -> Result<Duration, String> {
    within_limit(positive_duration(text)?)
}

fn pause(text: &str) -> Result<Duration, String> {
    within_limit(duration(text)?)
}

fn within_limit(time: Duration) -> Result<Duration, String> {
    if time > LONGEST { Err("a load lasts at most 1 day, for example 30s".to_owned()) } else { Ok(time) }
}

/// What a load, or several saved ones, came to.
#[derive(Debug)]
pub(crate) struct LoadReport {
    /// All runs as one.
    pub(crate) run: Run,
    /// How many they are.
    pub(crate) runs: usize,
    /// When each of them ends, in seconds, where they follow each other.
    pub(crate) ends: Vec<f64>,
    pub(crate) doubts: Vec<Doubt>,
    pub(crate) comparison: Option<Comparison>,
}

impl LoadReport {
    pub(crate) fn new(runs: &[Run], old: Option<&[Run]>) -> Self {
        let run = run::merged(runs).expect("there is at least one run");
        let comparison = old.map(|old| compare::compare(old, runs));
        let ends = runs.iter().scan(0.0, |end, run| {
            *end += run.seconds;
            Some(*end)
        });
        Self { doubts: doubt::doubts(runs, &run), run, runs: runs.len(), ends: ends.collect(), comparison }
    }

    /// Whether no call reached anybody.
    pub(crate) fn reached_nobody(&self) -> bool {
        doubt::reached_nobody(&self.run)
    }

    /// Says why no call went well.
    pub(crate) fn explain(&mut self, fault: TlsFault) {
        self.doubts.retain(|doubt| *doubt != Doubt::NoneAnswered);
        self.doubts.push(Doubt::Encryption(fault));
    }

    pub(crate) fn exit(&self) -> Exit {
        match (self.run.interrupted, self.run.failed(), self.run.ok()) {
            (true, ..) => Exit::Interrupted,
            (false, 0, _) => Exit::Done,
            (false, _, 0) => Exit::Failed,
            (false, ..) => Exit::Partly,
        }
    }
}

impl Load {
    /// Whether it makes calls, and does not only read what was saved.
    pub(crate) fn makes_calls(&self) -> bool {
        self.merge.is_empty()
    }

    /// Where the page goes.
    pub(crate) fn html(&self) -> Option<&std::path::Path> {
        self.html.as_deref()
    }

    /// Keeps the runs where that is asked for, one that was interrupted too: it says so. Those in which nothing could be
    /// measured are nothing to keep.
    pub(crate) fn save(&self, runs: &[Run]) -> Result<(), LoadFault> {
        let file = self.save.as_deref().filter(|_| runs.iter().any(Run::has_lasted));
        file.map_or(Ok(()), |file| saved::write(file, runs))
    }

    /// All runs, and what they came to.
    pub(crate) async fn run(&self, settings: &Settings, stop: Stop) -> Result<(Vec<Run>, LoadReport), Failure> {
        // All that can be refused is refused before the first call.
        for file in [&self.save, &self.html].into_iter().flatten() {
            saved::try_place(file)?;
        }
        if let Some(page) = &self.html {
            files::keep_apart(page, self.save.iter().chain(&self.compare).chain(&self.merge).chain(&self.ids))?;
        }
        if let Some(runs) = &self.save {
            files::keep_apart(runs, self.ids.iter().chain(&self.compare))?;
        }
        let old = self.compare.as_deref().map(saved::read).transpose()?;
        let runs = if self.makes_calls() { self.measure(settings, &stop).await? } else { files::merged(&self.merge)? };
        let mut report = LoadReport::new(&runs, old.as_deref());
        report.run.interrupted |= self.makes_calls() && stop.is_requested();
        if self.makes_calls() && doubt::one_pod_answered(&report.run) {
            let servers = addresses::servers(settings.host(), settings.server_port).await;
            report.doubts.extend(servers.filter(|servers| *servers > 1).map(|servers| Doubt::OnePod { servers }));
        }
        Ok((runs, report))
    }

    /// One run after the other, until a signal ends them: with the one that it finds under way.
    async fn measure(&self, settings: &Settings, stop: &Stop) -> Result<Vec<Run>, Failure> {
        // Once for all runs: they get the same, and none of them is lost to what goes wrong before the next.
        let target = settings.target()?;
        let mut ids = match &self.ids {
            Some(file) => Ids::read(file)?,
            None if self.mix.has(Kind::Get) => {
                let customers = settings.channels()?.customers();
                match select(pin!(Ids::find(&customers)), pin!(stop.requested())).await {
                    Either::Left((found, _)) => found?,
                    Either::Right(_) => return Err(Failure::Interrupted),
                }
            }
            None => Ids::default(),
        };
        let mut runs = Vec::with_capacity(self.runs.into());
        for number in 1..=self.runs {
            // Told apart also where each is too short for a line of its own.
            if self.runs > 1 {
                live::tell(&format!("run {number} of {}", self.runs));
            }
            let connections = Connections::new(&target, settings.deadline, self.connections);
            let run = self.offer(ids.clone(), connections, stop.clone()).await;
            ids.made = 0;
            // One that was interrupted in its warm-up says nothing beside whole ones.
            if run.has_lasted() || runs.is_empty() {
                runs.push(run);
            }
            if stop.is_requested() {
                break;
            }
            if let Some(file) = self.save.as_deref().filter(|_| number < self.runs) {
                // At the end it is tried again, and decides how the program ends.
                saved::write_so_far(file, &runs).unwrap_or_else(|fault| live::tell(&fault.to_string()));
            }
        }
        Ok(runs)
    }

    /// One run.
    async fn offer(&self, ids: Ids, connections: Connections, stop: Stop) -> Run {
        let calls = match self.rate {
            Some(rate) => Loop::Open { rate, most_in_flight: self.max_in_flight },
            None => Loop::Closed { concurrency: self.concurrency },
        };
        let duration = self.requests.is_none().then_some(self.duration);
        let offer = Offer {
            recorder: Recorder::new(connections.len()),
            connections,
            mix: self.mix.clone(),
            ids,
            schedule: Schedule::new(self.warmup, duration, self.requests),
        };
        offer.run(calls, stop).await
    }
}
