//! Pages of admin interfaces.

use std::net::SocketAddrV4;
use std::time::Duration;

const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The text of a page; `None` unless it is answered with 200.
pub(crate) fn get(address: SocketAddrV4, path: &str) -> Option<String> {
    agent().get(format!("http://{address}{path}")).call().ok()?.body_mut().read_to_string().ok()
}

/// Asks for something to be done; whether it was answered with 200.
pub(crate) fn post(address: SocketAddrV4, path: &str) -> bool {
    agent().post(format!("http://{address}{path}")).send_empty().is_ok()
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().timeout_global(Some(ANSWER_LIMIT)).proxy(None).build().into()
}
