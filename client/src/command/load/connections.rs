//! The connections of a load, and one call on one of them.

use std::num::NonZero;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use grpcio::EnvBuilder;
use ticketing_client::{CallError, Channel, CreateCustomerRequest, Customers, Target};
use uuid::Uuid;

use super::ids::Ids;
use super::mix::Kind;

/// Connections that callers share in turn. This is all that the loops know of channels.
#[derive(Clone)]
pub(crate) struct Connections {
    all: Arc<[Customers]>,
    target: String,
    encrypted: bool,
}

impl Connections {
    /// So many connections to the server; nothing is connected yet.
    pub(crate) fn new(target: &Target, deadline: Duration, connections: u16) -> Self {
        // A thread for each connection would only make them wait for each other's CPU.
        let threads = available_parallelism().map_or(1, NonZero::get).min(connections.into());
        let environment = Arc::new(EnvBuilder::new().cq_count(threads).name_prefix("grpc-load").build());
        let channel = || {
            let channel = Channel::builder(target.clone()).deadline(deadline);
            channel.environment(environment.clone()).build().customers()
        };
        Self {
            all: (0..connections).map(|_| channel()).collect(),
            target: target.to_string(),
            encrypted: target.tls().is_some(),
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.all[0].deadline()
    }

    pub(crate) fn target(&self) -> String {
        self.target.clone()
    }

    pub(crate) fn are_encrypted(&self) -> bool {
        self.encrypted
    }

    /// The connection for the call of this number, with its own number.
    pub(crate) fn of(&self, call: u64) -> (usize, &Customers) {
        let number = usize::try_from(call % self.all.len() as u64).expect("below a length");
        (number, &self.all[number])
    }

    /// The connections of one of so many callers, to be taken in turn: together they use all of them, and where there are
    /// more callers than connections each has one.
    pub(crate) fn of_caller(&self, caller: u32, callers: u32) -> impl Iterator<Item = (usize, &Customers)> + Clone {
        let step = usize::try_from(callers).expect("32 bits fit").min(self.all.len());
        let first = usize::try_from(caller).expect("32 bits fit") % self.all.len();
        self.all.iter().enumerate().skip(first).step_by(if first < step { step } else { self.all.len() })
    }
}

/// Makes one call, once; the pod that answered, or why none did.
pub(crate) async fn call(customers: &Customers, kind: Kind, ids: &Ids) -> Result<Option<String>, CallError> {
    match kind {
        Kind::Get => customers.get(ids.any()).await.map(|answer| answer.pod),
        Kind::List => customers.list(0, "").await.map(|answer| answer.pod),
        Kind::Probe => customers.identify().await.map(Some),
        Kind::Create => customers.create(&someone()).await.map(|answer| answer.pod),
    }
}

/// A customer whose name tells where it comes from.
pub(crate) fn someone() -> CreateCustomerRequest {
    CreateCustomerRequest {
        first_name: "Load".to_owned(),
        last_name: "Test".to_owned(),
        request_id: Uuid::now_v7().to_string(),
        ..CreateCustomerRequest::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The connections of each of so many callers.
    fn shares(connections: u16, callers: u32) -> Vec<Vec<usize>> {
        let target = Target::new("localhost", 1).unwrap();
        let all = Connections::new(&target, Duration::from_secs(1), connections);
        (0..callers).map(|caller| all.of_caller(caller, callers).map(|(number, _)| number).collect()).collect()
    }

    #[test]
    fn callers_use_all_connections_and_each_has_one_where_there_are_enough() {
        assert_eq!(shares(5, 2), [vec![0, 2, 4], vec![1, 3]]);
        assert_eq!(shares(2, 5), [vec![0], vec![1], vec![0], vec![1], vec![0]]);
        assert_eq!(shares(3, 3), [vec![0], vec![1], vec![2]]);
        assert_eq!(shares(1, 2), [vec![0], vec![0]]);
    }
}
