//! The promises of `Store`, as functions over any store.
#![allow(dead_code, unused_macros, unused_imports, reason = "each test file uses a part of it")]

use std::time::{SystemTime, UNIX_EPOCH};

use ticketing_server::customer::{Customer, CustomerId, NewCustomer, PageSize, Position};
use ticketing_server::store::{Store, StoreError};
use uuid::{NoContext, Timestamp, Uuid};

pub(crate) fn new(first: &str, last: &str, request_id: Option<&str>) -> NewCustomer {
    NewCustomer {
        id: CustomerId::new(),
        first_name: first.parse().expect("a name"),
        last_name: last.parse().expect("a name"),
        request_id: request_id.map(|id| id.parse().expect("a request id")),
    }
}

/// All customers, in pages of `size`.
pub(crate) async fn walk(store: &impl Store, size: i32) -> Vec<Customer> {
    let size = PageSize::try_from(size).expect("a page size");
    let mut all = Vec::new();
    let mut after = Some(Position::START);
    while let Some(position) = after {
        let page = store.list(position, size).await.expect("a page");
        assert!(page.customers.len() <= usize::from(size.get()));
        all.extend(page.customers);
        after = page.next;
    }
    all
}

pub(crate) async fn a_stored_customer_is_found_by_its_id(store: &impl Store) {
    let created = store.create(new("Zoë", "O'Neil, Jr.", None)).await.expect("stored");
    assert!(!created.replayed);
    assert_eq!(created.customer.first_name, "Zoë");
    assert_eq!(created.customer.last_name, "O'Neil, Jr.");
    assert_eq!(store.get(created.customer.id).await.expect("looked up"), Some(created.customer));
}

pub(crate) async fn an_id_that_nobody_has_is_not_found(store: &impl Store) {
    assert_eq!(store.get(CustomerId::new()).await.expect("looked up"), None);
}

pub(crate) async fn one_request_id_makes_one_customer(store: &impl Store) {
    let first = store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("stored");
    let again = store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("found");
    assert!(!first.replayed && again.replayed);
    assert_eq!(first.customer, again.customer);
    assert_eq!(walk(store, 10).await.len(), 1);
}

pub(crate) async fn a_request_id_with_other_names_is_refused(store: &impl Store) {
    store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("stored");
    let other = store.create(new("Ada", "Byron", Some("r1"))).await;
    assert!(matches!(other, Err(StoreError::RequestIdReused)), "{other:?}");
    assert_eq!(walk(store, 10).await.len(), 1);
}

pub(crate) async fn creates_without_a_request_id_are_each_a_customer(store: &impl Store) {
    for _ in 0..3 {
        store.create(new("Ada", "Lovelace", None)).await.expect("stored");
    }
    assert_eq!(walk(store, 10).await.len(), 3);
}

pub(crate) async fn one_request_id_makes_one_customer_when_many_send_it_at_once(store: &impl Store) {
    let sent = (0..50).map(|n| store.create(new("Ada", "Lovelace", Some(&format!("r{}", n % 5)))));
    let created: Vec<_> = futures::future::try_join_all(sent).await.expect("stored or found");
    assert_eq!(created.iter().filter(|created| !created.replayed).count(), 5);
    assert_eq!(walk(store, 10).await.len(), 5);
}

pub(crate) async fn a_walk_sees_every_customer_once_in_the_order_of_creation(store: &impl Store) {
    let mut created = Vec::new();
    for n in 0..25 {
        created.push(store.create(new("Customer", &n.to_string(), None)).await.expect("stored").customer);
    }
    for size in [1, 7, 25, 1000] {
        assert_eq!(walk(store, size).await, created, "pages of {size}");
    }
}

/// An id as a server makes it whose clock is off by so many seconds.
fn id_by_a_clock_that_is_off_by(seconds: i64) -> CustomerId {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let shown = now.checked_add_signed(seconds).expect("after 1970");
    CustomerId::from(Uuid::new_v7(Timestamp::from_unix(NoContext, shown, 0)))
}

pub(crate) async fn the_order_of_creation_is_not_that_of_clocks(store: &impl Store) {
    let mut created = Vec::new();
    for (n, seconds) in [0, 5, -5, 3600, -3600, 0].into_iter().enumerate() {
        let off = NewCustomer { id: id_by_a_clock_that_is_off_by(seconds), ..new("Customer", &n.to_string(), None) };
        created.push(store.create(off).await.expect("stored").customer);
        // A walk whose pages end in between sees the later ones behind, whatever their ids.
        assert_eq!(walk(store, 1).await, created);
    }
}

pub(crate) async fn a_walk_is_not_disturbed_by_creates(store: &impl Store) {
    for n in 0..10 {
        store.create(new("Before", &n.to_string(), None)).await.expect("stored");
    }
    let size = PageSize::try_from(3).expect("a page size");
    let mut seen = Vec::new();
    let mut after = Some(Position::START);
    while let Some(position) = after {
        let page = store.list(position, size).await.expect("a page");
        seen.extend(page.customers.into_iter().filter(|customer| customer.first_name == "Before"));
        if seen.len() < 10 {
            store.create(new("During", "Walk", None)).await.expect("stored");
        }
        after = page.next;
    }
    let names: Vec<_> = seen.iter().map(|customer| customer.last_name.as_str()).collect();
    assert_eq!(names, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

pub(crate) async fn the_last_page_says_that_it_is_the_last(store: &impl Store) {
    let size = PageSize::try_from(2).expect("a page size");
    assert_eq!(store.list(Position::START, size).await.expect("a page").next, None, "an empty store");
    for n in 0..4 {
        store.create(new("Customer", &n.to_string(), None)).await.expect("stored");
    }
    let first = store.list(Position::START, size).await.expect("a page");
    let last = store.list(first.next.expect("another page"), size).await.expect("a page");
    assert_eq!((last.customers.len(), last.next), (2, None));
}

/// However a store reads them.
pub(crate) async fn a_page_is_as_large_as_it_was_asked_for(store: &impl Store) {
    const CUSTOMERS: usize = 1001;
    let sent = (0..CUSTOMERS).map(|n| store.create(new("Customer", &n.to_string(), None)));
    futures::future::try_join_all(sent).await.expect("stored");
    let all = walk(store, 7).await;
    assert_eq!(all.len(), CUSTOMERS);
    for size in [127, 128, 129, 256, 999, 1000] {
        let page = store.list(Position::START, PageSize::try_from(size).expect("a page size")).await.expect("a page");
        assert!(page.customers == all[..page.customers.len()], "{size} customers are the first, in their order");
        assert_eq!((page.customers.len(), page.next.is_some()), (usize::try_from(size).expect("a size"), true));
    }
}

/// Or many who ask for pages, and do not read them, fill a server's memory.
pub(crate) async fn a_page_of_long_names_ends_before_it_is_large(store: &impl Store) {
    const CUSTOMERS: usize = 130;
    const LARGE: usize = 160 << 10;
    let longest = "\u{1f3ab}".repeat(200);
    let sent = (0..CUSTOMERS).map(|_| store.create(new(&longest, &longest, None)));
    futures::future::try_join_all(sent).await.expect("stored");
    let page = store.list(Position::START, PageSize::try_from(1000).expect("a page size")).await.expect("a page");
    let names = |customer: &Customer| customer.first_name.len() + customer.last_name.len();
    assert!(page.next.is_some() && page.customers.iter().map(names).sum::<usize>() < LARGE);
    assert_eq!(walk(store, 1000).await.len(), CUSTOMERS);
}

/// Runs every promise on a store of its own.
macro_rules! contract {
    ($backend:ident: $store:expr) => {
        contract!($backend: $store =>
            a_stored_customer_is_found_by_its_id
            an_id_that_nobody_has_is_not_found
            one_request_id_makes_one_customer
            a_request_id_with_other_names_is_refused
            creates_without_a_request_id_are_each_a_customer
            one_request_id_makes_one_customer_when_many_send_it_at_once
            a_walk_sees_every_customer_once_in_the_order_of_creation
            the_order_of_creation_is_not_that_of_clocks
            a_walk_is_not_disturbed_by_creates
            the_last_page_says_that_it_is_the_last
            a_page_is_as_large_as_it_was_asked_for
            a_page_of_long_names_ends_before_it_is_large
        );
    };
    ($backend:ident: $store:expr => $($promise:ident)+) => {
        mod $backend {
            use super::*;
            $(#[test] fn $promise() {
                let (store, _kept_open) = $store;
                async_std::task::block_on(crate::contract::$promise(&store));
            })+
        }
    };
}
pub(crate) use contract;
