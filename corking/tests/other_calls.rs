//! Calls of a class that the shim does not know. C-core has one behind a switch in the environment, which it reads once, so
//! this program runs itself again with it.

mod echo;

use std::env;
use std::process::Command;

use corking::{Reason, Writes};

use crate::echo::{Echo, say_at_once};

const SWITCH: &str = "GRPC_EXPERIMENTS";
const OTHER_CALLS: &str = "promise_based_server_call";

#[test]
fn calls_of_another_class_take_the_stock_way_and_are_answered() {
    if env::var_os(SWITCH).is_some() {
        return answers_other_calls();
    }
    let program = env::current_exe().expect("this program");
    let again = Command::new(program).env(SWITCH, OTHER_CALLS).output().expect("it runs");
    assert!(again.status.success(), "{again:?}");
}

fn answers_other_calls() {
    // The self-test's own calls are such calls, and each of their answers is a write.
    let started = corking::start(true);
    assert!(matches!(started, Writes::Stock(Reason::NoGain(_))), "{started:?}");
    let server = Echo::serve(2);
    assert_eq!(say_at_once(&server.channel(), 100), 100);
    server.shut_down();
}
