//! Client of the customer service.
//!
//! A [`Channel`] is one long-lived connection to one [`Target`]; [`Channel::customers`] makes typed calls on it.
//! Every unary call has a deadline, every failure is a [`CallError`] that says what failed, where, and what to try.
//! [`Channels`] add what a service needs for long: several connections, their replacement by age, retries within a
//! budget and hedged reads, for any stub that grpcio generates (`examples/greeter`). Calls with a stream on either side
//! are begun on one of the connections ([`Channels::stream`]), and sent once.
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
//!
//! # A service's calls
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> { async_std::task::block_on(async {
//! use ticketing_client::{Channels, Policy, Safety, Target};
//! use ticketing_proto::{health::HealthCheckRequest, health_grpc::HealthClient};
//!
//! let target = Target::new("envoy", 8443)?;
//! let channels = Channels::builder(target).policy(Policy::Pool { connections: 4 }).build();
//! let customer = channels.customers().get("0199e1f0-5c1c-7000-8000-000000000000").await?;
//! println!("{} by {:?}", customer.value.first_name, customer.pod);
//!
//! // The stub of any other service that grpcio's generator wrote:
//! let request = HealthCheckRequest::new();
//! let check = |channel, options| HealthClient::new(channel).check_async_opt(&request, options);
//! let health = channels.call("Check", Safety::Read, check).await?;
//! println!("{:?}", health.value.status);
//! # Ok(()) }) }
//! ```
//!
//! # TLS
//!
//! ```no_run
//! use ticketing_client::{Channels, Target, Tls, TlsFiles};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let files = TlsFiles {
//!     authorities: Some("/tls/ca.crt".into()),
//!     identity: Some(("/tls/tls.crt".into(), "/tls/tls.key".into())),
//! };
//! let channels = Channels::builder(Target::new("envoy", 8443)?.with_tls(Tls::read(files)?)).build();
//! # Ok(())
//! # }
//! ```
//!
//! Certificates that are renewed in their files are used without a restart. Why a handshake fails, which C-core does not
//! say, is found out by [`Target::examine_tls`], and address by address by [`Target::examine_tls_at`].
//!
//! # Names
//!
//! Names shall be looked up as the rest of the system does it (`/etc/nsswitch.conf`, `/etc/hosts`, search domains). C-core does
//! so in this repository, where `.cargo/config.toml` has it built without c-ares. In another one grpcio brings c-ares along,
//! in a version with known faults, and C-core prefers it unless the process has `GRPC_DNS_RESOLVER=native` in its
//! environment: set it in the manifest, or build as is done here.
//!
//! # Many calls at once
//!
//! A service that makes many calls at once adds three things of its own, none of which a library can bring along. Without
//! them everything works, and costs more.
//!
//! Tasks on the channel's thread: [`Customers::spawn`] runs them where the answers come in, so that no thread is woken
//! for an answer.
//!
//! Corked writes: C-core writes every request with a system call of its own, unless `corking` collects those that are
//! ready together. The linker's flags that this takes do not travel from a library to a program. So the program has
//! `corking` and `ticketing-client` among its dependencies, both from the same repository, and this `build.rs`:
//!
//! ```rust,ignore
//! fn main() {
//!     let flags = std::env::var("DEP_CORKING_LINK_ARGS").expect("corking is a dependency");
//!     println!("cargo::rustc-link-arg={flags}");
//! }
//! ```
//!
//! and its `main` starts corking before the first channel is made. It says `corked`, or `stock, because …`:
//!
//! ```rust,ignore
//! log::info!("writes: {}", corking::start(true));
//! ```
//!
//! That keeps C-core's event engine too, whose end with the last channel takes a second now and then; a program that is not
//! corked has `corking::keep_engine` for it, which takes no flags.
//!
//! An allocator for the whole process, C-core included: `mimalloc` with the feature `override`, as the program
//! `ticketing-client` has it.
//!
//! `bench/peers/load-ours` is a program that has these lines and nothing else: it refuses to run where they are not
//! enough.

// What the linker's flags of this package (build.rs) refer to is in there.
#[cfg(test)]
use corking as _;

#[expect(clippy::similar_names, reason = "a receiver, and what was received")]
mod calls;
mod channel;
mod channels;
mod code;
mod core_words;
mod customers;
mod details;
mod error;
mod health;
mod line;
mod place;
mod retry;
mod target;
mod tls;

pub use calls::{Safety, Streaming, idempotent};
pub use certificates::{Role, Unfit};
pub use channel::{Channel, ChannelBuilder, DEFAULT_DEADLINE, MAX_DEADLINE, MAX_MESSAGE_BYTES};
pub use channels::{Channels, ChannelsBuilder, Policy, State, StateChange};
pub use code::Code;
pub use customers::{Answer, Customers, IDEMPOTENT_HEADER};
pub use details::{Details, FieldViolation};
pub use error::CallError;
pub use health::Serving;
pub use retry::Backoff;
pub use target::{BadTarget, Target};
pub use ticketing_proto::ticketing::{CreateCustomerRequest, Customer, CustomerList};
pub use tls::{Examined, Tls, TlsFault, TlsFiles};
