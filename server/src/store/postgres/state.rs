//! What PostgreSQL's error codes mean here (postgresql.org/docs/current/errcodes-appendix.html).

use sqlx::error::DatabaseError;

pub(super) const SERIALIZATION_FAILURE: &str = "40001";
pub(super) const DEADLOCK_DETECTED: &str = "40P01";
pub(super) const DISK_FULL: &str = "53100";
pub(super) const INVALID_AUTHORIZATION: &str = "28000";
pub(super) const INVALID_PASSWORD: &str = "28P01";
pub(super) const INSUFFICIENT_PRIVILEGE: &str = "42501";

/// Answers to one of several servers that take the same step at once: unique violation, duplicate table, duplicate
/// object, serialization failure, deadlock.
pub(super) const RACES: [&str; 5] = ["23505", "42P07", "42710", SERIALIZATION_FAILURE, DEADLOCK_DETECTED];

/// The five characters of the error code, where the database itself answered.
pub(super) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Into::into)
}

/// The database answered and refused: what it was asked is not done. Not so when it ends the connection (class 57P).
pub(super) fn refused(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| !code.starts_with("57P"))
}

/// The same statement may succeed on a new connection, or once more on this one.
pub(super) fn may_pass(error: &sqlx::Error) -> bool {
    match sqlstate(error).as_deref() {
        Some(code) => code == SERIALIZATION_FAILURE || code == DEADLOCK_DETECTED || code.starts_with("57P"),
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_)),
    }
}

/// What went wrong, without sqlx's frame around it.
pub(super) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::PoolTimedOut => "no connection within the time for it".to_owned(),
        sqlx::Error::Io(error) => error.to_string(),
        _ => error.as_database_error().map_or_else(|| error.to_string(), |database| database.message().to_owned()),
    }
}
