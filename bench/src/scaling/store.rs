//! What a customer costs servers and database: to be created, to be read from the store, and to be kept.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use async_std::task::block_on;
use futures::future::try_join_all;
use testbed::{Bed, BedError, Import, Postgres, Server, Stop, Testbed, write_list};
use ticketing_client::Channel;

use crate::generator::{Operation, Request, Shape, load};
use crate::peers::target;

const CUSTOMERS: usize = 40_000;
const SEED: u64 = 13;
const PAGE: i32 = 1_000;
/// As many as an import has on their way, so that misses and creates are asked for alike.
const IN_FLIGHT: usize = 64;
const CREATES: usize = 80_000;
const SHAPE: Shape = Shape::new(4, 64);
/// A page comes from the disk of a machine that does everything at once.
const PAGE_LIMIT: Duration = Duration::from_secs(10);

/// CPU-microseconds of a server and of PostgreSQL.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cost {
    pub(super) server_us: f64,
    pub(super) database_us: f64,
}

/// What was found.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoreCosts {
    /// A create with a request_id.
    pub(super) create: Cost,
    /// A customer who is not in the cache.
    pub(super) miss: Cost,
    /// The same customers once more, who are in it now.
    pub(super) hit: Cost,
    /// On the database's disk, its indexes too.
    pub(super) customer_bytes: f64,
    /// Durable creates in a second that one PostgreSQL took, with server and generator on the same CPUs.
    pub(super) creates_per_second: f64,
}

/// Measures with a PostgreSQL of its own and servers without Envoy.
pub(super) fn measure(stop: &Stop) -> Result<StoreCosts, BedError> {
    eprintln!("store: {CUSTOMERS} customers are created");
    let mut bed = Testbed::new().servers(1).postgres().stop_on(stop).start()?;
    let list = bed.folder().join("people.csv");
    write_list(&list, CUSTOMERS, SEED)?;
    let empty = size(&bed)?;
    let create = cost(&bed, 0, || {
        let summary = Import::start(address(bed.server(0)), &list, bed.folder())?.finish(stop)?;
        match summary.created {
            created if created == CUSTOMERS as u64 => Ok(()),
            created => Err(BedError::Unexpected(format!("{created} of {CUSTOMERS} customers were created"))),
        }
    })?;
    let customer_bytes = (size(&bed)? - empty) / CUSTOMERS as f64;

    eprintln!("store: each is read by a server that has none in its cache");
    let ids = ids(address(bed.server(0)))?;
    bed.scale(2)?;
    let read = || read_each(address(bed.server(1)), &ids, stop);
    let (miss, hit) = (cost(&bed, 1, read)?, cost(&bed, 1, read)?);

    eprintln!("store: {CREATES} creates as fast as they are answered");
    let request = Request::new(Operation::Create, "", bed.folder())?;
    let begun = Instant::now();
    load(address(bed.server(0)), &request, SHAPE, CREATES)?;
    let creates_per_second = CREATES as f64 / begun.elapsed().as_secs_f64();
    Ok(StoreCosts { create, miss, hit, customer_bytes, creates_per_second })
}

/// For each customer, of one server and the database.
fn cost(bed: &Bed, server: usize, work: impl FnOnce() -> Result<(), BedError>) -> Result<Cost, BedError> {
    let server = bed.server(server);
    let before = (server.cpu_time()?, bed.postgres().cpu_time()?);
    work()?;
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / CUSTOMERS as f64;
    Ok(Cost {
        server_us: each(server.cpu_time()?.saturating_sub(before.0)),
        database_us: each(bed.postgres().cpu_time()?.saturating_sub(before.1)),
    })
}

fn size(bed: &Bed) -> Result<f64, BedError> {
    let mut psql = Postgres::program("psql")?;
    psql.args(["--no-psqlrc", "--tuples-only", "--no-align"]);
    psql.args(["--command", "SELECT pg_database_size(current_database())", bed.database_url()]);
    let output = psql.output().map_err(BedError::io("run psql"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().map_err(|_| {
        let error = String::from_utf8_lossy(&output.stderr);
        BedError::Unexpected(format!("psql does not tell the size of the database: {}", error.trim()))
    })
}

fn ids(address: SocketAddr) -> Result<Vec<String>, BedError> {
    let customers = channel(address).customers();
    let (mut ids, mut token) = (Vec::with_capacity(CUSTOMERS), String::new());
    loop {
        let page = block_on(customers.list(PAGE, &token))?.value;
        ids.extend(page.customers.into_iter().map(|customer| customer.id));
        token = page.next_page_token;
        if token.is_empty() {
            return Ok(ids);
        }
    }
}

fn read_each(address: SocketAddr, ids: &[String], stop: &Stop) -> Result<(), BedError> {
    let customers = channel(address).customers();
    for some in ids.chunks(IN_FLIGHT) {
        stop.check()?;
        block_on(try_join_all(some.iter().map(|id| customers.get(id))))?;
    }
    Ok(())
}

fn channel(address: SocketAddr) -> Channel {
    Channel::builder(target(address)).deadline(PAGE_LIMIT).build()
}

fn address(server: &Server) -> SocketAddr {
    server.address().into()
}
