//! What a check found.

use std::collections::BTreeMap;
use std::fmt;

/// As many examples as a person reads.
const EXAMPLES: usize = 5;

/// What a history came to: four counts of broken promises, which must be 0, and how much was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Customers that were acknowledged or seen, and are gone, or were not found once.
    pub lost: Finding,
    /// Customers that are there beside the one that their create or request id made.
    pub doubled: Finding,
    /// Customers that nobody intended, with other names than intended, or whose create was refused.
    pub invented: Finding,
    /// Customers that a walk left out although they were there when it began, showed twice, or showed in another order
    /// than the last walk.
    pub skipped: Finding,
    /// Customers whose creates were acknowledged; each was compared.
    pub checked_creates: usize,
    /// Creates whose outcome was unknown when they were sent first, each time counted.
    pub unknown: usize,
    /// Looks at single customers.
    pub gets: usize,
    /// Complete walks, without the last one.
    pub walks: usize,
}

/// Customers about which one promise was broken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Finding {
    /// How many.
    pub customers: usize,
    /// The first few, in words.
    pub examples: Vec<String>,
}

impl Verdict {
    /// All customers about which a promise was broken; one that is wrong in two ways counts twice.
    pub fn wrong(&self) -> usize {
        self.findings().iter().map(|(_, finding)| finding.customers).sum()
    }

    /// Customers too few: one that no walk shows is as good as lost.
    pub fn missing(&self) -> usize {
        self.lost.customers + self.skipped.customers
    }

    /// Customers too many: one that nobody asked for is as bad as one that is there twice.
    pub fn surplus(&self) -> usize {
        self.doubled.customers + self.invented.customers
    }

    fn findings(&self) -> [(&str, &Finding); 4] {
        let Self { lost, doubled, invented, skipped, .. } = self;
        [("lost", lost), ("doubled", doubled), ("invented", invented), ("skipped", skipped)]
    }
}

impl Finding {
    /// Of customers by their ids, each with the first thing that is wrong with it.
    pub(super) fn of(wrong: BTreeMap<&str, String>) -> Self {
        let example = |(id, what): (&str, String)| format!("{id} {what}");
        Self { customers: wrong.len(), examples: wrong.into_iter().take(EXAMPLES).map(example).collect() }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.findings().map(|(name, finding)| format!("{} {name}", finding.customers)).join(", ");
        let Self { checked_creates, unknown, gets, walks, .. } = self;
        write!(f, "{counts}; {checked_creates} acknowledged creates, {unknown} unknown, {gets} gets, {walks} walks")?;
        for (name, finding) in self.findings() {
            for example in &finding.examples {
                write!(f, "\n  {name}: {example}")?;
            }
        }
        Ok(())
    }
}
