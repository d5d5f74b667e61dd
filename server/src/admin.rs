//! Admin HTTP, where it is not off: `/livez` (this process answers, and its completion queues do), `/readyz` (it serves, or why not), `/metrics`.

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use async_std::channel::{Receiver, Sender, bounded};
use async_std::future::timeout;
use async_std::task::JoinHandle;
use futures::FutureExt as _;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use smol_hyper::rt::{FuturesIo, SmolTimer};
use ticketing_logging::Plain;

use crate::health::{Health, Phase};
use crate::heartbeat::Pulse;
use crate::metrics::Metrics;

/// Connections at once, of one request each. Probes and scrapers need a few; past it a new one waits.
const MAX_CONNECTIONS: usize = 128;

/// Who connects has its request ready. With [`MAX_CONNECTIONS`], a probe gets through 400 strangers who say nothing, and
/// come again as soon as they are turned away, within a second.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(250);

/// And a connection is closed by then, so that callers who do not read what they asked for cannot keep probes out.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// After an error of `accept` (no file descriptors left, for example) the next attempt waits so long.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The running admin server.
pub(crate) struct Admin {
    accepting: JoinHandle<()>,
}

impl Admin {
    /// Accepts no more connections; those that are open end with the process.
    pub(crate) async fn stop(self) {
        self.accepting.cancel().await;
    }
}

/// Begins to serve.
pub(crate) fn serve(listener: TcpListener, health: Health, pulse: Arc<Pulse>, metrics: Metrics) -> Admin {
    let pages = Arc::new(Pages { health, pulse, metrics });
    Admin { accepting: async_std::task::spawn(accept(listener.into(), pages)) }
}

async fn accept(listener: async_std::net::TcpListener, pages: Arc<Pages>) {
    let (leave, enter) = places();
    loop {
        // There are always as many senders as places, so this only waits for one.
        let _ = enter.recv().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let (pages, leave) = (Arc::clone(&pages), leave.clone());
                async_std::task::spawn(async move {
                    let answer = service_fn(move |request| pages.answer(&request).map(Ok::<_, Infallible>));
                    let served = http1::Builder::new()
                        .timer(SmolTimer::new())
                        .header_read_timeout(REQUEST_TIMEOUT)
                        .keep_alive(false)
                        .serve_connection(FuturesIo::new(stream), answer);
                    match timeout(CONNECTION_TIMEOUT, served).await {
                        Ok(Ok(())) => {}
                        Ok(Err(error)) => log::debug!("admin: {error}"),
                        Err(_) => log::debug!("admin: a connection took longer than {CONNECTION_TIMEOUT:?}"),
                    }
                    let _ = leave.send(()).await;
                });
            }
            Err(error) => {
                log::warn!("admin: cannot accept: {error}");
                async_std::task::sleep(ACCEPT_AGAIN_AFTER).await;
                let _ = leave.send(()).await;
            }
        }
    }
}

/// A channel that holds one token for each free place.
fn places() -> (Sender<()>, Receiver<()>) {
    let (leave, enter) = bounded(MAX_CONNECTIONS);
    for _ in 0..MAX_CONNECTIONS {
        // As many as the channel holds.
        let _ = leave.try_send(());
    }
    (leave, enter)
}

struct Pages {
    health: Health,
    pulse: Arc<Pulse>,
    metrics: Metrics,
}

type Page = Response<Full<Bytes>>;

impl Pages {
    fn answer(&self, request: &Request<Incoming>) -> std::future::Ready<Page> {
        std::future::ready(match (request.method(), request.uri().path()) {
            (&Method::GET | &Method::HEAD, "/livez") => self.live(),
            (&Method::GET | &Method::HEAD, "/readyz") => self.ready(),
            (&Method::GET | &Method::HEAD, "/metrics") => self.metrics(),
            (_, "/livez" | "/readyz" | "/metrics") => text(StatusCode::METHOD_NOT_ALLOWED, "use GET\n"),
            _ => text(StatusCode::NOT_FOUND, "there are /livez, /readyz and /metrics\n"),
        })
    }

    fn live(&self) -> Page {
        match self.pulse.fault() {
            None => text(StatusCode::OK, "ok\n"),
            Some(fault) => text(StatusCode::SERVICE_UNAVAILABLE, format!("not alive: {fault}\n")),
        }
    }

    fn ready(&self) -> Page {
        match self.health.phase() {
            Phase::Serving => text(StatusCode::OK, "ok\n"),
            Phase::Starting => {
                let waiting = self.health.waiting_for().unwrap_or_else(|| "starting".to_owned());
                text(StatusCode::SERVICE_UNAVAILABLE, format!("not ready: {}\n", Plain(&waiting)))
            }
            Phase::Draining | Phase::Ended => text(StatusCode::SERVICE_UNAVAILABLE, "not ready: draining\n"),
        }
    }

    fn metrics(&self) -> Page {
        match self.metrics.text() {
            Ok(metrics) => {
                let mut page = Response::new(Full::new(Bytes::from(metrics)));
                let format = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
                page.headers_mut().insert(CONTENT_TYPE, format);
                page
            }
            Err(error) => text(StatusCode::INTERNAL_SERVER_ERROR, format!("{error}\n")),
        }
    }
}

fn text(status: StatusCode, body: impl Into<Bytes>) -> Page {
    let mut page = Response::new(Full::new(body.into()));
    *page.status_mut() = status;
    page.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    page
}
