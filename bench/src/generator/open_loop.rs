//! Calls on a schedule that does not wait for answers, timed from the moment at which they were due: a server that
//! stalls is charged for all that it kept waiting (no coordinated omission). h2load offers calls in bursts of ten
//! milliseconds, so this is a client of our own, on the h2 crate, which reads every status.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use hdrhistogram::Histogram;
use http::{HeaderMap, Method, Request as HttpRequest};
use testbed::{BedError, Stop};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::{LocalSet, spawn_local, yield_now};

use super::Request;
use crate::cores;

/// Latencies up to a minute, to three digits.
const HIGHEST: u64 = 60_000_000_000;
const DIGITS: u8 = 3;
/// How long the last answers may take.
const TAIL: Duration = Duration::from_secs(10);
/// Bytes; as much as hyper's clients take.
const WINDOW: u32 = 5 << 20;
/// As often as a signal is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// When calls are made: a Poisson process, the same one for each side.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Arrivals {
    /// Calls take turns on so many.
    pub(crate) connections: usize,
    /// Calls of a second.
    pub(crate) rate: f64,
    /// Calls are made, but not counted.
    pub(crate) warm_up: Duration,
    /// Calls are made and counted.
    pub(crate) duration: Duration,
}

/// From the moment at which a call was due to the end of its answer, in nanoseconds.
#[derive(Debug)]
pub(crate) struct Latencies(Histogram<u64>);

impl Latencies {
    /// Microseconds that this share of the calls, in percent, did not exceed.
    pub(crate) fn percentile(&self, percent: f64) -> f64 {
        self.0.value_at_percentile(percent) as f64 / 1e3
    }
}

/// What the calls have in common.
struct Calls {
    latencies: RefCell<Histogram<u64>>,
    in_flight: RefCell<usize>,
    failure: RefCell<Option<String>>,
}

impl Arrivals {
    /// Makes the calls, on the generator's core. A call that fails is an error.
    pub(crate) fn run(self, address: SocketAddr, request: &Request, stop: &Stop) -> Result<Latencies, BedError> {
        let (request, stop) = (request.clone(), stop.clone());
        // A thread of its own, since it stays on its core.
        std::thread::spawn(move || {
            cores::GENERATOR.pin_this_thread()?;
            // It looks at its sockets often: what it sees late looks like the server's latency.
            let runtime = runtime::Builder::new_current_thread().enable_io().enable_time().event_interval(8).build();
            let runtime = runtime.map_err(BedError::io("start the generator"))?;
            LocalSet::new().block_on(&runtime, self.calls(address, &request, &stop))
        })
        .join()
        .expect("the generator does not panic")
    }

    async fn calls(self, address: SocketAddr, request: &Request, stop: &Stop) -> Result<Latencies, BedError> {
        let mut connections = Vec::with_capacity(self.connections);
        for _ in 0..self.connections {
            connections.push(connect(address).await?);
        }
        let head = head(address, request)?;
        let body = Bytes::from(request.frame.clone());
        let latencies = Histogram::new_with_bounds(1, HIGHEST, DIGITS).expect("bounds that it takes");
        let calls = Rc::new(Calls { latencies: latencies.into(), in_flight: 0.into(), failure: None.into() });

        let mut random = fastrand::Rng::with_seed(1);
        let begun = Instant::now();
        let end = self.warm_up + self.duration;
        let (mut due, mut looked) = (Duration::ZERO, Duration::ZERO);
        let mut turn = connections.iter().cycle();
        while due < end {
            let now = begun.elapsed();
            while due <= now && due < end {
                let connection = turn.next().expect("a connection").clone();
                let counted = (due >= self.warm_up).then_some(begun + due);
                *calls.in_flight.borrow_mut() += 1;
                spawn_local(Rc::clone(&calls).one(connection, head.clone(), body.clone(), counted));
                due += Duration::from_secs_f64(-(1.0 - random.f64()).ln() / self.rate);
            }
            if now > looked + LOOK_EVERY {
                stop.check()?;
                calls.check()?;
                looked = now;
            }
            // It never sleeps: a timer would be late by more than a call takes.
            yield_now().await;
        }
        while *calls.in_flight.borrow() > 0 {
            calls.check()?;
            if begun.elapsed() > end + TAIL {
                let left = *calls.in_flight.borrow();
                return Err(BedError::Unexpected(format!("{left} calls had no answer after {TAIL:?}")));
            }
            yield_now().await;
        }
        calls.check()?;
        Ok(Latencies(calls.latencies.borrow().clone()))
    }
}

impl Calls {
    async fn one(
        self: Rc<Self>,
        connection: SendRequest<Bytes>,
        head: HttpRequest<()>,
        body: Bytes,
        due: Option<Instant>,
    ) {
        match call(connection, head, body).await {
            Ok(()) => {
                if let Some(due) = due {
                    let taken = u64::try_from(due.elapsed().as_nanos()).unwrap_or(u64::MAX);
                    self.latencies.borrow_mut().saturating_record(taken);
                }
            }
            Err(failure) => drop(self.failure.borrow_mut().get_or_insert(failure)),
        }
        *self.in_flight.borrow_mut() -= 1;
    }

    fn check(&self) -> Result<(), BedError> {
        match &*self.failure.borrow() {
            None => Ok(()),
            Some(failure) => Err(BedError::Unexpected(format!("a call on schedule failed: {failure}"))),
        }
    }
}

async fn connect(address: SocketAddr) -> Result<SendRequest<Bytes>, BedError> {
    let unfit = |error: h2::Error| BedError::Unexpected(format!("{address} does not speak HTTP/2: {error}"));
    let stream = TcpStream::connect(address).await.map_err(BedError::io(format!("connect to {address}")))?;
    stream.set_nodelay(true).map_err(BedError::io("set TCP_NODELAY"))?;
    // Answers that come in one write are many small frames at once, which by default h2 takes for an attack.
    let (connection, driver) = Builder::new()
        .initial_connection_window_size(WINDOW)
        .data_frame_budget(WINDOW as usize)
        .handshake(stream)
        .await
        .map_err(unfit)?;
    // What it has to say, the calls on it say too.
    spawn_local(async { drop(driver.await) });
    connection.ready().await.map_err(unfit)
}

fn head(address: SocketAddr, request: &Request) -> Result<HttpRequest<()>, BedError> {
    HttpRequest::builder()
        .method(Method::POST)
        .uri(format!("http://{address}{}", request.path))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .map_err(|error| BedError::Unexpected(error.to_string()))
}

/// One call. An error is what kept it from OK.
async fn call(connection: SendRequest<Bytes>, head: HttpRequest<()>, body: Bytes) -> Result<(), String> {
    let mut connection = connection.ready().await.map_err(|error| error.to_string())?;
    let (response, mut sending) = connection.send_request(head, false).map_err(|error| error.to_string())?;
    sending.send_data(body, true).map_err(|error| error.to_string())?;
    let (head, mut body) = response.await.map_err(|error| error.to_string())?.into_parts();
    while let Some(data) = body.data().await {
        let length = data.map_err(|error| error.to_string())?.len();
        body.flow_control().release_capacity(length).map_err(|error| error.to_string())?;
    }
    let trailers = body.trailers().await.map_err(|error| error.to_string())?;
    // Where there was nothing else to say the status is among the headers.
    let status = |headers: &HeaderMap| headers.get("grpc-status").map(|status| status.as_bytes().to_owned());
    match trailers.as_ref().and_then(status).or_else(|| status(&head.headers)) {
        Some(status) if status == b"0" => Ok(()),
        Some(status) => Err(format!("grpc-status {}", String::from_utf8_lossy(&status))),
        None => Err("an answer without grpc-status".to_owned()),
    }
}
