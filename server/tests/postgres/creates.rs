//! Creates: order, conflicts, limits, and what of them is known.

use std::time::Duration;

use async_std::task::block_on;
use futures::FutureExt;
use futures::future::{join_all, try_join_all};
use testbed::Postgres;
use ticketing_server::customer::CustomerId;
use ticketing_server::store::{Store as _, StoreError};

use crate::contract::{new, walk};
use crate::{open, shared_database};

#[test]
fn a_walk_sees_all_that_was_there_while_replicas_insert() {
    for isolation in ["read committed", "serializable"] {
        let postgres = Postgres::shared().expect("a PostgreSQL");
        let url = postgres.new_database_with(&[("default_transaction_isolation", isolation)]).expect("a new database");
        let replicas: Vec<_> = (0..3).map(|_| open(&url).expect("opened")).collect();
        let writers = replicas.iter().map(|replica| async move {
            for round in 0..30 {
                let creates = (0..5).map(|n| replica.create(new("Of", "a replica", Some(&format!("r{round}-{n}")))));
                try_join_all(creates).await.expect("stored or found");
                replica.create(new("Of", "one", None)).await.expect("stored");
            }
        });
        let reader = async {
            let mut last: Vec<CustomerId> = Vec::new();
            loop {
                let seen: Vec<_> = walk(&replicas[0], 7).await.iter().map(|customer| customer.id).collect();
                assert_eq!(seen[..last.len()], last[..], "what a walk saw stands at the same place in the next");
                last = seen;
                if last.len() == 30 * 5 + 3 * 30 {
                    return;
                }
            }
        };
        block_on(futures::future::join(join_all(writers), reader));
        // One that was given by URL shows no log.
        let log = postgres.log().unwrap_or_else(|_| "could not serialize access".to_owned());
        assert!(isolation != "serializable" || log.contains("could not serialize access"), "no 40001 came: {log}");
    }
}

#[test]
fn a_create_without_a_request_id_whose_outcome_is_unknown_says_so() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let store = open(&postgres.url()).expect("an empty database");
    block_on(store.create(new("Ada", "Lovelace", None))).expect("stored");
    postgres.freeze().expect("frozen");
    let unknown = block_on(store.create(new("Grace", "Hopper", None)));
    postgres.thaw().expect("thawed");
    assert!(matches!(unknown, Err(StoreError::OutcomeUnknown { .. })), "{unknown:?}");
}

#[test]
fn creates_past_the_queue_are_refused_at_once_and_told_when_to_come_back() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let store = open(&postgres.url()).expect("an empty database");
    postgres.freeze().expect("frozen");
    // More than the queue and the batch that the writer holds.
    let mut waiting: Vec<_> = (0..6_000).map(|n| store.create(new("Of", "many", Some(&format!("r{n}"))))).collect();
    let refused: Vec<_> = waiting.iter_mut().filter_map(FutureExt::now_or_never).collect();
    postgres.thaw().expect("thawed");
    assert!((1_000..6_000).contains(&refused.len()), "{} of 6000", refused.len());
    for refusal in refused {
        assert!(matches!(refusal, Err(StoreError::Overloaded { retry_after }) if retry_after > Duration::ZERO));
    }
}

#[test]
fn a_full_disk_of_the_database_is_told_as_such_and_nothing_is_lost() {
    let (_postgres, url) = shared_database();
    let store = open(&url).expect("an empty database");
    let ada = block_on(store.create(new("Ada", "Lovelace", Some("r1")))).expect("stored").customer;
    // The code that PostgreSQL gives when it cannot make a file longer.
    let full = "CREATE FUNCTION no_space() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = '53100'; END $$ \
                LANGUAGE plpgsql";
    Postgres::execute(&url, full).expect("made");
    Postgres::execute(&url, "CREATE TRIGGER no_space BEFORE INSERT ON customers EXECUTE FUNCTION no_space()")
        .expect("planted");
    let refused = block_on(store.create(new("Grace", "Hopper", None)));
    assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
    assert_eq!(block_on(store.get(ada.id)).expect("looked up"), Some(ada));
    Postgres::execute(&url, "DROP TRIGGER no_space ON customers").expect("taken out");
    block_on(store.create(new("Grace", "Hopper", None))).expect("stored");
    assert_eq!(block_on(walk(&store, 10)).len(), 2);
}

#[test]
fn a_create_whose_caller_has_gone_before_its_turn_is_not_stored() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let store = open(&postgres.url()).expect("an empty database");
    postgres.freeze().expect("frozen");
    // The writer is busy with these until the database goes on: more than fit into one batch.
    let first: Vec<_> = (0..300).map(|n| store.create(new("Of", "many", Some(&format!("r{n}"))))).collect();
    drop(store.create(new("Grace", "Hopper", Some("gone"))));
    postgres.thaw().expect("thawed");
    block_on(try_join_all(first)).expect("stored");
    assert_eq!(block_on(walk(&store, 1_000)).len(), 300);
}

#[test]
fn a_row_that_the_database_refuses_fails_alone_and_nobody_is_asked_to_send_it_again() {
    let (_postgres, url) = shared_database();
    let store = open(&url).expect("an empty database");
    Postgres::execute(&url, "ALTER TABLE customers ADD CHECK (first_name <> 'Refused')").expect("constrained");
    let creates = (0..20).map(|n| store.create(new(if n == 7 { "Refused" } else { "Ada" }, "Lovelace", None)));
    for (n, created) in block_on(join_all(creates)).into_iter().enumerate() {
        match created {
            Ok(_) => assert_ne!(n, 7),
            Err(error) => assert!(n == 7 && matches!(error, StoreError::Rejected { .. }), "{n}: {error}"),
        }
    }
    assert_eq!(block_on(walk(&store, 100)).len(), 19);
}

/// `local` does not wait for replicas, which may be all that is left.
#[test]
fn a_create_is_as_durable_as_promised_whatever_the_database_is_set_to() {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    for (set, held) in [("off", "on"), ("local", "on"), ("remote_write", "on"), ("remote_apply", "remote_apply")] {
        let url = postgres.new_database_with(&[("synchronous_commit", set)]).expect("a new database");
        let store = open(&url).expect("an empty database");
        let check = format!(
            "CREATE FUNCTION durable() RETURNS trigger AS $$ BEGIN \
             IF current_setting('synchronous_commit') <> '{held}' THEN RAISE 'not durable'; END IF; RETURN new; END $$ \
             LANGUAGE plpgsql"
        );
        Postgres::execute(&url, &check).expect("made");
        Postgres::execute(&url, "CREATE TRIGGER durable BEFORE INSERT ON customers EXECUTE FUNCTION durable()")
            .expect("planted");
        block_on(store.create(new("Ada", "Lovelace", None))).unwrap_or_else(|error| panic!("{set}: {error}"));
    }
}
