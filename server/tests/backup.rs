//! A backup that is made under load, and all that there must be once it is restored.

mod contract;

use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_std::task::{self, JoinHandle, block_on};
use contract::{new, walk};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _};
use testbed::Postgres;
use ticketing_server::customer::Customer;
use ticketing_server::store::{PostgresStore, SqliteStore, Store};

/// Enough that a backup takes a while.
const BEFORE: usize = 5_000;
const WRITERS: usize = 8;

/// Writers that do not stop for a backup, each create with its last name as its request id.
struct Load {
    over: Arc<AtomicBool>,
    writers: Vec<JoinHandle<()>>,
    acknowledged: Arc<Mutex<Vec<Customer>>>,
}

impl Load {
    fn on(store: &(impl Store + Clone)) -> Self {
        let load = Self { over: Arc::default(), writers: Vec::new(), acknowledged: Arc::default() };
        let writer = |writer: usize| {
            let (store, over, acknowledged) = (store.clone(), Arc::clone(&load.over), Arc::clone(&load.acknowledged));
            task::spawn(async move {
                for n in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let name = format!("{writer}-{n}");
                    let created = store.create(new("Of", &name, Some(&name))).await.expect("stored");
                    acknowledged.lock().expect("a list").push(created.customer);
                }
            })
        };
        let writers = (0..WRITERS).map(writer).collect();
        Self { writers, ..load }
    }

    fn acknowledged(&self) -> Vec<Customer> {
        self.acknowledged.lock().expect("a list").clone()
    }

    async fn stop(self) -> usize {
        self.over.store(true, Ordering::Relaxed);
        let acknowledged = Arc::clone(&self.acknowledged);
        for writer in self.writers {
            writer.await;
        }
        acknowledged.lock().expect("a list").len()
    }
}

/// Writes under load, has a backup made, and returns what had been acknowledged before the backup began.
async fn back_up_under_load(store: &(impl Store + Clone), back_up: impl AsyncFnOnce()) -> Vec<Customer> {
    let load = Load::on(store);
    while load.acknowledged().len() < BEFORE {
        task::yield_now().await;
    }
    let before = load.acknowledged();
    back_up().await;
    let all = load.stop().await;
    assert!(all > before.len(), "nobody wrote while the backup was made");
    store.close().await;
    before
}

/// What the store must be like once the backup is there instead of what was destroyed.
async fn assert_whole(store: &impl Store, before: &[Customer]) {
    let walked = walk(store, 1_000).await;
    let found: std::collections::BTreeSet<_> = walked.iter().map(|customer| customer.id).collect();
    assert_eq!(found.len(), walked.len(), "each is shown once");
    for customer in before.iter().step_by(97) {
        assert_eq!(store.get(customer.id).await.expect("looked up").as_ref(), Some(customer));
        let again = new("Of", &customer.last_name, Some(&customer.last_name));
        let replayed = store.create(again).await.expect("found");
        assert!(replayed.replayed && replayed.customer == *customer, "{replayed:?}");
    }
    let missing: Vec<_> = before.iter().filter(|customer| !found.contains(&customer.id)).collect();
    assert!(missing.is_empty(), "{} are missing", missing.len());
    let ada = store.create(new("Ada", "Lovelace", Some("new"))).await.expect("stored");
    assert!(!ada.replayed);
    let now = walk(store, 1_000).await;
    assert_eq!((now.len(), now.last()), (walked.len() + 1, Some(&ada.customer)), "a new one comes last");
}

#[test]
fn a_backup_of_a_sqlite_file_that_is_in_use_restores_all_that_was_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let [file, backup] = ["customers.db", "backup.db"].map(|name| folder.path().join(name));
    block_on(async {
        let store = SqliteStore::open(&file).await.expect("a new file");
        let before = back_up_under_load(&store, async || {
            let mut other = SqliteConnectOptions::new().filename(&file).connect().await.expect("the same file");
            let statement = format!("VACUUM INTO '{}'", backup.display());
            sqlx::raw_sql(AssertSqlSafe(statement)).execute(&mut other).await.expect("backed up");
        })
        .await;
        for left in ["customers.db", "customers.db-wal", "customers.db-shm"] {
            let _ = std::fs::remove_file(folder.path().join(left));
        }
        std::fs::copy(&backup, &file).expect("restored");
        assert_whole(&SqliteStore::open(&file).await.expect("opened"), &before).await;
    });
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_dump_of_a_postgres_that_is_in_use_restores_all_that_was_there() {
    let postgres = Postgres::shared().expect("a PostgreSQL");
    let (url, restored) = (postgres.new_database().expect("a new one"), postgres.new_database().expect("a new one"));
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("customers.dump");
    block_on(async {
        let store = PostgresStore::open(&url.parse().expect("a URL")).await.expect("an empty database");
        let before = back_up_under_load(&store, async || {
            let mut command = Postgres::program("pg_dump").expect("PostgreSQL");
            command.args(["--format=custom", "--file"]).arg(&dump).arg(&url);
            task::spawn_blocking(move || run(&mut command)).await;
        })
        .await;
        Postgres::execute(&url, "DROP TABLE customers, customer_positions, ticketing_schema").expect("destroyed");
        let mut command = Postgres::program("pg_restore").expect("PostgreSQL");
        command.args(["--no-owner", "--single-transaction", "--dbname", &restored]).arg(&dump);
        run(&mut command);
        let store = PostgresStore::open(&restored.parse().expect("a URL")).await.expect("the restored database");
        assert_whole(&store, &before).await;
    });
}
