//! `shim.h`, made safe.

use std::ffi::c_void;

// Nothing in Rust calls it, but the shim does not link without it.
use grpcio_sys as _;

// Safe, all of them: none takes or gives a pointer that Rust follows, and each keeps to what it made itself, to atomics, or to
// the calling thread's own round, which it ends and begins as that thread's next event would. `corking_writes_for` fails
// for a number that is not above 0.
unsafe extern "C" {
    safe fn corking_is_linked() -> bool;
    safe fn corking_knows_calls() -> bool;
    safe fn corking_knows_contexts() -> bool;
    safe fn corking_switch(on: bool);
    safe fn corking_flush();
    safe fn corking_writes_for(calls: i32) -> i32;
    safe fn corking_filters_left_out() -> i32;
    safe fn corking_connections_taken() -> i32;
    safe fn corking_keep_engine() -> *const c_void;
}

pub(crate) fn is_linked() -> bool {
    corking_is_linked()
}

pub(crate) fn knows_core() -> bool {
    corking_knows_calls() && corking_knows_contexts()
}

pub(crate) fn switch(on: bool) {
    corking_switch(on);
}

pub(crate) fn flush() {
    corking_flush();
}

/// The writes for the answers of so many calls, or less than nothing: which step failed.
pub(crate) fn writes_for(calls: i32) -> i32 {
    corking_writes_for(calls)
}

pub(crate) fn filters_left_out() -> i32 {
    corking_filters_left_out()
}

pub(crate) fn connections_taken() -> i32 {
    corking_connections_taken()
}

pub(crate) fn keep_engine() {
    // Asked for, so that the compiler cannot take it for something that nobody needs.
    assert!(!corking_keep_engine().is_null(), "C-core has one as soon as it begins");
}
