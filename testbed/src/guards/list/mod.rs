//! The list.

mod code;
mod envoy;
mod overlays;

use super::Guard;

/// All guards, in the order of SECURITY.md.
pub fn all() -> Vec<Guard> {
    [envoy::GUARDS, overlays::GUARDS, code::GUARDS].concat()
}
