//! The history checker finds what is wrong with a store, and nothing where nothing is.

mod in_process;
mod planted;

use testbed::history::{Crew, Drive, Finding, Verdict, check};
use ticketing_server::store::{MemoryStore, Store};

use crate::in_process::serve;
use crate::planted::{Fault, PlantedStore};

const CREATES: usize = 3_000;

fn verdict_on(store: impl Store) -> Verdict {
    let server = serve(store);
    let history = Drive::through(server.address, Crew::default(), CREATES);
    check(&history.conclude(server.address).unwrap())
}

/// How many customers are lost, doubled, invented and skipped.
fn counts(verdict: &Verdict) -> [usize; 4] {
    let Verdict { lost, doubled, invented, skipped, .. } = verdict;
    [lost, doubled, invented, skipped].map(|finding: &Finding| finding.customers)
}

fn counts_of(fault: Fault) -> ([usize; 4], Verdict) {
    let verdict = verdict_on(PlantedStore::with(fault));
    (counts(&verdict), verdict)
}

#[test]
fn a_sound_store_breaks_no_promise() {
    let verdict = verdict_on(MemoryStore::new());
    assert_eq!(counts(&verdict), [0; 4], "{verdict}");
    assert_eq!(verdict.wrong(), 0);
    assert_eq!((verdict.checked_creates, verdict.unknown), (CREATES, 0), "{verdict}");
    assert!(verdict.gets > CREATES && verdict.walks >= 3, "{verdict}");
}

#[test]
fn creates_whose_answers_are_lost_are_resolved_and_break_no_promise() {
    let (counts, verdict) = counts_of(Fault::Mumbles);
    assert_eq!(counts, [0; 4], "{verdict}");
    assert!(verdict.unknown >= CREATES / 50, "{verdict}");
    // Those without a request id stay unknown.
    assert!((CREATES * 9 / 10..CREATES).contains(&verdict.checked_creates), "{verdict}");
}

#[test]
fn a_store_that_drops_one_create_in_a_thousand_is_caught() {
    let (counts, verdict) = counts_of(Fault::Drops);
    assert!(matches!(counts, [3, 0, 0, 0]), "{verdict}");
    assert!(verdict.lost.examples[0].contains("not there at the end"), "{verdict}");
}

#[test]
fn a_store_that_doubles_one_create_is_caught() {
    let (counts, verdict) = counts_of(Fault::Doubles);
    assert_eq!(counts, [0, 1, 0, 0], "{verdict}");
    assert!(verdict.doubled.examples[0].contains("beside"), "{verdict}");
}

#[test]
fn a_store_that_forgets_a_request_id_is_caught() {
    let (counts, verdict) = counts_of(Fault::Forgets);
    assert_eq!(counts, [0, 1, 0, 0], "{verdict}");
}

#[test]
fn a_store_whose_walk_skips_one_customer_is_caught() {
    let (counts, verdict) = counts_of(Fault::Skips);
    assert_eq!(counts, [0, 0, 0, 1], "{verdict}");
    assert!(verdict.skipped.examples[0].contains("not in the walk"), "{verdict}");
}

#[test]
fn a_store_whose_walks_disagree_about_the_order_is_caught() {
    let (counts, verdict) = counts_of(Fault::Swaps);
    assert_eq!(counts, [0, 0, 0, 1], "{verdict}");
    assert!(verdict.skipped.examples[0].contains("out of order"), "{verdict}");
}

#[test]
fn a_store_that_invents_a_customer_is_caught() {
    let (counts, verdict) = counts_of(Fault::Invents);
    assert_eq!(counts, [0, 0, 1, 0], "{verdict}");
    assert!(verdict.invented.examples[0].contains("\"Nobody Nobody\": nobody intended it"), "{verdict}");
}

#[test]
fn a_store_that_changes_a_name_is_caught() {
    let (counts, verdict) = counts_of(Fault::Renames);
    assert_eq!(counts, [0, 0, 1, 0], "{verdict}");
}

#[test]
fn a_store_that_does_not_find_a_customer_once_is_caught() {
    let (counts, verdict) = counts_of(Fault::Blinks);
    assert_eq!(counts, [1, 0, 0, 0], "{verdict}");
    assert!(verdict.lost.examples[0].contains("NOT_FOUND"), "{verdict}");
}
