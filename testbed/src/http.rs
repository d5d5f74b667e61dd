//! Pages of admin interfaces.

use std::net::SocketAddrV4;
use std::time::Duration;

const ANSWER_LIMIT: Duration = Duration::from_secs(2);

/// The text of a page; `None` unless it is answered with 200.
pub(crate) fn get(address: SocketAddrV4, path: &str) -> Option<String> {
    let config = ureq::Agent::config_builder().timeout_global(Some(ANSWER_LIMIT)).proxy(None).build();
    let agent = ureq::Agent::from(config);
    agent.get(format!("http://{address}{path}")).call().ok()?.body_mut().read_to_string().ok()
}
