//! Calls of which more than the answer is looked at: reflection, and the metadata of a probe.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::{FutureExt as _, SinkExt as _, TryStreamExt as _};
use grpcio::{CallOption, ChannelBuilder, EnvBuilder, WriteFlags};
use ticketing_client::Target;
use ticketing_proto::reflection_v1::ServerReflectionRequest;
use ticketing_proto::reflection_v1_grpc::ServerReflectionClient;
use ticketing_proto::ticketing::GetCustomerRequest;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

/// A connection without the library's settings, whose metadata can be read.
pub(super) struct Bare {
    channel: grpcio::Channel,
    deadline: Duration,
}

impl Bare {
    /// To one address of the server that is `meant`, by whose name a proxy may choose where calls go.
    pub(super) fn new(target: &Target, meant: &Target, deadline: Duration) -> Self {
        let environment = Arc::new(EnvBuilder::new().cq_count(1).name_prefix("grpc-doctor").build());
        let builder = ChannelBuilder::new(environment).enable_http_proxy(false);
        // With TLS it is the name of the certificate.
        let builder = if meant.tls().is_none() { builder.default_authority(meant.to_string()) } else { builder };
        let channel = target.secure(builder).connect(&target.to_string());
        Self { channel, deadline }
    }

    /// The names of the services, as reflection tells them.
    pub(super) async fn services(&self) -> grpcio::Result<Vec<String>> {
        let options = CallOption::default().timeout(self.deadline);
        let client = ServerReflectionClient::new(self.channel.clone());
        let (mut requests, mut answers) = client.server_reflection_info_opt(options)?;
        let mut request = ServerReflectionRequest::new();
        request.set_list_services(String::new());
        let sent = async {
            requests.send((request, WriteFlags::default())).await?;
            requests.close().await
        };
        // A server without reflection may have ended the call by then, and only the answer says why.
        let sent = sent.await;
        let mut answer = match answers.try_next().await? {
            Some(answer) => answer,
            None => sent.map(|()| Default::default())?,
        };
        let services = answer.take_list_services_response().service;
        Ok(services.into_iter().map(|service| service.name).collect())
    }

    /// The values of headers of a probe's answer.
    pub(super) async fn headers<const N: usize>(&self, names: [&str; N]) -> grpcio::Result<[Option<String>; N]> {
        let options = CallOption::default().timeout(self.deadline);
        let client = CustomerControllerClient::new(self.channel.clone());
        let mut call = client.get_customer_async_opt(&GetCustomerRequest::new(), options)?;
        // grpcio panics where an answer of OK has no message.
        let received = AssertUnwindSafe(call.headers()).catch_unwind().await;
        let headers = received.unwrap_or(Err(grpcio::Error::RemoteStopped))?;
        let text = |value| String::from_utf8_lossy(value).into_owned();
        Ok(names.map(|name| headers.iter().find(|(key, _)| *key == name).map(|(_, value)| text(value))))
    }
}
