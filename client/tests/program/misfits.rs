//! Ports at which something is wrong, each in one way.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use grpcio::{EnvBuilder, Environment, RpcContext, Server, ServerBuilder, ServerCredentials, UnarySink};
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health::{HealthCheckRequest, HealthCheckResponse};
use ticketing_proto::health_grpc::{Health, create_health};

/// A port that deals with each connection as told, on a thread of its own, until the test's process ends.
pub(crate) fn port(deal: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    let deal = Arc::new(deal);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let deal = deal.clone();
            thread::spawn(move || deal(stream));
        }
    });
    port
}

/// A port where nobody listens: it was free a moment ago.
pub(crate) fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port()
}

/// Takes connections and says nothing.
pub(crate) fn silent() -> u16 {
    counting(&Arc::default())
}

/// The same, and counts them.
pub(crate) fn counting(taken: &Arc<AtomicUsize>) -> u16 {
    let taken = taken.clone();
    port(move |mut stream| {
        taken.fetch_add(1, Ordering::Relaxed);
        let _ = io::copy(&mut stream, &mut io::sink());
    })
}

/// Closes each connection at once.
pub(crate) fn hanging_up() -> u16 {
    port(drop)
}

/// Resets each connection at once (`SO_LINGER` of 0 s).
pub(crate) fn resetting() -> u16 {
    port(|stream| rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("an open socket"))
}

/// HTTP/1 alone: what is no request of it gets these bytes, and the end.
pub(crate) fn http_1(otherwise: &'static [u8]) -> u16 {
    port(move |mut stream| {
        let mut heard = [0; 512];
        let read = stream.read(&mut heard).unwrap_or_default();
        let is_request = heard[..read].starts_with(b"GET ");
        let _ = stream.write_all(if is_request { b"HTTP/1.0 404 Not Found\r\n\r\n" } else { otherwise });
    })
}

/// Answers whatever comes with these bytes, once it has heard something.
pub(crate) fn answering(bytes: &'static [u8]) -> u16 {
    port(move |mut stream| {
        let _ = stream.read(&mut [0; 512]);
        let _ = stream.write_all(bytes);
        let _ = io::copy(&mut stream, &mut io::sink());
    })
}

/// HTTP/2 alone: it answers the opening of that, and closes on anything else without a word, as Envoy does.
pub(crate) fn http_2() -> u16 {
    port(|mut stream| {
        let mut heard = [0; 512];
        let read = stream.read(&mut heard).unwrap_or_default();
        if heard[..read].starts_with(b"PRI ") {
            let _ = stream.write_all(b"\0\0\0\x04\0\0\0\0\0");
        }
    })
}

/// Closes on plaintext without a word, and answers the opening of TLS with an alert.
pub(crate) fn tls() -> u16 {
    port(|mut stream| {
        let mut first = [0; 1];
        if stream.read_exact(&mut first).is_ok() && first == [0x16] {
            let _ = stream.write_all(&[0x15, 3, 3, 0, 2, 2, 40]);
            let _ = io::copy(&mut stream, &mut io::sink());
        }
    })
}

/// Gives each connection to the next of these ports, as an L4 balancer does.
pub(crate) fn balanced(ports: Vec<u16>) -> u16 {
    balanced_after(Duration::ZERO, ports)
}

/// The same so much later.
pub(crate) fn balanced_after(time: Duration, ports: Vec<u16>) -> u16 {
    let next = AtomicUsize::new(0);
    port(move |caller| {
        async_std::task::block_on(async_std::task::sleep(time));
        let port = ports[next.fetch_add(1, Ordering::Relaxed) % ports.len()];
        let Ok(server) = TcpStream::connect(("127.0.0.1", port)) else { return };
        let (Ok(mut from_caller), Ok(mut to_server)) = (caller.try_clone(), server.try_clone()) else { return };
        thread::spawn(move || {
            let _ = io::copy(&mut from_caller, &mut to_server);
            let _ = to_server.shutdown(Shutdown::Both);
        });
        let (mut server, mut caller) = (server, caller);
        let _ = io::copy(&mut server, &mut caller);
        let _ = caller.shutdown(Shutdown::Both);
    })
}

/// A gRPC server that is not serving, and has no customer service.
pub(crate) struct NotServing {
    pub(crate) port: u16,
    _server: Server,
    _environment: Arc<Environment>,
}

impl NotServing {
    pub(crate) fn start() -> Self {
        Self::on("127.0.0.1:0", ServerCredentials::insecure())
    }

    pub(crate) fn on(address: &str, credentials: ServerCredentials) -> Self {
        let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
        let mut server = ServerBuilder::new(environment.clone())
            .register_service(create_health(Refusing))
            .build()
            .expect("the service can be set up");
        let port = server.add_listening_port(address, credentials).expect("a free port");
        server.start();
        Self { port, _server: server, _environment: environment }
    }
}

#[derive(Clone)]
struct Refusing;

impl Health for Refusing {
    fn check(&mut self, ctx: RpcContext<'_>, _: HealthCheckRequest, sink: UnarySink<HealthCheckResponse>) {
        let mut answer = HealthCheckResponse::new();
        answer.status = ServingStatus::NOT_SERVING.into();
        ctx.spawn(async move { drop(sink.success(answer).await) });
    }
}
