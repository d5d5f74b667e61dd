//! What is said about a figure of old and new runs.

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Judgement {
    /// Runs of the same would differ by that much too, or it is too little to notice.
    WithinNoise,
    Better,
    Worse,
    /// A side has too few runs: nobody knows how much they differ by themselves.
    Untold,
    /// A run did not come to its end, so that its figures are of another time than those of the others.
    Interrupted,
    /// A run has too few answers for the percentile to be more than an accident.
    TooFewAnswers,
    /// A run was so short that making connections was much of it.
    TooShort,
    /// So many calls of a run failed that the percentile of those that were answered may hide the slowest.
    TooManyFailed,
    /// Not the same was offered to all runs: a difference may come from that.
    NotComparable,
}

impl Judgement {
    /// Whether it is one of runs, and so of all their figures.
    pub(crate) fn is_of_all(self) -> bool {
        matches!(self, Self::Untold | Self::Interrupted | Self::NotComparable)
    }
}
