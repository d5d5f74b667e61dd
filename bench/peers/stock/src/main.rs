//! The customer service as a reader of grpcio's examples writes it: a map behind a lock, default settings.
//!
//! Usage: peer-stock ADDRESS PORT QUEUES

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use futures::{FutureExt as _, TryFutureExt as _};
use grpcio::{EnvBuilder, RpcContext, RpcStatus, RpcStatusCode, ServerBuilder, ServerCredentials, UnarySink};
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::{CustomerController, create_customer_controller};

#[derive(Clone, Default)]
struct Customers {
    by_id: Arc<RwLock<HashMap<String, Customer>>>,
}

fn send<T>(ctx: &RpcContext<'_>, sink: UnarySink<T>, answer: Result<T, RpcStatus>) {
    let sent = match answer {
        Ok(message) => sink.success(message),
        Err(status) => sink.fail(status),
    };
    ctx.spawn(sent.unwrap_or_else(|error| eprintln!("not delivered: {error}")).map(drop));
}

impl CustomerController for Customers {
    fn get_customer(&mut self, ctx: RpcContext<'_>, request: GetCustomerRequest, sink: UnarySink<Customer>) {
        let found = self.by_id.read().expect("no panic").get(&request.id).cloned();
        send(&ctx, sink, found.ok_or_else(|| RpcStatus::new(RpcStatusCode::NOT_FOUND)));
    }

    fn create_customer(&mut self, ctx: RpcContext<'_>, request: CreateCustomerRequest, sink: UnarySink<Customer>) {
        let mut by_id = self.by_id.write().expect("no panic");
        let customer = Customer {
            // As long as the product's.
            id: format!("{:036}", by_id.len()),
            first_name: request.first_name,
            last_name: request.last_name,
            ..Customer::default()
        };
        by_id.insert(customer.id.clone(), customer.clone());
        send(&ctx, sink, Ok(customer));
    }

    fn list_customers(&mut self, ctx: RpcContext<'_>, _: ListCustomersRequest, sink: UnarySink<CustomerList>) {
        let customers = self.by_id.read().expect("no panic").values().take(100).cloned().collect();
        send(&ctx, sink, Ok(CustomerList { customers, ..CustomerList::default() }));
    }
}

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (address, queues) = (arguments.next().expect("ADDRESS:PORT"), arguments.next().expect("QUEUES"));
    let environment = Arc::new(EnvBuilder::new().cq_count(queues.parse().expect("a number")).build());
    let service = create_customer_controller(Customers::default());
    let mut server = ServerBuilder::new(environment).register_service(service).build().expect("a server");
    server.add_listening_port(address, ServerCredentials::insecure()).expect("a free port");
    server.start();
    loop {
        std::thread::park();
    }
}
