//! The comparison of what was intended and seen with what had to be.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::facts::{Customer, Facts};
use super::{Concluded, Finding, History, Intent, Outcome, Seen, Verdict};

/// Holds a history against the promises. Pure: the same history gets the same verdict.
pub fn check(concluded: &Concluded) -> Verdict {
    let history = &concluded.history;
    let facts = Facts::of(concluded);
    let unknown = history.creates.iter().filter(|create| matches!(create.outcome, Outcome::Unknown(_))).count();
    Verdict {
        lost: Finding::of(lost(history, &facts)),
        doubled: Finding::of(doubled(history, &facts)),
        invented: Finding::of(invented(history, &facts)),
        skipped: Finding::of(skipped(&facts)),
        checked_creates: history.acknowledged().map(|seen| &seen.id).collect::<BTreeSet<_>>().len(),
        unknown,
        gets: history.gets.len(),
        walks: history.walks.iter().filter(|walk| walk.complete).count(),
    }
}

/// What is wrong, by the customer's id.
type Wrong<'a> = BTreeMap<&'a str, String>;

fn lost<'a>(history: &'a History, facts: &Facts<'a>) -> Wrong<'a> {
    let mut lost = Wrong::new();
    for create in &history.creates {
        if let Outcome::Acknowledged(seen) = &create.outcome
            && facts.customer(seen).place.is_none()
        {
            let what = || format!("{}: acknowledged at {:?}, not there at the end", seen.names(), create.ended);
            lost.entry(&seen.id).or_insert_with(what);
        }
    }
    for get in history.gets.iter().filter(|get| get.found.is_none()) {
        let what = || format!("{}: acknowledged, then NOT_FOUND at {:?}", get.wanted.names(), get.ended);
        lost.entry(&get.wanted.id).or_insert_with(what);
    }
    for (walk, numbers) in &facts.walks {
        let customers = numbers.iter().map(|number| &facts.customers[*number]);
        for Customer { seen, .. } in customers.filter(|customer| customer.place.is_none()) {
            let what = || format!("{}: shown in the walk of {:?}, not there at the end", seen.names(), walk.begun);
            lost.entry(&seen.id).or_insert_with(what);
        }
    }
    lost
}

fn doubled<'a>(history: &'a History, facts: &Facts<'a>) -> Wrong<'a> {
    // What may make one customer: a request id, or a create that has none.
    let cause = |intent: &'a Intent| match &intent.request_id {
        Some(request_id) => (true, request_id.as_str()),
        None => (false, intent.first_name.as_str()),
    };
    let mut made: HashMap<(bool, &str), &'a Seen> = HashMap::new();
    let mut doubled = Wrong::new();
    let mut count = |intent: &'a Intent, seen: &'a Seen| match made.entry(cause(intent)) {
        Entry::Vacant(free) => {
            free.insert(seen);
        }
        Entry::Occupied(first) if first.get().id != seen.id => {
            let name = intent.request_id.as_ref().map_or("no request id".to_owned(), |id| format!("request id {id}"));
            let what = || format!("{}: beside {}, with {name}", seen.names(), first.get().id);
            doubled.entry(&seen.id).or_insert_with(what);
        }
        Entry::Occupied(_) => {}
    };
    // Acknowledged ones first: they are the rightful ones.
    for create in &history.creates {
        if let Outcome::Acknowledged(seen) = &create.outcome {
            count(&create.intent, seen);
        }
    }
    for seen in &facts.shown {
        if let Some((intent, _)) = facts.intents.get(seen.first_name.as_str()) {
            count(intent, seen);
        }
    }
    doubled
}

fn invented<'a>(history: &'a History, facts: &Facts<'a>) -> Wrong<'a> {
    let mut invented = Wrong::new();
    for create in &history.creates {
        if let Outcome::Acknowledged(seen) = &create.outcome
            && !create.intent.is(seen)
        {
            let what = || format!("{}: the answer to a create of {}", seen.names(), create.intent.names());
            invented.entry(&seen.id).or_insert_with(what);
        }
    }
    for seen in &facts.shown {
        let what = match facts.intents.get(seen.first_name.as_str()) {
            None => format!("{}: nobody intended it", seen.names()),
            Some((intent, _)) if !intent.is(seen) => format!("{}: intended as {}", seen.names(), intent.names()),
            Some((_, true)) => format!("{}: its create was refused", seen.names()),
            Some(_) => continue,
        };
        invented.entry(&seen.id).or_insert(what);
    }
    invented
}

fn skipped<'a>(facts: &Facts<'a>) -> Wrong<'a> {
    let mut skipped = Wrong::new();
    let (_, all) = facts.walks.last().expect("there is a last walk");
    for (walk, numbers) in &facts.walks {
        let mut shown = vec![false; facts.customers.len()];
        let mut furthest = None;
        for number in numbers {
            let Customer { seen, place, .. } = facts.customers[*number];
            let wrong = if shown[*number] {
                Some("shown twice in")
            } else if place.is_some() && place < furthest {
                Some("shown out of order in")
            } else {
                None
            };
            if let Some(wrong) = wrong {
                let what = || format!("{}: {wrong} the walk of {:?}", seen.names(), walk.begun);
                skipped.entry(&seen.id).or_insert_with(what);
            }
            shown[*number] = true;
            furthest = furthest.max(place);
        }
        // What is not in the last walk either is lost, and counted there.
        for number in all.iter().filter(|number| walk.complete && !shown[**number]) {
            let Customer { seen, known_since, .. } = facts.customers[*number];
            if let Some(since) = known_since.filter(|since| *since < walk.begun) {
                let what = || format!("{}: there since {since:?}, not in the walk of {:?}", seen.names(), walk.begun);
                skipped.entry(&seen.id).or_insert_with(what);
            }
        }
    }
    skipped
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use ticketing_client::Code;

    use super::*;
    use crate::history::{Create, Walk};

    const LOST_ANSWER: Outcome = Outcome::Unknown(Code::Unavailable);

    fn intent(name: &str, request_id: Option<&str>) -> Arc<Intent> {
        let request_id = request_id.map(str::to_owned);
        Arc::new(Intent { first_name: name.to_owned(), last_name: "Last".to_owned(), request_id })
    }

    fn seen(id: &str, name: &str) -> Arc<Seen> {
        Arc::new(Seen { id: id.to_owned(), first_name: name.to_owned(), last_name: "Last".to_owned() })
    }

    /// A create that is known after this many seconds.
    fn create(intent: Arc<Intent>, second: u64, outcome: Outcome) -> Create {
        Create { intent, begun: Duration::ZERO, ended: Duration::from_secs(second), outcome }
    }

    fn walk(begun: u64, seen: &[&Arc<Seen>]) -> Walk {
        let (begun, ended) = (Duration::from_secs(begun), Duration::from_secs(begun + 1));
        Walk { begun, ended, seen: seen.iter().copied().cloned().collect(), complete: true }
    }

    /// How many customers are lost, doubled, invented and skipped, when the last walk shows these.
    fn counts(creates: Vec<Create>, walks: Vec<Walk>, last: &[&Arc<Seen>]) -> [usize; 4] {
        let history = History { creates, walks, ..History::default() };
        let Verdict { lost, doubled, invented, skipped, .. } = check(&Concluded { history, last: walk(100, last) });
        [lost, doubled, invented, skipped].map(|finding| finding.customers)
    }

    #[test]
    fn an_unknown_create_without_a_request_id_may_be_there_once_or_not_at_all() {
        let unknown = || vec![create(intent("a", None), 1, LOST_ANSWER)];
        let (one, other) = (seen("1", "a"), seen("2", "a"));
        assert_eq!(counts(unknown(), vec![], &[]), [0; 4]);
        assert_eq!(counts(unknown(), vec![], &[&one]), [0; 4]);
        assert_eq!(counts(unknown(), vec![], &[&one, &other]), [0, 1, 0, 0]);
    }

    #[test]
    fn two_answers_to_one_request_id_must_be_one_customer() {
        let intent = intent("a", Some("r"));
        let (one, other) = (seen("1", "a"), seen("2", "a"));
        let acknowledged = |seen: &Arc<Seen>| create(intent.clone(), 1, Outcome::Acknowledged(seen.clone()));
        assert_eq!(counts(vec![acknowledged(&one), acknowledged(&one)], vec![], &[&one]), [0; 4]);
        assert_eq!(counts(vec![acknowledged(&one), acknowledged(&other)], vec![], &[&one, &other]), [0, 1, 0, 0]);
        assert_eq!(counts(vec![acknowledged(&one), acknowledged(&other)], vec![], &[&one]), [1, 1, 0, 0]);
    }

    #[test]
    fn a_request_id_makes_one_customer_whatever_the_names() {
        let (mine, theirs) = (intent("a", Some("r")), intent("b", Some("r")));
        let (one, other) = (seen("1", "a"), seen("2", "b"));
        let creates = vec![
            create(mine, 1, Outcome::Acknowledged(one.clone())),
            create(theirs, 2, Outcome::Acknowledged(other.clone())),
        ];
        assert_eq!(counts(creates, vec![], &[&one, &other]), [0, 1, 0, 0]);
    }

    #[test]
    fn what_was_refused_must_not_be_there() {
        let refused = vec![create(intent("a", Some("r")), 1, Outcome::Refused(Code::AlreadyExists))];
        assert_eq!(counts(refused.clone(), vec![], &[]), [0; 4]);
        assert_eq!(counts(refused, vec![], &[&seen("1", "a")]), [0, 0, 1, 0]);
    }

    #[test]
    fn a_walk_must_show_what_was_known_before_it_began_and_may_show_the_rest() {
        let (one, other) = (seen("1", "a"), seen("2", "b"));
        let creates = || {
            let acknowledged = create(intent("a", None), 5, Outcome::Acknowledged(one.clone()));
            vec![acknowledged, create(intent("b", None), 5, LOST_ANSWER)]
        };
        let last = [&one, &other];
        assert_eq!(counts(creates(), vec![walk(4, &[])], &last), [0; 4]);
        assert_eq!(counts(creates(), vec![walk(6, &[&one])], &last), [0; 4]);
        assert_eq!(counts(creates(), vec![walk(6, &[])], &last), [0, 0, 0, 1]);
        // Nobody was told of the other one, but a walk showed it.
        assert_eq!(counts(creates(), vec![walk(6, &[&one, &other]), walk(8, &[&one])], &last), [0, 0, 0, 1]);
    }

    #[test]
    fn a_walk_that_was_broken_off_is_held_to_what_it_showed_only() {
        let (one, other) = (seen("1", "a"), seen("2", "b"));
        let creates = || {
            let acknowledged =
                |name, seen: &Arc<Seen>| create(intent(name, None), 1, Outcome::Acknowledged(seen.clone()));
            vec![acknowledged("a", &one), acknowledged("b", &other)]
        };
        let broken_off = |seen: &[&Arc<Seen>]| vec![Walk { complete: false, ..walk(5, seen) }];
        assert_eq!(counts(creates(), broken_off(&[&one]), &[&one, &other]), [0; 4]);
        assert_eq!(counts(creates(), broken_off(&[&one, &one]), &[&one, &other]), [0, 0, 0, 1]);
        assert_eq!(counts(creates(), broken_off(&[&other, &one]), &[&one, &other]), [0, 0, 0, 1]);
    }

    #[test]
    fn what_a_walk_showed_must_stay() {
        let one = seen("1", "a");
        let creates = vec![create(intent("a", None), 1, LOST_ANSWER)];
        assert_eq!(counts(creates, vec![walk(5, &[&one])], &[]), [1, 0, 0, 0]);
    }
}
