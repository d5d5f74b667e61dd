//! The program: what it says and how it ends.

mod common;

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, ExitStatus, Output, Stdio};

use common::http_get;
use rustix::process::{Pid, Signal, kill_process};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Executor as _};
use tempfile::TempDir;
use testbed::Postgres;
use ticketing_proto::ticketing::{CreateCustomerRequest, ListCustomersRequest};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;
use ticketing_server::store::{SqliteStore, Store as _};

const PROGRAM: &str = env!("CARGO_BIN_EXE_ticketing-server");

fn program(folder: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(PROGRAM);
    command.args(["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]).env("DRAIN_DELAY", "0s");
    command.args(flags).current_dir(folder).env_remove("RUST_LOG").stdin(Stdio::null());
    command
}

/// A program that has ended by itself.
fn ended(flags: &[&str]) -> (Output, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    (program(folder.path(), flags).output().expect("it runs"), folder)
}

fn one_line(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let complaints: Vec<_> = text.lines().filter(|line| line.starts_with("ticketing-server: ")).collect();
    assert_eq!(complaints.len(), 1, "one clear line: {text}");
    complaints[0].to_owned()
}

struct Started {
    child: Child,
    log: BufReader<ChildStderr>,
    _folder: TempDir,
}

impl Started {
    fn new(flags: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = program(folder.path(), flags).stderr(Stdio::piped()).spawn().expect("it runs");
        let log = BufReader::new(child.stderr.take().expect("a pipe"));
        Self { child, log, _folder: folder }
    }

    /// Reads the log up to a line with this text, and returns what follows it in that line.
    fn log_line(&mut self, text: &str) -> String {
        let mut seen = String::new();
        loop {
            let begin = seen.len();
            assert_ne!(self.log.read_line(&mut seen).expect("the log is text"), 0, "no {text:?} in the log:\n{seen}");
            if let Some((_, rest)) = seen[begin..].split_once(text) {
                return rest.trim().to_owned();
            }
        }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it lives");
    }

    fn wait(mut self) -> ExitStatus {
        self.child.wait().expect("it ends")
    }
}

#[test]
fn it_serves_until_sigterm_and_ends_with_0() {
    let mut server = Started::new(&["--pod-name", "pod-7", "--database-url", "memory:"]);
    assert_eq!(server.log_line("Value of podID is "), "pod-7");
    let admin = server.log_line("serving admin HTTP on ");
    let grpc = server.log_line("serving gRPC on ");
    let probe = Command::new(PROGRAM).args(["health", &grpc]).output().expect("it runs");
    assert!(probe.status.success(), "{probe:?}");
    let admin = admin.parse().expect("an address");
    assert_eq!(http_get(admin, "/livez"), (200, "ok\n".to_owned()));
    assert_eq!(http_get(admin, "/readyz"), (200, "ok\n".to_owned()));
    assert_eq!(http_get(admin, "/nothing").0, 404);
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let probe = Command::new(PROGRAM).args(["health", &grpc]).output().expect("it runs");
    assert_eq!(probe.status.code(), Some(1));
}

#[test]
fn while_it_drains_it_is_alive_but_not_ready_and_says_why() {
    let mut server = Started::new(&["--database-url", "memory:", "--drain-delay", "1h"]);
    let admin = server.log_line("serving admin HTTP on ").parse().expect("an address");
    let grpc = server.log_line("serving gRPC on ");
    server.signal(Signal::INT);
    server.log_line("SIGINT: draining");
    // The line comes right before the drain begins, so the first answers may still be the old ones.
    while http_get(admin, "/readyz").0 == 200 {}
    assert_eq!(http_get(admin, "/readyz"), (503, "not ready: draining\n".to_owned()));
    assert_eq!(http_get(admin, "/livez"), (200, "ok\n".to_owned()));
    let probe = Command::new(PROGRAM).args(["health", &grpc]).output().expect("it runs");
    assert_eq!(probe.status.code(), Some(1));
    assert!(one_line(&probe).contains("NOT_SERVING"));
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(143), "a second signal ends it at once");
}

#[test]
fn a_setting_that_is_unfit_is_named_before_anything_listens() {
    let (output, folder) = ended(&["--drain-timeout", "20"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        one_line(&output),
        r#"ticketing-server: DRAIN_TIMEOUT (--drain-timeout) is "20": add a unit, for example 20s or 20ms"#
    );
    assert_eq!(folder.path().read_dir().expect("a folder").count(), 0, "no store was made");
}

#[test]
fn a_database_url_that_is_unknown_is_refused() {
    let (output, _folder) = ended(&["--database-url", "oracle://scott:tiger@host/db"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        one_line(&output),
        "ticketing-server: DATABASE_URL (--database-url): use sqlite:FILE, postgres://USER@HOST:PORT/DATABASE or memory:"
    );
}

#[test]
fn a_store_that_cannot_be_opened_is_named_and_ends_it() {
    let (output, _folder) = ended(&["--database-url", "sqlite:no/such/folder/customers.db"]);
    assert_eq!(output.status.code(), Some(3));
    let line = one_line(&output);
    assert!(line.contains("sqlite:no/such/folder/customers.db"), "{line}");
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

/// Runs the program on a disk of its own, of one MiB, and gives the folder where that is seen from here. None where
/// this user may not mount.
fn on_a_small_disk() -> Option<(Started, PathBuf)> {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).expect("made");
    let script = r#"mount -t tmpfs -o size=1m none "$0" && cd "$0" && exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script]).arg(&disk).arg(PROGRAM);
    command.args(["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--drain-delay", "0s"]);
    let mut child = command.stderr(Stdio::piped()).spawn().ok()?;
    let seen = PathBuf::from(format!("/proc/{}/root{}", child.id(), disk.display()));
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    if log.fill_buf().expect("the log is text").starts_with(b"unshare: ") {
        return None;
    }
    Some((Started { child, log, _folder: folder }, seen))
}

#[test]
fn a_full_disk_refuses_creates_loses_nothing_and_is_over_when_there_is_space() {
    let Some((mut server, disk)) = on_a_small_disk() else {
        eprintln!("SKIPPED: this user may not mount a small disk, so nothing was tried on a full one");
        return;
    };
    let grpc = server.log_line("serving gRPC on ").parse().expect("an address");
    let customers = CustomerControllerClient::new(common::connect(grpc));
    let create = |n: u32| {
        let request = CreateCustomerRequest {
            first_name: "x".repeat(200),
            last_name: n.to_string(),
            request_id: n.to_string(),
            ..Default::default()
        };
        customers.create_customer_opt(&request, common::patiently())
    };
    create(0).expect("there is space");
    // Not to the last byte: what fails is a create, not the file of the ballast.
    std::fs::write(disk.join("ballast"), vec![0; 600 << 10]).expect("there is space");
    let mut stored = 1;
    let refused = loop {
        match create(stored) {
            Ok(_) => stored += 1,
            Err(grpcio::Error::RpcFailure(status)) => break status,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(refused.code(), grpcio::RpcStatusCode::RESOURCE_EXHAUSTED, "{refused:?}");
    assert!(!refused.details().is_empty(), "it says when to come back");
    let list = ListCustomersRequest { page_size: 1000, ..Default::default() };
    let listed = || customers.list_customers_opt(&list, common::patiently()).expect("reads go on").customers.len();
    assert_eq!(listed(), stored as usize, "what was acknowledged is there");
    std::fs::remove_file(disk.join("ballast")).expect("removed");
    create(stored).expect("there is space again");
    assert_eq!(listed(), stored as usize + 1);
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

#[test]
fn a_file_that_cannot_be_written_ends_it_before_it_serves() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    async_std::task::block_on(async {
        SqliteStore::open(&file).await.expect("a new file").close().await;
    });
    // Root may write everything, so the program runs as somebody who may not, and from where they may run it.
    let copy = folder.path().join("ticketing-server");
    std::fs::copy(PROGRAM, &copy).expect("copied");
    std::fs::set_permissions(&file, Permissions::from_mode(0o444)).expect("allowed");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o555)).expect("allowed");
    let mut program = Command::new(copy);
    program.args(["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--database-url"]);
    program.arg(format!("sqlite:{}", file.display()));
    if rustix::process::getuid().is_root() {
        program.uid(65534).gid(65534);
    }
    let output = program.output().expect("it runs");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("allowed");
    assert_eq!(output.status.code(), Some(3), "{output:?}");
    let line = one_line(&output);
    assert!(line.contains("customers.db") && line.contains("write"), "{line}");
}

#[test]
fn an_orderly_end_leaves_one_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("customers.db").display());
    let mut server = Started::new(&["--database-url", &url]);
    let grpc = server.log_line("serving gRPC on ").parse().expect("an address");
    let customers = CustomerControllerClient::new(common::connect(grpc));
    let ada = CreateCustomerRequest { first_name: "Ada".into(), last_name: "Lovelace".into(), ..Default::default() };
    customers.create_customer_opt(&ada, common::patiently()).expect("created");
    server.signal(Signal::TERM);
    assert_eq!(server.wait().code(), Some(0));
    let files: Vec<_> =
        folder.path().read_dir().expect("a folder").map(|file| file.expect("a file").file_name()).collect();
    assert_eq!(files, ["customers.db"], "the write-ahead log is taken in");
}

#[test]
fn an_address_that_is_taken_is_named_and_ends_it() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("an address").to_string();
    for (flag, variable, other) in
        [("--listen-addr", "LISTEN_ADDR", "ADMIN_ADDR"), ("--admin-addr", "ADMIN_ADDR", "LISTEN_ADDR")]
    {
        let output = Command::new(PROGRAM)
            .args(["--database-url", "memory:", flag, &address])
            .env(other, "127.0.0.1:0")
            .output()
            .expect("it runs");
        assert_eq!(output.status.code(), Some(4), "{output:?}");
        let line = one_line(&output);
        assert!(line.contains(variable) && line.contains(&address) && line.contains("in use"), "{line}");
    }
}

#[test]
fn its_log_can_be_json() {
    let mut server = Started::new(&["--database-url", "memory:", "--log-format", "json"]);
    let mut line = String::new();
    server.log.read_line(&mut line).expect("a line");
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    assert_eq!(line["message"], "Value of podID is test");
    assert_eq!(line["level"], "INFO");
    server.log_line("serving gRPC on ");
    server.signal(Signal::TERM);
    server.wait();
}

#[test]
fn each_call_is_logged_at_debug() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut child = program(folder.path(), &["--database-url", "memory:"])
        .env("RUST_LOG", "ticketing_server=debug")
        .stderr(Stdio::piped())
        .spawn()
        .expect("it runs");
    let log = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut server = Started { child, log, _folder: folder };
    let grpc = server.log_line("serving gRPC on ");
    let customers = CustomerControllerClient::new(common::connect(grpc.parse().expect("an address")));
    customers.get_customer_opt(&Default::default(), common::patiently()).expect("answered");
    server.log_line("Hit Get Customer rpc call");
    server.log_line("End Get Customer rpc call");
    // Without names it is refused; the lines are there all the same.
    customers.create_customer_opt(&Default::default(), common::patiently()).expect_err("refused");
    server.log_line("Hit Create Customer rpc call");
    server.log_line("End Create Customer rpc call");
    customers.list_customers_opt(&Default::default(), common::patiently()).expect("answered");
    server.log_line("Hit List Customers rpc call");
    server.log_line("End List Customers rpc call");
    server.signal(Signal::TERM);
    server.wait();
}
