//! Load: calls as fast as they are answered, by h2load, and calls on a schedule, by a client of our own.

mod h2load;
mod open_loop;
mod request;

pub(crate) use h2load::{Shape, load};
pub(crate) use open_loop::Arrivals;
pub(crate) use request::{Operation, Request, nobody};
