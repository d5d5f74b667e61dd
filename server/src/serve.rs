//! `Config` → `App` (ports bound) → `Running` (accepting; serving once the store is open) → `Drained`.

use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_std::channel::bounded;
use async_std::future::timeout;
use futures::future::{Either, select};
use grpcio::{EnvBuilder, Server, ServerBuilder, ServerCredentials};

use crate::admin::{self, Admin};
use crate::cancellation::{Cancellation, cancellation};
use crate::config::{Config, DatabaseUrl, DrainConfig, Encryption};
use crate::drain::{self, Drained};
use crate::encryption::{self, InUse};
use crate::health::Health;
use crate::health_port::HealthPort;
use crate::heartbeat::Heartbeat;
use crate::limits::{SLOTS_PER_QUEUE, limits};
use crate::metrics::Metrics;
use crate::reflection;
use crate::rpc::{self, Edge};
use crate::store::{ObservedStore, OpenError, OpeningStore, Store};
use crate::threads;

/// How long a store may take to say whether it can be used, before the ports are bound and probes are told what is waited
/// for. What is here says so within milliseconds.
const FIRST_TRY: Duration = Duration::from_secs(2);

/// Why an [`App`] cannot be built. Nothing listens then.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An address cannot be bound.
    #[error("{variable} (--{flag}): cannot bind {address}: {reason}; {}", advice(reason))]
    Bind {
        /// The setting as an environment variable.
        variable: &'static str,
        /// The setting as a flag.
        flag: &'static str,
        /// The address.
        address: SocketAddr,
        /// What the system said.
        reason: io::Error,
    },
    /// A limit of the user, the process or the cgroup allows fewer threads than the settings take.
    #[error(
        "WORKERS (--workers) is {workers}: cannot start that many threads: {reason}; use fewer, or raise the limit"
    )]
    Threads {
        /// Completion queues.
        workers: usize,
        /// What the system said.
        reason: io::Error,
    },
    /// A fault of this program, or no resources left.
    #[error("cannot set up the server: {0}")]
    SetUp(String),
}

/// A server whose ports are bound, but that accepts nobody yet.
pub struct App {
    /// Where gRPC will be served.
    pub grpc: SocketAddr,
    /// Where admin HTTP will be served; none where it is off.
    pub admin: Option<SocketAddr>,
    /// Where probes will be answered without encryption, where calls are encrypted.
    pub health_port: Option<SocketAddr>,
    /// How answers will be written.
    pub writes: corking::Writes,
    /// How calls will be encrypted, in words.
    pub encryption: String,
    server: Server,
    probes: Option<HealthPort>,
    cancellation: Cancellation,
    admin_listener: Option<TcpListener>,
    metrics: Metrics,
    health: Health,
    heartbeat: Heartbeat,
    store: OpeningStore,
    database: DatabaseUrl,
    drain: DrainConfig,
}

impl Config {
    /// Finds out whether the machine grants the threads of this configuration: C-core does not say, it ends the process.
    pub fn try_threads(&self) -> Result<(), BuildError> {
        let workers = self.workers.get();
        threads::try_for(workers).map_err(|reason| BuildError::Threads { workers, reason })
    }

    /// Tries the store once, before anything listens. The error is one that waiting cannot mend; a store that does not
    /// answer now is none, and [`Running::open`] will wait for it.
    pub async fn try_store(&self) -> Result<Option<Arc<dyn Store>>, OpenError> {
        let (told, unreachable) = bounded(1);
        let opening = pin!(self.database.open(move |_| told.try_send(()).unwrap_or_default()));
        match timeout(FIRST_TRY, select(opening, pin!(unreachable.recv()))).await {
            Ok(Either::Left((opened, _))) => opened.map(Some),
            Ok(Either::Right(_)) | Err(_) => Ok(None),
        }
    }

    /// Binds the ports of this configuration.
    pub fn build(self) -> Result<App, BuildError> {
        let metrics = Metrics::new(&self.pod_name, &self.app_version, self.metrics).map_err(set_up)?;
        let health = Health::starting(metrics.clone());
        let (cancellation, cut) = cancellation();
        let edge = Edge::new(&self.pod_name, metrics.clone(), cut).map_err(set_up)?;
        let store = OpeningStore::default();
        let observed: Arc<dyn Store> = Arc::new(ObservedStore::new(store.clone(), &metrics));
        let bind = |variable, flag, address| move |reason| BuildError::Bind { variable, flag, address, reason };

        let listen = |address| {
            let listener = TcpListener::bind(address)?;
            Ok((listener.local_addr()?, listener))
        };
        let admin_bound = self.admin.map(|address| listen(address).map_err(bind("ADMIN_ADDR", "admin-addr", address)));
        let (admin, admin_listener) = admin_bound.transpose()?.unzip();
        // C-core does not say why a port cannot be bound, so the system is asked first.
        TcpListener::bind(self.listen).map_err(bind("LISTEN_ADDR", "listen-addr", self.listen))?;
        if let Some(address) = self.encryption.as_ref().map(|encryption| encryption.health) {
            TcpListener::bind(address).map_err(bind("HEALTH_ADDR", "health-addr", address))?;
        }

        let writes = corking::start(self.corking);
        let queues = EnvBuilder::new().cq_count(self.workers.get()).name_prefix("grpc").build();
        let environment = Arc::new(queues);
        let heartbeat = Heartbeat::of(&environment);
        // One for both ports: the memory of all connections is bounded together.
        let limits = limits(Arc::clone(&environment));
        let mut builder = ServerBuilder::new(Arc::clone(&environment))
            .channel_args(limits.build_args())
            .requests_slot_per_cq(SLOTS_PER_QUEUE)
            .register_service(rpc::customer_controller(&observed, &edge))
            .register_service(health.service(&edge));
        if self.reflection {
            for service in reflection::services(&edge, &health).map_err(set_up)? {
                builder = builder.register_service(service);
            }
        }
        let mut server = builder.build().map_err(set_up)?;
        let encryption = encryption::in_words(self.encryption.as_ref());
        let (mut credentials, mut probes) = (ServerCredentials::insecure(), None);
        if let Some(Encryption { files, first, health: address }) = self.encryption {
            credentials = InUse::follow(files, first, metrics.encryption().map_err(set_up)?).credentials();
            let port = HealthPort::bind(address, &environment, &limits, &health, &edge);
            probes = Some(port.map_err(|error| set_up(format!("C-core cannot listen on {address}: {error}")))?);
        }
        let port = server
            .add_listening_port(self.listen.to_string(), credentials)
            .map_err(|error| set_up(format!("C-core cannot listen on {}: {error}", self.listen)))?;
        let grpc = SocketAddr::new(self.listen.ip(), port);
        let (database, drain) = (self.database, self.drain);
        Ok(App {
            grpc,
            admin,
            health_port: probes.as_ref().map(|probes| probes.address),
            writes,
            encryption,
            server,
            probes,
            cancellation,
            admin_listener,
            metrics,
            health,
            heartbeat,
            store,
            database,
            drain,
        })
    }
}

impl App {
    /// Begins to accept calls and says NOT_SERVING: what needs the store is answered UNAVAILABLE.
    pub fn start(mut self) -> Running {
        let heartbeat = self.heartbeat;
        let admin = self
            .admin_listener
            .map(|listener| admin::serve(listener, self.health.clone(), heartbeat.pulse(), self.metrics.clone()));
        self.server.start();
        if let Some(probes) = &mut self.probes {
            probes.start();
        }
        Running {
            server: self.server,
            probes: self.probes,
            cancellation: self.cancellation,
            admin,
            metrics: self.metrics,
            health: self.health,
            heartbeat,
            store: self.store,
            database: self.database,
            drain: self.drain,
        }
    }
}

/// A server that accepts calls. Dropping it cuts every call; [`Running::drain`] does not.
pub struct Running {
    server: Server,
    probes: Option<HealthPort>,
    cancellation: Cancellation,
    /// None where it is off.
    admin: Option<Admin>,
    metrics: Metrics,
    health: Health,
    heartbeat: Heartbeat,
    store: OpeningStore,
    database: DatabaseUrl,
    drain: DrainConfig,
}

impl Running {
    /// Serves, on the store that [`Config::try_store`] has opened or else on one that is opened now. A store that cannot
    /// be reached yet is waited for: `/readyz` and the log say why. The error is one that waiting cannot mend.
    pub async fn open(&self, tried: Option<Arc<dyn Store>>) -> Result<(), OpenError> {
        let store = match tried {
            Some(store) => store,
            None => self.database.open(|reason| self.health.wait_for(reason)).await?,
        };
        self.serve(store);
        Ok(())
    }

    /// Serves on a store that the caller brings, in place of [`Running::open`].
    pub fn serve(&self, store: Arc<dyn Store>) {
        self.store.opened(store);
        self.health.serving();
    }

    /// Ends the server without failing a call; see `drain.rs` for the sequence. It takes at most `DRAIN_DELAY`, then
    /// `DRAIN_TIMEOUT`, then a second for calls that are cut, and the time that the store needs to close.
    pub async fn drain(self) -> Drained {
        let drained = drain::drain(self.server, self.cancellation, &self.metrics, &self.health, self.drain).await;
        // Behind the drain: until then probes hear NOT_SERVING, and that the process lives.
        if let Some(probes) = self.probes {
            probes.stop().await;
        }
        if let Some(admin) = self.admin {
            admin.stop().await;
        }
        self.heartbeat.stop().await;
        self.store.close().await;
        drained
    }
}

/// Where a server on `address` is reached from this machine: every address means the loopback one.
pub(crate) fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => SocketAddr::new([127, 0, 0, 1].into(), address.port()),
        IpAddr::V6(ip) if ip.is_unspecified() => SocketAddr::new(Ipv6Addr::LOCALHOST.into(), address.port()),
        _ => address,
    }
}

/// What may help where an address cannot be bound.
fn advice(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::AddrInUse => "is another server running there?",
        _ => "use an address of this machine",
    }
}

fn set_up(error: impl std::fmt::Display) -> BuildError {
    BuildError::SetUp(error.to_string())
}
