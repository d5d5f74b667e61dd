//! Callers that show what a test wants them to show: a certificate, a token, neither, or the wrong ones.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use grpcio::{
    CallOption, ChannelBuilder, ChannelCredentialsBuilder, EnvBuilder, Marshaller, MetadataBuilder, Method, MethodType,
    RpcStatusCode,
};
use ticketing_proto::ticketing::{CreateCustomerRequest, GetCustomerRequest, ListCustomersRequest};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

const DEADLINE: Duration = Duration::from_secs(10);

/// What came instead of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: RpcStatusCode,
    pub(crate) message: String,
}

/// A caller with a connection of its own.
pub(crate) struct Caller {
    client: CustomerControllerClient,
    token: Option<String>,
}

impl Caller {
    /// Trusts the authority of `ca.crt` in `trusted`, and shows the certificate in `shown`; both are folders.
    pub(crate) fn new(address: SocketAddr, trusted: &Path, shown: Option<&Path>) -> Self {
        Self::expecting(None, address, trusted, shown)
    }

    /// As [`Caller::new`], but whoever answers has to be called `name`.
    pub(crate) fn expecting(name: Option<&str>, address: SocketAddr, trusted: &Path, shown: Option<&Path>) -> Self {
        let read = |folder: &Path, name: &str| fs::read(folder.join(name)).unwrap();
        let mut credentials = ChannelCredentialsBuilder::new().root_cert(read(trusted, "ca.crt"));
        if let Some(folder) = shown {
            credentials = credentials.cert(read(folder, "tls.crt"), read(folder, "tls.key"));
        }
        let mut channel = ChannelBuilder::new(Arc::new(EnvBuilder::new().cq_count(1).build()))
            .use_local_subchannel_pool(true)
            .set_credentials(credentials.build());
        if let Some(name) = name {
            channel = channel.override_ssl_target(name);
        }
        Self { client: CustomerControllerClient::new(channel.connect(&address.to_string())), token: None }
    }

    /// Sends this with every call, as its token.
    pub(crate) fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// The pod that answered.
    pub(crate) fn get(&self) -> Result<String, Refusal> {
        self.client.get_customer_opt(&GetCustomerRequest::new(), self.options()).map(|pod| pod.id).map_err(refusal)
    }

    pub(crate) fn list(&self) -> Result<(), Refusal> {
        self.client.list_customers_opt(&ListCustomersRequest::new(), self.options()).map(drop).map_err(refusal)
    }

    pub(crate) fn create(&self) -> Result<(), Refusal> {
        let request = CreateCustomerRequest {
            first_name: "Zoë".to_owned(),
            last_name: "O'Neil".to_owned(),
            ..CreateCustomerRequest::new()
        };
        self.client.create_customer_opt(&request, self.options()).map(drop).map_err(refusal)
    }

    /// A method that a later version may have.
    pub(crate) fn delete(&self) -> Result<(), Refusal> {
        const MARSHALLER: Marshaller<GetCustomerRequest> = Marshaller { ser: grpcio::pb_ser, de: grpcio::pb_de };
        let name = "/ticketing.CustomerController/DeleteCustomer";
        let method = Method { ty: MethodType::Unary, name, req_mar: MARSHALLER, resp_mar: MARSHALLER };
        let answer = self.client.client.unary_call(&method, &GetCustomerRequest::new(), self.options());
        answer.map(drop).map_err(refusal)
    }

    fn options(&self) -> CallOption {
        let options = CallOption::default().timeout(DEADLINE);
        let Some(token) = &self.token else { return options };
        let mut metadata = MetadataBuilder::new();
        metadata.add_str("authorization", &format!("Bearer {token}")).unwrap();
        options.headers(metadata.build())
    }
}

fn refusal(error: grpcio::Error) -> Refusal {
    match error {
        grpcio::Error::RpcFailure(status) => Refusal { code: status.code(), message: status.message().to_owned() },
        other => panic!("{other}"),
    }
}
