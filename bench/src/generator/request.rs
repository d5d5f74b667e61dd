//! What is sent over and over.

use std::fs;
use std::path::{Path, PathBuf};

use protobuf::Message;
use testbed::BedError;
use ticketing_client::CreateCustomerRequest;
use ticketing_proto::ticketing::{Customer, GetCustomerRequest, ListCustomersRequest};

use crate::peers::{FIRST_NAME, LAST_NAME, PAGE_SIZE};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Operation {
    /// A customer that is in the product's cache.
    Get,
    /// A customer that there is none of, which no cache answers.
    Miss,
    /// A new customer, which the product has made durable before it answers.
    Create,
    /// The first hundred customers.
    List,
}

impl Operation {
    pub(crate) const ALL: [Self; 4] = [Self::Get, Self::Miss, Self::Create, Self::List];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Miss => "miss",
            Self::Create => "create",
            Self::List => "list",
        }
    }
}

/// A request that is the same each time.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// Of the RPC.
    pub(crate) path: &'static str,
    /// A file with `frame`, for generators that are programs.
    pub(crate) file: PathBuf,
    /// The message with its prefix of five bytes.
    pub(crate) frame: Vec<u8>,
    /// An answer has so many bytes or more; a refusal has none, though HTTP calls it 200.
    pub(crate) answer_bytes: usize,
}

/// Of each message on the wire.
const PREFIX_BYTES: usize = 5;

impl Request {
    /// The request of an operation; `id` is a customer that is there. Its frame becomes a file in `folder`.
    pub(crate) fn new(operation: Operation, id: &str, folder: &Path) -> Result<Self, BedError> {
        let (path, message) = match operation {
            Operation::Get => ("/ticketing.CustomerController/GetCustomer", get(id)),
            Operation::Miss => ("/ticketing.CustomerController/GetCustomer", get(&nobody(id))),
            Operation::Create => ("/ticketing.CustomerController/CreateCustomer", create()),
            Operation::List => ("/ticketing.CustomerController/ListCustomers", list()),
        };
        let length = u32::try_from(message.len()).expect("a small message").to_be_bytes();
        let frame = [&[0], length.as_slice(), &message].concat();
        let file = folder.join(format!("{}.request", operation.name()));
        fs::write(&file, &frame).map_err(BedError::io(format!("write {}", file.display())))?;
        Ok(Self { path, file, frame, answer_bytes: answer_bytes(operation, id) })
    }
}

fn answer_bytes(operation: Operation, id: &str) -> usize {
    let customer = Customer {
        id: id.to_owned(),
        first_name: FIRST_NAME.to_owned(),
        last_name: LAST_NAME.to_owned(),
        ..Customer::default()
    };
    let size = bytes(&customer).len();
    match operation {
        Operation::Miss => 0,
        Operation::Get | Operation::Create => PREFIX_BYTES + size,
        Operation::List => PREFIX_BYTES + size * usize::try_from(PAGE_SIZE).expect("a page has some customers"),
    }
}

/// An id of the same form that no customer has.
pub(crate) fn nobody(id: &str) -> String {
    id.chars().map(|digit| if digit.is_ascii_hexdigit() { 'f' } else { digit }).collect()
}

fn get(id: &str) -> Vec<u8> {
    bytes(&GetCustomerRequest { id: id.to_owned(), ..GetCustomerRequest::default() })
}

fn create() -> Vec<u8> {
    bytes(&CreateCustomerRequest {
        first_name: FIRST_NAME.to_owned(),
        last_name: LAST_NAME.to_owned(),
        ..CreateCustomerRequest::default()
    })
}

fn list() -> Vec<u8> {
    bytes(&ListCustomersRequest { page_size: PAGE_SIZE, ..ListCustomersRequest::default() })
}

fn bytes(message: &impl Message) -> Vec<u8> {
    message.write_to_bytes().expect("it has no required field")
}
