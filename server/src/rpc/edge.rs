//! What every unary call passes on its way in and out: decoding, panics, metrics, log lines, response metadata.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use grpcio::{Metadata, MetadataBuilder, Method, RpcContext, RpcStatusCode, ServiceBuilder, UnarySink};
use protobuf::MessageFull;

use super::decode::{Decoded, checked};
use super::status::Refusal;
use crate::cancellation::CancellationToken;
use crate::metrics::{MethodMetrics, Metrics};

/// A unary RPC. grpcio clones it for each completion queue: what lives in a clone needs no lock.
pub(crate) trait Unary: Clone + Send + 'static {
    /// The request message.
    type Request: MessageFull;
    /// The response message.
    type Response: MessageFull;
    /// As log lines name it.
    const TITLE: &'static str;

    /// The generated method.
    fn method() -> &'static Method<Self::Request, Self::Response>;

    /// Runs on the completion queue's thread, so it must not block. The future is polled there too.
    fn call(&mut self, request: Self::Request) -> BoxFuture<'static, Result<Answer<Self::Response>, Refusal>>;
}

/// A response and what its metadata say.
pub(crate) struct Answer<P> {
    /// The response message.
    pub(crate) message: P,
    /// It only repeats what an earlier call was answered.
    pub(crate) replayed: bool,
}

impl<P> Answer<P> {
    /// A first answer.
    pub(crate) fn new(message: P) -> Self {
        Self { message, replayed: false }
    }
}

/// What the calls of all methods share.
#[derive(Clone)]
pub(crate) struct Edge {
    pod_name: Arc<str>,
    metrics: Metrics,
    token: CancellationToken,
}

impl Edge {
    /// `pod_name` is fit for a header, see [`crate::Config`].
    pub(crate) fn new(pod_name: &str, metrics: Metrics, token: CancellationToken) -> Self {
        Self { pod_name: pod_name.into(), metrics, token }
    }

    /// The name that callers are told.
    pub(crate) fn pod_name(&self) -> &str {
        &self.pod_name
    }

    /// The metrics of a method that does not go through [`Edge::add`].
    pub(crate) fn method_metrics<Q, P>(&self, method: &Method<Q, P>) -> MethodMetrics {
        self.metrics.method(method.name, method.ty)
    }

    /// Adds an RPC to a service.
    pub(crate) fn add<R: Unary>(&self, service: ServiceBuilder, mut rpc: R) -> ServiceBuilder {
        let metrics = self.method_metrics(R::method());
        let edge = self.clone();
        service.add_unary_handler(&checked(R::method()), move |ctx, request, sink| {
            edge.handle(&mut rpc, &metrics, &ctx, request, sink);
        })
    }

    fn handle<R: Unary>(
        &self,
        rpc: &mut R,
        metrics: &MethodMetrics,
        ctx: &RpcContext<'_>,
        request: Decoded<R::Request>,
        mut sink: UnarySink<R::Response>,
    ) {
        let call = metrics.start();
        log::debug!("Hit {} rpc call", R::TITLE);
        let answering = match request {
            // A panic would end the completion queue's thread without a word, and the server would hang.
            Ok(request) => catch_unwind(AssertUnwindSafe(|| rpc.call(request))).map_err(|_| Refusal::Panicked),
            Err(malformed) => Err(Refusal::Malformed(malformed)),
        };
        let (pod_name, token) = (Arc::clone(&self.pod_name), self.token.clone());
        ctx.spawn(async move {
            let outcome = match answering {
                Ok(answering) => match token.unless_cancelled(AssertUnwindSafe(answering).catch_unwind()).await {
                    Some(outcome) => outcome.unwrap_or(Err(Refusal::Panicked)),
                    None => Err(Refusal::Cancelled),
                },
                Err(refusal) => Err(refusal),
            };
            let sent = match outcome {
                Ok(answer) => {
                    call.handled(RpcStatusCode::OK);
                    if let Some(metadata) = metadata(&pod_name, answer.replayed) {
                        sink.set_headers(metadata);
                    }
                    sink.success(answer.message)
                }
                // No metadata: only then the status goes out as Trailers-Only, which Envoy's retries need.
                Err(refusal) => {
                    if matches!(refusal, Refusal::Panicked) {
                        log::error!("{} panicked and was answered INTERNAL", R::TITLE);
                    }
                    let status = refusal.status();
                    call.handled(status.code());
                    sink.fail(status)
                }
            };
            if let Err(error) = sent.await {
                log::debug!("{} was not delivered: {error}", R::TITLE);
            }
            log::debug!("End {} rpc call", R::TITLE);
        });
    }
}

fn metadata(pod_name: &str, replayed: bool) -> Option<Metadata> {
    let mut metadata = MetadataBuilder::with_capacity(2);
    metadata.add_str("x-pod-name", pod_name).ok()?;
    if replayed {
        metadata.add_str("x-request-replayed", "true").ok()?;
    }
    Some(metadata.build())
}
