//! What only a database that replicas share can go through: simultaneous starts, neighbours of other ages, restarts.

mod contract;

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use async_std::task::block_on;
use contract::{new, walk};
use futures::FutureExt;
use futures::future::{join_all, try_join_all};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use testbed::Postgres;
use ticketing_server::PostgresUrl;
use ticketing_server::customer::{Customer, CustomerId, PageSize, Position};
use ticketing_server::store::{CachedStore, OpenError, PostgresStore, Store, StoreError};

/// What a caller waits by default; whoever is refused has to hear it well before.
const DEADLINE: Duration = Duration::from_secs(3);

fn shared_database() -> (Arc<Postgres>, String) {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    let url = postgres.new_database().expect("a new database");
    (postgres, url)
}

fn open(url: &str) -> Result<PostgresStore, OpenError> {
    block_on(PostgresStore::open(&parsed(url)))
}

fn parsed(url: &str) -> PostgresUrl {
    url.parse().expect("a URL")
}

#[test]
fn ten_servers_that_start_at_once_on_an_empty_database_all_come_up() {
    for isolation in ["read committed", "serializable"] {
        let postgres = Postgres::shared().expect("a PostgreSQL");
        let url = postgres.new_database_with(&[("default_transaction_isolation", isolation)]).expect("a new database");
        let starts: Vec<_> = (0..10)
            .map(|_| {
                let url = url.clone();
                thread::spawn(move || open(&url).map(drop))
            })
            .collect();
        for start in starts {
            start.join().expect("no panic").expect("it comes up");
        }
    }
}

#[test]
fn the_code_of_this_schema_works_on_a_later_one_that_allows_it() {
    let (_postgres, url) = shared_database();
    let before = open(&url).expect("an empty database");
    let ada = block_on(before.create(new("Ada", "Lovelace", Some("r1")))).expect("stored").customer;
    Postgres::execute(&url, "ALTER TABLE customers ADD COLUMN email TEXT").expect("added");
    Postgres::execute(&url, "CREATE TABLE addresses (id UUID PRIMARY KEY)").expect("added");
    Postgres::execute(&url, "UPDATE ticketing_schema SET version = 2, oldest_usable = 1").expect("marked");
    let after = open(&url).expect("a rollback finds a later schema");
    for store in [before, after] {
        assert_eq!(block_on(store.get(ada.id)).expect("looked up").as_ref(), Some(&ada));
        assert!(block_on(store.create(new("Ada", "Lovelace", Some("r1")))).expect("found").replayed);
        block_on(store.create(new("Grace", "Hopper", None))).expect("stored");
    }
    assert_eq!(block_on(walk(&open(&url).expect("opened"), 10)).len(), 3);
}

#[test]
fn a_schema_that_wants_a_newer_server_is_refused_with_advice() {
    let (_postgres, url) = shared_database();
    open(&url).expect("an empty database");
    Postgres::execute(&url, "UPDATE ticketing_schema SET version = 9, oldest_usable = 7").expect("marked");
    let error = open(&url).expect_err("too new").to_string();
    assert!(error.contains("version 9") && error.contains("version 7") && error.contains("newer"), "{error}");
}

#[test]
fn tables_of_another_program_are_left_alone() {
    let (_postgres, url) = shared_database();
    Postgres::execute(&url, "CREATE TABLE customers (name TEXT)").expect("made");
    let error = open(&url).expect_err("foreign");
    assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("another program"), "{error}");
}

#[test]
fn a_refused_password_is_told_without_showing_it() {
    let (_postgres, url) = shared_database();
    let (user, host) = url.split_once('@').expect("user@host");
    let (scheme_and_user, _) = user.rsplit_once(':').expect("a password");
    let error = open(&format!("{scheme_and_user}:wrong-secret@{host}")).expect_err("refused");
    assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
    assert!(error.to_string().contains("password") && !error.to_string().contains("wrong-secret"), "{error}");
}

#[test]
fn a_database_with_tls_is_reached_when_its_certificate_is_trusted_and_only_then() {
    let postgres = Postgres::builder().tls().start().expect("a PostgreSQL with TLS");
    let url = postgres.new_database().expect("a new database");
    let authority = postgres.authority().expect("a certificate");
    let trusting = [("sslmode", "verify-full"), ("sslrootcert", authority.to_str().expect("a path"))];
    let store = open(&Postgres::with_parameters(&url, &trusting)).expect("trusted");
    block_on(store.create(new("Ada", "Lovelace", None))).expect("stored");
    let error = open(&Postgres::with_parameters(&url, &[("sslmode", "verify-full")])).expect_err("not trusted");
    assert!(error.to_string().contains("certificate"), "{error}");
}

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
        let log = postgres.log().expect("a log");
        assert!(isolation != "serializable" || log.contains("could not serialize access"), "no 40001 came: {log}");
    }
}

#[test]
fn a_restart_of_an_idle_database_is_noticed_by_nobody() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let store = open(&postgres.url()).expect("an empty database");
    let ada = block_on(store.create(new("Ada", "Lovelace", None))).expect("stored").customer;
    // Several connections to read, all of which are then dead.
    block_on(try_join_all((0..8).map(|_| store.get(ada.id)))).expect("looked up");
    postgres.restart_immediate().expect("restarted");
    block_on(store.create(new("Grace", "Hopper", None))).expect("stored");
    let found = block_on(try_join_all((0..16).map(|_| store.get(ada.id)))).expect("looked up");
    assert!(found.iter().all(|found| found.as_ref() == Some(&ada)));
}

/// What must hold while the database is away, in whichever way it went.
fn assert_away(store: &CachedStore<PostgresStore>, cached: &Customer) {
    for _ in 0..2 {
        let begun = Instant::now();
        let refused = block_on(store.create(new("Grace", "Hopper", Some("r2"))));
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        assert!(begun.elapsed() < DEADLINE, "refused only after {:?}", begun.elapsed());
    }
    let begun = Instant::now();
    let refused = block_on(store.get(CustomerId::new()));
    assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    assert!(begun.elapsed() < DEADLINE, "refused only after {:?}", begun.elapsed());
    assert_eq!(block_on(store.get(cached.id)).expect("from the cache").as_ref(), Some(cached));
}

fn assert_back(store: &CachedStore<PostgresStore>) {
    let begun = Instant::now();
    while let Err(error) = block_on(store.create(new("Grace", "Hopper", Some("r2")))) {
        assert!(begun.elapsed() < DEADLINE, "{error}");
    }
    let size = PageSize::try_from(1000).expect("a size");
    block_on(store.list(Position::START, size)).expect("listed");
}

/// Waits until the database has no more connections than one server may have: 8 that read and one that writes.
fn assert_no_connection_is_left_over(url: &str) {
    let count = "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    block_on(async {
        let mut connection = PgConnection::connect(url).await.expect("connected");
        let begun = Instant::now();
        loop {
            let connections: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("counted");
            if connections <= 9 {
                return;
            }
            assert!(begun.elapsed() < DEADLINE, "{connections} connections");
        }
    });
}

#[test]
fn while_the_database_is_stopped_cached_reads_go_on_and_all_works_when_it_is_back() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let store = CachedStore::new(open(&postgres.url()).expect("an empty database"));
    let ada = block_on(store.create(new("Ada", "Lovelace", Some("r1")))).expect("stored").customer;
    postgres.stop().expect("stopped");
    assert_away(&store, &ada);
    postgres.start_again().expect("started");
    assert_back(&store);
}

#[test]
fn while_the_database_is_frozen_callers_are_refused_in_time_and_all_works_when_it_is_back() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let store = CachedStore::new(open(&postgres.url()).expect("an empty database"));
    let ada = block_on(store.create(new("Ada", "Lovelace", Some("r1")))).expect("stored").customer;
    postgres.freeze().expect("frozen");
    // Each read that is given up leaves a connection behind that must not stay.
    let given_up = block_on(join_all((0..50).map(|_| store.get(CustomerId::new()))));
    assert!(given_up.iter().all(|read| matches!(read, Err(StoreError::Unavailable { .. }))), "{given_up:?}");
    assert_away(&store, &ada);
    postgres.thaw().expect("thawed");
    assert_back(&store);
    assert_no_connection_is_left_over(&postgres.url());
    let customers = block_on(walk(&open(&postgres.url()).expect("opened"), 100));
    assert_eq!(customers.len(), 2, "r1 and r2, each once: {customers:?}");
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
