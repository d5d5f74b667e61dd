//! The standard health service, asked once.

use std::fmt;
use std::time::Instant;

use grpcio::CallOption;
use ticketing_proto::health::HealthCheckRequest;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health_grpc::HealthClient;

use crate::calls::message;
use crate::{CallError, Channel};

/// What a server says about a service of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Serving {
    /// It takes calls.
    Serving,
    /// It is there but takes no calls, for example because it is about to stop.
    NotServing,
    /// It does not know, or says something newer than this client.
    Unknown,
}

impl Serving {
    /// The name as in the health protocol, for example `NOT_SERVING`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serving => "SERVING",
            Self::NotServing => "NOT_SERVING",
            Self::Unknown => "UNKNOWN",
        }
    }
}

impl fmt::Display for Serving {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Channel {
    /// Whether `service` is served, the empty name asks for the server as a whole. `NOT_FOUND`: it has no such service.
    pub async fn health(&self, service: &str) -> Result<Serving, CallError> {
        let begun = Instant::now();
        let request = HealthCheckRequest { service: service.to_owned(), ..HealthCheckRequest::new() };
        let options = CallOption::default().timeout(self.deadline());
        let channel = self.line().channel();
        let answer = match HealthClient::new(channel.clone()).check_async_opt(&request, options) {
            Ok(mut call) => message(&mut call).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => Ok(match answer.status.enum_value() {
                Ok(ServingStatus::SERVING) => Serving::Serving,
                Ok(ServingStatus::NOT_SERVING) => Serving::NotServing,
                _ => Serving::Unknown,
            }),
            Err(error) => {
                let error = CallError::new("Health.Check", self.target().clone(), begun.elapsed(), &error);
                Err(error.on(channel.check_connectivity_state(false)))
            }
        }
    }
}
