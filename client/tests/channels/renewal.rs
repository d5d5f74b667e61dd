//! Certificates that change in their files while connections are there.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_std::task::{block_on, sleep};
use futures::{FutureExt, StreamExt};
use grpcio::{
    CertificateRequestType, EnvBuilder, Environment, RpcContext, RpcStatus, RpcStatusCode, Server, ServerBuilder,
    ServerCredentialsBuilder, UnarySink,
};
use testbed::Certificates;
use ticketing_client::{Channel, Channels, Policy, State, Target, Tls, TlsFiles};
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::{CustomerController, create_customer_controller};

use crate::relay::{Meet, Relay};
use crate::wait::until;

const LIMIT: Duration = Duration::from_secs(20);

/// Answers every probe, and lets in whom one authority vouches for.
struct Strict {
    port: u16,
    _server: Server,
    _environment: Arc<Environment>,
}

impl Strict {
    fn start(certificates: &Certificates, authority: &str, port: u16) -> Self {
        let read = |path: PathBuf| fs::read(path).expect("a file");
        let credentials = ServerCredentialsBuilder::new()
            .add_cert(read(certificates.certificate("server")), read(certificates.key("server")))
            .root_cert(
                read(certificates.authority(authority)),
                CertificateRequestType::RequestAndRequireClientCertificateAndVerify,
            );
        let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
        let service = create_customer_controller(Answers);
        let mut server = ServerBuilder::new(environment.clone()).register_service(service).build().expect("set up");
        let address = format!("127.0.0.1:{port}");
        let port = server.add_listening_port(address, credentials.build()).expect("a free port");
        server.start();
        Self { port, _server: server, _environment: environment }
    }
}

#[derive(Clone)]
struct Answers;

impl CustomerController for Answers {
    fn get_customer(&mut self, ctx: RpcContext<'_>, _: GetCustomerRequest, sink: UnarySink<Customer>) {
        let customer = Customer { id: "pod-a".to_owned(), ..Customer::new() };
        ctx.spawn(async move { drop(sink.success(customer).await) });
    }

    fn create_customer(&mut self, ctx: RpcContext<'_>, _: CreateCustomerRequest, sink: UnarySink<Customer>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }

    fn list_customers(&mut self, ctx: RpcContext<'_>, _: ListCustomersRequest, sink: UnarySink<CustomerList>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }
}

/// A caller that is `envoy-client` at first, which `servers-ca` vouches for.
fn target(certificates: &Certificates, port: u16) -> Target {
    let files = TlsFiles {
        authorities: Some(certificates.authority("server")),
        identity: Some((certificates.certificate("envoy-client"), certificates.key("envoy-client"))),
    };
    Target::new("127.0.0.1", port).unwrap().with_tls(Tls::read(files).expect("they are good"))
}

/// Makes it `writer`, which `callers-ca` vouches for.
fn renew(certificates: &Certificates) {
    fs::copy(certificates.key("writer"), certificates.key("envoy-client")).expect("copied");
    fs::copy(certificates.certificate("writer"), certificates.certificate("envoy-client")).expect("copied");
}

#[test]
fn connections_are_replaced_without_a_failed_call_when_their_certificate_is_renewed() {
    let certificates = Certificates::make().expect("certificates");
    let server = Strict::start(&certificates, "server", 0);
    for policy in [Policy::Single, Policy::Pool { connections: 2 }] {
        let channels = Channels::builder(target(&certificates, server.port)).policy(policy).max_age(None).build();
        let mut states = channels.states();
        let customers = channels.customers();
        block_on(customers.identify()).expect("answered");
        certificates.renew(&["envoy-client"]).expect("renewed");
        let begun = Instant::now();
        let replaced = async_std::task::spawn(async move {
            while states.next().await.is_some_and(|change| change.state != State::Replaced) {}
        });
        let mut replaced = Box::pin(replaced);
        while (&mut replaced).now_or_never().is_none() {
            assert!(begun.elapsed() < LIMIT, "{policy:?}: no connection was replaced");
            block_on(customers.identify()).expect("answered all the time");
            block_on(sleep(Duration::from_millis(5)));
        }
    }
}

#[test]
fn a_certificate_that_is_renewed_once_more_while_connections_are_replaced_is_used_too() {
    let certificates = Certificates::make().expect("certificates");
    let server = Strict::start(&certificates, "server", 0);
    let port = server.port;
    // The first replacement gets no answer at first, and comes after the second renewal.
    let relay = Relay::start(move |number| if number == 2 { Meet::Silence } else { Meet::Pass(port) });
    let channels = Channels::builder(target(&certificates, relay.port)).build();
    let mut states = channels.states();
    block_on(channels.customers().identify()).expect("answered");
    certificates.renew(&["envoy-client"]).expect("renewed");
    until("the connection is being replaced", || relay.accepted() == 2);
    certificates.renew(&["envoy-client"]).expect("renewed");
    let mut replaced = 0;
    until("it is replaced for each renewal", || {
        let changes = std::iter::from_fn(|| states.next().now_or_never().flatten());
        replaced += changes.filter(|change| change.state == State::Replaced).count();
        replaced >= 2
    });
}

#[test]
fn a_channel_shows_its_renewed_certificate_to_a_server_that_takes_no_other() {
    let certificates = Certificates::make().expect("certificates");
    let server = Strict::start(&certificates, "server", 0);
    let port = server.port;
    let channel = Channel::builder(target(&certificates, port)).build();
    block_on(channel.customers().identify()).expect("answered");
    drop(server);
    renew(&certificates);
    let _server = Strict::start(&certificates, "writer", port);
    let begun = Instant::now();
    while let Err(error) = block_on(channel.customers().identify()) {
        assert!(begun.elapsed() < LIMIT, "{error}");
        block_on(sleep(Duration::from_millis(50)));
    }
}

#[test]
fn files_that_do_not_fit_leave_the_certificate_before_in_use() {
    let certificates = Certificates::make().expect("certificates");
    let server = Strict::start(&certificates, "server", 0);
    let target = target(&certificates, server.port);
    fs::write(certificates.key("envoy-client"), "no key").expect("written");
    // Longer than a change is left alone before it is judged.
    block_on(sleep(Duration::from_millis(2_500)));
    block_on(Channel::builder(target).build().customers().identify()).expect("answered");
}
