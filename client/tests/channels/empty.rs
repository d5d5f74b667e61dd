//! A peer whose answer of OK has no message, where grpcio takes for granted that there is one.

use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use async_std::task::block_on;
use futures::SinkExt as _;
use grpcio::{
    ChannelBuilder, EnvBuilder, Environment, Marshaller, Method, MethodType, RpcContext, Server, ServerBuilder,
    ServerCredentials, ServerStreamingSink, ServiceBuilder,
};
use ticketing_client::{Channels, Code, Safety};

use crate::greeter::{Greeter, Reply, channels_to, greet};
use crate::stub::greeter::{Caller, Greeting};
use crate::stub::greeter_grpc::METHOD_GREETER_GREET as GREET;

/// A stream for a server, and a single answer for its callers.
const STREAM: Method<Caller, Greeting> = Method {
    ty: MethodType::ServerStreaming,
    name: GREET.name,
    req_mar: Marshaller { ser: GREET.req_mar.ser, de: GREET.req_mar.de },
    resp_mar: Marshaller { ser: GREET.resp_mar.ser, de: GREET.resp_mar.de },
};

fn empty_server() -> (Channels, Server, Arc<Environment>) {
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    let greet = |ctx: RpcContext<'_>, _: Caller, mut sink: ServerStreamingSink<Greeting>| {
        ctx.spawn(async move { drop(sink.close().await) });
    };
    let mut server = ServerBuilder::new(environment.clone())
        .channel_args(ChannelBuilder::new(environment.clone()).reuse_port(false).build_args())
        .register_service(ServiceBuilder::new().add_server_streaming_handler(&STREAM, greet).build())
        .build()
        .unwrap();
    let port = server.add_listening_port("127.0.0.1:0", ServerCredentials::insecure()).unwrap();
    server.start();
    (channels_to(port).build(), server, environment)
}

#[test]
fn an_answer_without_a_message_is_an_error_of_its_call() {
    let (channels, _server, _environment) = empty_server();
    let error = block_on(greet(&channels, Safety::Once)).unwrap_err();
    assert_eq!((error.code, error.answered), (Code::Internal, true), "{error:?}");
    assert!(error.message.contains("no message"), "{error}");
}

/// Without `contained` the thread is gone, and with it the deadline of every later call.
#[test]
fn a_task_that_panics_on_a_queues_thread_does_not_take_the_thread_along() {
    let server = Greeter::start(|attempt| if attempt == 1 { Reply::Hello } else { Reply::Silence });
    let channels = server.channels().deadline(Duration::from_secs(1)).build();
    block_on(greet(&channels, Safety::Once)).unwrap();
    let (begun, has_begun) = channel();
    channels.spawn(async move {
        begun.send(()).unwrap();
        panic!("a task of a test");
    });
    has_begun.recv().unwrap();
    let error = block_on(greet(&channels, Safety::Once)).unwrap_err();
    assert_eq!(error.code, Code::DeadlineExceeded, "{error}");
}
