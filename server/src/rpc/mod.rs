//! The RPCs of `ticketing.CustomerController`, one a file, and the edge that all calls pass.

mod answer;
mod create_customer;
mod decode;
mod edge;
mod get_customer;
mod list_customers;
mod malformed;
mod status;
mod talk;

use std::sync::Arc;

use grpcio::{Service, ServiceBuilder};
use ticketing_proto::ticketing::Customer as CustomerMessage;

use self::create_customer::CreateCustomer;
use self::get_customer::GetCustomer;
use self::list_customers::ListCustomers;
use crate::customer::Customer;
use crate::store::Store;

pub(crate) use answer::{Answer, Kind};
pub(crate) use decode::checked;
pub(crate) use edge::{Edge, Unary};
pub(crate) use malformed::Decoded;
pub(crate) use status::Refusal;
pub(crate) use talk::{End, caller_gone};

/// The customer service on a store.
pub(crate) fn customer_controller(store: &Arc<dyn Store>, edge: &Edge) -> Service {
    let service = ServiceBuilder::new();
    let service = edge.add(service, GetCustomer::new(Arc::clone(store), edge.pod_name()));
    let service = edge.add(service, CreateCustomer::new(Arc::clone(store)));
    let service = edge.add(service, ListCustomers::new(Arc::clone(store)));
    service.build()
}

fn message(customer: Customer) -> CustomerMessage {
    CustomerMessage {
        id: customer.id.to_string(),
        first_name: customer.first_name,
        last_name: customer.last_name,
        ..CustomerMessage::default()
    }
}
