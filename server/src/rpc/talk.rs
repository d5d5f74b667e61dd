//! The server's side of calls that stream, or that notice when their caller has gone.

use std::pin::Pin;

use futures::future::{BoxFuture, FutureExt as _, poll_fn};
use futures::task::Poll;
use futures::{Sink, SinkExt as _};
use grpcio::{DuplexSink, RequestStream, RpcStatus, ServerStreamingSink};

/// The server's side of a call that streams: what its conversation talks through, and what its end needs.
pub(crate) trait Talk: Send + 'static {
    /// Sends OK.
    fn finish(self) -> BoxFuture<'static, grpcio::Result<()>>;

    /// Sends another status.
    fn refuse(self, status: RpcStatus) -> BoxFuture<'static, grpcio::Result<()>>;
}

impl<P: Send + 'static> Talk for ServerStreamingSink<P> {
    fn finish(mut self) -> BoxFuture<'static, grpcio::Result<()>> {
        async move { self.close().await }.boxed()
    }

    fn refuse(self, status: RpcStatus) -> BoxFuture<'static, grpcio::Result<()>> {
        self.fail(status).boxed()
    }
}

/// grpcio cancels a call whose requests are dropped unread, so they live until the status is sent.
impl<Q: Send + 'static, P: Send + 'static> Talk for (RequestStream<Q>, DuplexSink<P>) {
    fn finish(self) -> BoxFuture<'static, grpcio::Result<()>> {
        async move {
            let (_requests, mut sink) = self;
            sink.close().await
        }
        .boxed()
    }

    fn refuse(self, status: RpcStatus) -> BoxFuture<'static, grpcio::Result<()>> {
        async move {
            let (_requests, sink) = self;
            sink.fail(status).await
        }
        .boxed()
    }
}

/// How the conversation of a stream ends.
pub(crate) enum End {
    /// All was said.
    Complete,
    /// The caller has gone, or the connection to it.
    CallerGone,
}

/// Completes when the caller of the call has gone, its deadline is over, or the connection has ended.
pub(crate) async fn caller_gone<P, S: Sink<P, Error = grpcio::Error> + Unpin>(sink: &mut S) {
    poll_fn(|cx| match Pin::new(&mut *sink).poll_ready(cx) {
        Poll::Ready(Err(_)) => Poll::Ready(()),
        _ => Poll::Pending,
    })
    .await;
}
