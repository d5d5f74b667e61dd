//! The program: what it says and how it ends.

#[path = "../common/mod.rs"]
mod common;
mod disk;
mod life;
mod secrets;
mod started;
mod stores;
mod tls;
