//! Load by the product's client library, on its own defaults: deadlines, transparent retries, keepalive, corked writes.

use std::process::ExitCode;
use std::sync::Arc;

use grpcio::EnvBuilder;
use mimalloc::MiMalloc;
use peer_load::{Caller, Customer, Load, Report};
use ticketing_client::{Channel, Customers, Target};

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

struct Ours {
    customers: Customers,
    id: String,
}

impl Caller for Ours {
    async fn call(&mut self) -> Result<Customer, String> {
        let answer = self.customers.get(&self.id).await.map_err(|error| error.to_string())?;
        let ticketing_client::Customer { id, first_name, last_name, .. } = answer.value;
        Ok(Customer { id, first_name, last_name })
    }
}

fn main() -> ExitCode {
    peer_load::main(run)
}

fn run(load: &Load) -> Result<Report, String> {
    let writes = corking::start(true);
    if writes != corking::Writes::Corked {
        return Err(format!("the writes of this program are {writes}"));
    }
    let target = Target::new(&load.host, load.port).map_err(|error| error.to_string())?;
    // One thread for all of them, as for callers of one service.
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    let connect = |_| Channel::builder(target.clone()).environment(environment.clone()).build().customers();
    let connections: Vec<_> = (0..load.connections).map(connect).collect();
    let caller = |customers: &Customers| Ours { customers: customers.clone(), id: load.customer.id.clone() };
    load.run(&connections, caller, Customers::spawn)
}
