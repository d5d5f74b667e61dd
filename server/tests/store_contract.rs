//! Every store keeps the promises of `Store`, and so does a store that is reached over the wire.

mod common;
mod contract;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{NAME, TestServer, patiently, secured, serve, serve_encrypted, serve_on};
use contract::{contract, new};
use futures::future::{BoxFuture, FutureExt as _};
use grpcio::RpcStatusCode;
use tempfile::TempDir;
use testbed::{Certificates, Postgres};
use ticketing_proto::ticketing::{
    CreateCustomerRequest, Customer as CustomerMessage, GetCustomerRequest, ListCustomersRequest,
};
use ticketing_proto::ticketing_grpc::CustomerControllerClient;
use ticketing_server::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use ticketing_server::store::{CachedStore, Created, MemoryStore, Page, PostgresStore, SqliteStore, Store, StoreError};

contract!(memory: (MemoryStore::new(), ()));
contract!(sqlite: sqlite_in_a_new_file());
contract!(postgres: postgres_with(&[]));
contract!(postgres_serializable: postgres_with(&[("default_transaction_isolation", "serializable")]));
contract!(cached: cached());
contract!(wire: over_the_wire());
contract!(encrypted_wire: over_the_encrypted_wire());
contract!(wire_to_postgres: over_the_wire_to_postgres());

fn sqlite_in_a_new_file() -> (SqliteStore, TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = async_std::task::block_on(SqliteStore::open(&folder.path().join("customers.db"))).expect("a new file");
    (store, folder)
}

fn postgres_with(settings: &[(&str, &str)]) -> (PostgresStore, Arc<Postgres>) {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    let url = postgres.new_database_with(settings).expect("a new database").parse().expect("a URL");
    (async_std::task::block_on(PostgresStore::open(&url)).expect("an empty database"), postgres)
}

fn cached() -> (CachedStore<SqliteStore>, TempDir) {
    let (store, folder) = sqlite_in_a_new_file();
    (CachedStore::new(store), folder)
}

fn over_the_wire_to_postgres() -> (RemoteStore, (TestServer, Arc<Postgres>)) {
    let (store, postgres) = postgres_with(&[]);
    let server = serve_on(CachedStore::new(store), &[]);
    (RemoteStore(server.customers()), (server, postgres))
}

fn over_the_wire() -> (RemoteStore, TestServer) {
    let server = serve();
    (RemoteStore(server.customers()), server)
}

fn over_the_encrypted_wire() -> (RemoteStore, (TestServer, Certificates)) {
    let certificates = Certificates::make().expect("certificates");
    let server = serve_encrypted(&certificates.certificate("server"), &certificates.key("server"), &[]);
    let channel = secured(server.grpc, &certificates, "server", None, NAME);
    (RemoteStore(CustomerControllerClient::new(channel)), (server, certificates))
}

/// A store behind a server: what the RPCs make of the promises.
struct RemoteStore(CustomerControllerClient);

impl Store for RemoteStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        let request = GetCustomerRequest { id: id.to_string(), ..Default::default() };
        let answer = self.0.get_customer_async_opt(&request, patiently()).expect("begun");
        async move {
            match answer.await {
                Ok(customer) => Ok(Some(received(customer))),
                Err(grpcio::Error::RpcFailure(status)) if status.code() == RpcStatusCode::NOT_FOUND => Ok(None),
                Err(error) => panic!("{error}"),
            }
        }
        .boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        let request = CreateCustomerRequest {
            first_name: new.first_name.into_string(),
            last_name: new.last_name.into_string(),
            request_id: new.request_id.map(|id| id.as_str().to_owned()).unwrap_or_default(),
            ..Default::default()
        };
        let mut answer = self.0.create_customer_async_opt(&request, patiently()).expect("begun");
        async move {
            // An answer without headers is a refusal, and the error of the headers is the call's.
            let replayed = match answer.headers().await {
                Ok(headers) => Ok(headers.iter().any(|header| header == ("x-request-replayed", b"true"))),
                Err(error) => Err(error),
            };
            let answered = match replayed {
                Ok(replayed) => answer.await.map(|customer| Created { customer: received(customer), replayed }),
                Err(error) => Err(error),
            };
            match answered {
                Ok(created) => Ok(created),
                Err(grpcio::Error::RpcFailure(status)) if status.code() == RpcStatusCode::ALREADY_EXISTS => {
                    Err(StoreError::RequestIdReused)
                }
                Err(error) => panic!("{error}"),
            }
        }
        .boxed()
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        let page_token = if after == Position::START { String::new() } else { after.to_page_token() };
        let request = ListCustomersRequest { page_size: size.get().into(), page_token, ..Default::default() };
        let answer = self.0.list_customers_async_opt(&request, patiently()).expect("begun");
        async move {
            let list = answer.await.expect("a page");
            let next = Some(list.next_page_token).filter(|token| !token.is_empty());
            Ok(Page {
                customers: list.customers.into_iter().map(received).collect(),
                next: next.map(|token| Position::from_page_token(&token).expect("a token")),
            })
        }
        .boxed()
    }
}

fn received(customer: CustomerMessage) -> Customer {
    Customer { id: customer.id.parse().expect("an id"), first_name: customer.first_name, last_name: customer.last_name }
}

/// Counts queries, and answers none before it is told to.
struct CountingStore {
    inner: MemoryStore,
    queries: Arc<AtomicUsize>,
    go: async_std::channel::Receiver<()>,
}

impl Store for CountingStore {
    fn get(&self, id: CustomerId) -> BoxFuture<'static, Result<Option<Customer>, StoreError>> {
        self.queries.fetch_add(1, Ordering::Relaxed);
        let (answer, go) = (self.inner.get(id), self.go.clone());
        async move {
            // Closed when all may go on.
            let _ = go.recv().await;
            answer.await
        }
        .boxed()
    }

    fn create(&self, new: NewCustomer) -> BoxFuture<'static, Result<Created, StoreError>> {
        self.inner.create(new)
    }

    fn list(&self, after: Position, size: PageSize) -> BoxFuture<'static, Result<Page, StoreError>> {
        self.inner.list(after, size)
    }
}

#[test]
fn a_cached_customer_is_there_at_the_first_poll_and_those_who_miss_one_share_a_query() {
    let inner = MemoryStore::new();
    let ada = async_std::task::block_on(inner.create(new("Ada", "Lovelace", None))).expect("stored").customer;
    let (hold, go) = async_std::channel::bounded(1);
    let queries = Arc::new(AtomicUsize::new(0));
    let store = CachedStore::new(CountingStore { inner, queries: Arc::clone(&queries), go });
    let mut misses: Vec<_> = (0..50).map(|_| store.get(ada.id)).collect();
    for miss in &mut misses {
        assert!(miss.now_or_never().is_none(), "the query is still on its way");
    }
    hold.close();
    for found in async_std::task::block_on(futures::future::try_join_all(misses)).expect("looked up") {
        assert_eq!(found.as_ref(), Some(&ada));
    }
    assert_eq!(queries.load(Ordering::Relaxed), 1);
    let hit = store.get(ada.id).now_or_never().expect("it never leaves the thread").expect("looked up");
    assert_eq!(hit, Some(ada));
    assert_eq!(queries.load(Ordering::Relaxed), 1);
    let created = async_std::task::block_on(store.create(new("Grace", "Hopper", None))).expect("stored").customer;
    assert!(store.get(created.id).now_or_never().is_some(), "a create fills the cache");
}

#[test]
fn that_a_customer_is_absent_is_not_cached() {
    let inner = MemoryStore::new();
    let store = CachedStore::new(inner.clone());
    let grace = new("Grace", "Hopper", None);
    async_std::task::block_on(async {
        assert_eq!(store.get(grace.id).await.expect("looked up"), None);
        inner.create(grace.clone()).await.expect("stored by another replica");
        assert!(store.get(grace.id).await.expect("looked up").is_some());
    });
}
