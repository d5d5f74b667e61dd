//! Creates of the customer service: repeatable, unless the caller wants them as they are.

use async_std::task::block_on;
use grpcio::{MetadataBuilder, RpcStatusCode};
use ticketing_client::{Channel, CreateCustomerRequest, Target};

use crate::greeter::channels_to;
use crate::scripted::{Reply, Scripted};

fn refuses_the_first() -> Scripted {
    Scripted::start(
        |create, _| if create == 1 { Reply::Refused(RpcStatusCode::UNAVAILABLE, "no") } else { Reply::Created },
    )
}

#[test]
fn a_create_gets_an_id_that_all_its_attempts_carry() {
    let server = refuses_the_first();
    block_on(channels_to(server.port).build().customers().create(&CreateCustomerRequest::new())).unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen.iter().all(|create| create.idempotent && !create.request.request_id.is_empty()), "{seen:?}");
    assert_eq!(seen[0].request.request_id, seen[1].request.request_id);
}

/// Also where the call carries a header of its own, on connections of either kind.
#[test]
fn headers_of_the_caller_go_with_every_attempt() {
    let mut headers = MetadataBuilder::new();
    headers.add_str("authorization", "Bearer token").unwrap();
    let headers = headers.build();
    let request = CreateCustomerRequest { request_id: "one".to_owned(), ..CreateCustomerRequest::new() };
    let server = refuses_the_first();
    let pool = channels_to(server.port).build().customers();
    block_on(pool.with_metadata(headers.clone()).create(&request)).unwrap();
    let one = Channel::builder(Target::new("127.0.0.1", server.port).unwrap()).build().customers();
    block_on(one.with_metadata(headers).create(&request)).unwrap();
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|create| create.idempotent && create.authorization == "Bearer token"), "{seen:?}");
}

#[test]
fn who_opts_out_gets_no_id_and_one_attempt() {
    let server = refuses_the_first();
    block_on(channels_to(server.port).build().customers().create_once(&CreateCustomerRequest::new())).unwrap_err();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(!seen[0].idempotent && seen[0].request.request_id.is_empty(), "{seen:?}");
}
