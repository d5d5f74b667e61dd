//! A service that answers as a function of the test says, and remembers its callers' connections.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use grpcio::{
    ChannelBuilder, EnvBuilder, Environment, RpcContext, RpcStatus, RpcStatusCode, Server, ServerBuilder,
    ServerCredentials, ServiceBuilder, UnarySink,
};
use ticketing_client::{Answer, CallError, Channels, ChannelsBuilder, Safety, Target};

use crate::stub::greeter::{Caller, Greeting};
use crate::stub::greeter_grpc::{GreeterClient, METHOD_GREETER_GREET};

pub(crate) enum Reply {
    Hello,
    /// An answer of so many letters.
    Long(usize),
    Late(Duration),
    Refused(RpcStatus),
    /// No answer, ever.
    Silence,
}

#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) attempts: usize,
    pub(crate) idempotent: usize,
    /// Of each attempt the caller's name and address, of which each connection has one.
    pub(crate) callers: Vec<(String, String)>,
    /// Late answers that nobody waited for any more.
    pub(crate) unwanted: usize,
}

/// How connections are treated.
#[derive(Clone, Copy)]
enum Manners {
    /// As by this service's server: a quiet connection may be pinged.
    Ours,
    /// The same; each connection ends in order after so many milliseconds.
    UpTo(i32),
    /// Pings are for every five minutes.
    RarePings,
}

const ANY_PORT: &str = "127.0.0.1:0";

pub(crate) struct Greeter {
    pub(crate) port: u16,
    seen: Arc<Mutex<Seen>>,
    _server: Server,
    _environment: Arc<Environment>,
}

impl Greeter {
    /// `script` gets the number of the attempt, from 1.
    pub(crate) fn start(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::on(ANY_PORT, script)
    }

    /// `script` gets the number of the attempt, and who calls.
    pub(crate) fn start_by_name(script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static) -> Self {
        Self::on_by_name(ANY_PORT, Manners::Ours, script)
    }

    /// Sends a graceful GOAWAY on each connection that is so old.
    pub(crate) fn with_connections_up_to(age_ms: i32) -> Self {
        Self::on_by_name(ANY_PORT, Manners::UpTo(age_ms), |_, _| Reply::Hello)
    }

    /// Sends connections away that ping it oftener than every five minutes, as C-core's and grpc-go's servers do by default.
    pub(crate) fn that_is_rarely_pinged(script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::on_by_name(ANY_PORT, Manners::RarePings, move |attempt, _| script(attempt))
    }

    pub(crate) fn on(address: &str, script: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Self {
        Self::on_by_name(address, Manners::Ours, move |attempt, _| script(attempt))
    }

    fn on_by_name(
        address: &str,
        manners: Manners,
        script: impl Fn(usize, &str) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let silent = Arc::<Mutex<Vec<UnarySink<Greeting>>>>::default();
        let (log, script) = (seen.clone(), Arc::new(script));
        let greet = move |ctx: RpcContext<'_>, caller: Caller, sink: UnarySink<Greeting>| {
            let number = {
                let mut seen = log.lock().unwrap();
                seen.attempts += 1;
                seen.callers.push((caller.name.clone(), ctx.peer()));
                let marked = ctx.request_headers().iter().any(|header| header == ("x-idempotent", b"true".as_slice()));
                seen.idempotent += usize::from(marked);
                seen.attempts
            };
            let hello = Greeting { text: "Hello".to_owned(), ..Greeting::new() };
            match script(number, &caller.name) {
                Reply::Hello => ctx.spawn(async move { drop(sink.success(hello).await) }),
                Reply::Long(letters) => {
                    let answer = Greeting { text: "o".repeat(letters), ..Greeting::new() };
                    ctx.spawn(async move { drop(sink.success(answer).await) });
                }
                Reply::Late(time) => {
                    let log = log.clone();
                    ctx.spawn(async move {
                        async_std::task::sleep(time).await;
                        if sink.success(hello).await.is_err() {
                            log.lock().unwrap().unwanted += 1;
                        }
                    });
                }
                Reply::Refused(status) => ctx.spawn(async move { drop(sink.fail(status).await) }),
                Reply::Silence => silent.lock().unwrap().push(sink),
            }
        };
        let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
        let mut args = ChannelBuilder::new(environment.clone()).reuse_port(false);
        if !matches!(manners, Manners::RarePings) {
            args = args.http2_min_recv_ping_interval_without_data(Duration::from_millis(1));
        }
        if let Manners::UpTo(age) = manners {
            // Pings would reset some of the connections that end in order, as in `ticketing_server`'s limits.
            args = args.raw_cfg_int(c"grpc.max_connection_age_ms".into(), age).http2_bdp_probe(false);
        }
        let mut server = ServerBuilder::new(environment.clone())
            .channel_args(args.build_args())
            .register_service(ServiceBuilder::new().add_unary_handler(&METHOD_GREETER_GREET, greet).build())
            .build()
            .expect("the service can be set up");
        let port = server.add_listening_port(address, ServerCredentials::insecure()).expect("the port is free");
        server.start();
        Self { port, seen, _server: server, _environment: environment }
    }

    /// Channels to it with a deadline that a busy machine keeps.
    pub(crate) fn channels(&self) -> ChannelsBuilder {
        channels_to(self.port)
    }

    pub(crate) fn attempts(&self) -> usize {
        self.seen.lock().unwrap().attempts
    }

    pub(crate) fn idempotent(&self) -> usize {
        self.seen.lock().unwrap().idempotent
    }

    pub(crate) fn unwanted(&self) -> usize {
        self.seen.lock().unwrap().unwanted
    }

    pub(crate) fn connections(&self) -> usize {
        self.seen.lock().unwrap().callers.iter().map(|(_, address)| address).collect::<BTreeSet<_>>().len()
    }

    /// From where the attempts of this caller came; those on one connection came from the same address.
    pub(crate) fn attempts_of(&self, name: &str) -> Vec<String> {
        let seen = self.seen.lock().unwrap();
        seen.callers.iter().filter(|(caller, _)| caller == name).map(|(_, address)| address.clone()).collect()
    }
}

pub(crate) fn channels_to(port: u16) -> ChannelsBuilder {
    Channels::builder(Target::new("127.0.0.1", port).unwrap()).deadline(Duration::from_mins(1))
}

pub(crate) async fn greet(channels: &Channels, safety: Safety) -> Result<Answer<Greeting>, CallError> {
    greet_as("Ada", channels, safety).await
}

/// The same for a caller of this name.
pub(crate) async fn greet_as(name: &str, channels: &Channels, safety: Safety) -> Result<Answer<Greeting>, CallError> {
    let request = caller(name);
    channels
        .call("Greet", safety, |channel, options| GreeterClient::new(channel).greet_async_opt(&request, options))
        .await
}

pub(crate) fn unavailable() -> Reply {
    Reply::Refused(RpcStatus::with_message(RpcStatusCode::UNAVAILABLE, "not now".to_owned()))
}

/// Who calls.
pub(crate) fn caller(name: &str) -> Caller {
    Caller { name: name.to_owned(), ..Caller::new() }
}
