//! Messages, service stubs and descriptors of the customer service, and of the standard services beside it.
//!
//! Everything under `src/gen/` is written by `make codegen` from the `.proto` files of this package.

#[rustfmt::skip]
#[path = "gen/health_v1/mod.rs"]
mod health_v1;
#[rustfmt::skip]
#[path = "gen/reflection_v1/mod.rs"]
mod reflection_v1_files;
#[rustfmt::skip]
#[path = "gen/reflection_v1alpha/mod.rs"]
mod reflection_v1alpha_files;
#[rustfmt::skip]
#[path = "gen/rpc/mod.rs"]
mod rpc;
#[rustfmt::skip]
#[path = "gen/ticketing/mod.rs"]
mod ticketing_files;

pub use health_v1::{health, health_grpc};
pub use reflection_v1_files::{reflection as reflection_v1, reflection_grpc as reflection_v1_grpc};
pub use reflection_v1alpha_files::{reflection as reflection_v1alpha, reflection_grpc as reflection_v1alpha_grpc};
pub use rpc::{error_details, status};
pub use ticketing_files::{ticketing, ticketing_grpc};

/// The serialized `google.protobuf.FileDescriptorSet` of all `.proto` files and what they import, imports first.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!("gen/descriptors.bin");
