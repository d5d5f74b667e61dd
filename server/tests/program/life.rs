//! Its settings, its ports, its log and its end.

use std::fs::Permissions;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use crate::common::{self, http_get};
use crate::started::{PROGRAM, Started, ended, one_line, program};

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
    let line = one_line(&probe);
    assert_eq!(line, format!("ticketing-server: cannot reach {grpc} (Connection refused); is a server running there?"));
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
    let alive = common::health(&common::connect(grpc.parse().expect("an address")), "live");
    assert_eq!(alive.expect("known"), ServingStatus::SERVING);
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
fn a_setting_from_the_environment_that_is_unfit_is_one_line_with_its_name() {
    for (variable, value, line) in [
        ("WORKERS", "", r#"WORKERS (--workers) is "": use 1 to 128; one serves a core to the full"#),
        ("WORKERS", "abc", r#"WORKERS (--workers) is "abc": use 1 to 128; one serves a core to the full"#),
        ("LOG_FORMAT", "xml", r#"LOG_FORMAT (--log-format) is "xml": use text or json"#),
        ("POD_NAME_FROM", "dice", r#"POD_NAME_FROM (--pod-name-from) is "dice": use hostname, or leave it out"#),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let output = program(folder.path(), &[]).env(variable, value).output().expect("it runs");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        assert_eq!(one_line(&output), format!("ticketing-server: {line}"));
    }
}

/// grpcio panics where a thread cannot be started, and C-core aborts.
#[test]
fn more_workers_than_the_user_may_start_are_one_line() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = folder.path().join("ticketing-server");
    std::fs::copy(PROGRAM, &copy).expect("copied");
    std::fs::set_permissions(folder.path(), Permissions::from_mode(0o755)).expect("allowed");
    let mut limited = Command::new("prlimit");
    limited.arg("--nproc=40").arg(copy).args(["--database-url", "memory:", "--workers", "64"]);
    limited.env("LISTEN_ADDR", "127.0.0.1:0").env("ADMIN_ADDR", "127.0.0.1:0");
    if rustix::process::getuid().is_root() {
        // Root has no such limit; this user has no other process.
        limited.uid(61_234).gid(61_234);
    }
    let output = limited.output().expect("it runs");
    assert_eq!(output.status.code(), Some(6), "{output:?}");
    let line = one_line(&output);
    assert!(line.contains("WORKERS (--workers) is 64") && line.contains("raise the limit"), "{line}");
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

#[test]
fn clients_that_never_speak_do_not_keep_probes_out() {
    let mut server = Started::new(&["--database-url", "memory:"]);
    let admin = server.log_line("serving admin HTTP on ").parse().expect("an address");
    let over = Arc::new(AtomicBool::new(false));
    // Each comes again as soon as it is turned away.
    let silent: Vec<_> = (0..200)
        .map(|_| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    let mut stream = TcpStream::connect::<SocketAddr>(admin).expect("the port is open");
                    let _ = stream.read_to_end(&mut Vec::new());
                }
            })
        })
        .collect();
    for _ in 0..3 {
        let (answer, answered) = mpsc::channel();
        std::thread::spawn(move || answer.send(http_get(admin, "/livez")));
        let patience = Duration::from_secs(3);
        assert_eq!(answered.recv_timeout(patience).expect("a probe would have given up").0, 200);
    }
    over.store(true, Ordering::Relaxed);
    for client in silent {
        client.join().expect("it ends");
    }
    server.signal(Signal::TERM);
    server.wait();
}
