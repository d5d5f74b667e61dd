//! A service of bytes on real servers and channels of grpcio, over TCP on loopback.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::io::Read as _;
use std::net::SocketAddr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_std::task::block_on;
use futures::channel::oneshot;
use futures::{FutureExt as _, SinkExt as _};
use grpcio::{
    CallOption, Channel, ChannelBuilder, Client, ClientUnaryReceiver, EnvBuilder, Environment, GrpcSlice, Marshaller,
    Method, MethodType, RpcContext, Server, ServerBuilder, ServerCredentials, ServiceBuilder, UnarySink, WriteFlags,
};

/// Far more than any call here needs: who reaches it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

const BYTES: Marshaller<Vec<u8>> = Marshaller {
    ser: |bytes, slice| {
        *slice = GrpcSlice::from(bytes.clone());
        Ok(())
    },
    de: |mut reader| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| grpcio::Error::Codec(error.into()))?;
        Ok(bytes)
    },
};

const fn method(ty: MethodType, name: &'static str) -> Method<Vec<u8>, Vec<u8>> {
    Method { ty, name, req_mar: BYTES, resp_mar: BYTES }
}

/// Answers with the request.
pub(crate) const SAY: Method<Vec<u8>, Vec<u8>> = method(MethodType::Unary, "/corking.Echo/Say");
/// Answers after the time that the request says, in microseconds.
pub(crate) const LATE: Method<Vec<u8>, Vec<u8>> = method(MethodType::Unary, "/corking.Echo/Late");
/// Answers with what a server further on answers.
pub(crate) const RELAY: Method<Vec<u8>, Vec<u8>> = method(MethodType::Unary, "/corking.Echo/Relay");
/// Answers 64 times with a message of the size that the request says.
pub(crate) const MANY: Method<Vec<u8>, Vec<u8>> = method(MethodType::ServerStreaming, "/corking.Echo/Many");
pub(crate) const MESSAGES: usize = 64;

/// A server on a free port, with so many queues.
pub(crate) struct Echo {
    pub(crate) address: SocketAddr,
    server: Server,
    /// A way onto each of its queues.
    doors: Vec<Client>,
}

impl Echo {
    pub(crate) fn serve(queues: usize) -> Self {
        Self::with(ServiceBuilder::new(), &environment(queues))
    }

    /// With RELAY to another server; its channel shares the server's own queues.
    pub(crate) fn relaying_to(further: SocketAddr, queues: usize) -> Self {
        let environment = environment(queues);
        let channel = channel(&environment, further);
        let relay = ServiceBuilder::new().add_unary_handler(&RELAY, move |ctx, request, sink: UnarySink<Vec<u8>>| {
            let asked = ask(&channel, &SAY, &request, CallOption::default().timeout(PATIENCE));
            ctx.spawn(async move {
                if let Ok(answer) = asked.await {
                    let _ = sink.success(answer).await;
                }
            });
        });
        Self::with(relay, &environment)
    }

    /// With further methods.
    pub(crate) fn with(service: ServiceBuilder, environment: &Arc<Environment>) -> Self {
        let service = service
            .add_unary_handler(&SAY, |ctx, request, sink| answer(&ctx, sink, request))
            .add_unary_handler(&LATE, |ctx, request: Vec<u8>, sink: UnarySink<Vec<u8>>| {
                let pause = Duration::from_micros(number(&request));
                ctx.spawn(async move {
                    async_std::task::sleep(pause).await;
                    let _ = sink.success(request).await;
                });
            })
            .add_server_streaming_handler(&MANY, |ctx, request: Vec<u8>, mut sink| {
                let message = vec![7; usize::try_from(number(&request)).expect("a size")];
                ctx.spawn(async move {
                    for _ in 0..MESSAGES {
                        if sink.send((message.clone(), WriteFlags::default())).await.is_err() {
                            return;
                        }
                    }
                    let _ = sink.close().await;
                });
            })
            .build();
        let lean = ChannelBuilder::new(Arc::clone(environment)).raw_cfg_int(corking::LEAN.into(), 1).build_args();
        let builder = ServerBuilder::new(Arc::clone(environment)).requests_slot_per_cq(32).channel_args(lean);
        let builder = builder.register_service(service);
        let mut server = builder.build().expect("a server");
        let port = server.add_listening_port("127.0.0.1:0", ServerCredentials::insecure()).expect("a free port");
        server.start();
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let queues = environment.completion_queues().len();
        // Channels take the queues in turn. On these nothing is called.
        let doors = (0..queues).map(|_| Client::new(channel(environment, address))).collect();
        Self { address, server, doors }
    }

    /// A server whose RELAY keeps its queue's thread until it is told to go on; and how to see that it does, and to tell it.
    pub(crate) fn holding(environment: &Arc<Environment>) -> (Self, Receiver<()>, Sender<()>) {
        let ((begun, has_begun), (go_on, told)) = (mpsc::channel(), mpsc::channel());
        let both = Arc::new((Mutex::new(begun), Mutex::new(told)));
        let service = ServiceBuilder::new().add_unary_handler(&RELAY, move |ctx, request, sink: UnarySink<Vec<u8>>| {
            let (begun, told) = &*both;
            begun.lock().expect("no panic").send(()).expect("somebody waits");
            told.lock().expect("no panic").recv_timeout(PATIENCE).expect("told to go on");
            ctx.spawn(async move {
                let _ = sink.success(request).await;
            });
        });
        (Self::with(service, environment), has_begun, go_on)
    }

    /// A channel with a connection and a queue of its own.
    pub(crate) fn channel(&self) -> Channel {
        channel(&environment(1), self.address)
    }

    /// Ends; calls that are there are answered first.
    pub(crate) fn shut_down(mut self) {
        let ended = block_on(async_std::future::timeout(PATIENCE, self.server.shutdown()));
        ended.expect("it ends").expect("without an error");
        run_dry(&self.doors);
    }

    /// Ends at once.
    pub(crate) fn cut(mut self) {
        let ending = self.server.shutdown();
        self.server.cancel_all_calls();
        block_on(async_std::future::timeout(PATIENCE, ending)).expect("it ends").expect("without an error");
        run_dry(&self.doors);
    }
}

/// Returns when each queue has worked off what had come to it. A request that a broken connection left there would abort
/// the process after the queue's end, corked or not: grpcio does not look.
fn run_dry(doors: &[Client]) {
    for door in doors {
        let ((wake, woken), (tell, told)) = (oneshot::channel(), oneshot::channel());
        // Only a future that is woken is polled on the queue's own thread.
        door.spawn(async move {
            let () = woken.await.expect("it is woken");
            let _ = tell.send(());
        });
        wake.send(()).expect("it waits");
        block_on(async_std::future::timeout(PATIENCE, told)).expect("in time").expect("the queue lives");
    }
}

pub(crate) fn environment(queues: usize) -> Arc<Environment> {
    Arc::new(EnvBuilder::new().cq_count(queues).build())
}

pub(crate) fn channel(environment: &Arc<Environment>, address: SocketAddr) -> Channel {
    ChannelBuilder::new(Arc::clone(environment)).use_local_subchannel_pool(true).connect(&address.to_string())
}

/// Begins a unary call.
pub(crate) fn ask(
    channel: &Channel,
    method: &Method<Vec<u8>, Vec<u8>>,
    request: &Vec<u8>,
    options: CallOption,
) -> ClientUnaryReceiver<Vec<u8>> {
    Client::new(channel.clone()).unary_call_async(method, request, options).expect("begun")
}

/// `count` calls at once, all of them begun on the channel's own queue; how many were answered with their request.
pub(crate) fn say_at_once(channel: &Channel, count: usize) -> usize {
    let (client, asking) = (Client::new(channel.clone()), channel.clone());
    let (done, all) = futures::channel::oneshot::channel();
    client.spawn(async move {
        let calls = (0..count).map(|n| {
            let request = n.to_string().into_bytes();
            ask(&asking, &SAY, &request, CallOption::default().timeout(PATIENCE))
                .map(move |said| said.ok() == Some(request))
        });
        let answers = futures::future::join_all(calls).await;
        let _ = done.send(answers.into_iter().filter(|same| *same).count());
    });
    block_on(all).expect("the queue lives")
}

fn answer(ctx: &RpcContext<'_>, sink: UnarySink<Vec<u8>>, message: Vec<u8>) {
    ctx.spawn(async move {
        let _ = sink.success(message).await;
    });
}

/// A number as a request.
pub(crate) fn number(request: &[u8]) -> u64 {
    String::from_utf8_lossy(request).parse().expect("digits")
}
