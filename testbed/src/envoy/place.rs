//! Puts `envoy.yaml` on loopback: its ports, its bind addresses and its resolver change, and nothing else.

use std::net::SocketAddr;

use serde_json::{Value, json};

/// Where the pieces are on loopback.
#[derive(Debug, Clone)]
pub struct Places {
    /// Port of the gRPC listener, 8443 in the file.
    pub listener: u16,
    /// Port of the listener for probes and metrics, 9901 in the file.
    pub telemetry: u16,
    /// Port of the admin interface, 8090 in the file.
    pub admin: u16,
    /// Port of the servers, 12345 in the file.
    pub servers: u16,
    /// The DNS server; the file leaves that to the pod's resolv.conf.
    pub dns: SocketAddr,
}

impl Places {
    fn port(&self, in_file: u64) -> Option<u16> {
        match in_file {
            8443 => Some(self.listener),
            9901 => Some(self.telemetry),
            8090 => Some(self.admin),
            12345 => Some(self.servers),
            _ => None,
        }
    }
}

/// The same configuration on loopback. Fails on a port that [`Places`] does not know.
pub fn place(mut config: Value, places: &Places) -> Result<Value, String> {
    move_sockets(&mut config, places)?;
    let root = config.as_object_mut().ok_or("is not a mapping")?;
    root.insert("typed_dns_resolver_config".to_owned(), resolver(places.dns));
    Ok(config)
}

fn move_sockets(value: &mut Value, places: &Places) -> Result<(), String> {
    if let Some(socket) = value.get_mut("socket_address").and_then(Value::as_object_mut) {
        let port = socket.get("port_value").and_then(Value::as_u64).ok_or("a socket_address has no port_value")?;
        let free = places.port(port).ok_or_else(|| format!("the testbed has no place for port {port}"))?;
        socket.insert("port_value".to_owned(), free.into());
        if socket.get("address").and_then(Value::as_str) == Some("0.0.0.0") {
            socket.insert("address".to_owned(), "127.0.0.1".into());
        }
    }
    match value {
        Value::Object(fields) => fields.values_mut().try_for_each(|field| move_sockets(field, places)),
        Value::Array(items) => items.iter_mut().try_for_each(|item| move_sockets(item, places)),
        _ => Ok(()),
    }
}

/// C-ares, as Envoy takes it by default, with our server instead of resolv.conf's and without its search list.
fn resolver(dns: SocketAddr) -> Value {
    json!({
        "name": "envoy.network.dns_resolver.cares",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.network.dns_resolver.cares.v3.CaresDnsResolverConfig",
            "resolvers": [{ "socket_address": { "address": dns.ip().to_string(), "port_value": dns.port() } }],
            "dns_resolver_options": { "no_default_search_domain": true }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_without_a_place_is_named() {
        let config = json!({ "admin": { "address": { "socket_address": { "address": "0.0.0.0", "port_value": 1 } } } });
        let places = Places { listener: 2, telemetry: 3, admin: 4, servers: 5, dns: "127.0.0.1:53".parse().unwrap() };
        assert_eq!(place(config, &places).unwrap_err(), "the testbed has no place for port 1");
    }
}
