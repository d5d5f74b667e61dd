//! Its store at the start, and settings of it that change while it runs.

use std::io::BufReader;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Executor as _};
use testbed::{Postgres, SilentProxy};
use ticketing_proto::ticketing::{CreateCustomerRequest, ListCustomersRequest};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use crate::common::{self, http_get};
use crate::started::{Started, ended, one_line, program};

/// What a caller waits by default.
const PATIENCE: Duration = Duration::from_secs(3);

#[test]
fn a_store_that_cannot_be_opened_is_named_and_ends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let foreign = folder.path().join("letter.txt");
    std::fs::write(&foreign, "Dear customers, this is no database. ".repeat(100)).expect("written");
    for file in [Path::new("no/such/folder/customers.db"), folder.path(), &foreign] {
        let url = format!("sqlite:{}", file.display());
        let (output, _folder) = ended(&["--database-url", &url]);
        assert_eq!(output.status.code(), Some(3), "{output:?}");
        let line = one_line(&output);
        assert!(line.contains(&url), "{line}");
        let log = String::from_utf8_lossy(&output.stderr);
        assert!(!log.contains("serving"), "nothing listened: {log}");
    }
}

/// A file whose write lock somebody else holds.
fn locked_file(folder: &Path) -> (String, SqliteConnection) {
    let url = format!("sqlite:{}", folder.join("customers.db").display());
    let holder = async_std::task::block_on(async {
        let mut holder = SqliteConnectOptions::new()
            .filename(folder.join("customers.db"))
            .create_if_missing(true)
            .connect()
            .await
            .expect("a new file");
        holder.execute("BEGIN EXCLUSIVE").await.expect("locked");
        holder
    });
    (url, holder)
}

#[test]
fn a_store_that_is_locked_is_waited_for_and_readyz_says_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let (url, mut holder) = locked_file(folder.path());
    let mut server = Started::new(&["--database-url", &url]);
    let admin = server.log_line("serving admin HTTP on ").parse().expect("an address");
    assert!(server.log_line("waiting for the store: ").contains("locked"));
    let (status, reason) = http_get(admin, "/readyz");
    assert_eq!(status, 503);
    assert!(reason.contains("waiting for the store") && reason.contains("locked"), "{reason}");
    async_std::task::block_on(holder.execute("ROLLBACK")).expect("unlocked");
    server.log_line("serving gRPC on ");
    assert_eq!(http_get(admin, "/readyz").0, 200);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_database_that_is_away_at_the_start_is_waited_for() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let url = postgres.url();
    postgres.stop().expect("stopped");
    let mut server = Started::new(&["--database-url", &url]);
    let admin = server.log_line("serving admin HTTP on ").parse().expect("an address");
    let reason = server.log_line("waiting for the store: ");
    assert!(reason.contains("refused"), "{reason}");
    assert_eq!(http_get(admin, "/livez").0, 200);
    let (status, page) = http_get(admin, "/readyz");
    assert!(status == 503 && page.contains(&reason), "{page}");
    postgres.start_again().expect("started");
    server.log_line("serving gRPC on ");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

/// As a node that is gone: packets are taken, and nothing comes back.
#[test]
fn a_database_that_is_silent_at_the_start_is_waited_for_and_found_soon_after_its_return() {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    let (proxy, url) = SilentProxy::before(&postgres.new_database().expect("a new database")).expect("a proxy");
    proxy.set_dead(true);
    let begun = Instant::now();
    let mut server = Started::new(&["--database-url", &url]);
    let admin = server.log_line("serving admin HTTP on ").parse().expect("an address");
    let reason = server.log_line("waiting for the store: ");
    assert!(begun.elapsed() < PATIENCE, "nobody was told why for {:?}", begun.elapsed());
    assert!(reason.contains("no connection within"), "{reason}");
    let (status, page) = http_get(admin, "/readyz");
    assert!(status == 503 && page.contains(&reason), "{page}");
    proxy.set_dead(false);
    let begun = Instant::now();
    server.log_line("serving gRPC on ");
    assert!(begun.elapsed() < PATIENCE, "found only after {:?}", begun.elapsed());
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_password_that_is_changed_while_it_runs_is_read_from_its_file() {
    let postgres = Postgres::builder().start().expect("a PostgreSQL");
    let url = postgres.url();
    let (user, host) = url.split_once('@').expect("user@host");
    let (user, password) = user.rsplit_once(':').expect("a password");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    std::fs::write(&file, password.replace("%40", "@")).expect("written");
    let mut server = Started::new(&[
        "--database-url",
        &format!("{user}@{host}"),
        "--database-password-file",
        file.to_str().expect("a path"),
    ]);
    let grpc = server.log_line("serving gRPC on ").parse().expect("an address");
    let customers = CustomerControllerClient::new(common::connect(grpc));
    let create = || {
        let ada = CreateCustomerRequest {
            first_name: "Ada".into(),
            last_name: "Lovelace".into(),
            request_id: "r1".into(),
            ..Default::default()
        };
        customers.create_customer_opt(&ada, common::patiently())
    };
    let list = || customers.list_customers_opt(&ListCustomersRequest::default(), common::patiently());
    create().expect("created");
    list().expect("listed");
    Postgres::execute(&url, "ALTER ROLE ticketing PASSWORD 'rotated'").expect("changed");
    std::fs::write(&file, "rotated\n").expect("written");
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE usename = current_user AND pid <> pg_backend_pid()";
    Postgres::execute(&format!("{user}:rotated@{host}"), end).expect("all connections ended");
    let begun = Instant::now();
    while let Err(error) = create().and_then(|_| list()) {
        assert!(begun.elapsed() < PATIENCE, "{error}");
    }
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_parameter_of_the_url_that_nobody_knows_ends_it_and_its_value_is_not_shown() {
    let (output, _folder) = ended(&["--database-url", "postgres://ada@127.0.0.1/db?sslpassword=secret"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(one_line(&output).contains("sslpassword"), "{output:?}");
    assert!(!String::from_utf8_lossy(&output.stderr).contains("secret"), "{output:?}");
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = program(folder.path(), &["--database-url", "postgres://ada@127.0.0.1/db"]);
    let output = command.env("PGSSLMODE", "verify_full").output().expect("it runs");
    assert_eq!(output.status.code(), Some(2));
    assert!(one_line(&output).contains("PGSSLMODE"), "{output:?}");
}

#[test]
fn a_password_from_a_file_opens_the_database_and_a_refused_one_ends_the_program() {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    let url = postgres.new_database().expect("a new database");
    let (user, host) = url.split_once('@').expect("user@host");
    let (user, password) = user.rsplit_once(':').expect("a password");
    let url = format!("{user}@{host}");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("password");
    // The URL's %40 is an @.
    std::fs::write(&file, password.replace("%40", "@") + "\n").expect("written");
    let flags = ["--database-url", &url, "--database-password-file", file.to_str().expect("a path")];
    let mut server = Started::new(&flags);
    server.log_line("serving gRPC on ");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    std::fs::write(&file, "another-secret").expect("written");
    let (output, _folder) = ended(&flags);
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(line.contains("password") && !line.contains("secret"), "{line}");
}

#[test]
fn a_password_from_the_environment_opens_the_database() {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    let url = postgres.new_database().expect("a new database");
    let (user, host) = url.split_once('@').expect("user@host");
    let (user, password) = user.rsplit_once(':').expect("a password");
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = program(folder.path(), &["--database-url", &format!("{user}@{host}")]);
    command.env("PGPASSWORD", password.replace("%40", "@")).stderr(Stdio::piped());
    let mut child = command.spawn().expect("it runs");
    let log = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut server = Started { child, log, _folder: folder };
    server.log_line("serving gRPC on ");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
}

#[test]
fn a_signal_ends_it_while_it_waits_for_its_store() {
    let folder = tempfile::tempdir().expect("a folder");
    let (url, _holder) = locked_file(folder.path());
    let mut server = Started::new(&["--database-url", &url]);
    server.log_line("waiting for the store: ");
    server.signal(Signal::TERM);
    server.log_line("SIGTERM: draining");
    assert_eq!(server.wait().code(), Some(0));
}
