//! What a check looks up again and again.

use std::collections::HashMap;
use std::ptr;
use std::sync::Arc;
use std::time::Duration;

use super::{Concluded, History, Intent, Outcome, Seen, Walk};

/// A history with its customers numbered: long walks show the same ones millions of times.
pub(super) struct Facts<'a> {
    /// By first name: what was intended, and whether each of its creates was refused.
    pub(super) intents: HashMap<&'a str, (&'a Intent, bool)>,
    /// Each customer that was shown to anybody; those that were acknowledged first. One that was shown with several
    /// names is here with each.
    pub(super) shown: Vec<&'a Seen>,
    /// All walks, the last one at the end, with the numbers of the customers that they showed.
    pub(super) walks: Vec<(&'a Walk, Vec<usize>)>,
    /// One for each id, by number.
    pub(super) customers: Vec<Customer<'a>>,
    by_id: HashMap<&'a str, usize>,
    by_address: HashMap<*const Seen, usize>,
}

/// What is known of an id.
pub(super) struct Customer<'a> {
    /// As it was shown first.
    pub(super) seen: &'a Seen,
    /// The place in the last walk, if it is there.
    pub(super) place: Option<usize>,
    /// Since when somebody had proof that it is there; none if the last walk is the first to show it.
    pub(super) known_since: Option<Duration>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(Concluded { history, last }: &'a Concluded) -> Self {
        let mut facts = Self {
            intents: HashMap::new(),
            shown: Vec::new(),
            walks: Vec::new(),
            customers: Vec::new(),
            by_id: HashMap::new(),
            by_address: HashMap::new(),
        };
        for create in &history.creates {
            let refused = matches!(create.outcome, Outcome::Refused(_));
            let (_, all) = facts.intents.entry(&create.intent.first_name).or_insert((&create.intent, true));
            *all &= refused;
            if let Outcome::Acknowledged(seen) = &create.outcome {
                facts.know(seen, create.ended);
            }
        }
        for get in &history.gets {
            if let Some(seen) = &get.found {
                facts.know(seen, get.ended);
            }
        }
        for walk in &history.walks {
            let numbers = walk.seen.iter().map(|seen| facts.know(seen, walk.ended)).collect();
            facts.walks.push((walk, numbers));
        }
        let numbers: Vec<_> = last.seen.iter().map(|seen| facts.number(seen)).collect();
        for (place, number) in numbers.iter().enumerate() {
            facts.customers[*number].place.get_or_insert(place);
        }
        facts.walks.push((last, numbers));
        facts
    }

    /// What is known of the id of a customer that was shown.
    pub(super) fn customer(&self, seen: &Seen) -> &Customer<'a> {
        &self.customers[self.by_id[seen.id.as_str()]]
    }

    fn know(&mut self, seen: &'a Arc<Seen>, at: Duration) -> usize {
        let number = self.number(seen);
        let since = self.customers[number].known_since.get_or_insert(at);
        *since = at.min(*since);
        number
    }

    fn number(&mut self, seen: &'a Arc<Seen>) -> usize {
        let Self { shown, customers, by_id, by_address, .. } = self;
        *by_address.entry(ptr::from_ref(&**seen)).or_insert_with(|| {
            shown.push(seen);
            *by_id.entry(&seen.id).or_insert_with(|| {
                customers.push(Customer { seen, place: None, known_since: None });
                customers.len() - 1
            })
        })
    }
}

impl History {
    /// The customers of all creates that were acknowledged; one that was acknowledged twice comes twice.
    pub(super) fn acknowledged(&self) -> impl Iterator<Item = &Arc<Seen>> {
        self.creates.iter().filter_map(|create| match &create.outcome {
            Outcome::Acknowledged(seen) => Some(seen),
            _ => None,
        })
    }
}

impl Intent {
    pub(super) fn is(&self, seen: &Seen) -> bool {
        (&self.first_name, &self.last_name) == (&seen.first_name, &seen.last_name)
    }

    pub(super) fn names(&self) -> String {
        format!("\"{} {}\"", self.first_name, self.last_name)
    }
}

impl Seen {
    pub(super) fn names(&self) -> String {
        format!("\"{} {}\"", self.first_name, self.last_name)
    }
}
