//! The service as its callers meet it: real servers, real Envoy, real programs. `make build` makes what is run here.

mod admission;
mod authorization;
mod balance;
mod caller;
mod callers_in_python;
mod canary;
mod certs;
mod compose_file;
mod corking;
mod creates;
mod demo;
mod dns;
mod encrypted;
mod end;
mod envoy_file;
mod export;
mod history;
mod postgres;
mod preflight;
mod protections;
mod python;
mod renewal;
mod rollout;
mod spread;
mod store_away;
mod tls;
