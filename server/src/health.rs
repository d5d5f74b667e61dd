//! `grpc.health.v1`: whether this process serves. Not whether the database is there: were that so, a database fault
//! would empty Envoy's cluster, and cached reads would fail with the rest.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::mpsc;
use futures::future::{BoxFuture, FutureExt as _, poll_fn, ready};
use futures::task::Poll;
use futures::{Sink, SinkExt as _, StreamExt as _};
use grpcio::{Method, RpcContext, RpcStatusCode, ServerStreamingSink, Service, ServiceBuilder, WriteFlags};
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use ticketing_proto::health_grpc::{METHOD_HEALTH_CHECK, METHOD_HEALTH_LIST, METHOD_HEALTH_WATCH};

use crate::metrics::{MethodMetrics, Metrics};
use crate::rpc::{Answer, Decoded, Edge, Refusal, Unary, checked};

/// The services whose health is known; the empty name is the server as a whole.
const SERVICES: [&str; 2] = ["", "ticketing.CustomerController"];

/// Where a server stands in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not accepting calls yet.
    Starting,
    /// Accepting calls.
    Serving,
    /// Saying goodbye: calls are still answered, new ones should go elsewhere.
    Draining,
    /// Shutting down: watches have ended.
    Ended,
}

impl Phase {
    fn status(self) -> ServingStatus {
        if self == Self::Serving { ServingStatus::SERVING } else { ServingStatus::NOT_SERVING }
    }
}

/// The phase of one server, shared by the health service, `/readyz` and the drain.
#[derive(Clone)]
pub(crate) struct Health {
    state: Arc<Mutex<State>>,
    metrics: Metrics,
}

struct State {
    phase: Phase,
    watchers: Vec<mpsc::UnboundedSender<Phase>>,
}

impl Health {
    pub(crate) fn starting(metrics: Metrics) -> Self {
        let state = State { phase: Phase::Starting, watchers: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), metrics }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state().phase
    }

    pub(crate) fn serving(&self) {
        self.enter(Phase::Serving);
    }

    pub(crate) fn not_serving(&self) {
        self.enter(Phase::Draining);
    }

    /// Ends the watches, so that a shutdown need not wait for them.
    pub(crate) fn end(&self) {
        self.enter(Phase::Ended);
        self.state().watchers.clear();
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.state();
        state.phase = phase;
        // A watcher who has gone is forgotten here and whenever another one comes.
        state.watchers.retain(|watcher| watcher.unbounded_send(phase).is_ok());
        self.metrics.set_serving(phase == Phase::Serving);
    }

    fn watch(&self) -> mpsc::UnboundedReceiver<Phase> {
        let (watcher, phases) = mpsc::unbounded();
        let mut state = self.state();
        // There is a receiver, so the first phase arrives.
        let _ = watcher.unbounded_send(state.phase);
        state.watchers.retain(|watcher| !watcher.is_closed());
        if state.phase != Phase::Ended {
            state.watchers.push(watcher);
        }
        phases
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code that holds the lock can panic half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The service that answers from this.
    pub(crate) fn service(&self, edge: &Edge) -> Service {
        let service = edge.add(ServiceBuilder::new(), Check(self.clone()));
        let service = edge.add(service, List(self.clone()));
        let health = self.clone();
        let metrics = edge.method_metrics(&METHOD_HEALTH_WATCH);
        service
            .add_server_streaming_handler(&checked(&METHOD_HEALTH_WATCH), move |ctx, request, sink| {
                watch(&health, &metrics, &ctx, request, sink);
            })
            .build()
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse { status: status.into(), ..HealthCheckResponse::default() }
}

#[derive(Clone)]
struct Check(Health);

impl Unary for Check {
    type Request = HealthCheckRequest;
    type Response = HealthCheckResponse;
    const TITLE: &'static str = "Health Check";

    fn method() -> &'static Method<HealthCheckRequest, HealthCheckResponse> {
        &METHOD_HEALTH_CHECK
    }

    fn call(
        &mut self,
        request: HealthCheckRequest,
    ) -> BoxFuture<'static, Result<Answer<HealthCheckResponse>, Refusal>> {
        let known = SERVICES.contains(&request.service.as_str());
        let answer =
            if known { Ok(Answer::new(response(self.0.phase().status()))) } else { Err(Refusal::NoSuchService) };
        ready(answer).boxed()
    }
}

#[derive(Clone)]
struct List(Health);

impl Unary for List {
    type Request = HealthListRequest;
    type Response = HealthListResponse;
    const TITLE: &'static str = "Health List";

    fn method() -> &'static Method<HealthListRequest, HealthListResponse> {
        &METHOD_HEALTH_LIST
    }

    fn call(&mut self, _: HealthListRequest) -> BoxFuture<'static, Result<Answer<HealthListResponse>, Refusal>> {
        let status = self.0.phase().status();
        let statuses = SERVICES.map(|service| (service.to_owned(), response(status))).into();
        ready(Ok(Answer::new(HealthListResponse { statuses, ..HealthListResponse::default() }))).boxed()
    }
}

fn watch(
    health: &Health,
    metrics: &MethodMetrics,
    ctx: &RpcContext<'_>,
    request: Decoded<HealthCheckRequest>,
    mut sink: ServerStreamingSink<HealthCheckResponse>,
) {
    let call = metrics.start();
    let known = request.map(|request| SERVICES.contains(&request.service.as_str()));
    let mut phases = health.watch();
    ctx.spawn(async move {
        let known = match known {
            Ok(known) => known,
            Err(malformed) => {
                let status = Refusal::Malformed(malformed).status();
                call.handled(status.code());
                // The caller may have gone; nothing else is left to do.
                let _ = sink.fail(status).await;
                return;
            }
        };
        let mut told = None;
        while let Some(phase) = next_phase(&mut phases, &mut sink).await {
            let status = if known { phase.status() } else { ServingStatus::SERVICE_UNKNOWN };
            if told.replace(status) == Some(status) {
                continue;
            }
            if sink.send((response(status), WriteFlags::default())).await.is_err() {
                break;
            }
        }
        // Not as an error: some clients, grpcio's among them, would show it before a status that they have not read yet.
        call.handled(RpcStatusCode::OK);
        let _ = sink.close().await;
    });
}

/// The next phase; none when the watches end or the caller has gone.
async fn next_phase(
    phases: &mut mpsc::UnboundedReceiver<Phase>,
    sink: &mut ServerStreamingSink<HealthCheckResponse>,
) -> Option<Phase> {
    poll_fn(|cx| match phases.poll_next_unpin(cx) {
        // The sink knows when the call is over; without it a watcher who has gone would be kept until the drain.
        Poll::Pending => match std::pin::Pin::new(&mut *sink).poll_ready(cx) {
            Poll::Ready(Err(_)) => Poll::Ready(None),
            _ => Poll::Pending,
        },
        next => next,
    })
    .await
}
