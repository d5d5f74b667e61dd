//! Its file on a disk: full, not to be written, and at the end.

use std::fs::Permissions;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use rustix::process::Signal;
use ticketing_proto::ticketing::{CreateCustomerRequest, ListCustomersRequest};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;
use ticketing_server::store::{SqliteStore, Store as _};

use crate::common;
use crate::started::{PROGRAM, Started, one_line};

/// Runs the program on a disk of its own, of one MiB, and gives the folder where that is seen from here. None where
/// this user may not mount. `prepare` is done there before, by a shell.
fn on_a_small_disk(prepare: &str) -> Option<(Started, PathBuf)> {
    let folder = tempfile::tempdir().expect("a folder");
    let disk = folder.path().join("disk");
    std::fs::create_dir(&disk).expect("made");
    let script = format!(r#"mount -t tmpfs -o size=1m none "$0" && cd "$0" && {prepare} && exec "$@""#);
    let mut command = Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", &script]).arg(&disk).arg(PROGRAM);
    command.args(["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0", "--drain-delay", "0s"]);
    let mut child = command.stderr(Stdio::piped()).spawn().ok()?;
    let seen = PathBuf::from(format!("/proc/{}/root{}", child.id(), disk.display()));
    let mut log = BufReader::new(child.stderr.take().expect("a pipe"));
    if log.fill_buf().expect("the log is text").starts_with(b"unshare: ") {
        return None;
    }
    Some((Started { child, log, _folder: folder }, seen))
}

/// Not `eprintln!`: what tests print is captured.
fn skipped() {
    let said = b"SKIPPED: this user may not mount a small disk, so nothing was tried on a full one\n";
    let _ = std::io::stderr().write_all(said);
}

#[test]
fn a_full_disk_refuses_creates_loses_nothing_and_is_over_when_there_is_space() {
    let Some((mut server, disk)) = on_a_small_disk("true") else {
        return skipped();
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
fn a_disk_that_is_full_at_the_start_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    async_std::task::block_on(async {
        SqliteStore::open(&file).await.expect("a new file").close().await;
    });
    let prepare = format!("cp '{}' . && {{ cat /dev/zero > ballast 2> /dev/null; true; }}", file.display());
    let Some((mut server, disk)) = on_a_small_disk(&prepare) else {
        return skipped();
    };
    server.log_line("waiting for the store: ");
    std::fs::remove_file(disk.join("ballast")).expect("removed");
    server.log_line("serving gRPC on ");
    server.signal(Signal::TERM);
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
