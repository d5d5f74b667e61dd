//! The schema's versions and how a file comes to the newest one, also when several processes open it at once.
//!
//! `PRAGMA user_version` holds two numbers: the schema's version in its low 16 bits and, above them, the oldest version
//! that may still use the file. Steps only add, so that a canary and a rollback can share a file with their neighbours.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

use super::file::stale;
use super::reason;
use crate::store::OpenError;
use crate::store::version::{Step, TooNew, Version};

/// Each makes the version of its place, counted from 1, from the one before.
pub(super) const STEPS: &[Step] =
    &[Step { sql: include_str!("../migrations/sqlite/0001_customers.sql"), oldest_usable: 1 }];

/// "tick" in ASCII: marks the file as one of this program (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x7469_636b;

/// SQLite's result codes (sqlite.org/rescode.html).
pub(super) mod code {
    pub(in super::super) const BUSY: i32 = 5;
    pub(in super::super) const LOCKED: i32 = 6;
    pub(in super::super) const INTERRUPT: i32 = 9;
    pub(in super::super) const IOERR: i32 = 10;
    pub(in super::super) const CORRUPT: i32 = 11;
    pub(in super::super) const FULL: i32 = 13;
    pub(in super::super) const NOTADB: i32 = 26;
    // Extended ones: a row is not taken. One that a trigger refuses is another matter.
    pub(in super::super) const CONSTRAINT_CHECK: i32 = 275;
    pub(in super::super) const CONSTRAINT_NOTNULL: i32 = 1299;
}

/// How long the start looks for damage. Enough for a hundred thousand customers or so; what is damaged beyond it is found
/// when it is read.
const CHECK_TIME: Duration = Duration::from_millis(200);

/// How many of SQLite's instructions pass between two looks at the clock.
const INSTRUCTIONS: i32 = 10_000;

/// Why a file cannot be opened.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(sqlx::Error),
    Foreign,
    Damaged(String),
    LogOfAnother(PathBuf),
    TooNew(TooNew),
}

impl From<sqlx::Error> for Fault {
    fn from(error: sqlx::Error) -> Self {
        Self::Sqlite(error)
    }
}

const RESTORE: &str = "restore a backup";

impl Fault {
    pub(super) fn of(self, file: &Path) -> OpenError {
        let url = format!("sqlite:{}", file.display());
        let (reason, advice) = match self {
            // A full disk is a fault of input and output too where SQLite has to make its files longer.
            Self::Sqlite(error)
                if matches!(primary_code(&error), Some(code::BUSY | code::LOCKED | code::FULL | code::IOERR)) =>
            {
                return OpenError::Unreachable { reason: format!("{url}: {}", reason(&error)) };
            }
            Self::Sqlite(error) if primary_code(&error) == Some(code::CORRUPT) => (reason(&error), RESTORE),
            Self::Damaged(found) => (found, RESTORE),
            Self::LogOfAnother(log) => {
                (stale(&log), "remove that file and the one that ends in -shm, then the backup is used as it is")
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
    look_for_damage(&mut connection).await?;
    Ok(connection.close().await?)
}

/// A page that is damaged deep inside would be found by a caller, perhaps weeks later.
async fn look_for_damage(connection: &mut SqliteConnection) -> Result<(), Fault> {
    let until = Instant::now() + CHECK_TIME;
    connection.lock_handle().await?.set_progress_handler(INSTRUCTIONS, move || Instant::now() < until);
    let found = sqlx::query_scalar::<_, String>("PRAGMA quick_check(1)").fetch_one(&mut *connection).await;
    connection.lock_handle().await?.remove_progress_handler();
    match found {
        Ok(found) if found == "ok" => Ok(()),
        Ok(found) => Err(Fault::Damaged(found.replace('\n', " "))),
        Err(error) if primary_code(&error) == Some(code::INTERRUPT) => Ok(()),
        Err(error) => Err(error.into()),
    }
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

pub(super) fn extended_code(error: &sqlx::Error) -> Option<i32> {
    error.as_database_error().and_then(DatabaseError::code)?.parse().ok()
}

/// The low byte of the extended code.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    Some(extended_code(error)? & 0xff)
}
