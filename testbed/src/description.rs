//! What runs where, for programs.

use serde::Serialize;

use crate::secured::Secured;
use crate::{Bed, Server};

/// A bed with Envoy, as `testbed up` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Where callers connect.
    pub envoy: String,
    /// Envoy's admin interface.
    pub admin: String,
    /// Envoy's process id.
    pub envoy_pid: u32,
    /// The servers, oldest first.
    pub servers: Vec<ServerDescription>,
    /// The folder of the certificates, as `tools/certs` makes it, where the bed has TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificates: Option<String>,
    /// The folder of the key that signs tokens, for `tools/tokens`, where callers need some.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tokens: Option<String>,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServerDescription {
    /// gRPC.
    pub address: String,
    /// Admin HTTP.
    pub admin: String,
    /// The pod's name.
    pub pod: String,
    /// The process id.
    pub pid: u32,
}

impl Description {
    pub(crate) fn of(bed: &Bed) -> Self {
        let (envoy, secured) = (bed.envoy(), bed.secured_by());
        Self {
            envoy: envoy.address().to_string(),
            admin: envoy.admin().to_string(),
            envoy_pid: envoy.process().pid(),
            servers: bed.servers().iter().map(ServerDescription::of).collect(),
            certificates: secured.map(|secured| secured.certificates().folder().display().to_string()),
            tokens: secured.and_then(Secured::tokens).map(|tokens| tokens.folder().display().to_string()),
        }
    }
}

impl ServerDescription {
    fn of(server: &Server) -> Self {
        Self {
            address: server.address().to_string(),
            admin: server.admin().to_string(),
            pod: server.pod().to_owned(),
            pid: server.pid(),
        }
    }
}
