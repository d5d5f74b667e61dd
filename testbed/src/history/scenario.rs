//! Histories under kills: servers behind Envoy on one store, servers and database dying while callers go on.

use std::time::{Duration, Instant};

use super::{Crew, Drive, Verdict, check};
use crate::{BedError, Postgres, Stop, Testbed, wait};

const LOOK_EVERY: Duration = Duration::from_millis(10);

/// What the servers share.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    /// One `SQLite` file.
    Sqlite,
    /// A PostgreSQL of its own.
    Postgres,
    /// The same, whose transactions are serializable, as those of its distributed relatives are by default.
    SerializablePostgres,
}

impl Store {
    fn start(self, stop: &Stop) -> Result<Option<Postgres>, BedError> {
        let postgres = Postgres::builder().stop_on(stop);
        match self {
            Self::Sqlite => Ok(None),
            Self::Postgres => postgres.start().map(Some),
            Self::SerializablePostgres => {
                postgres.setting("default_transaction_isolation", "serializable").start().map(Some)
            }
        }
    }
}

/// What happens to servers and store while a crew calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scenario {
    /// What the servers share.
    pub store: Store,
    /// How many servers are behind Envoy.
    pub servers: usize,
    /// How long the crew calls.
    pub duration: Duration,
    /// After so long, again and again, one server is killed (SIGKILL) and started again; they take turns.
    pub kill_every: Duration,
    /// How often, spread evenly, the database is restarted with `immediate`; of no meaning for `SQLite`.
    pub database_restarts: u32,
    /// Who calls.
    pub crew: Crew,
}

/// What a scenario came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// What the check found.
    pub verdict: Verdict,
    /// How many servers were killed.
    pub kills: usize,
    /// How often the database was restarted.
    pub database_restarts: u32,
}

impl Scenario {
    /// Three servers on one `SQLite` file, one killed every 3 s, for a minute.
    pub fn sqlite() -> Self {
        Self {
            store: Store::Sqlite,
            servers: 3,
            duration: Duration::from_mins(1),
            kill_every: Duration::from_secs(3),
            database_restarts: 0,
            crew: Crew::default(),
        }
    }

    /// The same on PostgreSQL, which is restarted with `immediate` three times.
    pub fn postgres() -> Self {
        Self { store: Store::Postgres, database_restarts: 3, ..Self::sqlite() }
    }

    /// Plays it, and checks what the crew saw. Fails if it could not be played to its end, not if promises were broken.
    pub fn run(&self, stop: &Stop) -> Result<Run, BedError> {
        let postgres = self.store.start(stop)?;
        let bed = Testbed::new().servers(self.servers).envoy().stop_on(stop);
        let bed = match &postgres {
            Some(postgres) => bed.database_url(postgres.new_database()?),
            None => bed,
        }
        .start()?;
        let restarts = if postgres.is_some() { self.database_restarts } else { 0 };
        let restart_every = self.duration / (restarts + 1);

        let drive = Drive::start(bed.envoy_address(), self.crew);
        let (begun, mut kills, mut restarted) = (Instant::now(), 0_u32, 0);
        while begun.elapsed() < self.duration {
            if stop.is_asked() {
                return Err(BedError::Stopped);
            }
            if begun.elapsed() >= self.kill_every * (kills + 1) {
                let server = bed.server(kills as usize % self.servers);
                kills += 1;
                server.kill()?;
                server.start_again()?;
            }
            if restarted < restarts
                && begun.elapsed() >= restart_every * (restarted + 1)
                && let Some(postgres) = &postgres
            {
                restarted += 1;
                postgres.restart_immediate()?;
            }
            wait::rest(LOOK_EVERY);
        }
        let history = drive.stop();
        bed.settle()?;
        let verdict = check(&history.conclude(bed.envoy_address())?);
        Ok(Run { verdict, kills: kills as usize, database_restarts: restarted })
    }
}
