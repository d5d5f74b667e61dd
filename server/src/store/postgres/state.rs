//! What PostgreSQL's error codes mean here (postgresql.org/docs/current/errcodes-appendix.html).

use sqlx::error::DatabaseError;
use sqlx::postgres::{PgDatabaseError, PgSeverity};

use crate::store::group_commit::CommitErrorKind;

pub(super) const SERIALIZATION_FAILURE: &str = "40001";
pub(super) const DEADLOCK_DETECTED: &str = "40P01";
pub(super) const UNIQUE_VIOLATION: &str = "23505";
pub(super) const DISK_FULL: &str = "53100";
pub(super) const INVALID_AUTHORIZATION: &str = "28000";
pub(super) const INVALID_PASSWORD: &str = "28P01";
pub(super) const INSUFFICIENT_PRIVILEGE: &str = "42501";
/// A transaction whose end nobody knows; CockroachDB says so when an answer from within was lost.
const COMPLETION_UNKNOWN: &str = "40003";
/// A page, or an index, that cannot be read.
const DAMAGED: [&str; 2] = ["XX001", "XX002"];

/// Answers to one of several servers that take the same step at once: another table or object has the name.
pub(super) const RACES: [&str; 3] = [UNIQUE_VIOLATION, "42P07", "42710"];

/// The five characters of the error code, where the database itself answered.
pub(super) fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(DatabaseError::code).map(Into::into)
}

/// What became of the batch that met this error.
pub(super) fn kind(error: &sqlx::Error) -> CommitErrorKind {
    match error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>()) {
        Some(said) => kind_of(said.code(), said.severity()),
        None => CommitErrorKind::Uncertain,
    }
}

fn kind_of(code: &str, severity: PgSeverity) -> CommitErrorKind {
    // These end the connection, perhaps after the commit.
    if matches!(severity, PgSeverity::Fatal | PgSeverity::Panic) {
        return CommitErrorKind::Uncertain;
    }
    match code {
        COMPLETION_UNKNOWN => CommitErrorKind::Uncertain,
        SERIALIZATION_FAILURE | DEADLOCK_DETECTED | UNIQUE_VIOLATION => CommitErrorKind::Conflict,
        DISK_FULL => CommitErrorKind::Full,
        _ if code.starts_with("57P") => CommitErrorKind::Uncertain,
        _ => match code.get(..2) {
            // A fault of the connection, or one inside the database: whether it came before the commit is not said.
            Some("08" | "XX") | None => CommitErrorKind::Uncertain,
            // A value, or a constraint: some row of the batch is to blame.
            Some("22" | "23") => CommitErrorKind::Rejected,
            _ => CommitErrorKind::Unavailable,
        },
    }
}

/// Another transaction was first; the same statement may succeed at once.
pub(super) fn conflicts(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| code == SERIALIZATION_FAILURE || code == DEADLOCK_DETECTED)
}

/// The connection is of no use any more; a new one may be.
pub(super) fn lost(error: &sqlx::Error) -> bool {
    match error.as_database_error().and_then(|error| error.try_downcast_ref::<PgDatabaseError>()) {
        Some(said) => {
            matches!(said.severity(), PgSeverity::Fatal | PgSeverity::Panic)
                || said.code().starts_with("57P")
                || said.code().starts_with("08")
        }
        None => matches!(error, sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::Tls(_)),
    }
}

/// What is on the disk is damaged.
pub(super) fn damaged(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| DAMAGED.contains(&code.as_str()))
}

/// What went wrong, without sqlx's frame around it.
pub(super) fn reason(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Io(error) => error.to_string(),
        _ => error.as_database_error().map_or_else(|| error.to_string(), |database| database.message().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_error_that_surely_came_before_the_commit_is_called_one() {
        use CommitErrorKind::{Conflict, Full, Rejected, Unavailable, Uncertain};
        for (code, severity, kind) in [
            ("40001", PgSeverity::Error, Conflict),
            ("40P01", PgSeverity::Error, Conflict),
            ("23505", PgSeverity::Error, Conflict),
            ("40003", PgSeverity::Error, Uncertain),
            ("08006", PgSeverity::Error, Uncertain),
            ("08P01", PgSeverity::Error, Uncertain),
            ("XX000", PgSeverity::Error, Uncertain),
            ("XXUUU", PgSeverity::Error, Uncertain),
            ("57P01", PgSeverity::Fatal, Uncertain),
            ("57P03", PgSeverity::Error, Uncertain),
            ("53100", PgSeverity::Panic, Uncertain),
            ("25006", PgSeverity::Fatal, Uncertain),
            ("", PgSeverity::Error, Uncertain),
            ("53100", PgSeverity::Error, Full),
            ("22021", PgSeverity::Error, Rejected),
            ("23514", PgSeverity::Error, Rejected),
            ("25006", PgSeverity::Error, Unavailable),
            ("57014", PgSeverity::Error, Unavailable),
            ("42P01", PgSeverity::Error, Unavailable),
            ("P0001", PgSeverity::Error, Unavailable),
        ] {
            assert_eq!(kind_of(code, severity), kind, "{code}");
        }
    }
}
