//! What callers hear through Envoy while the database is away.

use async_std::task::block_on;
use testbed::{Bed, BedError, Postgres, Testbed, until_true};
use ticketing_client::{CallError, Channel, Code, CreateCustomerRequest, Target};

fn bed() -> Bed {
    Testbed::new().servers(3).envoy().postgres().start().unwrap_or_else(|error| panic!("{error}"))
}

fn channel(bed: &Bed) -> Channel {
    let address = bed.envoy_address();
    Channel::builder(Target::new(&address.ip().to_string(), address.port()).unwrap()).build()
}

/// A customer whom no cache can have.
fn get_nobody(channel: &Channel) -> Result<(), CallError> {
    block_on(channel.customers().get(&format!("018f4e6a-0000-7000-8000-{:012x}", fastrand::u32(..)))).map(|_| ())
}

fn create(channel: &Channel, request_id: &str) -> Result<(), CallError> {
    let request = CreateCustomerRequest {
        first_name: "Ada".to_owned(),
        last_name: "Lovelace".to_owned(),
        request_id: request_id.to_owned(),
        ..CreateCustomerRequest::new()
    };
    block_on(channel.customers().create(&request)).map(|_| ())
}

#[test]
fn callers_hear_in_time_that_the_database_is_away_and_when_to_come_back() {
    type Do = fn(&Postgres) -> Result<(), BedError>;
    let ways: [(&str, Do, Do); 2] =
        [("stopped", Postgres::stop, Postgres::start_again), ("frozen", Postgres::freeze, Postgres::thaw)];
    let bed = bed();
    let channel = channel(&bed);
    for (way, go, come_back) in ways {
        // Each server has connections that are then of no use.
        for n in 0..9 {
            assert_eq!(get_nobody(&channel).unwrap_err().code, Code::NotFound);
            create(&channel, &format!("{way} {n}")).unwrap_or_else(|error| panic!("{error}: {}", bed.logs()));
        }
        go(bed.postgres()).unwrap();
        for _ in 0..3 {
            for refused in [get_nobody(&channel), create(&channel, way)] {
                let refused = refused.unwrap_err();
                assert_eq!(refused.code, Code::Unavailable, "{way}: {refused}");
                assert!(refused.details.retry_after.is_some(), "{way}: {refused} after {:?}", refused.elapsed);
            }
        }
        come_back(bed.postgres()).unwrap();
        until_true("the database is found again", || {
            create(&channel, way).is_ok() && get_nobody(&channel).is_err_and(|error| error.code == Code::NotFound)
        })
        .unwrap_or_else(|error| panic!("{error}: {}", bed.logs()));
    }
}
