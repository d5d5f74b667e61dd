//! What a caller wants to be stored, told apart from all others by its first name.

use ticketing_client::CreateCustomerRequest;

use crate::people;

/// `people` begins a list with one of each script.
const SCRIPTS: usize = 10;

/// One customer that a caller wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// No other intent has it.
    pub first_name: String,
    /// Others may have it too.
    pub last_name: String,
    /// With one, the same create may be sent any number of times; without, it is sent once.
    pub request_id: Option<String>,
}

impl Intent {
    /// The `number`th intent of a run. Its names come from many scripts, so that a name that is changed on its way
    /// shows.
    pub(crate) fn new(run: u64, number: usize, with_request_id: bool) -> Self {
        let (first, last) = people(number % SCRIPTS + 1, number as u64)[number % SCRIPTS];
        Self {
            first_name: format!("{first} {run:x}-{number}"),
            last_name: last.to_owned(),
            request_id: with_request_id.then(|| format!("{run:x}-{number}")),
        }
    }

    /// Another customer under the request id of this one: the service has to refuse it.
    pub(super) fn usurper(&self, number: usize) -> Self {
        let first_name = format!("{} usurped {number}", self.first_name);
        Self { first_name, ..self.clone() }
    }

    pub(crate) fn request(&self) -> CreateCustomerRequest {
        CreateCustomerRequest {
            first_name: self.first_name.clone(),
            last_name: self.last_name.clone(),
            request_id: self.request_id.clone().unwrap_or_default(),
            ..CreateCustomerRequest::new()
        }
    }
}
