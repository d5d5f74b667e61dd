//! Every statement that goes to PostgreSQL. They are kept to what its distributed relatives understand too: no
//! sequences, no advisory locks, no dialect that only one of them has.

/// Which of our tables are there.
pub(super) const TABLES: &str = "SELECT table_name::TEXT FROM information_schema.tables \
     WHERE table_schema = current_schema() AND table_name IN ('ticketing_schema', 'customers', 'customer_positions')";

/// How the database writes text.
pub(super) const ENCODING: &str = "SHOW server_encoding";

/// What the schema says of itself. The columns are INT in databases of the first days, which is another type in each of
/// the relatives.
pub(super) const VERSION: &str = "SELECT version::BIGINT, oldest_usable::BIGINT FROM ticketing_schema WHERE id = 1";

/// The same, held until the transaction ends: whoever takes a step waits for a neighbour who takes it, and finds it taken.
pub(super) const HELD_VERSION: &str =
    "SELECT version::BIGINT, oldest_usable::BIGINT FROM ticketing_schema WHERE id = 1 FOR UPDATE";

/// The highest position of a customer.
pub(super) const NEWEST: &str = "SELECT position FROM customers ORDER BY position DESC LIMIT 1";

/// The highest position that was given.
pub(super) const LAST: &str = "SELECT last FROM customer_positions WHERE id = 1";

/// Notes what the schema says of itself from now on.
pub(super) const SET_VERSION: &str = "INSERT INTO ticketing_schema (id, version, oldest_usable) VALUES (1, $1, $2) \
     ON CONFLICT (id) DO UPDATE SET version = excluded.version, oldest_usable = excluded.oldest_usable";

/// Whether a commit waits for the disk.
pub(super) const DURABILITY: &str = "SHOW synchronous_commit";

/// Lets commits of this connection wait for the disk.
pub(super) const BE_DURABLE: &str = "SET synchronous_commit = 'on'";

/// Stores a batch in one statement, which is a transaction: arrays of ids, first names, last names, request ids, and
/// their length. Answers with the ids that were stored; the others were there already.
pub(super) const CREATE: &str = "WITH taken AS (\
         UPDATE customer_positions SET last = last + $5 WHERE id = 1 RETURNING last - $5 AS before\
     ) \
     INSERT INTO customers (position, id, first_name, last_name, request_id) \
     SELECT taken.before + given.place, given.id, given.first_name, given.last_name, given.request_id \
     FROM taken, UNNEST($1::UUID[], $2::TEXT[], $3::TEXT[], $4::TEXT[]) WITH ORDINALITY \
         AS given (id, first_name, last_name, request_id, place) \
     ON CONFLICT DO NOTHING \
     RETURNING id";

/// Customers that have one of the ids or of the request ids.
pub(super) const EARLIER: &str = "SELECT id, first_name, last_name, request_id FROM customers \
     WHERE id = ANY($1::UUID[]) OR request_id = ANY($2::TEXT[])";

/// One customer.
pub(super) const GET: &str = "SELECT id, first_name, last_name FROM customers WHERE id = $1";

/// Customers after a position, at most so many.
pub(super) const LIST: &str = "SELECT position, id, first_name, last_name FROM customers \
     WHERE position > $1 ORDER BY position LIMIT $2";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::store::postgres::schema::STEPS;

    /// What PostgreSQL, CockroachDB and YugabyteDB all have; our own names are in lower case.
    const PORTABLE: &str = "AND ANY AS BIGINT CHECK CONFLICT CREATE DESC DO FOR FROM IN INSERT INTO IS KEY LIMIT NOT NOTHING \
        NULL ON OR ORDER BY ORDINALITY PRIMARY RETURNING SELECT SET SHOW TABLE TEXT UNIQUE UNNEST UPDATE UUID VALUES \
        WHERE WITH";

    /// Functions and catalogues, which are written in lower case.
    const PORTABLE_NAMES: &str = "current_schema information_schema server_encoding synchronous_commit";

    fn unportable(statement: &str) -> BTreeSet<String> {
        let code: String =
            statement.lines().map(|line| line.split("--").next().unwrap_or_default()).collect::<Vec<_>>().join("\n");
        let words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty());
        let keywords: BTreeSet<&str> = PORTABLE.split_whitespace().chain(PORTABLE_NAMES.split(' ')).collect();
        let ours: BTreeSet<&str> = "customers customer_positions ticketing_schema position id first_name last_name \
            request_id last version oldest_usable taken before given place excluded tables table_name table_schema on"
            .split_whitespace()
            .collect();
        words
            .filter(|word| !word.bytes().all(|byte| byte.is_ascii_digit()))
            .filter(|word| !keywords.contains(word) && !ours.contains(word))
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_statement_is_within_the_portable_set() {
        let statements = [
            TABLES,
            ENCODING,
            VERSION,
            HELD_VERSION,
            NEWEST,
            LAST,
            SET_VERSION,
            DURABILITY,
            BE_DURABLE,
            CREATE,
            EARLIER,
            GET,
            LIST,
        ];
        for statement in statements.into_iter().chain(STEPS.iter().map(|step| step.sql)) {
            assert_eq!(unportable(statement), BTreeSet::new(), "{statement}");
        }
    }

    #[test]
    fn a_statement_outside_the_portable_set_is_refused() {
        for foreign in [
            "SELECT nextval('positions')",
            "CREATE TABLE t (id BIGSERIAL)",
            "CREATE TABLE t (id INT)",
            "SELECT pg_advisory_lock(1)",
            "LISTEN customers",
            "SELECT xmin FROM customers",
            "CREATE TABLE t (id BIGINT GENERATED ALWAYS AS IDENTITY)",
        ] {
            assert_ne!(unportable(foreign), BTreeSet::new(), "{foreign}");
        }
    }
}
