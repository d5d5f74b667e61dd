//! What every call passes on its way in and out: decoding, panics, metrics, log lines, response metadata.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;

use futures::future::{BoxFuture, Either, select};
use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use grpcio::{
    DuplexSink, Method, RequestStream, RpcContext, RpcStatus, RpcStatusCode, ServiceBuilder, UnarySink, WriteFlags,
};
use protobuf::MessageFull;

use super::answer::{Answer, AnswerMetadata};
use super::decode::{MAX_MESSAGE_BYTES, checked};
use super::malformed::{Decoded, Malformed};
use super::status::Refusal;
use super::talk::{End, Talk, caller_gone};
use crate::cancellation::CancellationToken;
use crate::metrics::{CallMetrics, MethodMetrics, Metrics};

/// A unary RPC. grpcio clones it for each completion queue: what lives in a clone needs no lock.
pub(crate) trait Unary: Clone + Send + 'static {
    /// The request message.
    type Request: MessageFull;
    /// The response message.
    type Response: MessageFull;
    /// As log lines name it.
    const TITLE: &'static str;
    /// Whether the call ends at once when its caller has gone or its deadline is over, and a call without a whole message
    /// is counted and refused as a bad request is: grpcio itself answers it INTERNAL, unseen. It costs each call batches
    /// of C-core more, so it is for calls whose work would be for nobody, or would be stored.
    const WATCHED: bool;

    /// The generated method.
    fn method() -> &'static Method<Self::Request, Self::Response>;

    /// Runs on the completion queue's thread, so it must not block. The future is polled there too.
    fn call(&mut self, request: Self::Request) -> BoxFuture<'static, Result<Answer<Self::Response>, Refusal>>;
}

/// What the calls of all methods share.
#[derive(Clone)]
pub(crate) struct Edge {
    answered: Arc<AnswerMetadata>,
    metrics: Metrics,
    cut: CancellationToken,
}

impl Edge {
    /// `pod_name` is fit for a header, see [`crate::Config`]; `cut` ends calls that outlast the drain.
    pub(crate) fn new(pod_name: &str, metrics: Metrics, cut: CancellationToken) -> grpcio::Result<Self> {
        Ok(Self { answered: Arc::new(AnswerMetadata::of(pod_name)?), metrics, cut })
    }

    /// The name that callers are told.
    pub(crate) fn pod_name(&self) -> &str {
        self.answered.pod_name()
    }

    /// The metrics of a method that does not go through [`Edge::add`].
    pub(crate) fn method_metrics<Q, P>(&self, method: &Method<Q, P>) -> MethodMetrics {
        self.metrics.method(method.name, method.ty)
    }

    /// Adds an RPC to a service.
    pub(crate) fn add<R: Unary>(&self, service: ServiceBuilder, mut rpc: R) -> ServiceBuilder {
        let (method, metrics, edge) = (checked(R::method()), self.method_metrics(R::method()), self.clone());
        if R::WATCHED {
            // The caller sees no difference: one message each way, then the status. Only grpcio's sinks for streams tell
            // that a caller has gone, and only a stream of requests that there is none.
            return service.add_duplex_streaming_handler(&method, move |ctx, requests, sink| {
                edge.handle_watched(rpc.clone(), &metrics, &ctx, requests, sink);
            });
        }
        service.add_unary_handler(&method, move |ctx, request, sink| {
            edge.handle(&mut rpc, &metrics, &ctx, request, sink);
        })
    }

    fn handle_watched<R: Unary>(
        &self,
        mut rpc: R,
        metrics: &MethodMetrics,
        ctx: &RpcContext<'_>,
        requests: RequestStream<Decoded<R::Request>>,
        sink: DuplexSink<R::Response>,
    ) {
        let answered = Arc::clone(&self.answered);
        self.converse(R::TITLE, metrics, ctx, (requests, sink), move |(requests, sink)| {
            async move {
                let request = match requests.next().await {
                    Some(Ok(request)) => request?,
                    Some(Err(_)) => return Ok(End::CallerGone),
                    None => return Err(Refusal::Malformed(Malformed::missing())),
                };
                let answer = match select(rpc.call(request), pin!(caller_gone(sink))).await {
                    Either::Left((answer, _)) => answer.and_then(fitting)?,
                    Either::Right(_) => return Ok(End::CallerGone),
                };
                sink.set_headers(answered.of_answer(answer.kind));
                // Held back until the status follows, so that both go out in one write.
                let together = WriteFlags::default().buffer_hint(true);
                match sink.feed((answer.message, together)).await {
                    Ok(()) => Ok(End::Complete),
                    Err(_) => Ok(End::CallerGone),
                }
            }
            .boxed()
        });
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
        let (answered, cut) = (Arc::clone(&self.answered), self.cut.clone());
        ctx.spawn(async move {
            let outcome = match answering {
                Ok(answering) => match cut.unless_cancelled(AssertUnwindSafe(answering).catch_unwind()).await {
                    Some(outcome) => outcome.unwrap_or(Err(Refusal::Panicked)),
                    None => Err(Refusal::Cancelled),
                },
                Err(refusal) => Err(refusal),
            };
            let sent = match outcome.and_then(fitting) {
                Ok(answer) => {
                    call.handled(RpcStatusCode::OK);
                    sink.set_headers(answered.of_answer(answer.kind));
                    sink.success(answer.message)
                }
                // No metadata: only then the status goes out as Trailers-Only, which Envoy's retries need.
                Err(refusal) => {
                    let status = logged(R::TITLE, refusal, answered.pod_name());
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

    /// Runs the conversation of a streaming RPC and ends it: with OK, or with the status of its refusal or panic.
    pub(crate) fn converse<T: Talk>(
        &self,
        title: &'static str,
        metrics: &MethodMetrics,
        ctx: &RpcContext<'_>,
        mut talk: T,
        conversation: impl for<'a> FnOnce(&'a mut T) -> BoxFuture<'a, Result<End, Refusal>> + Send + 'static,
    ) {
        let call = metrics.start();
        log::debug!("Hit {title} rpc call");
        let (answered, cut, deadline) = (Arc::clone(&self.answered), self.cut.clone(), ctx.deadline());
        ctx.spawn(async move {
            let refused = |refusal| logged(title, refusal, answered.pod_name());
            let talking = AssertUnwindSafe(async { conversation(&mut talk).await }).catch_unwind();
            match cut.unless_cancelled(Box::pin(talking)).await {
                Some(Ok(Ok(End::Complete))) => {
                    call.handled(RpcStatusCode::OK);
                    // The caller may have gone; nothing else is left to do.
                    let _ = talk.finish().await;
                }
                // C-core ends a call whose deadline is over as one whose caller has gone.
                Some(Ok(Ok(End::CallerGone))) if deadline.exceeded() => call.handled(RpcStatusCode::DEADLINE_EXCEEDED),
                Some(Ok(Ok(End::CallerGone))) => call.handled(RpcStatusCode::CANCELLED),
                Some(Ok(Err(refusal))) => refuse(&call, talk, refused(refusal)).await,
                Some(Err(_)) => refuse(&call, talk, refused(Refusal::Panicked)).await,
                // C-core has ended the call already, or does so when its side of the talk is dropped.
                None => call.handled(RpcStatusCode::UNAVAILABLE),
            }
            log::debug!("End {title} rpc call");
        });
    }
}

/// The answer, if a message can hold it.
fn fitting<P: MessageFull>(answer: Answer<P>) -> Result<Answer<P>, Refusal> {
    let fits = answer.message.compute_size() <= MAX_MESSAGE_BYTES as u64;
    if fits { Ok(answer) } else { Err(Refusal::AnswerTooLarge) }
}

async fn refuse(call: &CallMetrics, talk: impl Talk, status: RpcStatus) {
    call.handled(status.code());
    // As above.
    let _ = talk.refuse(status).await;
}

/// The status of a refusal, with a line in the log if it is a fault of this program.
fn logged(title: &str, refusal: Refusal, pod_name: &str) -> RpcStatus {
    if matches!(refusal, Refusal::Panicked) {
        log::error!("{title} panicked and was answered INTERNAL");
    }
    refusal.status(pod_name)
}

#[cfg(test)]
mod tests {
    use async_std::task::block_on;
    use grpcio::{ChannelBuilder, EnvBuilder, ServerBuilder, ServerCredentials, ServerStreamingSink};
    use ticketing_proto::health::{HealthCheckRequest, HealthCheckResponse};
    use ticketing_proto::health_grpc::{HealthClient, METHOD_HEALTH_WATCH};

    use super::*;
    use crate::cancellation::cancellation;

    #[test]
    fn a_conversation_that_panics_is_answered_internal_and_the_queue_goes_on() {
        let (_never, cut) = cancellation();
        let metrics = Metrics::new("pod-a", "", true).expect("metrics");
        let edge = Edge::new("pod-a", metrics.clone(), cut).expect("a name for a header");
        let of_method = edge.method_metrics(&METHOD_HEALTH_WATCH);
        let service = ServiceBuilder::new()
            .add_server_streaming_handler(&METHOD_HEALTH_WATCH, move |ctx, _: HealthCheckRequest, sink| {
                edge.converse("Planted", &of_method, &ctx, sink, |_: &mut ServerStreamingSink<HealthCheckResponse>| {
                    async { panic!("planted") }.boxed()
                });
            })
            .build();
        let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
        let mut server = ServerBuilder::new(Arc::clone(&environment)).register_service(service).build().expect("built");
        let port = server.add_listening_port("127.0.0.1:0", ServerCredentials::insecure()).expect("a free port");
        server.start();
        let client = HealthClient::new(ChannelBuilder::new(environment).connect(&format!("127.0.0.1:{port}")));
        for _ in 0..3 {
            let mut watch = client.watch(&HealthCheckRequest::new()).expect("begun");
            match block_on(watch.next()) {
                Some(Err(grpcio::Error::RpcFailure(status))) => assert_eq!(status.code(), RpcStatusCode::INTERNAL),
                other => panic!("{other:?}"),
            }
        }
        assert!(metrics.calls_in_flight() < 1.0);
    }
}
