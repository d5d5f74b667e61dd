use ticketing_client::{Answer, CallError, Customer, Customers};

/// Look a customer up.
#[derive(Debug, clap::Args)]
pub(crate) struct Get {
    /// The customer's id. An empty one ('') asks which pod answers.
    id: String,
}

impl Get {
    pub(crate) async fn run(&self, customers: &Customers) -> Result<Answer<Customer>, CallError> {
        customers.get(&self.id).await
    }
}
