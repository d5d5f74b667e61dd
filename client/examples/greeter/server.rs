//! Somebody to call: grpcio as it comes.

use std::error::Error;
use std::sync::Arc;

use grpcio::{Environment, RpcContext, ServerBuilder, ServerCredentials, UnarySink};

use crate::stub::greeter::{Caller, Greeting};
use crate::stub::greeter_grpc::{Greeter, create_greeter};

#[derive(Clone)]
struct Polite;

impl Greeter for Polite {
    fn greet(&mut self, ctx: RpcContext<'_>, caller: Caller, sink: UnarySink<Greeting>) {
        let greeting = Greeting { text: format!("Hello, {}!", caller.name), ..Greeting::new() };
        ctx.spawn(async move {
            // Nobody is there any more for whom a failure would matter.
            let _ = sink.success(greeting).await;
        });
    }
}

/// Serves on a port of this machine until the process is ended.
pub(crate) fn serve(port: u16) -> Result<(), Box<dyn Error>> {
    let environment = Arc::new(Environment::new(1));
    let mut server = ServerBuilder::new(environment).register_service(create_greeter(Polite)).build()?;
    let port = server.add_listening_port(format!("127.0.0.1:{port}"), ServerCredentials::insecure())?;
    server.start();
    eprintln!("greeter: serving on 127.0.0.1:{port}");
    loop {
        std::thread::park();
    }
}
