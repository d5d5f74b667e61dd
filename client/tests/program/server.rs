//! The real server with a store in memory, in this process.

use async_std::task::block_on;
use clap::Parser;
use ticketing_server::{Args, Config, Running};

pub(crate) struct Server {
    pub(crate) port: u16,
    running: Running,
}

impl Server {
    pub(crate) fn start() -> Self {
        Self::named("pod-a", 0)
    }

    /// As `pod`, on `port` or on a free one if that is 0.
    pub(crate) fn named(pod: &str, port: u16) -> Self {
        Self::with(pod, port, &[])
    }

    /// The same with more flags.
    pub(crate) fn with(pod: &str, port: u16, flags: &[&str]) -> Self {
        let address = format!("127.0.0.1:{port}");
        let base = [
            "ticketing-server",
            "--listen-addr",
            &address,
            "--admin-addr",
            "127.0.0.1:0",
            "--database-url",
            "memory:",
            "--pod-name",
            pod,
            "--drain-delay",
            "0s",
            "--drain-timeout",
            "5s",
        ];
        let args = Args::try_parse_from(base.iter().chain(flags)).expect("the settings are sound");
        let app = Config::try_from(args).expect("the settings make sense").build().expect("the ports are free");
        let port = app.grpc.port();
        let running = app.start();
        block_on(running.open(None)).expect("memory needs nothing");
        Self { port, running }
    }

    /// Ends it in order; its port stays free.
    pub(crate) fn stop(self) {
        block_on(self.running.drain());
    }
}
