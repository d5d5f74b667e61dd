//! The service as its callers meet it: real servers, real Envoy, real programs. `make build` makes what is run here.

mod admission;
mod balance;
mod callers_in_python;
mod canary;
mod clocks;
mod compose_file;
mod corking;
mod creates;
mod demo;
mod dns;
mod end;
mod envoy_file;
mod export;
mod failover;
mod history;
mod postgres;
mod preflight;
mod protections;
mod python;
mod restart_order;
mod rollout;
mod spread;
mod store_away;
