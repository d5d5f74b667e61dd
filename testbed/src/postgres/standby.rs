//! A second PostgreSQL that has every commit before it is acknowledged, and takes the first one's place.

use std::net::SocketAddrV4;
use std::sync::atomic::AtomicU32;
use std::time::Duration;

use super::database::{ask, execute};
use super::{Postgres, Source, USER};
use crate::{BedError, wait};

const FOLLOW_LIMIT: Duration = Duration::from_secs(20);
const PROMOTE_LIMIT: Duration = Duration::from_secs(20);
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Postgres {
    /// A synchronous standby: from when this returns, a commit here is acknowledged only once it is on the standby's disk
    /// too, and none is while the standby is away. Reads are answered there, writes refused, until [`Postgres::promote`].
    pub fn synchronous_standby(&self) -> Result<Self, BedError> {
        let cluster = self.cluster("have a standby")?;
        let standby = cluster.standby()?;
        let superuser = cluster.superuser();
        // Not before there is one: no commit would be acknowledged meanwhile.
        execute(&superuser, "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
        execute(&superuser, "SELECT pg_reload_conf()")?;
        wait::until("a standby follows", FOLLOW_LIMIT, LOOK_EVERY, cluster.stop(), || {
            let state = ask(&superuser, "SELECT sync_state FROM pg_stat_replication")?;
            Ok((state.as_deref() == Some("sync")).then_some(()))
        })?;
        Ok(Self { login: standby.login(USER), databases: AtomicU32::default(), source: Source::Own(standby.into()) })
    }

    /// Ends a standby's time as one, as a failover manager does; returns when it takes writes.
    pub fn promote(&self) -> Result<(), BedError> {
        let cluster = self.cluster("be promoted")?;
        let superuser = cluster.superuser();
        execute(&superuser, "SELECT pg_promote(false)")?;
        wait::until("a standby is promoted", PROMOTE_LIMIT, LOOK_EVERY, cluster.stop(), || {
            let recovering = ask(&superuser, "SELECT pg_is_in_recovery()::text")?;
            Ok((recovering.as_deref() == Some("false")).then_some(()))
        })
    }

    /// Where it listens.
    pub fn address(&self) -> Result<SocketAddrV4, BedError> {
        self.cluster("show its address").map(super::cluster::Cluster::address)
    }
}
