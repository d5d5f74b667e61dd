//! `grpc.health.v1`: whether this process serves. Not whether the database is there: were that so, a database fault
//! would empty Envoy's cluster, and cached reads would fail with the rest.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::channel::mpsc;
use futures::future::{BoxFuture, Either, FutureExt as _, ready, select};
use futures::{SinkExt as _, StreamExt as _};
use grpcio::{Method, RpcContext, ServerStreamingSink, Service, ServiceBuilder, WriteFlags};
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health::{HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse};
use ticketing_proto::health_grpc::{METHOD_HEALTH_CHECK, METHOD_HEALTH_LIST, METHOD_HEALTH_WATCH};

use crate::metrics::{MethodMetrics, Metrics};
use crate::rpc::{Answer, Decoded, Edge, End, Refusal, Unary, caller_gone, checked};

/// The services whose health is known; the empty name is the server as a whole.
const SERVICES: [&str; 3] = ["", "ticketing.CustomerController", LIVE];

/// For probes that restart a process: healthy from the first call that is accepted to the last. Whoever waits for its
/// database, or drains, must not be restarted for it.
const LIVE: &str = "live";

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
    /// What is said about a service; nothing about one that is not known.
    fn status_of(self, service: &str) -> Option<ServingStatus> {
        SERVICES.contains(&service).then_some(if self == Self::Serving || service == LIVE {
            ServingStatus::SERVING
        } else {
            ServingStatus::NOT_SERVING
        })
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
    waiting_for: Option<String>,
    watchers: Vec<mpsc::UnboundedSender<Phase>>,
}

impl Health {
    pub(crate) fn starting(metrics: Metrics) -> Self {
        let state = State { phase: Phase::Starting, waiting_for: None, watchers: Vec::new() };
        Self { state: Arc::new(Mutex::new(state)), metrics }
    }

    pub(crate) fn phase(&self) -> Phase {
        self.state().phase
    }

    /// What a server that starts waits for, in words; none once it serves.
    pub(crate) fn waiting_for(&self) -> Option<String> {
        self.state().waiting_for.clone()
    }

    /// Says what the start waits for.
    pub(crate) fn wait_for(&self, what: String) {
        self.state().waiting_for = Some(what);
    }

    pub(crate) fn serving(&self) {
        self.state().waiting_for = None;
        self.enter(Phase::Serving);
    }

    pub(crate) fn not_serving(&self) {
        self.enter(Phase::Draining);
    }

    /// Ends the watches and all else that follows the phase, so that a shutdown need not wait for them.
    pub(crate) fn end(&self) {
        self.enter(Phase::Ended);
        self.state().watchers.clear();
    }

    /// Completes at [`Health::end`].
    pub(crate) async fn ended(&self) {
        let mut phases = self.watch();
        while phases.next().await.is_some() {}
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
        let (health, edge) = (self.clone(), edge.clone());
        let metrics = edge.method_metrics(&METHOD_HEALTH_WATCH);
        service
            .add_server_streaming_handler(&checked(&METHOD_HEALTH_WATCH), move |ctx, request, sink| {
                watch(&health, &edge, &metrics, &ctx, request, sink);
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
    const WATCHED: bool = false;

    fn method() -> &'static Method<HealthCheckRequest, HealthCheckResponse> {
        &METHOD_HEALTH_CHECK
    }

    fn call(
        &mut self,
        request: HealthCheckRequest,
    ) -> BoxFuture<'static, Result<Answer<HealthCheckResponse>, Refusal>> {
        let status = self.0.phase().status_of(&request.service).ok_or(Refusal::NoSuchService);
        ready(status.map(|status| Answer::new(response(status)))).boxed()
    }
}

#[derive(Clone)]
struct List(Health);

impl Unary for List {
    type Request = HealthListRequest;
    type Response = HealthListResponse;
    const TITLE: &'static str = "Health List";
    const WATCHED: bool = false;

    fn method() -> &'static Method<HealthListRequest, HealthListResponse> {
        &METHOD_HEALTH_LIST
    }

    fn call(&mut self, _: HealthListRequest) -> BoxFuture<'static, Result<Answer<HealthListResponse>, Refusal>> {
        let phase = self.0.phase();
        let told =
            SERVICES.iter().filter_map(|&service| Some((service.to_owned(), response(phase.status_of(service)?))));
        let statuses = told.collect();
        ready(Ok(Answer::new(HealthListResponse { statuses, ..HealthListResponse::default() }))).boxed()
    }
}

fn watch(
    health: &Health,
    edge: &Edge,
    metrics: &MethodMetrics,
    ctx: &RpcContext<'_>,
    request: Decoded<HealthCheckRequest>,
    sink: ServerStreamingSink<HealthCheckResponse>,
) {
    let mut phases = health.watch();
    edge.converse("Health Watch", metrics, ctx, sink, move |sink: &mut ServerStreamingSink<_>| {
        async move {
            let service = request?.service;
            let mut told = None;
            loop {
                let phase = match select(phases.next(), pin!(caller_gone(sink))).await {
                    Either::Left((Some(phase), _)) => phase,
                    // Not as an error: some clients, grpcio's among them, would show it before a status that they have
                    // not read yet.
                    Either::Left((None, _)) => return Ok(End::Complete),
                    Either::Right(_) => return Ok(End::CallerGone),
                };
                let status = phase.status_of(&service).unwrap_or(ServingStatus::SERVICE_UNKNOWN);
                if told.replace(status) != Some(status)
                    && sink.send((response(status), WriteFlags::default())).await.is_err()
                {
                    return Ok(End::CallerGone);
                }
            }
        }
        .boxed()
    });
}
