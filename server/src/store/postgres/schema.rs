//! How a database comes to the newest version of the schema, also when many servers start on an empty one at once.

use std::time::{Duration, Instant};

use async_std::future::timeout;
use futures::future::FutureExt as _;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::state::{self, sqlstate};
use super::{connector, sql};
use crate::store::OpenError;
use crate::store::version::{Step, TooNew, Version};

/// Each makes the version of its place, counted from 1, from the one before.
pub(super) const STEPS: &[Step] =
    &[Step { sql: include_str!("../migrations/postgres/0001_customers.sql"), oldest_usable: 1 }];

/// How long one attempt to connect may take: so much later at most is known why the start waits, and as soon after its
/// return a database is found. One that is far away, or busy, gets longer than while calls wait.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(600);

/// How long the schema's steps may take, with the wait for a neighbour who takes them.
const STEPS_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest pause of a server whose neighbour takes a step at the same time.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Why a database cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    Postgres(sqlx::Error),
    NoConnection,
    NoAnswer,
    Foreign,
    /// Something stands where our tables should be made; this is what the database says.
    InTheWay(sqlx::Error),
    Incomplete(&'static str),
    Encoding(String),
    TooNew(TooNew),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Fault {
    pub(super) fn of(self, url: &str) -> OpenError {
        let own = "give a database, or a schema (search_path), of its own";
        let unreachable = |reason: String| OpenError::Unreachable { reason: format!("{url}: {reason}") };
        let (reason, advice) = match self {
            Self::Postgres(error) => {
                let advice = match sqlstate(&error).as_deref() {
                    Some(state::INVALID_PASSWORD | state::INVALID_AUTHORIZATION) => "check the user and the password",
                    Some(state::INSUFFICIENT_PRIVILEGE) => "let this user create and use tables in its schema",
                    _ if matches!(error, sqlx::Error::Configuration(_)) => "correct DATABASE_URL",
                    // Its tables are not those of any of our schemas.
                    Some(code) if code.starts_with("42") || code.starts_with("22") => own,
                    _ if matches!(error, sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => own,
                    _ => return unreachable(state::reason(&error)),
                };
                (state::reason(&error), advice)
            }
            Self::NoConnection => return unreachable(format!("no connection within {CONNECT_TIMEOUT:?}")),
            Self::NoAnswer => return unreachable(format!("no answer within {STEPS_TIMEOUT:?}")),
            Self::Foreign => ("it has tables of another program, or a part of ours".to_owned(), own),
            Self::InTheWay(error) => (state::reason(&error), own),
            Self::Incomplete(what) => (what.to_owned(), "restore a backup, whole and into an empty database"),
            Self::Encoding(found) => {
                let reason = format!("its encoding is {found}, which cannot hold every name");
                (reason, "make the database with ENCODING 'UTF8'")
            }
            Self::TooNew(fault) => (fault.to_string(), TooNew::ADVICE),
        };
        OpenError::Unusable { url: url.to_owned(), reason, advice }
    }
}

/// Takes the steps that the database lacks.
pub(super) async fn bring_up_to_date(options: &PgConnectOptions, steps: &[Step]) -> Result<(), Fault> {
    let begun = Instant::now();
    loop {
        let connected = timeout(CONNECT_TIMEOUT, options.connect().boxed()).await;
        let mut connection = connected.map_err(|_| Fault::NoConnection)??;
        let left = STEPS_TIMEOUT.saturating_sub(begun.elapsed());
        match timeout(left, migrate(&mut connection, steps).boxed()).await {
            Err(_) => return Err(Fault::NoAnswer),
            // Another server was first; the next attempt finds its work done.
            Ok(Err(Fault::Postgres(error))) if is_race(&error) || state::conflicts(&error) => {
                if begun.elapsed() + LONGEST_PAUSE > STEPS_TIMEOUT {
                    return Err(if is_race(&error) { Fault::InTheWay(error) } else { Fault::Postgres(error) });
                }
                async_std::task::sleep(LONGEST_PAUSE.mul_f64(fastrand::f64())).await;
            }
            Ok(Err(fault)) => return Err(fault),
            Ok(Ok(())) => {
                connector::end(connection).await;
                return Ok(());
            }
        }
    }
}

fn is_race(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| state::RACES.contains(&code.as_str()))
}

async fn migrate(connection: &mut PgConnection, steps: &[Step]) -> Result<(), Fault> {
    let mut transaction = connection.begin().await?;
    let encoding: String = sqlx::query_scalar(sql::ENCODING).fetch_one(&mut *transaction).await?;
    if !matches!(encoding.to_ascii_uppercase().as_str(), "UTF8" | "UTF-8") {
        return Err(Fault::Encoding(encoding));
    }
    let tables: Vec<String> = sqlx::query_scalar(sql::TABLES).fetch_all(&mut *transaction).await?;
    let found = if tables.iter().any(|table| table == "ticketing_schema") {
        version(&mut transaction, sql::VERSION).await?
    } else if tables.is_empty() {
        NONE
    } else {
        return Err(Fault::Foreign);
    };
    let up_to_date = found.missing(steps).map_err(Fault::TooNew)?.is_empty();
    if found != NONE {
        check_whole(&mut transaction, &tables).await?;
    }
    if up_to_date {
        return Ok(transaction.rollback().await?);
    }
    let found = if found == NONE { NONE } else { version(&mut transaction, sql::HELD_VERSION).await? };
    let missing = found.missing(steps).map_err(Fault::TooNew)?;
    for step in missing {
        sqlx::raw_sql(step.sql).execute(&mut *transaction).await?;
    }
    let reached = found.after(steps);
    sqlx::query(sql::SET_VERSION)
        .bind(i64::from(reached.version))
        .bind(i64::from(reached.oldest_usable))
        .execute(&mut *transaction)
        .await?;
    Ok(transaction.commit().await?)
}

/// What an empty database says.
const NONE: Version = Version { version: 0, oldest_usable: 0 };

async fn version(connection: &mut PgConnection, statement: &'static str) -> Result<Version, Fault> {
    let found: Option<(i64, i64)> = sqlx::query_as(statement).fetch_optional(connection).await?;
    let (version, oldest_usable) = found.ok_or(Fault::Incomplete("its table ticketing_schema is empty"))?;
    let small = |number| i32::try_from(number).unwrap_or(i32::MAX);
    Ok(Version { version: small(version), oldest_usable: small(oldest_usable) })
}

/// A backup that was restored in part would take creates and lose them: their positions would be taken already.
async fn check_whole(connection: &mut PgConnection, tables: &[String]) -> Result<(), Fault> {
    if !["customers", "customer_positions"].iter().all(|wanted| tables.iter().any(|table| table == wanted)) {
        return Err(Fault::Incomplete("a table of ours is missing"));
    }
    // In this order: whoever writes meanwhile moves the second first.
    let newest: Option<i64> = sqlx::query_scalar(sql::NEWEST).fetch_optional(&mut *connection).await?;
    let last: Option<i64> = sqlx::query_scalar(sql::LAST).fetch_optional(connection).await?;
    match last {
        None => Err(Fault::Incomplete("its table customer_positions is empty")),
        Some(last) if newest.is_some_and(|newest| newest > last) => {
            Err(Fault::Incomplete("its customer_positions are older than its customers"))
        }
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use async_std::task::block_on;
    use testbed::Postgres;

    use super::*;
    use crate::config::PostgresUrl;

    /// The second one would be taken twice without a complaint.
    const TWO_STEPS: [Step; 2] =
        [STEPS[0], Step { sql: "UPDATE customer_positions SET last = last + 1", oldest_usable: 1 }];

    #[test]
    fn ten_servers_that_take_two_steps_at_once_all_come_up_and_each_step_is_taken_once() {
        let postgres = Postgres::shared().expect("a PostgreSQL");
        for begin_with in [0, 1] {
            let url: PostgresUrl = postgres.new_database().expect("a new database").parse().expect("a URL");
            let options = url.options().expect("options");
            block_on(bring_up_to_date(&options, &TWO_STEPS[..begin_with])).expect("the steps of before");
            let starts: Vec<_> = (0..10)
                .map(|_| {
                    let options = options.clone();
                    thread::spawn(move || block_on(bring_up_to_date(&options, &TWO_STEPS)))
                })
                .collect();
            for start in starts {
                start.join().expect("no panic").expect("it comes up");
            }
            let taken = block_on(async {
                let mut connection = options.connect().await.expect("connected");
                let found = version(&mut connection, sql::VERSION).await.expect("a version");
                let last: i64 = sqlx::query_scalar(sql::LAST).fetch_one(&mut connection).await.expect("a number");
                (found.version, last)
            });
            assert_eq!(taken, (2, 1));
        }
    }
}
