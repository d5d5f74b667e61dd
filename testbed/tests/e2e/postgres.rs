//! The PostgreSQL that the testbed starts for itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use async_std::future::timeout;
use async_std::task::block_on;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use testbed::{BedError, Postgres};

/// One value as text, on a connection of its own.
fn ask(url: &str, query: &str) -> Result<String, sqlx::Error> {
    block_on(async {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut connection).await
    })
}

fn started() -> Postgres {
    Postgres::builder().start().unwrap_or_else(|error| panic!("{error}"))
}

/// A database with one row, whose write was acknowledged.
fn with_a_row(postgres: &Postgres) -> String {
    let url = postgres.new_database().unwrap();
    Postgres::execute(&url, "CREATE TABLE kept (name text)").unwrap();
    Postgres::execute(&url, "INSERT INTO kept VALUES ('Zoë')").unwrap();
    url
}

#[test]
fn it_answers_durably_and_only_to_who_knows_the_password() {
    let postgres = started();
    let url = postgres.url();
    assert_eq!(ask(&url, "SELECT 'yes'").unwrap(), "yes");
    for (setting, value) in [("fsync", "on"), ("synchronous_commit", "on"), ("server_encoding", "UTF8")] {
        assert_eq!(ask(&url, &format!("SHOW {setting}")).unwrap(), value, "{setting}");
    }
    let (before, after) = url.split_once("%40@").unwrap();
    let refused = ask(&format!("{before}@{after}"), "SELECT 'yes'").unwrap_err();
    assert!(refused.to_string().contains("password authentication failed"), "{refused}");
}

#[test]
fn its_own_programs_reach_it() {
    let postgres = Postgres::shared().unwrap();
    let output = Postgres::program("psql").unwrap().args(["-Atc", "SELECT 'yes'", &postgres.url()]).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), "yes\n", "{output:?}");
}

#[test]
fn databases_of_one_server_are_apart_and_may_have_settings_of_their_own() {
    let postgres = Postgres::shared().unwrap();
    let (one, other) = (with_a_row(&postgres), postgres.new_database().unwrap());
    assert_eq!(ask(&one, "SELECT name FROM kept").unwrap(), "Zoë");
    ask(&other, "SELECT name FROM kept").unwrap_err();

    let strict = postgres.new_database_with(&[("default_transaction_isolation", "serializable")]).unwrap();
    assert_eq!(ask(&strict, "SHOW transaction_isolation").unwrap(), "serializable");
    assert_eq!(ask(&one, "SHOW transaction_isolation").unwrap(), "read committed");
}

#[test]
fn one_that_is_given_by_url_makes_databases_and_takes_them_away_and_is_not_ended() {
    let running = started();
    let given = Postgres::at(&running.url()).unwrap();
    let url = with_a_row(&given);
    assert_eq!(ask(&url, "SELECT name FROM kept").unwrap(), "Zoë");
    let refused = given.restart_immediate().unwrap_err();
    assert!(refused.to_string().contains("not ours"), "{refused}");
    drop(given);
    let gone = ask(&url, "SELECT name FROM kept").unwrap_err();
    assert!(gone.to_string().contains("does not exist"), "{gone}");
    assert_eq!(ask(&running.url(), "SELECT 'yes'").unwrap(), "yes");
    assert!(Postgres::at("localhost").is_err());
}

#[test]
fn what_was_written_outlives_every_way_to_end() {
    type End = fn(&Postgres) -> Result<(), BedError>;
    let postgres = started();
    let url = with_a_row(&postgres);
    let ends: [(&str, End); 3] =
        [("fast", Postgres::stop), ("immediate", Postgres::stop_immediate), ("crash", Postgres::crash)];
    for (name, end) in ends {
        end(&postgres).unwrap();
        ask(&url, "SELECT name FROM kept").unwrap_err();
        postgres.start_again().unwrap_or_else(|error| panic!("after {name}: {error}"));
        assert_eq!(ask(&url, "SELECT name FROM kept").unwrap(), "Zoë", "after {name}");
    }
    postgres.restart_immediate().unwrap();
    assert_eq!(ask(&url, "SELECT name FROM kept").unwrap(), "Zoë");
}

#[test]
fn it_answers_nothing_while_it_is_frozen_and_goes_on_afterwards() {
    let postgres = started();
    let mut connection = block_on(PgConnection::connect(&postgres.url())).unwrap();
    let mut ask = || {
        let answer = sqlx::query_scalar::<_, i32>("SELECT 1").fetch_one(&mut connection);
        block_on(timeout(Duration::from_millis(200), answer))
    };
    assert!(ask().is_ok());
    postgres.freeze().unwrap();
    assert!(ask().is_err());
    postgres.thaw().unwrap();
    assert_eq!(self::ask(&postgres.url(), "SELECT 'yes'").unwrap(), "yes");
}

#[test]
fn it_is_gone_with_its_guard_within_seconds_also_frozen_and_with_connections_open() {
    let postgres = started();
    let connection = block_on(PgConnection::connect(&postgres.url())).unwrap();
    let folder = ask_folder(&postgres);
    let pids = family_of(postgres.pid().unwrap());
    assert!(pids.len() > 3, "{pids:?}");
    postgres.freeze().unwrap();
    let begun = Instant::now();
    drop(postgres);
    assert!(begun.elapsed() < Duration::from_secs(10));
    let left: Vec<_> = pids.into_iter().filter(|pid| runs(*pid)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!Path::new(&folder).exists());
    drop(connection);
}

#[test]
fn with_tls_it_proves_who_it_is() {
    let postgres = Postgres::builder().tls().start().unwrap();
    assert_eq!(ask(&postgres.url(), "SHOW ssl").unwrap(), "on");
    let address = postgres.url().rsplit_once('@').unwrap().1.replace("/ticketing", "");
    let output = Command::new("openssl")
        .args(["s_client", "-starttls", "postgres", "-verify_return_error", "-verify_ip", "127.0.0.1"])
        .args(["-connect", &address, "-CAfile"])
        .arg(postgres.authority().unwrap())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Data folders are shown to superusers only; the command line shows it to anybody.
fn ask_folder(postgres: &Postgres) -> String {
    let line = std::fs::read_to_string(format!("/proc/{}/cmdline", postgres.pid().unwrap())).unwrap();
    line.split('\0').skip_while(|argument| *argument != "-D").nth(1).unwrap().to_owned()
}

fn family_of(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    let pids = all.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| *pid == parent || stat(*pid).is_some_and(|(_, its_parent)| its_parent == parent)).collect()
}

fn runs(pid: u32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z")
}

fn stat(pid: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = text.rsplit_once(')')?.1.split_whitespace();
    Some((fields.next()?.to_owned(), fields.next()?.parse().ok()?))
}
