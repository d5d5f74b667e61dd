//! What a `DATABASE_URL` may name.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

/// The store that a `DATABASE_URL` names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// `memory:`
    Memory,
    /// `sqlite:FILE`
    Sqlite(PathBuf),
    /// `postgres://USER@HOST:PORT/DATABASE`
    Postgres(PostgresUrl),
}

impl FromStr for DatabaseUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        let advice = match url.split_once(':') {
            Some(("memory", "")) => return Ok(Self::Memory),
            Some(("sqlite", path)) => match path.strip_prefix("//").unwrap_or(path) {
                "" => "names no file; for example sqlite:customers.db",
                // SQLite's own names for such stores; each of our connections would get one of its own.
                file if file.starts_with(":memory:") || file.starts_with("file:") => "use memory: or the file's path",
                file if file.contains('?') => "takes no parameters after the file's name",
                file => return Ok(Self::Sqlite(file.into())),
            },
            Some(("postgres" | "postgresql", _)) => return url.parse().map(Self::Postgres),
            _ => "use sqlite:FILE, postgres://USER@HOST:PORT/DATABASE or memory:",
        };
        Err(advice.to_owned())
    }
}

impl DatabaseUrl {
    /// The same database with the password of a file.
    pub(super) fn with_password_file(self, file: &Path) -> Result<Self, &'static str> {
        match self {
            Self::Postgres(url) => Ok(Self::Postgres(PostgresUrl { password_file: Some(file.to_owned()), ..url })),
            _ => Err("this DATABASE_URL takes no password; leave it out"),
        }
    }
}

/// Where a PostgreSQL is and how it is reached: the parameters of libpq's URLs, `sslmode` and `sslrootcert` among them.
/// What it leaves open is taken from libpq's environment variables (`PGPASSWORD`, `PGSSLMODE`, …).
///
/// Neither `Display` nor `Debug` shows the password.
#[derive(Clone, PartialEq, Eq)]
pub struct PostgresUrl {
    url: String,
    password_file: Option<PathBuf>,
}

/// The parameters that sqlx knows. It passes over others, which may be a misspelt `sslmode`, and logs their values, which
/// may be a password.
const PARAMETERS: &str = "sslmode ssl-mode sslrootcert ssl-root-cert ssl-ca sslcert ssl-cert sslkey ssl-key \
    statement-cache-capacity host hostaddr port dbname user password application_name options";

impl FromStr for PostgresUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, Self::Err> {
        check_parameters(url)?;
        check_environment(std::env::var("PGSSLMODE").ok().as_deref())?;
        // Without slashes all that follows, a password too, would be the name of a database.
        let has_host = url.split_once(':').is_some_and(|(_, rest)| rest.starts_with("//"));
        match PgConnectOptions::from_str(url) {
            Ok(_) if has_host => Ok(Self { url: url.to_owned(), password_file: None }),
            // The error repeats parts of the URL, which may be the password.
            _ => Err("does not parse; for example postgres://user:password@host:5432/database?sslmode=verify-full, \
                 with %XX for special characters in the password"
                .to_owned()),
        }
    }
}

/// Only names are told, and none that may be a part of a password.
fn check_parameters(url: &str) -> Result<(), String> {
    let Some((_, query)) = url.split_once('?') else { return Ok(()) };
    if query.contains('@') {
        return Err("has a ? before its @; write it as %3F, and an @ in a parameter as %40".to_owned());
    }
    let known = |key: &str| PARAMETERS.split_whitespace().any(|known| known == key) || is_setting(key);
    let keys = query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap_or_default());
    match keys.map(|key| key.replace("%5B", "[").replace("%5D", "]")).find(|key| !known(key)) {
        Some(unknown) => Err(format!("has the parameter {unknown:?}, which is not known; known are {PARAMETERS}")),
        None => Ok(()),
    }
}

/// `options[search_path]`
fn is_setting(key: &str) -> bool {
    key.strip_prefix("options[").is_some_and(|rest| rest.ends_with(']'))
}

/// sqlx takes a value that it does not know for none, and would then be content with a connection that anybody can read.
fn check_environment(ssl_mode: Option<&str>) -> Result<(), String> {
    match ssl_mode.map(PgSslMode::from_str) {
        Some(Err(_)) => {
            Err("takes PGSSLMODE from the environment, whose value is not known; use disable, allow, prefer, \
             require, verify-ca or verify-full"
                .to_owned())
        }
        _ => Ok(()),
    }
}

impl PostgresUrl {
    /// How to connect. The file of the password is read anew each time, so that a rotated one is found.
    pub(crate) fn options(&self) -> sqlx::Result<PgConnectOptions> {
        let options = PgConnectOptions::from_str(&self.url)?;
        let Some(file) = &self.password_file else { return Ok(options) };
        let password = std::fs::read_to_string(file).map_err(|error| {
            sqlx::Error::Configuration(format!("DATABASE_PASSWORD_FILE {}: {error}", file.display()).into())
        })?;
        // Editors and `echo` end a file with a line break, which no password has.
        Ok(options.password(password.trim_end_matches(['\r', '\n'])))
    }
}

impl fmt::Display for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match PgConnectOptions::from_str(&self.url) {
            Ok(options) => {
                let database = options.get_database().unwrap_or_default();
                write!(
                    f,
                    "postgres://{}@{}:{}/{database}",
                    options.get_username(),
                    options.get_host(),
                    options.get_port()
                )
            }
            Err(_) => f.write_str("postgres://…"),
        }
    }
}

impl fmt::Debug for PostgresUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_url_names_memory_a_sqlite_file_or_a_postgres() {
        assert_eq!("memory:".parse(), Ok(DatabaseUrl::Memory));
        assert_eq!("sqlite:a.db".parse(), Ok(DatabaseUrl::Sqlite("a.db".into())));
        assert_eq!("sqlite:///data/a.db".parse(), Ok(DatabaseUrl::Sqlite("/data/a.db".into())));
        assert!(matches!("postgres://ada@db:5432/customers".parse(), Ok(DatabaseUrl::Postgres(_))));
        assert!(matches!("postgresql://db/customers?sslmode=verify-full".parse(), Ok(DatabaseUrl::Postgres(_))));
        for bad in [
            "",
            "sqlite:",
            "sqlite://",
            "sqlite::memory:",
            "sqlite:file:a.db",
            "sqlite:a.db?mode=ro",
            "sqlite",
            "memory:x",
            "mysql://user:secret@host/db",
            "postgres://user@host:port/db",
            "postgres://host/db?sslmode=perhaps",
        ] {
            assert!(bad.parse::<DatabaseUrl>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_parameter_that_nobody_knows_is_refused_by_its_name_alone() {
        let refused = |url: &str| url.parse::<DatabaseUrl>().expect_err("an unknown parameter");
        let error = refused("postgres://ada@db/customers?sslmode=require&sslpassword=secret");
        assert!(error.contains("\"sslpassword\"") && !error.contains("secret"), "{error}");
        let error = refused("postgres://ada@db/customers?sslmod=verify-full");
        assert!(error.contains("\"sslmod\"") && error.contains("sslmode"), "{error}");
        let error = refused("postgres://ada:12?secret@db/customers");
        assert!(error.contains("%3F") && !error.contains("secret"), "{error}");
        for known in ["sslmode=require&application_name=a", "options[search_path]=own", "options%5Bsearch_path%5D=own"]
        {
            assert!(format!("postgres://ada@db/customers?{known}").parse::<DatabaseUrl>().is_ok(), "{known}");
        }
    }

    #[test]
    fn a_ssl_mode_of_the_environment_that_nobody_knows_is_refused() {
        assert_eq!(check_environment(None), Ok(()));
        assert_eq!(check_environment(Some("verify-full")), Ok(()));
        assert!(check_environment(Some("verify_full")).is_err_and(|error| error.contains("PGSSLMODE")));
    }

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl = "postgres://ada:secret@db/customers".parse().expect("it parses");
        assert_eq!(format!("{url:?}"), "Postgres(postgres://ada@db:5432/customers)");
        for bad in
            ["postgres://ada:secret@db:x/customers", "postgres:/ada:secret@db/customers", "postgres:x://ada:secret@db"]
        {
            let error = bad.parse::<DatabaseUrl>().expect_err("no port, or no host");
            assert!(!error.contains("secret"), "{error}");
        }
    }

    #[test]
    fn a_password_comes_from_a_file_too_and_its_line_break_is_not_part_of_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("password");
        let url: PostgresUrl = "postgres://ada@db/customers".parse().expect("it parses");
        let url = PostgresUrl { password_file: Some(file.clone()), ..url };
        assert!(url.options().expect_err("no file yet").to_string().contains("DATABASE_PASSWORD_FILE"));
        std::fs::write(&file, "secret\n").expect("written");
        assert!(format!("{:?}", url.options().expect("a password")).contains(r#"password: Some("secret")"#));
    }
}
