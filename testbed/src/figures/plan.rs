//! Which figures an area has, and the runs that measure them.

use super::{Area, Bound, Figure, Seen, Unit};
use crate::{BedError, Stop};

/// A value, the samples it comes from, and how it was measured.
#[derive(Debug, Clone)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// The single values that it was made from, where there were several.
    pub samples: Vec<f64>,
    /// How it was measured.
    pub note: String,
    /// The calls that were made, where the value counts those of them that failed.
    pub calls: Option<u64>,
    /// What callers saw, where something was done to the service. One figure of a plan tells it for all.
    pub seen: Option<Seen>,
}

impl Measured {
    /// A value without samples.
    pub fn once(value: f64, note: impl Into<String>) -> Self {
        Self { value, samples: Vec::new(), note: note.into(), calls: None, seen: None }
    }

    /// A value that was made from these in another way than [`Self::median_of`] does.
    pub fn of(value: f64, samples: Vec<f64>, note: impl Into<String>) -> Self {
        Self { samples, ..Self::once(value, note) }
    }

    /// Of so many calls.
    #[must_use]
    pub fn of_calls(self, calls: u64) -> Self {
        Self { calls: Some(calls), ..self }
    }

    /// While callers saw this.
    #[must_use]
    pub fn seen(self, seen: Seen) -> Self {
        Self { seen: Some(seen), ..self }
    }

    /// The median of samples, for example of ratios whose two sides were measured one after the other.
    pub fn median_of(samples: Vec<f64>, note: impl Into<String>) -> Self {
        Self::of(median(&samples), samples, note)
    }
}

/// The middle one; of an even number the upper one.
pub fn median(samples: &[f64]) -> f64 {
    let mut sorted = samples.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted[sorted.len() / 2]
}

/// A figure that is yet to be measured.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Its name, unique in its area.
    pub name: &'static str,
    /// What it counts.
    pub unit: Unit,
    /// What it must be.
    pub bound: Bound,
}

/// One run and the figures that come of it.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The figures.
    pub wanted: &'static [Wanted],
    /// The run.
    pub run: Run,
}

/// How a plan is carried out.
#[derive(Debug, Clone, Copy)]
pub enum Run {
    /// For one figure.
    One(fn(&Stop) -> Result<Measured, BedError>),
    /// For all of the plan, in their order.
    All(fn(&Stop) -> Result<Vec<Measured>, BedError>),
}

impl Plan {
    /// The names of its figures.
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.wanted.iter().map(|wanted| wanted.name)
    }

    /// Runs, and makes its figures. A run that fails leaves all of them unmeasured.
    pub fn measure(&self, area: Area, stop: &Stop) -> Vec<Figure> {
        let ran = match self.run {
            Run::One(run) => run(stop).map(|measured| vec![measured]),
            Run::All(run) => run(stop),
        };
        let (mut measured, failure) = match ran {
            Ok(measured) => (measured.into_iter(), String::new()),
            Err(error) => (Vec::new().into_iter(), error.to_string()),
        };
        let figure = |&Wanted { name, unit, bound }: &Wanted| {
            let (value, Measured { samples, note, calls, seen, .. }) = match measured.next() {
                Some(measured) => (Some(measured.value), measured),
                None => (None, Measured::once(0.0, failure.clone())),
            };
            Figure { area, name, measured: value, unit, bound, samples, note, calls, seen }
        };
        self.wanted.iter().map(figure).collect()
    }
}
