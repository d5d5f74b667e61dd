//! Answers and tasks that would end a completion queue's thread, and with it every deadline on the queue's connections.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use grpcio::{ClientUnaryReceiver, RpcStatus, RpcStatusCode};

/// The message of an answer. grpcio takes for granted that an answer of OK has one, and panics where a peer sent none.
pub(crate) async fn message<T>(receiver: &mut ClientUnaryReceiver<T>) -> grpcio::Result<T> {
    let received = AssertUnwindSafe(receiver.message()).catch_unwind().await;
    received.unwrap_or_else(|_| {
        Err(grpcio::Error::RpcFailure(RpcStatus::with_details_and_error_string(
            RpcStatusCode::INTERNAL,
            "the answer is OK, and has no message that can be read".to_owned(),
            Vec::new(),
            "OK received from peer".to_owned(),
        )))
    })
}

/// A task that ends alone when it panics.
pub(crate) fn contained(task: impl Future<Output = ()> + Send + 'static) -> impl Future<Output = ()> + Send + 'static {
    AssertUnwindSafe(task).catch_unwind().map(|ended| {
        if ended.is_err() {
            log::error!("a task on the thread of a completion queue panicked, and was ended");
        }
    })
}
