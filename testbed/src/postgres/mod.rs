//! A real PostgreSQL for tests and figures: one that the testbed starts for itself, or one that it is given by URL.
//!
//! ```no_run
//! use testbed::Postgres;
//!
//! # fn main() -> Result<(), testbed::BedError> {
//! let postgres = Postgres::builder().setting("default_transaction_isolation", "serializable").start()?;
//! let url = postgres.new_database()?; // postgres://ticketing:…@127.0.0.1:…/ticketing_1
//! postgres.restart_immediate()?;
//! # Ok(())
//! # }
//! ```

mod cluster;
mod database;
mod family;
mod programs;
mod proxy;
mod standby;
mod tls;

use std::env;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use rustix::process::Signal;

use self::cluster::{Cluster, Wishes};
use self::database::{Login, execute};
use self::programs::Programs;
pub use self::proxy::SilentProxy;
use crate::{BedError, Stop, usage};

/// Set to the URL of a database whose user may make others, to have that PostgreSQL used by [`Postgres::shared`] instead
/// of an own one.
pub const URL_VARIABLE: &str = "TEST_POSTGRES_URL";

/// The user whom the servers are. As a careful operator would have it, no superuser.
const USER: &str = "ticketing";
const PASSWORD_CHARACTERS: usize = 24;
/// So that a URL has to escape it, and whoever reads the URL has to take the escape back.
const PASSWORD_END: char = '@';

/// What a PostgreSQL shall be like. Nothing runs before [`PostgresBuilder::start`].
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until `start`"]
pub struct PostgresBuilder {
    wishes: Wishes,
    stop: Stop,
}

impl PostgresBuilder {
    /// A setting of the whole server, as `postgres -c` takes it; after ours, so that it wins.
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.wishes.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// TLS on the same port, beside plain connections, with a certificate for 127.0.0.1. Needs the program `openssl`.
    pub fn tls(mut self) -> Self {
        self.wishes.tls = true;
        self
    }

    /// Gives up the start as soon as `stop` is asked for.
    pub fn stop_on(mut self, stop: &Stop) -> Self {
        self.stop = stop.clone();
        self
    }

    /// Starts it; returns when it takes connections, after about a second. Fails where no PostgreSQL is installed.
    pub fn start(self) -> Result<Postgres, BedError> {
        let password = new_password();
        let cluster = Cluster::start(self.wishes, &password, self.stop)?;
        let (login, superuser) = (cluster.login(USER), cluster.superuser());
        execute(&superuser, &format!("CREATE ROLE {USER} LOGIN CREATEDB PASSWORD '{password}'"))?;
        execute(&superuser, &format!("CREATE DATABASE {USER} OWNER {USER}"))?;
        Ok(Postgres { login, databases: AtomicU32::default(), source: Source::Own(cluster.into()) })
    }
}

/// A running PostgreSQL. An own one ends when it is dropped, and leaves nothing.
#[derive(Debug)]
pub struct Postgres {
    login: Login,
    databases: AtomicU32,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Own(Box<Cluster>),
    /// The databases that were made, to be taken away at the end.
    Given(Mutex<Vec<String>>),
}

impl Postgres {
    /// One with default settings, to be changed before [`PostgresBuilder::start`].
    pub fn builder() -> PostgresBuilder {
        PostgresBuilder::default()
    }

    /// One that all tests of a program share, each in a database of its own: that of [`URL_VARIABLE`], or an own one that
    /// ends with the last who holds it.
    pub fn shared() -> Result<Arc<Self>, BedError> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        let given = env::var(URL_VARIABLE).ok();
        let started = Arc::new(given.map_or_else(|| Self::builder().start(), |url| Self::at(&url))?);
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// One that runs elsewhere: `url` is that of a database whose user may make others. What needs its processes or its
    /// files fails, and says so. Nothing is connected yet.
    pub fn at(url: &str) -> Result<Self, BedError> {
        let login = Login::parse(url).ok_or_else(|| {
            let form = "postgres://user:password@host:port/database";
            BedError::Unexpected(format!("this is no URL of a database, which looks like {form}: see {URL_VARIABLE}"))
        })?;
        Ok(Self { login, databases: AtomicU32::default(), source: Source::Given(Mutex::default()) })
    }

    /// A database that is there from the start: `postgres://user:password@host:port/database`.
    pub fn url(&self) -> String {
        self.login.own_url()
    }

    /// A fresh empty database beside the others, owned by the user of its URL.
    pub fn new_database(&self) -> Result<String, BedError> {
        self.new_database_with(&[])
    }

    /// The same with settings that hold for every connection to it, for example
    /// `("default_transaction_isolation", "serializable")`.
    pub fn new_database_with(&self, settings: &[(&str, &str)]) -> Result<String, BedError> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed) + 1;
        let name = match &self.source {
            Source::Own(_) => format!("{USER}_{number}"),
            // Others may use it at the same time.
            Source::Given(made) => {
                let name = format!("{USER}_test_{:08x}_{number}", fastrand::u32(..));
                made.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
                name
            }
        };
        execute(&self.url(), &format!("CREATE DATABASE {name}"))?;
        for (setting, value) in settings {
            execute(&self.url(), &format!("ALTER DATABASE {name} SET {setting} = '{value}'"))?;
        }
        Ok(self.login.url(&name))
    }

    /// The URL of `database` (a URL of [`Postgres::new_database`]) with further parameters, for example
    /// `sslmode=verify-full`.
    pub fn with_parameters(database: &str, parameters: &[(&str, &str)]) -> String {
        let pairs: Vec<_> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{database}?{}", pairs.join("&"))
    }

    /// The URL of `database` (a URL of [`Postgres::new_database`]) by way of `address`, at which something stands that
    /// leads to it, as the address of a failover manager does.
    pub fn by_way_of(database: &str, address: SocketAddr) -> Result<String, BedError> {
        database::split(database).map(|(login, _, rest)| format!("{login}@{address}/{rest}"))
    }

    /// Runs one statement in the database of `url` as its user.
    pub fn execute(url: &str, statement: &str) -> Result<(), BedError> {
        execute(url, statement)
    }

    /// One of PostgreSQL's programs, for example `pg_dump` or `psql`, run as ourselves and with nothing of our own
    /// environment. It is of the version that the testbed starts. Fails where no PostgreSQL is installed.
    pub fn program(name: &str) -> Result<Command, BedError> {
        Programs::find().map(|programs| programs.plain_command(name))
    }

    /// The certificate, in PEM, that a caller has to trust under [`PostgresBuilder::tls`].
    pub fn authority(&self) -> Result<PathBuf, BedError> {
        self.cluster("show its certificate").map(Cluster::authority)
    }

    /// The id of its first process.
    pub fn pid(&self) -> Result<u32, BedError> {
        self.cluster("show its processes").map(Cluster::pid)
    }

    /// CPU time that its processes have used, those that have ended not counted.
    pub fn cpu_time(&self) -> Result<Duration, BedError> {
        let family = family::all_of(self.pid()?)?;
        // Who ended meanwhile is not counted either.
        Ok(family.into_iter().filter_map(|pid| usage::cpu_time(pid).ok()).sum())
    }

    /// All that it has logged.
    pub fn log(&self) -> Result<String, BedError> {
        self.cluster("show its log").map(Cluster::log)
    }

    /// Ends it in order (`fast`: transactions are rolled back, connections closed). Its data stay.
    pub fn stop(&self) -> Result<(), BedError> {
        self.cluster("be stopped")?.end(Signal::INT)
    }

    /// Ends it without order (`immediate`), as if it had crashed. Its data stay, and the next start recovers them.
    pub fn stop_immediate(&self) -> Result<(), BedError> {
        self.cluster("be stopped")?.end(Signal::QUIT)
    }

    /// SIGKILL for all its processes at once. Its data stay, and the next start recovers them.
    pub fn crash(&self) -> Result<(), BedError> {
        self.cluster("be killed")?.crash()
    }

    /// Starts it after its end, on the same port; returns when it takes connections.
    pub fn start_again(&self) -> Result<(), BedError> {
        self.cluster("be started")?.start_again()
    }

    /// [`Postgres::stop_immediate`], then [`Postgres::start_again`].
    pub fn restart_immediate(&self) -> Result<(), BedError> {
        self.stop_immediate()?;
        self.start_again()
    }

    /// SIGSTOP for all its processes: it keeps its sockets and answers nothing, until [`Postgres::thaw`].
    pub fn freeze(&self) -> Result<(), BedError> {
        self.cluster("be frozen")?.freeze()
    }

    /// SIGCONT: it goes on where [`Postgres::freeze`] held it.
    pub fn thaw(&self) -> Result<(), BedError> {
        self.cluster("be thawed")?.thaw()
    }

    fn cluster(&self, wish: &str) -> Result<&Cluster, BedError> {
        match &self.source {
            Source::Own(cluster) => Ok(cluster),
            Source::Given(_) => Err(not_ours(wish)),
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let Source::Given(made) = &self.source else { return };
        for name in made.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            // Who still uses it keeps it; its name says that it is a test's.
            let _ = execute(&self.login.own_url(), &format!("DROP DATABASE {name}"));
        }
    }
}

fn not_ours(wish: &str) -> BedError {
    BedError::Unexpected(format!("this PostgreSQL was given by URL and is not ours, so it cannot {wish}"))
}

fn new_password() -> String {
    let characters = (0..PASSWORD_CHARACTERS).map(|_| fastrand::alphanumeric());
    characters.chain([PASSWORD_END]).collect()
}
