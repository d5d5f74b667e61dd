//! Calls with a stream on either side.

use std::time::Duration;

use async_std::task::block_on;
use futures::{FutureExt, StreamExt};
use grpcio::ClientSStreamReceiver;
use ticketing_client::{CallError, Channels, Code, State, Streaming};
use ticketing_proto::health::{HealthCheckRequest, HealthCheckResponse};
use ticketing_proto::health_grpc::HealthClient;

use crate::greeter::channels_to;
use crate::relay::{Meet, Relay};
use crate::server::Server;
use crate::wait::until;

type Watch = Streaming<ClientSStreamReceiver<HealthCheckResponse>>;

fn watch(channels: &Channels, within: Option<Duration>) -> Watch {
    let request = HealthCheckRequest::new();
    channels
        .stream(within, "Watch", |channel, options| HealthClient::new(channel).watch_opt(&request, options))
        .unwrap()
}

fn next(watch: &mut Watch) -> Result<HealthCheckResponse, CallError> {
    let answer = block_on(watch.next()).expect("not ended");
    answer.map_err(|error| watch.failed(&error))
}

#[test]
fn a_stream_stays_on_its_connection_when_that_is_replaced_and_closes_it_at_its_end() {
    let server = Server::start();
    let port = server.port;
    let relay = Relay::start(move |_| Meet::Pass(port));
    let channels = channels_to(relay.port).max_age(Duration::from_secs(1)).build();
    let mut states = channels.states();
    let mut open = watch(&channels, None);
    next(&mut open).unwrap();
    until("the connection is replaced", || {
        states.next().now_or_never().flatten().is_some_and(|change| change.state == State::Replaced)
    });
    assert_eq!(relay.open(), 2);
    assert!(open.next().now_or_never().is_none(), "the stream has ended");
    drop(open);
    until("the old connection is closed", || relay.open() == 1);
}

#[test]
fn a_stream_ends_with_its_time_and_its_error_says_what_was_called_and_where() {
    let server = Server::start();
    let channels = channels_to(server.port).build();
    block_on(channels.customers().identify()).unwrap();
    let mut open = watch(&channels, Some(Duration::from_secs(2)));
    next(&mut open).unwrap();
    let error = next(&mut open).unwrap_err();
    assert_eq!((error.code, error.method), (Code::DeadlineExceeded, "Watch"), "{error:?}");
    assert_eq!(error.target.to_string(), format!("127.0.0.1:{}", server.port));
    server.stop();
}
