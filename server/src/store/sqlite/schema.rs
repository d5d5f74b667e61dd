//! The schema's versions and how a file comes to the newest one, also when several processes open it at once.

use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

/// Each step makes version `index + 1` from the one before. Steps only add: an older server may share the file.
const STEPS: [&str; 1] = [include_str!("../migrations/sqlite/0001_customers.sql")];

/// "tick" in ASCII: marks the file as one of this program (`PRAGMA application_id`).
const APPLICATION_ID: i32 = 0x7469_636b;

/// Switching a new file to WAL is refused, not waited for, while another process does the same.
const OPEN_TIMEOUT: Duration = Duration::from_secs(10);
const OPEN_AGAIN_AFTER: Duration = Duration::from_millis(20);

/// A connection to a file whose schema is up to date.
pub(super) async fn open(options: &SqliteConnectOptions) -> sqlx::Result<SqliteConnection> {
    let begun = Instant::now();
    loop {
        match try_open(options).await {
            Err(error) if is_busy(&error) && begun.elapsed() < OPEN_TIMEOUT => {
                async_std::task::sleep(OPEN_AGAIN_AFTER).await;
            }
            opened => return opened,
        }
    }
}

async fn try_open(options: &SqliteConnectOptions) -> sqlx::Result<SqliteConnection> {
    let mut connection = options.connect().await?;
    migrate(&mut connection).await?;
    Ok(connection)
}

async fn migrate(connection: &mut SqliteConnection) -> sqlx::Result<()> {
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let application: i32 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *transaction).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    let tables: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *transaction).await?;
    if application != APPLICATION_ID && (application != 0 || version != 0 || tables != 0) {
        return Err(sqlx::Error::Protocol("it is a database of another program".to_owned()));
    }
    let done = usize::try_from(version).unwrap_or(0);
    if done >= STEPS.len() {
        return transaction.rollback().await;
    }
    for step in &STEPS[done..] {
        sqlx::raw_sql(*step).execute(&mut *transaction).await?;
    }
    let marks = format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {}", STEPS.len());
    sqlx::raw_sql(sqlx::AssertSqlSafe(marks)).execute(&mut *transaction).await?;
    transaction.commit().await
}

fn is_busy(error: &sqlx::Error) -> bool {
    const SQLITE_BUSY: i32 = 5;
    let code = error.as_database_error().and_then(DatabaseError::code).and_then(|code| code.parse::<i32>().ok());
    // The low byte is the primary code, above it stands the extended one.
    code.is_some_and(|code| code & 0xff == SQLITE_BUSY)
}
