//! Channels against servers that misbehave: one topic a file.

// What the linker's flags of this package (build.rs) refer to is in there.
use corking as _;

mod age;
mod creates;
mod cut_off;
mod empty;
mod goaway;
mod greeter;
mod hedged;
mod idle;
mod keepalive;
mod metadata;
mod names;
mod namespace;
mod outage;
mod policies;
mod relay;
mod renewal;
mod replacement;
mod retries;
#[expect(dead_code, reason = "the tests of the program use the rest")]
#[path = "../program/scripted.rs"]
mod scripted;
#[path = "../program/server.rs"]
mod server;
mod states;
mod streams;
#[rustfmt::skip]
#[allow(clippy::pedantic, unreachable_pub, reason = "it is generated")]
#[path = "../../examples/greeter/gen/greeter/mod.rs"]
mod stub;
mod wait;
mod wire;
#[cfg(xds)]
mod xds;
