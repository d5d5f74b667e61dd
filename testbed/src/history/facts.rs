//! What a check looks up again and again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Concluded, History, Intent, Outcome, Seen, Walk};

/// A history, by name and by id.
pub(super) struct Facts<'a> {
    /// By first name: what was intended, and whether each of its creates was refused.
    pub(super) intents: HashMap<&'a str, (&'a Intent, bool)>,
    /// By id: the place in the last walk.
    pub(super) places: HashMap<&'a str, usize>,
    /// By id: since when somebody had proof that the customer is there.
    pub(super) known_since: HashMap<&'a str, Duration>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(Concluded { history, last }: &'a Concluded) -> Self {
        let mut facts = Self { intents: HashMap::new(), places: HashMap::new(), known_since: HashMap::new() };
        for (place, seen) in last.seen.iter().enumerate() {
            facts.places.entry(&seen.id).or_insert(place);
        }
        for create in &history.creates {
            let refused = matches!(create.outcome, Outcome::Refused(_));
            let (_, all) = facts.intents.entry(&create.intent.first_name).or_insert((&create.intent, true));
            *all &= refused;
            if let Outcome::Acknowledged(seen) = &create.outcome {
                facts.know(seen, create.ended);
            }
        }
        for get in &history.gets {
            get.found.iter().for_each(|seen| facts.know(seen, get.ended));
        }
        for walk in &history.walks {
            walk.seen.iter().for_each(|seen| facts.know(seen, walk.ended));
        }
        facts
    }

    fn know(&mut self, seen: &'a Seen, at: Duration) {
        let since = self.known_since.entry(&seen.id).or_insert(at);
        *since = at.min(*since);
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

    /// Each customer that was shown to anybody, as often as it was.
    pub(super) fn shown<'a>(&'a self, last: &'a Walk) -> impl Iterator<Item = &'a Arc<Seen>> {
        let gets = self.gets.iter().filter_map(|get| get.found.as_ref());
        let walks = self.walks.iter().chain([last]).flat_map(|walk| &walk.seen);
        self.acknowledged().chain(gets).chain(walks)
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
