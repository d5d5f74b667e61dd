//! Another service's stub, as `make codegen` wrote it from `greeter.proto`, on these channels: `cargo run --release --workspace --example greeter -- HOST PORT NAME`.

#[rustfmt::skip]
#[allow(clippy::pedantic, unreachable_pub, reason = "it is generated")]
#[path = "gen/greeter/mod.rs"]
mod stub;

use std::process::ExitCode;

use async_std::task::block_on;
// What the linker's flags of this package (build.rs) refer to is in there.
use corking as _;
use stub::greeter::Caller;
use stub::greeter_grpc::GreeterClient;
use ticketing_client::{Channels, Policy, Safety, Target};

fn main() -> ExitCode {
    match greet() {
        Ok(text) => println!("{text}"),
        Err(why) => {
            eprintln!("greeter: {why}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn greet() -> Result<String, Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let (Some(host), Some(port), Some(name)) = (args.next(), args.next(), args.next()) else {
        return Err("give the host, the port and a name, for example: greeter localhost 50051 Ada".into());
    };
    let port = port.parse().map_err(|_| format!("{port:?} is no port, for example 50051"))?;
    let target = Target::new(&host, port)?;
    let channels = Channels::builder(target).policy(Policy::Pool { connections: 4 }).hedged_reads(true).build();
    let request = Caller { name, ..Caller::new() };
    let greeting = block_on(channels.call("Greet", Safety::Read, |channel, options| {
        GreeterClient::new(channel).greet_async_opt(&request, options)
    }))?;
    Ok(greeting.value.text)
}
