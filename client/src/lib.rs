//! Client of the customer service.
//!
//! A [`Channel`] is one long-lived connection to one [`Target`]; [`Channel::customers`] makes typed calls on it.
//! Every call has a deadline, every failure is a [`CallError`] that says what failed, where, and what to try.
//! Nothing here reads environment variables, writes to the terminal or installs a logger.
//!
//! ```no_run
//! use ticketing_client::{Channel, Target};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let channel = Channel::builder(Target::new("localhost", 12345)?).build();
//! let answer = async_std::task::block_on(channel.customers().get("0199e1f0-5c1c-7000-8000-000000000000"))?;
//! println!("{} {}", answer.value.first_name, answer.value.last_name);
//! # Ok(())
//! # }
//! ```

mod channel;
mod code;
mod customers;
mod error;
mod health;
mod retry;
mod target;

pub use channel::{Channel, ChannelBuilder, DEFAULT_DEADLINE, MAX_DEADLINE, MAX_MESSAGE_BYTES};
pub use code::Code;
pub use customers::{Answer, Customers, IDEMPOTENT_HEADER};
pub use error::{CallError, FieldViolation};
pub use health::Serving;
pub use retry::{Backoff, retry_within};
pub use target::{BadTarget, Target};
pub use ticketing_proto::ticketing::{CreateCustomerRequest, Customer, CustomerList};
