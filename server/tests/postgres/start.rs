//! Its start: schemas of several ages, foreign and broken ones, passwords, TLS.

use std::thread;

use async_std::task::block_on;
use testbed::Postgres;
use ticketing_server::store::{OpenError, Store as _};

use crate::contract::{new, walk};
use crate::{open, shared_database};

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

/// Opens a database after these statements, and says why it cannot be used.
fn unusable_after(statements: &[&str]) -> String {
    let (_postgres, url) = shared_database();
    for statement in statements {
        Postgres::execute(&url, statement).expect("done");
    }
    let error = open(&url).expect_err("unfit");
    assert!(matches!(error, OpenError::Unusable { .. }), "it would be waited for: {error}");
    error.to_string()
}

#[test]
fn what_stands_in_the_way_of_our_tables_ends_the_start() {
    let error = unusable_after(&["CREATE TABLE customer_positions (name TEXT)"]);
    assert!(error.contains("another program"), "{error}");
    // It is no table, so it is not seen before it is met.
    let error = unusable_after(&["CREATE TYPE customers AS ENUM ('a')"]);
    assert!(error.contains("already exists"), "{error}");
    let error = unusable_after(&["CREATE TABLE ticketing_schema (version TEXT)"]);
    assert!(error.contains("does not exist"), "{error}");
}

#[test]
fn a_backup_that_was_restored_in_part_ends_the_start() {
    let part = |statement: &str| {
        let (_postgres, url) = shared_database();
        block_on(open(&url).expect("an empty database").create(new("Ada", "Lovelace", None))).expect("stored");
        Postgres::execute(&url, statement).expect("done");
        let error = open(&url).expect_err("half of it");
        assert!(matches!(error, OpenError::Unusable { .. }), "it would be waited for: {error}");
        assert!(error.to_string().contains("restore a backup, whole"), "{error}");
    };
    part("DELETE FROM ticketing_schema");
    part("DELETE FROM customer_positions");
    part("UPDATE customer_positions SET last = 0");
    part("DROP TABLE customers");
}

#[test]
fn a_database_that_cannot_hold_every_name_is_refused() {
    let (_postgres, url) = shared_database();
    let (server, database) = url.rsplit_once('/').expect("a database");
    let ascii = format!("{database}_ascii");
    let make = format!("CREATE DATABASE {ascii} TEMPLATE template0 ENCODING 'SQL_ASCII' LC_COLLATE 'C' LC_CTYPE 'C'");
    Postgres::execute(&url, &make).expect("made");
    let error = open(&format!("{server}/{ascii}")).expect_err("unfit").to_string();
    Postgres::execute(&url, &format!("DROP DATABASE {ascii} WITH (FORCE)")).expect("dropped");
    assert!(error.contains("SQL_ASCII") && error.contains("UTF8"), "{error}");
}

/// `INT` is of 4 bytes in PostgreSQL and of 8 in CockroachDB, where the first databases of this program have 8.
#[test]
fn a_schema_whose_versions_have_four_bytes_or_eight_is_used() {
    for integer in ["INT", "BIGINT"] {
        let (_postgres, url) = shared_database();
        open(&url).expect("an empty database");
        for column in ["id", "version", "oldest_usable"] {
            let change = format!("ALTER TABLE ticketing_schema ALTER COLUMN {column} TYPE {integer}");
            Postgres::execute(&url, &change).expect("changed");
        }
        open(&url).unwrap_or_else(|error| panic!("{integer}: {error}"));
    }
}
