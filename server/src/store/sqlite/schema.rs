//! The schema's versions and how a file comes to the newest one, also when several processes open it at once.
//!
//! `PRAGMA user_version` holds two numbers: the schema's version in its low 16 bits and, above them, the oldest version
//! that may still use the file. Steps only add, so that a canary and a rollback can share a file with their neighbours.

use std::path::Path;

use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::reason;
use crate::store::OpenError;
use crate::store::version::{Step, TooNew, Version};

/// Each makes the version of its place, counted from 1, from the one before.
pub(super) const STEPS: &[Step] =
    &[Step { sql: include_str!("../migrations/sqlite/0001_customers.sql"), oldest_usable: 1 }];

/// "tick" in ASCII: marks the file as one of this program (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x7469_636b;

/// SQLite's primary result codes (sqlite.org/rescode.html).
pub(super) mod code {
    pub(in super::super) const BUSY: i32 = 5;
    pub(in super::super) const LOCKED: i32 = 6;
    pub(in super::super) const FULL: i32 = 13;
}

/// Why a file cannot be opened.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(sqlx::Error),
    Foreign,
    TooNew(TooNew),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Fault {
    pub(super) fn of(self, file: &Path) -> OpenError {
        let url = format!("sqlite:{}", file.display());
        let (reason, advice) = match self {
            Self::Sqlite(error) if matches!(primary_code(&error), Some(code::BUSY | code::LOCKED | code::FULL)) => {
                return OpenError::Unreachable { reason: format!("{url}: {}", reason(&error)) };
            }
            Self::Sqlite(error) => {
                (reason(&error), "give a file of this program, or a new one, in a folder that this user may write to")
            }
            Self::Foreign => {
                ("it is a database of another program".to_owned(), "give a file of this program, or a new one")
            }
            Self::TooNew(fault) => (fault.to_string(), TooNew::ADVICE),
        };
        OpenError::Unusable { url, reason, advice }
    }
}

/// Makes the file if it is missing, and takes the steps that it lacks.
pub(super) async fn bring_up_to_date(options: &SqliteConnectOptions) -> Result<(), Fault> {
    let mut connection = options.connect().await?;
    migrate(&mut connection, STEPS).await?;
    Ok(connection.close().await?)
}

async fn migrate(connection: &mut SqliteConnection, steps: &[Step]) -> Result<(), Fault> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let application: i32 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *transaction).await?;
    let marked: i32 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *transaction).await?;
    if application != APPLICATION_ID && (application != 0 || marked != 0 || tables != 0) {
        return Err(Fault::Foreign);
    }
    let found = Version { version: marked & 0xffff, oldest_usable: marked >> 16 };
    let missing = found.missing(steps).map_err(Fault::TooNew)?;
    for step in missing {
        sqlx::raw_sql(step.sql).execute(&mut *transaction).await?;
    }
    let reached = found.after(steps);
    let marked = reached.oldest_usable << 16 | reached.version;
    // Also where nothing changes: a file that cannot be written must be found out now and not by the first create.
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {marked}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    if missing.is_empty() {
        // Nothing goes to the disk, which may be full: what is there can be read all the same.
        return Ok(transaction.rollback().await?);
    }
    Ok(transaction.commit().await?)
}

/// The low byte of the extended code.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code = error.as_database_error().and_then(DatabaseError::code)?.parse::<i32>().ok()?;
    Some(code & 0xff)
}
