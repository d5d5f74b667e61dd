//! How a database is reached.

use std::net::SocketAddrV4;

use async_std::task::block_on;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::BedError;

/// A server and who we are there: a URL without the database.
#[derive(Debug, Clone)]
pub(super) struct Login {
    /// `postgres://user:password@host:port`
    server: String,
    database: String,
    /// `?…`, if there is one.
    parameters: String,
}

impl Login {
    pub(super) fn new(address: SocketAddrV4, user: &str, password: &str) -> Self {
        let server = format!("postgres://{user}:{}@{address}", escaped(password));
        Self { server, database: user.to_owned(), parameters: String::new() }
    }

    /// `None` for what is no URL of a database.
    pub(super) fn parse(url: &str) -> Option<Self> {
        let (rest, parameters) = url.find('?').map_or((url, ""), |mark| url.split_at(mark));
        let (server, database) = rest.rsplit_once('/')?;
        let whole = server.contains("://") && !server.ends_with('/') && !database.is_empty();
        let own = |text: &str| text.to_owned();
        whole.then(|| Self { server: own(server), database: own(database), parameters: own(parameters) })
    }

    pub(super) fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.server, self.parameters)
    }

    pub(super) fn own_url(&self) -> String {
        self.url(&self.database)
    }
}

/// The parts of a database's URL: what stands before the server's address, that address, and what stands behind it.
pub(super) fn split(url: &str) -> Result<(&str, &str, &str), BedError> {
    let parts = url.split_once('@').and_then(|(login, rest)| {
        let (server, database) = rest.split_once('/')?;
        Some((login, server, database))
    });
    parts.ok_or_else(|| BedError::Unexpected("this is no URL of a database with a user".to_owned()))
}

/// Runs one statement on a connection of its own.
pub(super) fn execute(url: &str, statement: &str) -> Result<(), BedError> {
    let run = async {
        let mut connection = PgConnection::connect(url).await?;
        sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut connection).await?;
        connection.close().await
    };
    block_on(run).map_err(refused(statement))
}

/// Asks for one value, as text, on a connection of its own; none where there is no row.
pub(super) fn ask(url: &str, query: &str) -> Result<Option<String>, BedError> {
    let run = async {
        let mut connection = PgConnection::connect(url).await?;
        let value = sqlx::query_scalar(AssertSqlSafe(query)).fetch_optional(&mut connection).await?;
        connection.close().await?;
        Ok(value)
    };
    block_on(run).map_err(refused(query))
}

/// A statement may hold a password: only its beginning is told.
fn refused(statement: &str) -> impl FnOnce(sqlx::Error) -> BedError {
    let doing = statement.split_whitespace().take(2).collect::<Vec<_>>().join(" ");
    move |error| BedError::Database { doing, reason: error.to_string() }
}

/// Percent-encoded, as the user and the password of a URL are.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |escaped, byte| match byte {
        byte if byte.is_ascii_alphanumeric() => escaped + char::from(byte).encode_utf8(&mut [0]),
        byte => escaped + &format!("%{byte:02X}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_escaped_in_a_url() {
        let login = Login::new("127.0.0.1:5".parse().unwrap(), "me", "a@b/ä");
        assert_eq!(login.own_url(), "postgres://me:a%40b%2F%C3%A4@127.0.0.1:5/me");
    }

    #[test]
    fn a_url_keeps_its_parameters_when_its_database_changes() {
        let login = Login::parse("postgres://me@host:5/one?sslmode=require&x=/y").unwrap();
        assert_eq!(login.url("two"), "postgres://me@host:5/two?sslmode=require&x=/y");
        assert!(Login::parse("postgres://me@host:5").is_none());
        assert!(Login::parse("me").is_none());
    }
}
