//! What only a file can go through: several processes, other ages, removal, damage, a backup in its place.

mod contract;

use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::Path;

use async_std::task::block_on;
use contract::{new, walk};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Executor as _};
use ticketing_server::customer::{CustomerId, PageSize, Position};
use ticketing_server::store::{OpenError, SqliteStore, Store, StoreError};

#[test]
fn several_processes_may_open_and_write_one_new_sqlite_file_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let file = file.clone();
            std::thread::spawn(move || {
                async_std::task::block_on(async {
                    let store = SqliteStore::open(&file).await.expect("opened");
                    for n in 0..20 {
                        let shared = format!("r{n}");
                        store.create(new("Of", &writer.to_string(), None)).await.expect("stored");
                        store.create(new("Of", "all", Some(&shared))).await.expect("stored or found");
                    }
                });
            })
        })
        .collect();
    for writer in writers {
        writer.join().expect("no writer failed");
    }
    let store = async_std::task::block_on(SqliteStore::open(&file)).expect("opened");
    let size = PageSize::try_from(1000).expect("a page size");
    let page = async_std::task::block_on(store.list(Position::START, size)).expect("a page");
    assert_eq!(page.customers.len(), 8 * 20 + 20);
}

#[test]
fn customers_are_there_after_the_file_is_opened_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    let id = async_std::task::block_on(async {
        let store = SqliteStore::open(&file).await.expect("a new file");
        store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("stored").customer.id
    });
    async_std::task::block_on(async {
        let store = SqliteStore::open(&file).await.expect("the same file");
        assert!(store.get(id).await.expect("looked up").is_some());
        assert!(store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("found").replayed);
    });
}

#[test]
fn a_file_of_another_program_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("notes.txt");
    std::fs::write(&file, "these are notes, and more than a hundred bytes of them, ".repeat(20)).expect("written");
    let before = std::fs::read(&file).expect("read");
    let error = async_std::task::block_on(SqliteStore::open(&file)).expect_err("not a database");
    assert!(error.to_string().contains("not a database"), "{error}");
    assert_eq!(std::fs::read(&file).expect("read"), before);
}

/// On a full disk SQLite ends the transaction by itself, behind sqlx's back; a trigger does the same here.
#[test]
fn creates_go_on_after_sqlite_ended_a_transaction_by_itself() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    async_std::task::block_on(async {
        let store = SqliteStore::open(&file).await.expect("a new file");
        let mut other = SqliteConnectOptions::new().filename(&file).connect().await.expect("the same file");
        let refuse = "CREATE TRIGGER full BEFORE INSERT ON customers BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END";
        other.execute(refuse).await.expect("planted");
        for _ in 0..2 {
            let refused = store.create(new("Ada", "Lovelace", Some("r1"))).await;
            assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
        }
        other.execute("DROP TRIGGER full").await.expect("taken out");
        assert!(!store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("stored").replayed);
    });
}

#[test]
fn creates_are_refused_once_the_file_is_removed() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    async_std::task::block_on(async {
        let store = SqliteStore::open(&file).await.expect("a new file");
        store.create(new("Ada", "Lovelace", None)).await.expect("stored");
        std::fs::remove_file(&file).expect("removed");
        let refused = store.create(new("Ada", "Byron", None)).await;
        assert!(matches!(refused, Err(StoreError::Unavailable { .. })), "{refused:?}");
    });
}

#[test]
fn the_code_of_this_schema_works_on_a_later_file_that_allows_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    async_std::task::block_on(async {
        let ada = || new("Ada", "Lovelace", Some("r1"));
        SqliteStore::open(&file).await.expect("a new file").create(ada()).await.expect("stored");
        let mut later = SqliteConnectOptions::new().filename(&file).connect().await.expect("the same file");
        later.execute("ALTER TABLE customers ADD COLUMN email TEXT").await.expect("added");
        // Version 2, which servers that know version 1 may use.
        later.execute("PRAGMA user_version = 65538").await.expect("marked");
        let store = SqliteStore::open(&file).await.expect("a rollback finds a later schema");
        assert!(store.create(ada()).await.expect("found").replayed);
        store.create(new("Grace", "Hopper", None)).await.expect("stored");
        // Version 9, which wants servers that know version 7.
        later.execute("PRAGMA user_version = 458761").await.expect("marked");
        let error = SqliteStore::open(&file).await.expect_err("too new").to_string();
        assert!(error.contains("version 9") && error.contains("version 7") && error.contains("newer"), "{error}");
    });
}

#[test]
fn a_file_of_the_first_release_which_noted_no_oldest_version_is_opened() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    async_std::task::block_on(async {
        SqliteStore::open(&file).await.expect("a new file").close().await;
        let mut first = SqliteConnectOptions::new().filename(&file).connect().await.expect("the same file");
        first.execute("PRAGMA user_version = 1").await.expect("marked");
        SqliteStore::open(&file).await.expect("opened").create(new("Ada", "Lovelace", None)).await.expect("stored");
    });
}

/// Everything behind the first pages is overwritten, as a bad disk does it.
fn damage(file: &Path) {
    let length = std::fs::metadata(file).expect("a file").len();
    let mut opened = std::fs::OpenOptions::new().write(true).open(file).expect("opened");
    let begin = 8 * 4096;
    opened.seek(SeekFrom::Start(begin)).expect("there");
    opened.write_all(&vec![0xff; usize::try_from(length - begin).expect("a size")]).expect("written");
}

async fn with_many(file: &Path) -> Vec<CustomerId> {
    let store = SqliteStore::open(file).await.expect("a new file");
    let creates = (0..2_000).map(|n| store.create(new("Of", &n.to_string(), None)));
    let stored = futures::future::try_join_all(creates).await.expect("stored");
    store.close().await;
    stored.iter().map(|created| created.customer.id).collect()
}

#[test]
fn a_damaged_file_ends_the_start_and_waiting_is_not_advised() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    block_on(async {
        with_many(&file).await;
        damage(&file);
        let error = SqliteStore::open(&file).await.expect_err("damaged");
        assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("restore a backup"), "{error}");
    });
}

#[test]
fn damage_that_is_met_later_is_told_as_such_and_not_as_something_that_passes() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("customers.db");
    block_on(async {
        let ids = with_many(&file).await;
        let store = SqliteStore::open(&file).await.expect("opened");
        damage(&file);
        let read = store.get(ids[1_500]).await;
        assert!(matches!(read, Err(StoreError::Damaged { .. })), "{read:?}");
        let created = store.create(new("Ada", "Lovelace", None)).await;
        assert!(matches!(created, Err(StoreError::Damaged { .. })), "{created:?}");
    });
}

async fn back_up(file: &Path, backup: &Path) {
    let mut other = SqliteConnectOptions::new().filename(file).connect().await.expect("the same file");
    let statement = format!("VACUUM INTO '{}'", backup.display());
    sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut other).await.expect("backed up");
}

/// SQLite itself would take the log of the old file into the backup.
#[test]
fn a_log_that_the_file_before_left_beside_a_backup_is_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let [file, log, backup, kept] =
        ["customers.db", "customers.db-wal", "backup.db", "kept"].map(|name| folder.path().join(name));
    block_on(async {
        let store = SqliteStore::open(&file).await.expect("a new file");
        store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("stored");
        back_up(&file, &backup).await;
        store.create(new("Grace", "Hopper", None)).await.expect("stored");
        // As a crash leaves it.
        std::fs::copy(&log, &kept).expect("copied");
        store.close().await;
        std::fs::copy(&backup, &file).expect("restored");
        std::fs::copy(&kept, &log).expect("left there");
        let error = SqliteStore::open(&file).await.expect_err("not its log");
        assert!(matches!(error, OpenError::Unusable { .. }), "{error}");
        assert!(error.to_string().contains("customers.db-wal"), "{error}");
        std::fs::remove_file(&log).expect("removed");
        let store = SqliteStore::open(&file).await.expect("opened");
        assert_eq!(walk(&store, 10).await.len(), 1);
        assert!(store.create(new("Ada", "Lovelace", Some("r1"))).await.expect("found").replayed);
    });
}

#[test]
fn reads_and_creates_go_to_the_file_that_is_there_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let [file, other] = ["customers.db", "other.db"].map(|name| folder.path().join(name));
    block_on(async {
        let replacing = SqliteStore::open(&other).await.expect("a new file");
        let grace = replacing.create(new("Grace", "Hopper", None)).await.expect("stored").customer;
        replacing.close().await;
        let store = SqliteStore::open(&file).await.expect("a new file");
        let ada = store.create(new("Ada", "Lovelace", None)).await.expect("stored").customer;
        assert_eq!(walk(&store, 10).await, [ada]);
        for left in ["customers.db", "customers.db-wal", "customers.db-shm"] {
            std::fs::remove_file(folder.path().join(left)).expect("removed");
        }
        let gone = store.get(grace.id).await;
        assert!(matches!(gone, Err(StoreError::Unavailable { .. })), "{gone:?}");
        std::fs::rename(&other, &file).expect("put there");
        assert_eq!(walk(&store, 10).await, [grace]);
        store.create(new("Zoë", "O'Neil", None)).await.expect("stored");
        assert_eq!(walk(&store, 10).await.len(), 2);
    });
}
