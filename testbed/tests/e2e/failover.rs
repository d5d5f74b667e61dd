//! A standby in the place of a primary that was killed: whatever comes first, the address that moves or the promotion.

use std::time::Duration;

use async_std::future::timeout;
use async_std::task::block_on;
use sqlx::{Connection, PgConnection};
use testbed::{Bed, Endpoints, L4Balancer, Postgres, Testbed, until_true};
use ticketing_client::{Channel, Code, CreateCustomerRequest, Target};

/// A primary, its standby, and the address that leads to one of them.
struct Databases {
    primary: Postgres,
    standby: Postgres,
    address: Endpoints,
    moving: L4Balancer,
    url: String,
}

impl Databases {
    fn new() -> Self {
        let primary = Postgres::builder().start().unwrap_or_else(|error| panic!("{error}"));
        let database = primary.new_database().unwrap();
        let standby = primary.synchronous_standby().unwrap_or_else(|error| panic!("{error}"));
        let address = Endpoints::default();
        address.add(primary.address().unwrap());
        let moving = L4Balancer::start(address.clone(), 0).unwrap();
        let url = Postgres::by_way_of(&database, moving.address()).unwrap();
        Self { primary, standby, address, moving, url }
    }

    fn move_address(&self) {
        self.address.remove(self.primary.address().unwrap());
        self.address.add(self.standby.address().unwrap());
        self.moving.forget();
    }
}

fn channel(bed: &Bed) -> Channel {
    let address = bed.envoy_address();
    Channel::builder(Target::new(&address.ip().to_string(), address.port()).unwrap()).build()
}

fn request(name: &str) -> CreateCustomerRequest {
    CreateCustomerRequest {
        first_name: "Ada".to_owned(),
        last_name: name.to_owned(),
        request_id: name.to_owned(),
        ..CreateCustomerRequest::new()
    }
}

#[test]
fn an_acknowledged_create_is_on_the_standby_and_its_request_id_still_makes_one_customer() {
    let databases = Databases::new();
    let bed = Testbed::new().servers(2).envoy().database_url(&databases.url).start().unwrap();
    let channel = channel(&bed);
    let id = block_on(channel.customers().create(&request("before"))).unwrap().value.id;

    databases.primary.crash().unwrap();
    let refused = block_on(channel.customers().create(&request("meanwhile"))).unwrap_err();
    assert_eq!(refused.code, Code::Unavailable, "{refused}");
    databases.standby.promote().unwrap();
    databases.move_address();
    until_true("writes go on", || block_on(channel.customers().create(&request("after"))).is_ok())
        .unwrap_or_else(|error| panic!("{error}\n{}", bed.logs()));

    let again = block_on(channel.customers().create(&request("before"))).unwrap();
    assert_eq!((again.value.id, again.replayed), (id, true));
}

/// A standby refuses writes (25006) and answers reads: nothing may be taken for damage, or for the caller's fault.
#[test]
fn an_address_that_moves_before_the_standby_is_promoted_delays_writes_and_no_more() {
    let databases = Databases::new();
    let bed = Testbed::new().servers(2).envoy().database_url(&databases.url).start().unwrap();
    let channel = channel(&bed);
    block_on(channel.customers().create(&request("before"))).unwrap();

    databases.primary.crash().unwrap();
    databases.move_address();
    for name in ["first", "second", "third"] {
        let refused = block_on(channel.customers().create(&request(name))).unwrap_err();
        assert_eq!(refused.code, Code::Unavailable, "{refused}");
        assert!(refused.details.retry_after.is_some(), "{refused}");
    }
    until_true("reads go on before writes do", || block_on(channel.customers().list(10, "")).is_ok())
        .unwrap_or_else(|error| panic!("{error}\n{}", bed.logs()));
    databases.standby.promote().unwrap();
    until_true("writes go on", || block_on(channel.customers().create(&request("after"))).is_ok())
        .unwrap_or_else(|error| panic!("{error}\n{}", bed.logs()));
}

/// What makes the promise of the scenario above true: the primary acknowledges nothing that is not on the standby too.
#[test]
fn while_a_synchronous_standby_is_frozen_no_write_is_acknowledged() {
    let primary = Postgres::builder().start().unwrap();
    let url = primary.new_database().unwrap();
    let standby = primary.synchronous_standby().unwrap();
    Postgres::execute(&url, "CREATE TABLE kept (name text)").unwrap();
    standby.freeze().unwrap();
    let mut connection = block_on(PgConnection::connect(&url)).unwrap();
    let insert = sqlx::raw_sql("INSERT INTO kept VALUES ('Zoë')").execute(&mut connection);
    assert!(block_on(timeout(Duration::from_millis(300), insert)).is_err(), "it was acknowledged");
    standby.thaw().unwrap();
    Postgres::execute(&url, "INSERT INTO kept VALUES ('Ada')").unwrap();
}
