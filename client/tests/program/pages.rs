//! A customer service that only lists, page by page, and fails on purpose: each page is answered by a function of the
//! test.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use grpcio::{
    EnvBuilder, Environment, RpcContext, RpcStatus, RpcStatusCode, Server, ServerBuilder, ServerCredentials, UnarySink,
};
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer, CustomerList, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::{CustomerController, create_customer_controller};

/// Customers a page, however many were asked for.
pub(crate) const PAGE: usize = 2;

/// What the service does when it is asked for a page.
pub(crate) enum Turn {
    Page,
    Refused(RpcStatusCode),
    /// No answer, ever.
    Silence,
}

pub(crate) struct Pages {
    pub(crate) port: u16,
    asked: Arc<Asked>,
    _server: Server,
    _environment: Arc<Environment>,
}

/// The tokens that were asked for so far, and a way to wait for more.
#[derive(Default)]
struct Asked {
    tokens: Mutex<Vec<String>>,
    more: Condvar,
}

impl Pages {
    /// `script` gets the number of the call, from 1. A page token is the number of customers before the page.
    pub(crate) fn start(names: &[(&str, &str)], script: impl Fn(usize) -> Turn + Send + Sync + 'static) -> Self {
        let customers = names.iter().enumerate().map(|(index, (first, last))| Customer {
            id: format!("{index} {first} {last}"),
            first_name: (*first).to_owned(),
            last_name: (*last).to_owned(),
            ..Customer::new()
        });
        let asked = Arc::<Asked>::default();
        let service = Service {
            customers: customers.collect(),
            script: Arc::new(script),
            asked: asked.clone(),
            silent: Arc::default(),
        };
        let environment = Arc::new(EnvBuilder::new().cq_count(1).build());
        let mut server = ServerBuilder::new(environment.clone())
            .register_service(create_customer_controller(service))
            .build()
            .expect("the service can be set up");
        let port = server.add_listening_port("127.0.0.1:0", ServerCredentials::insecure()).expect("a free port");
        server.start();
        Self { port, asked, _server: server, _environment: environment }
    }

    /// The tokens that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.tokens.lock().unwrap().clone()
    }

    /// Waits until so many pages were asked for.
    pub(crate) fn wait_for(&self, pages: usize) {
        let patience = Duration::from_mins(1);
        let tokens = self.asked.tokens.lock().unwrap();
        let (tokens, waited) = self.asked.more.wait_timeout_while(tokens, patience, |all| all.len() < pages).unwrap();
        assert!(!waited.timed_out(), "only {} of {pages} pages were asked for", tokens.len());
    }
}

#[derive(Clone)]
struct Service {
    customers: Arc<[Customer]>,
    script: Arc<dyn Fn(usize) -> Turn + Send + Sync>,
    asked: Arc<Asked>,
    /// Calls without an answer: dropping a sink would be one.
    silent: Arc<Mutex<Vec<UnarySink<CustomerList>>>>,
}

impl CustomerController for Service {
    fn list_customers(&mut self, ctx: RpcContext<'_>, asked: ListCustomersRequest, sink: UnarySink<CustomerList>) {
        let number = {
            let mut tokens = self.asked.tokens.lock().unwrap();
            tokens.push(asked.page_token.clone());
            self.asked.more.notify_all();
            tokens.len()
        };
        match (self.script)(number) {
            Turn::Page => {
                let from = asked.page_token.parse().unwrap_or(0);
                let to = (from + PAGE).min(self.customers.len());
                let more = to < self.customers.len();
                let page = CustomerList {
                    customers: self.customers[from..to].to_vec(),
                    next_page_token: if more { to.to_string() } else { String::new() },
                    ..CustomerList::new()
                };
                ctx.spawn(async move { drop(sink.success(page).await) });
            }
            Turn::Refused(code) => ctx.spawn(async move { drop(sink.fail(RpcStatus::new(code)).await) }),
            Turn::Silence => self.silent.lock().unwrap().push(sink),
        }
    }

    fn get_customer(&mut self, ctx: RpcContext<'_>, _: GetCustomerRequest, sink: UnarySink<Customer>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }

    fn create_customer(&mut self, ctx: RpcContext<'_>, _: CreateCustomerRequest, sink: UnarySink<Customer>) {
        ctx.spawn(async move { drop(sink.fail(RpcStatus::new(RpcStatusCode::UNIMPLEMENTED)).await) });
    }
}
