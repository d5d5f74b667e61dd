//! The whole path, caller → Envoy → servers: calls for a second of everybody's CPU, against what a reader of the articles
//! builds today.

mod set_up;

use serde::{Deserialize, Serialize};
use testbed::figures::{Bound, Measured, Plan, Run, Unit, Wanted, median};
use testbed::{BedError, Stop};

use crate::callers::Callers;
use crate::record;
pub(crate) use set_up::Cost;
use set_up::SetUp;

/// Of each set-up, one after the other.
const ROUNDS: usize = 15;

const HUNDRED: Callers = Callers { processes: 1, connections: 1, at_once: 100, calls: 40_000 };
/// Each with a connection of its own, and one call after the other.
const EIGHT: Callers = Callers { processes: 1, connections: 8, at_once: 1, calls: 20_000 };
/// The same as eight pods are: in a process each.
const EIGHT_APART: Callers = Callers { processes: 8, connections: 1, at_once: 1, calls: 12_000 };
const SHAPES: [Callers; 3] = [HUNDRED, EIGHT, EIGHT_APART];

/// What the shapes are called, for people.
pub(crate) const NAMES: [&str; 3] = ["100 at once", "8 callers", "8 callers, a process each"];
/// The name of the record.
pub(crate) const RECORD: &str = "path";
/// What was seen, a shape after the other.
pub(crate) type Seen = [Rounds; SHAPES.len()];

const fn times(name: &'static str, bound: Bound) -> Wanted {
    Wanted { name, unit: Unit::Times, bound }
}

const fn microseconds(name: &'static str) -> Wanted {
    Wanted { name, unit: Unit::Microseconds, bound: Bound::Information }
}

/// The figures, in the order of [`measured`].
pub(crate) const PLAN: Plan = Plan {
    wanted: &[
        times("path_100", Bound::AtLeast(1.2)),
        times("path_8", Bound::AtLeast(1.4)),
        times("stretch_path_100", Bound::AtLeast(1.5)),
        times("path_envoy_only", Bound::Information),
        times("path_8_apart", Bound::Information),
        microseconds("path_100_client"),
        microseconds("path_100_envoy"),
        microseconds("path_100_servers"),
        microseconds("path_8_client"),
        microseconds("path_8_envoy"),
        microseconds("path_8_servers"),
    ],
    run: Run::All(run),
};

/// The rounds of one shape: what a call cost on the path of ours, and on that of the articles.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Rounds {
    /// The product.
    pub(crate) ours: Vec<Cost>,
    /// What the articles build.
    pub(crate) article: Vec<Cost>,
}

impl Rounds {
    fn ratio(&self, of: fn(&Cost) -> f64) -> Measured {
        let pairs = self.ours.iter().zip(&self.article);
        let note = format!(
            "median of {ROUNDS} interleaved pairs: {:.1} us of CPU for each call, {:.1} us on the articles' path",
            median_of(&self.ours, of),
            median_of(&self.article, of)
        );
        Measured::median_of(pairs.map(|(ours, article)| of(article) / of(ours)).collect(), note)
    }

    fn part(&self, of: fn(&Cost) -> f64) -> Measured {
        let note = format!("median of {ROUNDS} rounds; {:.1} us on the articles' path", median_of(&self.article, of));
        Measured::median_of(self.ours.iter().map(of).collect(), note)
    }
}

fn median_of(costs: &[Cost], of: fn(&Cost) -> f64) -> f64 {
    median(&costs.iter().map(of).collect::<Vec<_>>())
}

fn run(stop: &Stop) -> Result<Vec<Measured>, BedError> {
    record::forget(RECORD)?;
    let ours = SetUp::ours(stop)?;
    let article = SetUp::article(stop)?;
    for callers in SHAPES {
        // What is cold the first time does not count.
        let few = Callers { calls: callers.calls / 4, ..callers };
        ours.cost(few)?;
        article.cost(few)?;
    }
    let mut rounds: [Rounds; SHAPES.len()] = Default::default();
    for number in 1..=ROUNDS {
        eprintln!("the whole path: round {number} of {ROUNDS}");
        for (rounds, callers) in rounds.iter_mut().zip(SHAPES) {
            stop.check()?;
            rounds.ours.push(ours.cost(callers)?);
            rounds.article.push(article.cost(callers)?);
        }
    }
    record::write(RECORD, &rounds)?;
    Ok(measured(&rounds))
}

fn measured([hundred, eight, apart]: &[Rounds; SHAPES.len()]) -> Vec<Measured> {
    let parts: [fn(&Cost) -> f64; 3] = [|cost| cost.client, |cost| cost.envoy, |cost| cost.servers];
    let mut all = vec![
        hundred.ratio(Cost::total),
        eight.ratio(Cost::total),
        hundred.ratio(Cost::total),
        hundred.ratio(|cost| cost.envoy),
        apart.ratio(Cost::total),
    ];
    for rounds in [hundred, eight] {
        all.extend(parts.map(|part| rounds.part(part)));
    }
    all
}
