//! The customer service as a reader of tonic's examples writes it: a map behind a lock, default settings and limits.
//!
//! Usage: peer-tonic ADDRESS:PORT WORKERS    0 workers: tokio's current_thread

use std::collections::HashMap;
use std::sync::RwLock;

use tokio::runtime::Builder;
use tonic::transport::Server;
use tonic::{Request, Response, Status};

use generated::customer_controller_server::{CustomerController, CustomerControllerServer};
use generated::{CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest};

#[allow(missing_docs, unreachable_pub, clippy::pedantic, reason = "generated")]
mod generated {
    tonic::include_proto!("ticketing");
}

#[derive(Default)]
struct Customers {
    by_id: RwLock<HashMap<String, Customer>>,
}

#[tonic::async_trait]
impl CustomerController for Customers {
    async fn get_customer(&self, request: Request<GetCustomerRequest>) -> Result<Response<Customer>, Status> {
        let found = self.by_id.read().expect("no panic").get(&request.get_ref().id).cloned();
        found.map(Response::new).ok_or_else(|| Status::not_found("no such customer"))
    }

    async fn create_customer(&self, request: Request<CreateCustomerRequest>) -> Result<Response<Customer>, Status> {
        let CreateCustomerRequest { first_name, last_name, .. } = request.into_inner();
        let mut by_id = self.by_id.write().expect("no panic");
        // As long as the product's.
        let customer = Customer { id: format!("{:036}", by_id.len()), first_name, last_name };
        by_id.insert(customer.id.clone(), customer.clone());
        Ok(Response::new(customer))
    }

    async fn list_customers(&self, _: Request<ListCustomersRequest>) -> Result<Response<CustomerList>, Status> {
        let customers = self.by_id.read().expect("no panic").values().take(100).cloned().collect();
        Ok(Response::new(CustomerList { customers, ..CustomerList::default() }))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let address = arguments.next().ok_or("ADDRESS:PORT")?.parse()?;
    let workers: usize = arguments.next().ok_or("WORKERS")?.parse()?;
    let runtime = match workers {
        0 => Builder::new_current_thread().enable_all().build()?,
        workers => Builder::new_multi_thread().worker_threads(workers).enable_all().build()?,
    };
    let service = CustomerControllerServer::new(Customers::default());
    runtime.block_on(Server::builder().add_service(service).serve(address))?;
    Ok(())
}
