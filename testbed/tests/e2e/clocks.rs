//! Servers and callers whose clocks are hours off: ids, the order of creation and deadlines do not depend on them.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use async_std::task::block_on;
use tempfile::TempDir;
use testbed::{Port, Process, binaries, until_true};
use ticketing_client::{Channel, CreateCustomerRequest, Serving, Target};

/// Seconds: five hours behind, right, and five hours ahead.
const CLOCKS: [i64; 3] = [-18_000, 0, 18_000];
const EACH: usize = 20;
const PAGE: i32 = 7;

/// Servers on one store, each with a clock of its own.
struct Servers {
    _processes: Vec<Process>,
    channels: Vec<Channel>,
    shift: PathBuf,
    address: SocketAddrV4,
    _port: Port,
    _folder: TempDir,
}

fn servers() -> Servers {
    let folder = binaries::scratch("ticketing-clocks-").unwrap();
    let shift = clock_shift(folder.path());
    let addresses: Vec<_> = (1..).map(|last| Ipv4Addr::new(127, 4, 0, last)).take(CLOCKS.len()).collect();
    let port = Port::free_on(&addresses).unwrap();
    let store = format!("sqlite:{}", folder.path().join("customers.db").display());
    let start = |(ip, clock): (&Ipv4Addr, i64)| {
        let mut command = shifted(&binaries::server().unwrap(), &shift, clock);
        command.args(["--listen-addr", &format!("{ip}:{}", port.number()), "--admin-addr", &format!("{ip}:0")]);
        command.args(["--database-url", &store, "--pod-name", &format!("clock{clock}")]);
        Process::start("server", &mut command, &folder.path().join(format!("{ip}.log"))).unwrap()
    };
    let processes = addresses.iter().zip(CLOCKS).map(start).collect();
    let channel = |ip: &Ipv4Addr| {
        let target = Target::new(&ip.to_string(), port.number()).unwrap();
        Channel::builder(target).deadline(Duration::from_secs(1)).build()
    };
    for ip in &addresses {
        let serves = || matches!(block_on(channel(ip).health("")), Ok(Serving::Serving));
        until_true("a server says SERVING", serves).unwrap();
    }
    let channels = addresses.iter().map(channel).collect();
    let address = SocketAddrV4::new(addresses[2], port.number());
    Servers { _processes: processes, channels, shift, address, _port: port, _folder: folder }
}

/// What makes a clock wrong, compiled by the compiler that C-core needs too.
fn clock_shift(folder: &Path) -> PathBuf {
    let library = folder.join("clock_shift.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/clock_shift.c");
    let mut compile = Command::new("cc");
    let ended = compile.args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(source).output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    library
}

fn shifted(program: &Path, shift: &Path, clock: i64) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("LD_PRELOAD", shift).env("CLOCK_SHIFT", clock.to_string());
    command
}

fn create(channel: &Channel, last_name: &str) -> String {
    let request = CreateCustomerRequest {
        first_name: "Ada".to_owned(),
        last_name: last_name.to_owned(),
        ..CreateCustomerRequest::new()
    };
    block_on(channel.customers().create(&request)).unwrap().value.id
}

/// All ids, page by page, each page from the next server.
fn walk(channels: &[Channel]) -> Vec<String> {
    let (mut ids, mut token) = (Vec::new(), String::new());
    for channel in channels.iter().cycle() {
        let page = block_on(channel.customers().list(PAGE, &token)).unwrap().value;
        ids.extend(page.customers.into_iter().map(|customer| customer.id));
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    ids
}

#[test]
fn servers_whose_clocks_are_hours_apart_make_unique_ids_and_keep_the_order_of_creation() {
    let servers = servers();
    let turns = servers.channels.iter().cycle().take(EACH * CLOCKS.len());
    let created: Vec<_> = turns.map(|channel| create(channel, "Lovelace")).collect();
    let unique: BTreeSet<_> = created.iter().collect();
    assert_eq!(unique.len(), created.len());
    // The ids begin with the time of the server that made them, so they would sort in another order.
    assert!(!created.is_sorted());
    assert_eq!(walk(&servers.channels), created);
    for (channel, id) in servers.channels.iter().cycle().zip(&created) {
        assert_eq!(&block_on(channel.customers().get(id)).unwrap().value.id, id);
    }
}

/// A deadline travels as the time that is left (`grpc-timeout`), never as a time of day.
#[test]
fn a_call_between_clocks_that_are_ten_hours_apart_is_answered_within_its_deadline() {
    let said = said_at(&servers(), CLOCKS[0], &["--deadline", "2s", "create", "Ada", "King"]);
    assert!(said.contains("answered by clock18000"), "{said}");
}

#[test]
fn the_doctor_tells_how_far_a_servers_clock_is_from_its_own() {
    let servers = servers();
    let ahead = said_at(&servers, CLOCKS[0], &["doctor"]);
    assert!(ahead.contains("1 of 1 pod off this clock: clock18000 is 36000.0 s ahead"), "{ahead}");
    let right = said_at(&servers, CLOCKS[2], &["doctor"]);
    assert!(right.contains("1 pod, at most "), "{right}");
}

/// What the client says whose clock is so many seconds off and that calls the last of the servers.
fn said_at(servers: &Servers, clock: i64, arguments: &[&str]) -> String {
    let mut command = shifted(&binaries::client().unwrap(), &servers.shift, clock);
    command.args(["--server-domain", &servers.address.ip().to_string()]);
    command.args(["--server-port", &servers.address.port().to_string()]).args(arguments);
    let ended = command.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    String::from_utf8_lossy(&ended.stdout).into_owned()
}
