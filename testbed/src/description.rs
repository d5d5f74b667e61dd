//! What runs where, for programs.

use serde::Serialize;

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
        let envoy = bed.envoy();
        Self {
            envoy: envoy.address().to_string(),
            admin: envoy.admin().to_string(),
            envoy_pid: envoy.process().pid(),
            servers: bed.servers().iter().map(ServerDescription::of).collect(),
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
