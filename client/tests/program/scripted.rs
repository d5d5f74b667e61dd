//! A customer service that fails on purpose: each create is answered by a function of the test.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use grpcio::{
    EnvBuilder, Environment, RpcContext, RpcStatus, RpcStatusCode, Server, ServerBuilder, ServerCredentials, UnarySink,
};
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::{CustomerController, create_customer_controller};

/// A create as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) request: CreateCustomerRequest,
    /// Whether it carried `x-idempotent: true`.
    pub(crate) idempotent: bool,
    /// `authorization`; empty where there was none.
    pub(crate) authorization: String,
}

/// What the service does with a create.
pub(crate) enum Reply {
    Created,
    Refused(RpcStatusCode, &'static str),
    /// No answer, ever.
    Silence,
}

pub(crate) struct Scripted {
    pub(crate) port: u16,
    log: Arc<Log>,
    _server: Server,
    _environment: Arc<Environment>,
}

impl Scripted {
    /// `script` gets the number of the create, from 1, and the create.
    pub(crate) fn start(script: impl Fn(usize, &CreateCustomerRequest) -> Reply + Send + Sync + 'static) -> Self {
        let log = Arc::<Log>::default();
        let service = Service { script: Arc::new(script), log: log.clone(), silent: Arc::default() };
        let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
        let mut server = ServerBuilder::new(environment.clone())
            .register_service(create_customer_controller(service))
            .build()
            .expect("the service can be set up");
        let port = server.add_listening_port("127.0.0.1:0", ServerCredentials::insecure()).expect("a free port");
        server.start();
        Self { port, log, _server: server, _environment: environment }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.log.seen.lock().unwrap().clone()
    }

    /// Waits until so many creates have arrived.
    pub(crate) fn wait_for(&self, creates: usize) {
        let patience = Duration::from_mins(1);
        let seen = self.log.seen.lock().unwrap();
        let (seen, waited) = self.log.arrived.wait_timeout_while(seen, patience, |seen| seen.len() < creates).unwrap();
        assert!(!waited.timed_out(), "only {} of {creates} creates arrived", seen.len());
    }
}

/// The creates so far, and a way to wait for more.
#[derive(Default)]
struct Log {
    seen: Mutex<Vec<Seen>>,
    arrived: Condvar,
}

type Script = dyn Fn(usize, &CreateCustomerRequest) -> Reply + Send + Sync;

#[derive(Clone)]
struct Service {
    script: Arc<Script>,
    log: Arc<Log>,
    /// Calls without an answer: dropping a sink would be one.
    silent: Arc<Mutex<Vec<UnarySink<Customer>>>>,
}

impl CustomerController for Service {
    fn create_customer(&mut self, ctx: RpcContext<'_>, request: CreateCustomerRequest, sink: UnarySink<Customer>) {
        let idempotent = ctx.request_headers().iter().any(|header| header == ("x-idempotent", b"true".as_slice()));
        let authorization = ctx.request_headers().iter().find(|(name, _)| *name == "authorization");
        let authorization = authorization.map_or_else(String::new, |(_, value)| String::from_utf8_lossy(value).into());
        let number = {
            let mut seen = self.log.seen.lock().unwrap();
            seen.push(Seen { request: request.clone(), idempotent, authorization });
            self.log.arrived.notify_all();
            seen.len()
        };
        match (self.script)(number, &request) {
            Reply::Created => {
                let CreateCustomerRequest { first_name, last_name, .. } = request;
                let customer = Customer { id: number.to_string(), first_name, last_name, ..Customer::new() };
                ctx.spawn(async move { drop(sink.success(customer).await) });
            }
            Reply::Refused(code, message) => {
                let status = RpcStatus::with_message(code, message.to_owned());
                ctx.spawn(async move { drop(sink.fail(status).await) });
            }
            Reply::Silence => self.silent.lock().unwrap().push(sink),
        }
    }

    fn get_customer(&mut self, ctx: RpcContext<'_>, _: GetCustomerRequest, sink: UnarySink<Customer>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }

    fn list_customers(&mut self, ctx: RpcContext<'_>, _: ListCustomersRequest, sink: UnarySink<CustomerList>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }
}
