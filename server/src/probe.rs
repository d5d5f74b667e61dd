//! `ticketing-server health`: asks a server whether it serves, for probes without a second binary.

use std::sync::Arc;
use std::time::Duration;

use grpcio::{CallOption, ChannelBuilder, EnvBuilder, RpcStatus, RpcStatusCode};
use ticketing_proto::health::HealthCheckRequest;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health_grpc::HealthClient;

use crate::config::{Args, BadSetting};
use crate::serve::reachable;

/// A probe waits so long for an answer; Kubernetes' own default is the same.
const DEADLINE: Duration = Duration::from_secs(1);

/// The server that is meant: the one that was named, or the one that these settings would start.
pub fn target(args: &Args, named: Option<&str>) -> Result<String, BadSetting> {
    match named {
        Some(named) => match named.rsplit_once(':') {
            Some((host, port)) if !host.is_empty() && port.parse::<u16>().is_ok() => Ok(named.to_owned()),
            _ => Err(BadSetting::argument("ADDRESS:PORT", named, "name a server, for example 127.0.0.1:12345")),
        },
        None => args.probed().map(|address| reachable(address).to_string()),
    }
}

/// The server's status in words, or why there is none.
pub async fn ask(address: &str) -> Result<ServingStatus, String> {
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    // A proxy for web pages, set in the environment, does not know the way to a pod.
    let channel = ChannelBuilder::new(environment).enable_http_proxy(false).connect(address);
    let client = HealthClient::new(channel);
    let options = CallOption::default().timeout(DEADLINE);
    let answer = match client.check_async_opt(&HealthCheckRequest::new(), options) {
        Ok(answer) => answer.await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(response) => Ok(response.status.enum_value_or_default()),
        Err(grpcio::Error::RpcFailure(status)) => Err(told(address, &status)),
        Err(error) => Err(format!("cannot ask {address}: {error}")),
    }
}

/// C-core's words are a chain of causes; the last one is for people.
fn told(address: &str, status: &RpcStatus) -> String {
    let cause = status.message().rsplit(": ").next().unwrap_or_default();
    match status.code() {
        RpcStatusCode::UNAVAILABLE if cause == "Connection refused" => {
            format!("cannot reach {address} ({cause}); is a server running there?")
        }
        RpcStatusCode::UNAVAILABLE => {
            format!("cannot reach {address} ({cause}); where calls are encrypted, HEALTH_ADDR is the port for probes")
        }
        RpcStatusCode::DEADLINE_EXCEEDED => {
            format!("{address} did not answer within {DEADLINE:?}; is it the gRPC port of a server?")
        }
        RpcStatusCode::UNIMPLEMENTED | RpcStatusCode::NOT_FOUND => {
            format!("{address} serves gRPC, but has no such health service; is it a ticketing-server?")
        }
        code => format!("{address} failed: {code} ({cause})"),
    }
}
