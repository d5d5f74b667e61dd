//! Load by grpcio's client as a reader of its examples writes it: one queue, default settings. Its calls run on the
//! queue's thread, where they cost least.

use std::process::ExitCode;
use std::sync::Arc;

use grpcio::{ChannelBuilder, Environment};
use peer_load::{Caller, Customer, Load, Report};
use ticketing_proto::ticketing::GetCustomerRequest;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

struct Stock {
    client: CustomerControllerClient,
    id: String,
}

impl Caller for Stock {
    async fn call(&mut self) -> Result<Customer, String> {
        let request = GetCustomerRequest { id: self.id.clone(), ..GetCustomerRequest::default() };
        let answer = self.client.get_customer_async(&request).map_err(|error| error.to_string())?;
        let customer = answer.await.map_err(|error| error.to_string())?;
        Ok(Customer { id: customer.id, first_name: customer.first_name, last_name: customer.last_name })
    }
}

fn main() -> ExitCode {
    peer_load::main(run)
}

fn run(load: &Load) -> Result<Report, String> {
    let environment = Arc::new(Environment::new(1));
    let connect = |_| {
        // Channels with equal settings would share one socket.
        let channel = ChannelBuilder::new(environment.clone()).use_local_subchannel_pool(load.connections > 1);
        CustomerControllerClient::new(channel.connect(&format!("{}:{}", load.host, load.port)))
    };
    let connections: Vec<_> = (0..load.connections).map(connect).collect();
    let caller = |client: &CustomerControllerClient| Stock { client: client.clone(), id: load.customer.id.clone() };
    load.run(&connections, caller, CustomerControllerClient::spawn)
}
