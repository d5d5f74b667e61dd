//! Creates of the customer service: repeatable, unless the caller wants them as they are.

use async_std::task::block_on;
use grpcio::RpcStatusCode;
use ticketing_client::CreateCustomerRequest;

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

#[test]
fn who_opts_out_gets_no_id_and_one_attempt() {
    let server = refuses_the_first();
    block_on(channels_to(server.port).build().customers().create_once(&CreateCustomerRequest::new())).unwrap_err();
    let seen = server.seen();
    assert_eq!(seen.len(), 1);
    assert!(!seen[0].idempotent && seen[0].request.request_id.is_empty(), "{seen:?}");
}
