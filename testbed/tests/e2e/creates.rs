//! Invariant 1 through Envoy: an acknowledged create is never lost, and no create is carried out twice.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_std::task::{self, block_on};
use futures::future::join_all;
use testbed::{Bed, Server, Testbed, until_true};
use ticketing_client::{CallError, Channel, Code, CreateCustomerRequest, Target};

/// Enough that both of two servers get several.
const CALLS: usize = 20;

fn channel(address: SocketAddr) -> Channel {
    Channel::builder(Target::new(&address.ip().to_string(), address.port()).unwrap()).build()
}

fn request(number: usize, request_id: &str) -> CreateCustomerRequest {
    CreateCustomerRequest {
        first_name: format!("First {number}"),
        last_name: "Last".to_owned(),
        request_id: request_id.to_owned(),
        ..CreateCustomerRequest::new()
    }
}

/// How often each first name is stored.
fn stored(bed: &Bed) -> BTreeMap<String, usize> {
    let page = block_on(channel(bed.envoy_address()).customers().list(1_000, "")).unwrap().value;
    let mut names = BTreeMap::new();
    for customer in page.customers {
        *names.entry(customer.first_name).or_default() += 1;
    }
    names
}

/// Creates that meet a server which has taken them and says nothing, and then dies: how often the client sent each.
fn creates_on_a_dying_server(bed: &Bed, request_id: fn(usize) -> String) -> Vec<Result<u32, CallError>> {
    let customers = channel(bed.envoy_address()).customers();
    bed.server(0).stop();
    let calls: Vec<_> = (0..CALLS)
        .map(|number| {
            let customers = customers.clone();
            let request = request(number, &request_id(number));
            task::spawn(async move { customers.create(&request).await.map(|answer| answer.attempts) })
        })
        .collect();
    // Once the living server has stored its share, the others are with the stopped one: Envoy takes turns.
    until_true("the living server has stored its share", || stored_on(bed, 1) >= CALLS / 2).unwrap();
    bed.server(0).kill().unwrap();
    block_on(join_all(calls))
}

fn stored_on(bed: &Bed, server: usize) -> usize {
    let direct = channel(bed.server(server).address().into());
    block_on(direct.customers().list(1_000, "")).unwrap().value.customers.len()
}

#[test]
fn a_create_with_a_request_id_is_sent_again_when_its_server_dies() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let outcomes = creates_on_a_dying_server(&bed, |number| format!("request-{number}"));
    for outcome in outcomes {
        let attempts = outcome.unwrap_or_else(|error| panic!("{error}\n{}", bed.logs()));
        assert_eq!(attempts, 1, "it was not Envoy that sent it again");
    }
    let stored = stored(&bed);
    assert_eq!(stored.len(), CALLS);
    assert!(stored.values().all(|count| *count == 1), "{stored:?}");
}

#[test]
fn a_create_without_a_request_id_is_not_sent_again_when_its_server_dies() {
    let bed = Testbed::new().servers(2).envoy().start().unwrap();
    let outcomes = creates_on_a_dying_server(&bed, |_| String::new());
    let failed: Vec<_> = outcomes.iter().filter_map(|outcome| outcome.as_ref().err()).collect();
    assert_eq!(failed.len(), CALLS / 2, "{failed:?}");
    assert!(failed.iter().all(|error| error.code == Code::Unavailable), "{failed:?}");
    let stored = stored(&bed);
    assert_eq!(stored.len(), CALLS - failed.len());
    assert!(stored.values().all(|count| *count == 1), "{stored:?}");
}

/// With Envoy's default of `healthy_panic_threshold` calls go to all five again as soon as three are not healthy.
#[test]
fn creates_go_to_healthy_pods_only_even_when_these_are_few() {
    let bed = Testbed::new().servers(5).envoy().start().unwrap();
    bed.servers()[..3].iter().for_each(Server::stop);
    let healthy = || bed.envoy().hosts().iter().filter(|host| host.healthy).count();
    until_true("Envoy leaves the servers that hang", || healthy() == 2).unwrap();
    let customers = channel(bed.envoy_address()).customers();
    let outcomes = (0..CALLS).map(|number| block_on(customers.create(&request(number, ""))));
    let failed: Vec<_> = outcomes.filter_map(Result::err).collect();
    bed.servers()[..3].iter().for_each(Server::cont);
    assert!(failed.is_empty(), "{failed:?}\n{}", bed.logs());
}

#[test]
fn creates_under_kills_are_stored_once_if_acknowledged_and_never_twice() {
    const CALLERS: usize = 8;
    const EACH: usize = 60;
    let bed = Testbed::new().servers(3).envoy().start().unwrap();
    let customers = channel(bed.envoy_address()).customers();
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let customers = customers.clone();
            task::spawn(async move {
                let mut acknowledged = Vec::new();
                for call in 0..EACH {
                    let request = request(caller * EACH + call, "");
                    if customers.create(&request).await.is_ok() {
                        acknowledged.push(request.first_name);
                    }
                }
                acknowledged
            })
        })
        .collect();
    for server in bed.servers() {
        server.kill().unwrap();
        server.start_again().unwrap();
    }
    let acknowledged: Vec<_> = block_on(join_all(callers)).concat();
    bed.settle().unwrap();
    let stored = stored(&bed);
    assert!(stored.values().all(|count| *count == 1), "{stored:?}");
    let lost: Vec<_> = acknowledged.iter().filter(|name| !stored.contains_key(*name)).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(!acknowledged.is_empty());
}
