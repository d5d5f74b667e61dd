//! Load by tonic's client as a reader of its examples writes it, on tokio with two workers: default settings.

use std::process::ExitCode;

use peer_load::{Caller, Customer, Load, Report};
use tokio::runtime::Builder;
use tonic::transport::{Channel, Endpoint};

use generated::GetCustomerRequest;
use generated::customer_controller_client::CustomerControllerClient;

#[allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "generated")]
mod generated {
    tonic::include_proto!("ticketing");
}

const WORKERS: usize = 2;

struct Tonic {
    client: CustomerControllerClient<Channel>,
    id: String,
}

impl Caller for Tonic {
    async fn call(&mut self) -> Result<Customer, String> {
        let request = GetCustomerRequest { id: self.id.clone() };
        let answer = self.client.get_customer(request).await.map_err(|status| status.to_string())?;
        let generated::Customer { id, first_name, last_name } = answer.into_inner();
        Ok(Customer { id, first_name, last_name })
    }
}

fn main() -> ExitCode {
    peer_load::main(run)
}

fn run(load: &Load) -> Result<Report, String> {
    let runtime = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let endpoint = Endpoint::from_shared(format!("http://{}:{}", load.host, load.port));
    let endpoint = endpoint.map_err(|error| error.to_string())?;
    let connect = |_| runtime.block_on(endpoint.connect()).map(CustomerControllerClient::new);
    let connections: Vec<_> =
        (0..load.connections).map(connect).collect::<Result<_, _>>().map_err(|error| error.to_string())?;
    let caller =
        |client: &CustomerControllerClient<Channel>| Tonic { client: client.clone(), id: load.customer.id.clone() };
    load.run(&connections, caller, |_, task| drop(runtime.spawn(task)))
}
