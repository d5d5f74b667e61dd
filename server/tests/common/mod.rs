//! A server in this process on free ports, and clients for it.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod raw;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_std::task::block_on;
use clap::Parser as _;
use grpcio::{
    CallOption, Channel, ChannelBuilder, ChannelCredentialsBuilder, Client, CompressionAlgorithms, EnvBuilder,
    GrpcSlice, Marshaller, Method, MethodType, RpcStatus,
};
use protobuf::{Message as _, MessageFull};
use testbed::Certificates;
use ticketing_proto::error_details::{BadRequest, ErrorInfo};
use ticketing_proto::health::HealthCheckRequest;
use ticketing_proto::health::health_check_response::ServingStatus;
use ticketing_proto::health_grpc::HealthClient;
use ticketing_proto::status::Status;
use ticketing_proto::ticketing::GetCustomerRequest;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;
use ticketing_server::customer::CustomerId;
use ticketing_server::store::{MemoryStore, Store};
use ticketing_server::{Args, Config, Drained, Running};

/// What a call may take before the test gives up; far more than any needs.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct TestServer {
    pub(crate) grpc: SocketAddr,
    /// None where it is off.
    pub(crate) admin: Option<SocketAddr>,
    pub(crate) health_port: Option<SocketAddr>,
    running: Running,
    channel: Channel,
}

/// A server called `pod-a` on an empty store.
pub(crate) fn serve() -> TestServer {
    serve_on(MemoryStore::new(), &[])
}

/// A server on a store and with further flags.
pub(crate) fn serve_on(store: impl Store, flags: &[&str]) -> TestServer {
    let server = start(flags);
    server.running.serve(Arc::new(store));
    server
}

/// A server that accepts calls and has no store yet.
pub(crate) fn start(flags: &[&str]) -> TestServer {
    let unless = |flag, usual: &'static [&'static str]| if flags.contains(&flag) { &[] } else { usual };
    let flags = [
        &["ticketing-server", "--listen-addr", "127.0.0.1:0", "--pod-name", "pod-a"],
        unless("--admin-addr", &["--admin-addr", "127.0.0.1:0"]),
        unless("--drain-delay", &["--drain-delay", "0s", "--drain-timeout", "10s"]),
        flags,
    ]
    .concat();
    let config = Config::try_from(Args::try_parse_from(flags).expect("flags")).expect("settings");
    let app = config.build().expect("free ports");
    let (grpc, admin, health_port) = (app.grpc, app.admin, app.health_port);
    TestServer { grpc, admin, health_port, running: app.start(), channel: connect(grpc) }
}

/// The name that the server's certificates of [`Certificates`] have.
pub(crate) const NAME: &str = "app-server-headless";

/// A server on an empty store that shows this certificate.
pub(crate) fn serve_encrypted(certificate: &Path, key: &Path, flags: &[&str]) -> TestServer {
    let path = |path: &Path| path.to_str().expect("UTF-8").to_owned();
    let (certificate, key) = (path(certificate), path(key));
    let own = ["--health-addr", "127.0.0.1:0", "--tls-cert", &certificate, "--tls-key", &key];
    serve_on(MemoryStore::new(), &[&own, flags].concat())
}

/// A channel with a connection of its own to a server that must be called `name`; it trusts the authority of
/// `trusted`, and shows the certificate of `own`.
pub(crate) fn secured(
    address: SocketAddr,
    certificates: &Certificates,
    trusted: &str,
    own: Option<&str>,
    name: &str,
) -> Channel {
    let read = |path: std::path::PathBuf| std::fs::read(path).expect("a file of certificates");
    let mut credentials = ChannelCredentialsBuilder::new().root_cert(read(certificates.authority(trusted)));
    if let Some(own) = own {
        credentials = credentials.cert(read(certificates.certificate(own)), read(certificates.key(own)));
    }
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    ChannelBuilder::new(environment)
        .use_local_subchannel_pool(true)
        .set_credentials(credentials.build())
        .override_ssl_target(name)
        .connect(&address.to_string())
}

/// A channel with a connection of its own.
pub(crate) fn connect(address: SocketAddr) -> Channel {
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    ChannelBuilder::new(environment).use_local_subchannel_pool(true).connect(&address.to_string())
}

/// The same whose requests are compressed.
pub(crate) fn connect_compressing(address: SocketAddr) -> Channel {
    let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
    ChannelBuilder::new(environment)
        .use_local_subchannel_pool(true)
        .default_compression_algorithm(CompressionAlgorithms::GRPC_COMPRESS_GZIP)
        .connect(&address.to_string())
}

/// Calls any method with any bytes.
pub(crate) fn call_raw(channel: Channel, method: &'static str, request: Vec<u8>) -> Result<Vec<u8>, RpcStatus> {
    let method = Method { ty: MethodType::Unary, name: method, req_mar: RAW, resp_mar: RAW };
    match Client::new(channel).unary_call(&method, &request, patiently()) {
        Ok(response) => Ok(response),
        Err(grpcio::Error::RpcFailure(status)) => Err(status),
        Err(other) => panic!("the call itself failed: {other}"),
    }
}

/// What the server behind a channel says about a service.
pub(crate) fn health(channel: &Channel, service: &str) -> grpcio::Result<ServingStatus> {
    let request = HealthCheckRequest { service: service.to_owned(), ..Default::default() };
    let response = HealthClient::new(channel.clone()).check_opt(&request, patiently())?;
    Ok(response.status.enum_value_or_default())
}

pub(crate) fn patiently() -> CallOption {
    CallOption::default().timeout(PATIENCE)
}

impl TestServer {
    pub(crate) fn channel(&self) -> Channel {
        self.channel.clone()
    }

    pub(crate) fn customers(&self) -> CustomerControllerClient {
        CustomerControllerClient::new(self.channel())
    }

    /// What health says about a service.
    pub(crate) fn health(&self, service: &str) -> grpcio::Result<ServingStatus> {
        health(&self.channel, service)
    }

    /// Calls any method with any bytes.
    pub(crate) fn call_raw(&self, method: &'static str, request: Vec<u8>) -> Result<Vec<u8>, RpcStatus> {
        call_raw(self.channel(), method, request)
    }

    /// The admin server's status code and body.
    pub(crate) fn get(&self, path: &str) -> (u16, String) {
        http_get(self.admin.expect("admin HTTP is on"), path)
    }

    pub(crate) fn drain(self) -> Drained {
        block_on(self.running.drain())
    }
}

/// The status of a call that has to fail.
pub(crate) fn failure<T: std::fmt::Debug>(outcome: grpcio::Result<T>) -> RpcStatus {
    match outcome {
        Err(grpcio::Error::RpcFailure(status)) => status,
        other => panic!("{other:?}"),
    }
}

/// A request for a customer that no store has.
pub(crate) fn some_customer() -> GetCustomerRequest {
    GetCustomerRequest { id: CustomerId::new().to_string(), ..Default::default() }
}

const RAW: Marshaller<Vec<u8>> = Marshaller {
    ser: |bytes, slice| {
        *slice = GrpcSlice::from(bytes.clone());
        Ok(())
    },
    de: |mut reader| {
        let mut bytes = Vec::new();
        reader.read_to_end(&mut bytes).map_err(|error| grpcio::Error::Codec(error.into()))?;
        Ok(bytes)
    },
};

pub(crate) fn http_get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).expect("the admin port is open");
    write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status line");
    (status, body.to_owned())
}

/// What a status says in `google.rpc.ErrorInfo`.
pub(crate) fn error_info(status: &RpcStatus) -> ErrorInfo {
    details(status).pop().expect("one is there")
}

/// The fields that a status names in `google.rpc.BadRequest`.
pub(crate) fn unfit_fields(status: &RpcStatus) -> Vec<String> {
    let requests = details::<BadRequest>(status).into_iter();
    requests.flat_map(|request| request.field_violations).map(|violation| violation.field).collect()
}

/// The details of a status that are of this type.
fn details<M: MessageFull>(status: &RpcStatus) -> Vec<M> {
    let whole = Status::parse_from_bytes(status.details()).expect("details are a google.rpc.Status");
    whole.details.iter().filter_map(|detail| detail.unpack().expect("it unpacks")).collect()
}
