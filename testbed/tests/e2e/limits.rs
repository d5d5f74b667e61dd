//! What a caller sees past a limit: claims of docs/limits.md that no other test tries.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use grpcio::{CallOption, ChannelBuilder, EnvBuilder, MetadataBuilder, RpcStatusCode};
use testbed::Testbed;
use ticketing_proto::ticketing::GetCustomerRequest;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

/// How a probe ends that carries so many headers of so many bytes each.
fn probe(address: SocketAddr, headers: usize, bytes: usize) -> RpcStatusCode {
    let mut metadata = MetadataBuilder::new();
    for number in 0..headers {
        metadata.add_str(&format!("x-{number:03}"), &"v".repeat(bytes)).expect("a header");
    }
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    let channel = ChannelBuilder::new(environment).use_local_subchannel_pool(true).connect(&address.to_string());
    let client = CustomerControllerClient::new(channel);
    let options = || CallOption::default().timeout(Duration::from_secs(10));
    let request = GetCustomerRequest::new();
    let outcome = client.get_customer_opt(&request, options().headers(metadata.build()));
    // Whatever became of it, the connection goes on.
    client.get_customer_opt(&request, options()).expect("the next call");
    match outcome {
        Ok(_) => RpcStatusCode::OK,
        Err(grpcio::Error::RpcFailure(status)) => status.code(),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn headers_past_the_limits_cost_their_own_call_and_no_other() {
    let bed = Testbed::new().servers(1).envoy().start().unwrap();
    let (server, envoy) = (bed.server(0).address().into(), bed.envoy_address());
    let ends = [
        probe(server, 1, 15 << 10),
        probe(server, 1, 17 << 10),
        probe(envoy, 1, 7 << 10),
        probe(envoy, 1, 9 << 10),
        probe(envoy, 40, 10),
        probe(envoy, 80, 10),
    ];
    assert_eq!(
        ends,
        [
            RpcStatusCode::OK,
            RpcStatusCode::RESOURCE_EXHAUSTED,
            RpcStatusCode::OK,
            RpcStatusCode::INTERNAL,
            RpcStatusCode::OK,
            RpcStatusCode::INTERNAL
        ]
    );
}
