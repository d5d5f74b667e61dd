//! A server whose answers of OK have no message, where grpcio takes for granted that there is one.

use std::sync::Arc;

use futures::SinkExt as _;
use grpcio::{
    EnvBuilder, Environment, Marshaller, Method, MethodType, RpcContext, Server, ServerBuilder, ServerCredentials,
    ServerStreamingSink, ServiceBuilder, pb_de, pb_ser,
};
use ticketing_proto::ticketing::{Customer, GetCustomerRequest};

use crate::program::run;

/// A stream for the server, and a single answer for its callers.
const STREAM: Method<GetCustomerRequest, Customer> = Method {
    ty: MethodType::ServerStreaming,
    name: "/ticketing.CustomerController/GetCustomer",
    req_mar: Marshaller { ser: pb_ser, de: pb_de },
    resp_mar: Marshaller { ser: pb_ser, de: pb_de },
};

fn start() -> (u16, Server, Arc<Environment>) {
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    let answer = |ctx: RpcContext<'_>, _: GetCustomerRequest, mut sink: ServerStreamingSink<Customer>| {
        ctx.spawn(async move { drop(sink.close().await) });
    };
    let mut server = ServerBuilder::new(environment.clone())
        .register_service(ServiceBuilder::new().add_server_streaming_handler(&STREAM, answer).build())
        .build()
        .expect("the service can be set up");
    let port = server.add_listening_port("127.0.0.1:0", ServerCredentials::insecure()).expect("a free port");
    server.start();
    (port, server, environment)
}

#[test]
fn an_answer_without_a_message_fails_its_call_and_no_command_hangs_or_panics() {
    let (port, _server, _environment) = start();
    let got = run(port, &["get", "x"]);
    assert_eq!(
        (got.code, got.err.contains("INTERNAL: the answer is OK, and has no message")),
        (Some(1), true),
        "{}",
        got.err
    );
    let load = run(port, &["load", "--mix", "probe=1", "--requests", "20"]);
    assert_eq!((load.code, load.out.contains("INTERNAL")), (Some(1), true), "{}", load.out);
    let doctor = run(port, &["doctor"]);
    assert_eq!((doctor.code, doctor.out.contains("has no message")), (Some(1), true), "{}", doctor.out);
}
