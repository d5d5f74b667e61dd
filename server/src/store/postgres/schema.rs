//! How a database comes to the newest version of the schema, also when many servers start on an empty one at once.

use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::sql;
use super::state::{self, sqlstate};
use crate::store::OpenError;
use crate::store::version::{Step, TooNew, Version};

/// Each makes the version of its place, counted from 1, from the one before.
pub(super) const STEPS: &[Step] =
    &[Step { sql: include_str!("../migrations/postgres/0001_customers.sql"), oldest_usable: 1 }];

/// The longest pause of a server whose neighbour takes a step at the same time.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Why a database cannot be used.
#[derive(Debug)]
pub(super) enum Fault {
    Postgres(sqlx::Error),
    Foreign,
    TooNew(TooNew),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Fault {
    pub(super) fn of(self, url: &str) -> OpenError {
        let (reason, advice) = match self {
            Self::Postgres(error) => {
                let advice = match sqlstate(&error).as_deref() {
                    Some(state::INVALID_PASSWORD | state::INVALID_AUTHORIZATION) => "check the user and the password",
                    Some(state::INSUFFICIENT_PRIVILEGE) => "let this user create and use tables in its schema",
                    _ if matches!(error, sqlx::Error::Configuration(_)) => "correct DATABASE_URL",
                    _ => return OpenError::Unreachable { reason: format!("{url}: {}", state::reason(&error)) },
                };
                (state::reason(&error), advice)
            }
            Self::Foreign => (
                "it has a table customers of another program".to_owned(),
                "give a database, or a schema (search_path), of its own",
            ),
            Self::TooNew(fault) => (fault.to_string(), TooNew::ADVICE),
        };
        OpenError::Unusable { url: url.to_owned(), reason, advice }
    }
}

/// Takes the steps that the database lacks.
pub(super) async fn bring_up_to_date(options: &PgConnectOptions) -> Result<(), Fault> {
    loop {
        let mut connection = options.connect().await?;
        match migrate(&mut connection, STEPS).await {
            // Another server was first; the next attempt finds its work done.
            Err(Fault::Postgres(error))
                if sqlstate(&error).is_some_and(|code| state::RACES.contains(&code.as_str())) =>
            {
                async_std::task::sleep(LONGEST_PAUSE.mul_f64(fastrand::f64())).await;
            }
            Err(fault) => return Err(fault),
            Ok(()) => return Ok(connection.close().await?),
        }
    }
}

async fn migrate(connection: &mut PgConnection, steps: &[Step]) -> Result<(), Fault> {
    let mut transaction = connection.begin().await?;
    let tables: Vec<String> = sqlx::query_scalar(sql::TABLES).fetch_all(&mut *transaction).await?;
    let found = if tables.iter().any(|table| table == "ticketing_schema") {
        let (version, oldest_usable) = sqlx::query_as(sql::VERSION).fetch_one(&mut *transaction).await?;
        Version { version, oldest_usable }
    } else if tables.is_empty() {
        Version { version: 0, oldest_usable: 0 }
    } else {
        return Err(Fault::Foreign);
    };
    let missing = found.missing(steps).map_err(Fault::TooNew)?;
    if missing.is_empty() {
        return Ok(transaction.rollback().await?);
    }
    for step in missing {
        sqlx::raw_sql(step.sql).execute(&mut *transaction).await?;
    }
    let reached = found.after(steps);
    sqlx::query(sql::SET_VERSION).bind(reached.version).bind(reached.oldest_usable).execute(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}
