//! Envoy, servers and database are started in any order: everything comes up by itself, and nothing is lost.

use std::net::{Ipv4Addr, SocketAddrV4};
use std::path::Path;
use std::process::Command;

use async_std::task::block_on;
use testbed::envoy::{CLUSTER, ConfigFile, Envoy};
use testbed::{BedError, DnsServer, Endpoints, Port, Postgres, Process, Stop, binaries, equal_calls, until_true};
use ticketing_client::{Channel, CreateCustomerRequest, Target};

#[derive(Debug, Clone, Copy)]
enum Part {
    Envoy,
    Servers,
    Database,
}

use Part::{Database, Envoy as Proxy, Servers};

const ORDERS: [[Part; 3]; 6] = [
    [Proxy, Servers, Database],
    [Proxy, Database, Servers],
    [Servers, Proxy, Database],
    [Servers, Database, Proxy],
    [Database, Proxy, Servers],
    [Database, Servers, Proxy],
];
const SERVERS: u8 = 2;

/// What outlives a restart of everything: addresses, the name, and what is on the disk.
struct Site {
    postgres: Postgres,
    database: String,
    dns: DnsServer,
    servers: Port,
}

/// What runs.
#[derive(Default)]
struct Running {
    envoy: Option<Envoy>,
    servers: Vec<Process>,
}

impl Site {
    fn new() -> Self {
        let postgres = Postgres::builder().start().unwrap_or_else(|error| panic!("{error}"));
        let database = postgres.new_database().unwrap();
        postgres.stop().unwrap();
        let addresses: Vec<_> = addresses().collect();
        let servers = Port::free_on(&addresses).unwrap();
        let endpoints = Endpoints::default();
        // From the beginning: an address that is listed before anybody answers there does no harm.
        for ip in addresses {
            endpoints.add(SocketAddrV4::new(ip, servers.number()));
        }
        let dns = DnsServer::start(vec![(CLUSTER, endpoints)]).unwrap();
        Self { postgres, database, dns, servers }
    }

    fn start(&self, part: Part, running: &mut Running, folder: &Path) -> Result<(), BedError> {
        match part {
            Database => self.postgres.start_again()?,
            Proxy => {
                let (config, servers) = (ConfigFile::of_repository()?, self.servers.number());
                running.envoy = Some(Envoy::start(&config, folder, None, servers, self.dns.address())?);
            }
            Servers => {
                for ip in addresses() {
                    let mut command = Command::new(binaries::server()?);
                    command.env_clear().args(["--listen-addr", &format!("{ip}:{}", self.servers.number())]);
                    command.args(["--admin-addr", &format!("{ip}:0"), "--pod-name", &ip.to_string()]);
                    command.args(["--database-url", &self.database]);
                    let log = folder.join(format!("{ip}.log"));
                    running.servers.push(Process::start("server", &mut command, &log)?);
                }
            }
        }
        Ok(())
    }
}

fn addresses() -> impl Iterator<Item = Ipv4Addr> {
    (1..=SERVERS).map(|last| Ipv4Addr::new(127, 5, 0, last))
}

fn create(channel: &Channel, name: &str) -> Option<String> {
    let request = CreateCustomerRequest {
        first_name: "Ada".to_owned(),
        last_name: name.to_owned(),
        request_id: name.to_owned(),
        ..CreateCustomerRequest::new()
    };
    block_on(channel.customers().create(&request)).ok().map(|answer| answer.value.id)
}

#[test]
fn whatever_starts_first_everything_comes_up_by_itself_and_nothing_is_lost() {
    let site = Site::new();
    let mut ids: Vec<String> = Vec::new();
    for order in ORDERS {
        let folder = binaries::scratch("ticketing-order-").unwrap();
        let mut running = Running::default();
        for part in order {
            site.start(part, &mut running, folder.path()).unwrap();
        }
        let envoy = running.envoy.as_ref().unwrap();
        let target = Target::new(&envoy.address().ip().to_string(), envoy.address().port()).unwrap();
        let channel = Channel::builder(target).build();
        let name = format!("{order:?}").replace(['[', ']', ','], "");
        let mut created = None;
        until_true(&format!("a create is answered after {name}"), || {
            created = create(&channel, &name);
            let healthy = envoy.hosts().iter().filter(|host| host.healthy).count();
            created.is_some() && healthy == usize::from(SERVERS)
        })
        .unwrap_or_else(|error| panic!("{error}\n{}", logs(&running)));
        ids.extend(created);
        let tally = equal_calls(envoy.address().into(), 100, &Stop::never()).unwrap();
        assert_eq!((tally.failed(), tally.pods.len()), (0, SERVERS.into()), "{name}: {:?}", tally.first_failure);
        for id in &ids {
            block_on(channel.customers().get(id)).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        drop(running);
        site.postgres.stop().unwrap();
    }
}

fn logs(running: &Running) -> String {
    running.servers.iter().map(Process::log_tail).collect::<Vec<_>>().join("\n---\n")
}
