//! A server in this process: the one place that knows how one is made on a store.

use std::net::SocketAddr;
use std::sync::Arc;

use clap::Parser as _;
use ticketing_server::store::Store;
use ticketing_server::{Args, Config, Running};

pub(crate) struct InProcess {
    pub(crate) address: SocketAddr,
    _running: Running,
}

/// A server on a store that the test brings.
pub(crate) fn serve(store: impl Store) -> InProcess {
    let flags = ["ticketing-server", "--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"];
    let config = Config::try_from(Args::try_parse_from(flags).expect("flags")).expect("settings");
    let app = config.build().expect("free ports");
    let address = app.grpc;
    let running = app.start();
    running.serve(Arc::new(store));
    InProcess { address, _running: running }
}
