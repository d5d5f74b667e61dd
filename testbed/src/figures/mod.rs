//! What is promised in numbers, measured by a run and held against its bound.

mod channels_area;
mod chaos_area;
mod images_area;
mod main_area;
mod plan;
mod report;
mod run;
mod seen;
mod store_area;

use std::fmt;

use serde::Serialize;

pub use plan::{Measured, Plan, Run, Wanted, median};
pub use report::{Json, Lines, Report, shown};
pub use run::{asked, measure, run};
pub use seen::Seen;

/// A field of figures, measured by one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Area {
    /// Spread, import and start.
    Main,
    /// Group commit, pages, histories under kills, the cache, a million customers there and back.
    Store,
    /// Size, rebuild and start of the images; compose; the cluster.
    Images,
    /// Channels of the client: pods they reach, calls they lose; and what the tools say of it.
    Channels,
    /// Rollouts, faults, attacks and certificates: what callers notice of them.
    Chaos,
    /// The server against peers. The workspace `bench/` has its plans: the peers are no part of this one.
    #[value(skip)]
    Bench,
}

impl Area {
    /// As in `figures AREA`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Store => "store",
            Self::Images => "images",
            Self::Channels => "channels",
            Self::Chaos => "chaos",
            Self::Bench => "bench",
        }
    }

    /// What this program measures of it.
    pub const fn plans(self) -> &'static [Plan] {
        match self {
            Self::Main => main_area::PLANS,
            Self::Store => store_area::PLANS,
            Self::Images => images_area::PLANS,
            Self::Channels => channels_area::PLANS,
            Self::Chaos => chaos_area::PLANS,
            Self::Bench => &[],
        }
    }
}

/// What a figure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Unit {
    /// Calls.
    #[serde(rename = "calls")]
    Calls,
    /// Pods.
    #[serde(rename = "pods")]
    Pods,
    /// Customers.
    #[serde(rename = "customers")]
    Customers,
    /// Rows of a file in a second.
    #[serde(rename = "rows/s")]
    RowsPerSecond,
    /// Milliseconds.
    #[serde(rename = "ms")]
    Milliseconds,
    /// Seconds.
    #[serde(rename = "s")]
    Seconds,
    /// Times as much as the other side of a comparison.
    #[serde(rename = "x")]
    Times,
    /// Open files.
    #[serde(rename = "files")]
    Files,
    /// First or last names.
    #[serde(rename = "names")]
    Names,
    /// Megabytes (1,000,000 bytes).
    #[serde(rename = "MB")]
    Megabytes,
    /// Millionths of a second.
    #[serde(rename = "us")]
    Microseconds,
    /// Instructions of a processor.
    #[serde(rename = "instructions")]
    Instructions,
    /// Hundredths of a whole.
    #[serde(rename = "%")]
    Percent,
    /// Hundredths of what one CPU can do.
    #[serde(rename = "%core")]
    PercentOfCore,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Calls => "calls",
            Self::Pods => "pods",
            Self::Customers => "customers",
            Self::RowsPerSecond => "rows/s",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Times => "x",
            Self::Files => "files",
            Self::Names => "names",
            Self::Megabytes => "MB",
            Self::Microseconds => "us",
            Self::Instructions => "instructions",
            Self::Percent => "%",
            Self::PercentOfCore => "%core",
        })
    }
}

/// What a figure must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// No more than this.
    AtMost(f64),
    /// This, no less.
    AtLeast(f64),
    /// Exactly this.
    Exactly(f64),
    /// From this to that, both included.
    Between(f64, f64),
    /// Anything: it is told, not judged.
    Information,
}

impl Bound {
    /// Whether a measured value keeps to it.
    pub fn holds(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Exactly(wanted) => (value - wanted).abs() < f64::EPSILON,
            Self::Between(least, most) => (least..=most).contains(&value),
            Self::Information => true,
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "<={most}"),
            Self::AtLeast(least) => write!(f, ">={least}"),
            Self::Exactly(wanted) => write!(f, "=={wanted}"),
            Self::Between(least, most) => write!(f, "{least}..{most}"),
            Self::Information => f.write_str("-"),
        }
    }
}

/// Whether a figure is what it must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is.
    Ok,
    /// It is not, or could not be measured.
    Short,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ok => "ok",
            Self::Short => "short",
        })
    }
}

/// A number with its bound.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// Where it belongs.
    pub area: Area,
    /// Its name, unique in its area. `stretch_…` is a goal beyond the must.
    pub name: &'static str,
    /// The value; `None` if it could not be measured.
    pub measured: Option<f64>,
    /// What the value counts.
    pub unit: Unit,
    /// What the value must be.
    pub bound: Bound,
    /// The single values that `measured` was made from, where it was made from several.
    pub samples: Vec<f64>,
    /// How it was measured, or why it could not be.
    pub note: String,
    /// The calls that were made, where the value counts those of them that failed.
    pub calls: Option<u64>,
    /// What callers saw, where something was done to the service.
    pub seen: Option<Seen>,
}

impl Figure {
    /// Not measured counts as short, whatever the bound.
    pub fn verdict(&self) -> Verdict {
        if self.measured.is_some_and(|value| self.bound.holds(value)) { Verdict::Ok } else { Verdict::Short }
    }

    /// Whether the command that measures it must fail. A goal beyond the must never makes it fail.
    pub fn fails(&self) -> bool {
        self.verdict() == Verdict::Short && !self.name.starts_with("stretch_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(name: &'static str, measured: Option<f64>, bound: Bound) -> Figure {
        let (samples, note) = (Vec::new(), String::new());
        Figure { area: Area::Main, name, measured, unit: Unit::Calls, bound, samples, note, calls: None, seen: None }
    }

    #[test]
    fn a_bound_is_kept_or_not() {
        assert!(!figure("x", Some(2.0), Bound::AtMost(2.0)).fails());
        assert!(figure("x", Some(2.1), Bound::AtMost(2.0)).fails());
        assert!(figure("x", Some(1.9), Bound::AtLeast(2.0)).fails());
        assert!(figure("x", Some(99_999.0), Bound::Exactly(100_000.0)).fails());
        assert!(!figure("x", Some(1.1), Bound::Between(0.9, 1.1)).fails());
        assert!(figure("x", Some(0.89), Bound::Between(0.9, 1.1)).fails());
        assert!(!figure("x", Some(0.0), Bound::Information).fails());
    }

    #[test]
    fn what_could_not_be_measured_is_short_even_as_information() {
        assert!(figure("x", None, Bound::Information).fails());
    }

    #[test]
    fn a_goal_beyond_the_must_is_short_without_failing() {
        let goal = figure("stretch_x", Some(1.0), Bound::AtLeast(2.0));
        assert_eq!((goal.verdict(), goal.fails()), (Verdict::Short, false));
    }
}
