//! The built program against a server in this process: what it prints, what it leaves behind and how it exits.

mod calls;
mod capacity;
mod doctor;
mod empty;
mod export;
mod import;
mod interrupted;
mod killed;
mod list;
mod load;
mod misfits;
#[path = "../channels/namespace.rs"]
mod namespace;
mod pages;
mod program;
mod rejected;
mod runs;
mod scripted;
mod server;
mod tls;
mod watch;
