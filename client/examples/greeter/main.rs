//! Another service's stub, as `make codegen` wrote it from `greeter.proto`, on these channels:
//!
//! ```text
//! cargo run --release --workspace --example greeter -- serve 50051 &
//! cargo run --release --workspace --example greeter -- localhost 50051 Ada
//! ```

mod server;
#[rustfmt::skip]
#[allow(clippy::pedantic, unreachable_pub, reason = "it is generated")]
#[path = "gen/greeter/mod.rs"]
mod stub;

use std::error::Error;
use std::process::ExitCode;

use async_std::task::block_on;
// What the linker's flags of this package (build.rs) refer to is in there.
use corking as _;
use stub::greeter::Caller;
use stub::greeter_grpc::GreeterClient;
use ticketing_client::{Channels, Policy, Safety, Target};

const USAGE: &str = "give the host, the port and a name, for example: greeter localhost 50051 Ada\n\
                     or serve on a port of this machine, for example: greeter serve 50051";

fn main() -> ExitCode {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let outcome = match args[..] {
        ["serve", port] => port_of(port).and_then(server::serve),
        [host, port, name] => port_of(port).and_then(|port| greet(host, port, name)),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("greeter: {why}");
            ExitCode::FAILURE
        }
    }
}

fn port_of(text: &str) -> Result<u16, Box<dyn Error>> {
    text.parse().map_err(|_| format!("{text:?} is no port, for example 50051").into())
}

fn greet(host: &str, port: u16, name: &str) -> Result<(), Box<dyn Error>> {
    let target = Target::new(host, port)?;
    let channels = Channels::builder(target).policy(Policy::Pool { connections: 4 }).hedged_reads(true).build();
    let request = Caller { name: name.to_owned(), ..Caller::new() };
    let greeting = block_on(channels.call("Greet", Safety::Read, |channel, options| {
        GreeterClient::new(channel).greet_async_opt(&request, options)
    }))?;
    println!("{}", greeting.value.text);
    Ok(())
}
