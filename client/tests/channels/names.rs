//! Names whose addresses change.

use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::{Channels, ChannelsBuilder, Policy, Safety, Target};

use crate::greeter::{Greeter, Reply, greet};
use crate::namespace::{Hosts, with_hosts};
use crate::wait::until;

fn channels_to_name(port: u16) -> ChannelsBuilder {
    Channels::builder(Target::new(Hosts::NAME, port).unwrap()).deadline(Duration::from_mins(1))
}

fn beside(server: &Greeter, host: &str) -> Greeter {
    Greeter::on(&format!("{host}:{}", server.port), |_| Reply::Hello)
}

#[test]
fn a_server_that_comes_back_under_another_address_is_found() {
    with_hosts("names::a_server_that_comes_back_under_another_address_is_found", |hosts| {
        for policy in [Policy::Single, Policy::Pool { connections: 2 }, Policy::RoundRobin] {
            hosts.set(&["127.0.0.2"]);
            let server = Greeter::on("127.0.0.2:0", |_| Reply::Hello);
            // The age would bring new connections, which look the name up anyway.
            let channels = channels_to_name(server.port).policy(policy).max_age(None).build();
            block_on(greet(&channels, Safety::Once)).unwrap();
            let moved = beside(&server, "127.0.0.3");
            hosts.set(&["127.0.0.3"]);
            drop(server);
            until("the new address has calls", || block_on(greet(&channels, Safety::Read)).is_ok());
            assert!(moved.attempts() > 0);
        }
    });
}

#[test]
fn a_pod_that_is_added_to_a_name_gets_calls_once_connections_are_replaced_and_no_call_fails() {
    let test = "names::a_pod_that_is_added_to_a_name_gets_calls_once_connections_are_replaced_and_no_call_fails";
    with_hosts(test, |hosts| {
        hosts.set(&["127.0.0.2"]);
        let first = Greeter::on("127.0.0.2:0", |_| Reply::Hello);
        let age = Duration::from_millis(500);
        let channels = channels_to_name(first.port).policy(Policy::RoundRobin).max_age(age).build();
        block_on(greet(&channels, Safety::Once)).unwrap();
        let added = beside(&first, "127.0.0.3");
        hosts.set(&["127.0.0.2", "127.0.0.3"]);
        until("the new pod has calls", || {
            block_on(greet(&channels, Safety::Once)).unwrap();
            added.attempts() > 0
        });
        let before = first.attempts();
        until("the old pod still has its part", || {
            block_on(greet(&channels, Safety::Once)).unwrap();
            first.attempts() > before
        });
    });
}

#[test]
fn a_pod_that_leaves_a_name_and_serves_on_gets_no_calls_once_connections_are_replaced_and_no_call_fails() {
    let test =
        "names::a_pod_that_leaves_a_name_and_serves_on_gets_no_calls_once_connections_are_replaced_and_no_call_fails";
    with_hosts(test, |hosts| {
        hosts.set(&["127.0.0.2", "127.0.0.3"]);
        let stays = Greeter::on("127.0.0.2:0", |_| Reply::Hello);
        let leaves = beside(&stays, "127.0.0.3");
        let age = Duration::from_millis(500);
        let channels = channels_to_name(stays.port).policy(Policy::RoundRobin).max_age(age).build();
        until("both pods have calls", || {
            block_on(greet(&channels, Safety::Once)).unwrap();
            stays.attempts() > 0 && leaves.attempts() > 0
        });
        hosts.set(&["127.0.0.2"]);
        until("the one that left has no more calls", || {
            let before = leaves.attempts();
            (0..20).for_each(|_| drop(block_on(greet(&channels, Safety::Once)).unwrap()));
            leaves.attempts() == before
        });
    });
}

#[test]
fn a_name_that_nobody_knows_is_unreached_and_found_once_it_is_known() {
    with_hosts("names::a_name_that_nobody_knows_is_unreached_and_found_once_it_is_known", |hosts| {
        for policy in [Policy::Single, Policy::Pool { connections: 2 }, Policy::RoundRobin] {
            hosts.set(&[]);
            let server = Greeter::on("127.0.0.2:0", |_| Reply::Hello);
            let channels = channels_to_name(server.port).policy(policy).build();
            let error = block_on(greet(&channels, Safety::Once)).unwrap_err();
            assert!(!error.answered && error.to_string().starts_with("cannot reach pods.test:"), "{error}");
            hosts.set(&["127.0.0.2"]);
            until("the name is known", || block_on(greet(&channels, Safety::Once)).is_ok());
        }
    });
}

/// C-core would look it up again later and later: after half a minute a quarter of one later.
#[test]
fn a_name_that_nobody_knew_for_long_is_found_as_soon() {
    with_hosts("names::a_name_that_nobody_knew_for_long_is_found_as_soon", |hosts| {
        hosts.set(&[]);
        let server = Greeter::on("127.0.0.2:0", |_| Reply::Hello);
        let channels = channels_to_name(server.port).wait_for_ready(true).deadline(Duration::from_secs(1)).build();
        let called = || block_on(greet(&channels, Safety::Once)).is_ok();
        assert!((0..30).all(|_| !called()));
        hosts.set(&["127.0.0.2"]);
        assert!((0..6).any(|_| called()));
    });
}

#[test]
fn connections_outlive_their_name() {
    with_hosts("names::connections_outlive_their_name", |hosts| {
        hosts.set(&["127.0.0.2"]);
        let server = Greeter::on("127.0.0.2:0", |_| Reply::Hello);
        let pool = channels_to_name(server.port).policy(Policy::Pool { connections: 2 });
        let channels = pool.max_age(Duration::from_secs(1)).build();
        until("both are connected", || {
            block_on(greet(&channels, Safety::Once)).unwrap();
            server.connections() == 2
        });
        hosts.set(&[]);
        // After a second they are to be replaced, and five more later that is given up.
        for _ in 0..150 {
            block_on(greet(&channels, Safety::Once)).unwrap();
            block_on(async_std::task::sleep(Duration::from_millis(50)));
        }
        assert_eq!(server.connections(), 2);
    });
}
