use clap::builder::NonEmptyStringValueParser;
use ticketing_client::{Answer, CreateCustomerRequest, Customer, Customers};
use uuid::Uuid;

use crate::exit::Failure;

/// Create a customer.
///
/// Names are trimmed, have 1 to 200 characters and no control characters. A create that is answered as a repetition of
/// an earlier one says so and makes no second customer.
#[derive(Debug, clap::Args)]
pub(crate) struct Create {
    #[arg(value_name = "FIRST")]
    first_name: String,
    #[arg(value_name = "LAST")]
    last_name: String,
    /// Makes the create repeatable: the same id and names again make no second customer. Default: a new UUID.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    request_id: Option<String>,
}

impl Create {
    pub(crate) async fn run(&self, customers: &Customers) -> Result<Answer<Customer>, Failure> {
        let request = &CreateCustomerRequest {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            request_id: self.request_id.clone().unwrap_or_else(|| Uuid::now_v7().to_string()),
            ..CreateCustomerRequest::new()
        };
        customers.create(request).await.map_err(|error| {
            if error.code.is_transient() {
                let id = &request.request_id;
                let then = format!("whether it was created is not known: repeat it safely with --request-id {id}");
                Failure::Unfinished { cause: Box::new(error), then }
            } else {
                Failure::Call(error)
            }
        })
    }
}
