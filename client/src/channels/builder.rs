//! Settings of [`Channels`] that are not made yet.

#[cfg(test)]
mod readme;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use grpcio::{EnvBuilder, Environment};

use super::connection::{Dialling, Keepalive};
use super::{Channels, Inner};
use crate::{DEFAULT_DEADLINE, MAX_DEADLINE, Target};

/// How calls spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    /// One connection to the first address that takes it.
    #[default]
    Single,
    /// Several connections to one address, be it an Envoy or an L4 balancer; a call takes the one of two, chosen at
    /// random, that has fewer calls in flight, none of those whose calls fail, and none that is still being made before
    /// those that are ready have a hundred calls each. 0 connections are taken for 1, and more than 64 for 64.
    Pool {
        /// How many, each with a socket of its own.
        connections: usize,
    },
    /// One connection to each address of a name (a headless Service), which take turns.
    RoundRobin,
}

enum Age {
    /// What the policy needs.
    OfPolicy,
    Set(Option<Duration>),
}

/// Settings of [`Channels`] that are not made yet.
#[must_use = "a builder does nothing until `build`"]
pub struct ChannelsBuilder {
    target: Target,
    policy: Policy,
    deadline: Duration,
    max_age: Age,
    idle_after: Duration,
    keepalive: Keepalive,
    wait_for_ready: bool,
    hedging: bool,
    environment: Option<Arc<Environment>>,
}

const MOST_CONNECTIONS: usize = 64;
/// A shorter life would make connections for nothing but to end them.
const SHORTEST_AGE: Duration = Duration::from_secs(1);
/// As good as never, and clocks can still be set to it.
const LONGEST_AGE: Duration = Duration::from_hours(8_760);
/// No server allows more pings than this.
const SHORTEST_KEEPALIVE: Duration = Duration::from_secs(1);
/// C-core counts milliseconds, and takes the most of them for never.
const NEVER: Duration = Duration::from_millis(i32::MAX as u64);
/// As C-core has it.
const SHORTEST_IDLE: Duration = Duration::from_secs(1);
/// As newer C-cores have it; this one's own default is never.
const DEFAULT_IDLE: Duration = Duration::from_mins(30);
/// Rarer would let callers miss new pods for long; oftener would cost connections for nothing.
const DEFAULT_AGE: Duration = Duration::from_mins(5);

impl ChannelsBuilder {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            policy: Policy::default(),
            deadline: DEFAULT_DEADLINE,
            max_age: Age::OfPolicy,
            idle_after: DEFAULT_IDLE,
            keepalive: Keepalive::default(),
            wait_for_ready: false,
            hedging: false,
            environment: None,
        }
    }

    /// How calls spread; [`Policy::Single`] unless set.
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// How long each call may take, all attempts together; [`DEFAULT_DEADLINE`] unless set, cut to [`MAX_DEADLINE`].
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline.min(MAX_DEADLINE);
        self
    }

    /// Replaces each connection that is called on when it is between 0.8 times and once as old as this; `None`: never.
    /// The new one is ready before calls move to it, and calls on the old one are finished there. Unless set, 5 minutes
    /// for a policy with several connections and never for [`Policy::Single`]; less than 1 s is taken for 1 s, more than a
    /// year for a year.
    pub fn max_age(mut self, age: impl Into<Option<Duration>>) -> Self {
        self.max_age = Age::Set(age.into().map(|age| age.clamp(SHORTEST_AGE, LONGEST_AGE)));
        self
    }

    /// Closes connections after so long without a call; 30 minutes unless set, and less than 1 s is taken for 1 s. The
    /// next call makes them again.
    pub fn idle_after(mut self, idle: Duration) -> Self {
        self.idle_after = idle.max(SHORTEST_IDLE);
        self
    }

    /// Pings the server after so long without a word from it while calls are open, and gives the connection up where
    /// nothing comes within `timeout`; less than 1 s is taken for 1 s, and `Duration::MAX` means never. A server that is pinged
    /// oftener than it allows sends the connection away with `too_many_pings`: this service's allows a ping every 10 s, the
    /// default of C-core and grpc-go one every 5 minutes.
    ///
    /// Unless set, 30 s and 10 s, and no more than two pings before this side has other data to send, which any server
    /// forgives where it has its own word between: a stream on which this side alone speaks for minutes needs a server that allows
    /// the pings. So a peer that vanishes while a stream is quiet is found out within a minute after the last request or
    /// never: who keeps quiet streams open sets this to what the server allows.
    pub fn keepalive(mut self, time: Duration, timeout: Duration) -> Self {
        let [time, timeout] = [time, timeout].map(|given| given.clamp(SHORTEST_KEEPALIVE, NEVER));
        self.keepalive = Keepalive { time, timeout, without_data: 0 };
        self
    }

    /// Whether calls wait for a connection until their deadline. Unless set they do not: they fail as soon as it is
    /// known that nobody can be reached, and those that may be repeated are tried again within the retry budget.
    pub fn wait_for_ready(mut self, wait: bool) -> Self {
        self.wait_for_ready = wait;
        self
    }

    /// Whether a read that takes longer than 95 % of the recent ones is also sent on another connection that is as good (with
    /// [`Policy::Single`] on the same one, with [`Policy::RoundRobin`] to the pod whose turn it is, which is another one unless
    /// others have called meanwhile), within the retry budget. The first answer wins, a refusal that trying again would not
    /// change included, and the other attempt is cancelled.
    /// There is one such time for all reads: methods of which one is much slower want channels of their own. Off unless
    /// set.
    pub fn hedged_reads(mut self, hedging: bool) -> Self {
        self.hedging = hedging;
        self
    }

    /// The threads that serve the connections; unless set, one completion queue for each connection, at most one a CPU. A
    /// connection stays on one of them, so [`Policy::RoundRobin`], which is one channel of C-core, has one for all its
    /// addresses: what needs more spreads its calls over several [`Channels`].
    pub fn environment(mut self, environment: Arc<Environment>) -> Self {
        self.environment = Some(environment);
        self
    }

    fn age(&self) -> Option<Duration> {
        match self.max_age {
            Age::OfPolicy => (self.policy != Policy::Single).then_some(DEFAULT_AGE),
            Age::Set(age) => age,
        }
    }

    /// Makes the channels. Nothing is connected yet: calls do that.
    pub fn build(self) -> Channels {
        let max_age = self.age();
        let connections = match self.policy {
            Policy::Pool { connections } => connections.clamp(1, MOST_CONNECTIONS),
            Policy::Single | Policy::RoundRobin => 1,
        };
        let environment = self.environment.unwrap_or_else(|| {
            let cpus = available_parallelism().map_or(1, NonZeroUsize::get);
            Arc::new(EnvBuilder::new().cq_count(connections.min(cpus)).name_prefix("grpc-client").build())
        });
        Channels::start(
            Inner {
                target: Arc::new(self.target),
                dialling: Dialling {
                    round_robin: self.policy == Policy::RoundRobin,
                    idle_after: Some(self.idle_after),
                    keepalive: self.keepalive,
                },
                environment,
                slots: Vec::with_capacity(connections),
                deadline: self.deadline,
                max_age,
                idle_after: self.idle_after,
                wait_for_ready: self.wait_for_ready,
                hedging: self.hedging,
                budget: Default::default(),
                recent: Default::default(),
                states: Default::default(),
            },
            connections,
        )
    }
}
