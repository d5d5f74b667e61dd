//! The connection of a [`Channel`](crate::Channel): one for good, or with TLS one for each generation of certificates.

use std::sync::{Arc, PoisonError, RwLock};

use grpcio::Environment;
use ticketing_proto::ticketing_grpc::CustomerControllerClient;

use crate::Target;
use crate::calls::contained;
use crate::channels::connection::{Dialling, dial};

/// Cheap to clone: clones share the connection.
#[derive(Clone)]
pub(crate) enum Line {
    /// Without TLS there is nothing that could be renewed, and nothing to look at for a call.
    Fixed(Ends),
    Renewed(Arc<Renewed>),
}

/// A connection, and the calls of the customer service on it. A client of its own for each call would cost more than a call.
#[derive(Clone)]
pub(crate) struct Ends {
    channel: grpcio::Channel,
    client: CustomerControllerClient,
}

pub(crate) struct Renewed {
    target: Arc<Target>,
    environment: Arc<Environment>,
    current: RwLock<(u64, Ends)>,
}

impl Line {
    pub(crate) fn new(target: &Arc<Target>, environment: Arc<Environment>) -> Self {
        if target.tls().is_none() {
            return Self::Fixed(Ends::new(target, environment));
        }
        let generation = target.generation();
        let ends = Ends::new(target, environment.clone());
        let current = RwLock::new((generation, ends));
        Self::Renewed(Arc::new(Renewed { target: target.clone(), environment, current }))
    }

    /// The connection for what begins now. It has to be held until that has ended.
    pub(crate) fn channel(&self) -> grpcio::Channel {
        match self {
            Self::Fixed(ends) => ends.channel.clone(),
            Self::Renewed(renewed) => renewed.ends().channel,
        }
    }

    /// The same for a call of the customer service; what is handed out is `room` where it is not for good.
    pub(crate) fn client<'a>(&'a self, room: &'a mut Option<CustomerControllerClient>) -> &'a CustomerControllerClient {
        match self {
            Self::Fixed(ends) => &ends.client,
            Self::Renewed(renewed) => room.insert(renewed.ends().client),
        }
    }

    /// Runs `task` on the thread of the connection's completion queue.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.client(&mut None).spawn(contained(task));
    }
}

impl Renewed {
    fn ends(&self) -> Ends {
        let generation = self.target.generation();
        {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            if current.0 == generation {
                return current.1.clone();
            }
        }
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        if current.0 != generation {
            *current = (generation, Ends::new(&self.target, self.environment.clone()));
        }
        current.1.clone()
    }
}

impl Ends {
    fn new(target: &Target, environment: Arc<Environment>) -> Self {
        let channel = dial(target, environment, &Dialling::default());
        Self { client: CustomerControllerClient::new(channel.clone()), channel }
    }
}
