//! The database is away: stopped, frozen, or behind connections that died without a word.

use std::time::Instant;

use async_std::task::block_on;
use futures::future::{join_all, try_join_all};
use sqlx::Connection as _;
use sqlx::postgres::PgConnection;
use testbed::{Postgres, SilentProxy};
use ticketing_server::customer::{Customer, CustomerId, PageSize, Position};
use ticketing_server::store::{CachedStore, PostgresStore, Store, StoreError};

use crate::contract::{new, walk};
use crate::{DEADLINE, open, shared_database};

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

/// Waits until the database has no more connections than one server may have: 6 that read and one that writes.
fn assert_no_connection_is_left_over(url: &str) {
    let count = "SELECT count(*) FROM pg_stat_activity \
                 WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    block_on(async {
        let mut connection = PgConnection::connect(url).await.expect("connected");
        let begun = Instant::now();
        loop {
            let connections: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await.expect("counted");
            if connections <= 7 {
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

/// As after a failover, or when a balancer forgot them: no packet says that they are dead.
#[test]
fn connections_that_died_without_a_word_fail_neither_reads_nor_creates() {
    let (_postgres, url) = shared_database();
    let (proxy, url) = SilentProxy::before(&url).expect("a proxy");
    let store = open(&url).expect("an empty database");
    let ada = block_on(store.create(new("Ada", "Lovelace", Some("r1")))).expect("stored").customer;
    block_on(try_join_all((0..6).map(|_| store.get(ada.id)))).expect("looked up");
    proxy.silence_open();
    for _ in 0..8 {
        assert_eq!(block_on(store.get(ada.id)).expect("looked up on a new connection"), Some(ada.clone()));
    }
    assert!(block_on(store.create(new("Ada", "Lovelace", Some("r1")))).expect("found").replayed);
}

#[test]
fn while_the_database_is_silent_most_reads_are_refused_at_once_and_it_is_found_when_it_is_back() {
    let (_postgres, url) = shared_database();
    let (proxy, url) = SilentProxy::before(&url).expect("a proxy");
    let store = open(&url).expect("an empty database");
    block_on(store.get(CustomerId::new())).expect("looked up");
    proxy.set_dead(true);
    let begun = Instant::now();
    for _ in 0..100 {
        let refused = block_on(store.get(CustomerId::new()));
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    }
    assert!(begun.elapsed() < DEADLINE, "100 reads took {:?}", begun.elapsed());
    proxy.set_dead(false);
    let begun = Instant::now();
    while let Err(error) = block_on(store.get(CustomerId::new())) {
        assert!(begun.elapsed() < DEADLINE, "{error}");
    }
}

/// Reads that nobody waits for any more.
#[test]
fn readers_whose_callers_have_gone_are_free_again_while_the_database_is_busy() {
    let (_postgres, url) = shared_database();
    let store = open(&url).expect("an empty database");
    block_on(async {
        let mut other = PgConnection::connect(&url).await.expect("connected");
        sqlx::raw_sql("BEGIN; LOCK TABLE customers IN ACCESS EXCLUSIVE MODE")
            .execute(&mut other)
            .await
            .expect("locked");
        let gone = async_std::future::timeout(DEADLINE / 20, join_all((0..6).map(|_| store.get(CustomerId::new()))));
        gone.await.expect_err("they wait for the lock");
        let begun = Instant::now();
        let waiting = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while sqlx::query_scalar::<_, i64>(waiting).fetch_one(&mut other).await.expect("counted") > 0 {
            assert!(begun.elapsed() < DEADLINE, "the database still works for nobody");
        }
        sqlx::raw_sql("ROLLBACK").execute(&mut other).await.expect("unlocked");
        assert_eq!(store.get(CustomerId::new()).await.expect("looked up"), None);
    });
    assert_no_connection_is_left_over(&url);
}
