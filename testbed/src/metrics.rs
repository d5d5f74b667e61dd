//! What a server counts about itself.

use crate::{BedError, Server, http};

/// Creates that this server has answered with OK since it started.
pub(crate) fn creates_handled(server: &Server) -> Result<u64, BedError> {
    let unfit = || BedError::Unexpected(format!("{} shows no metrics", server.pod()));
    let page = http::get(server.admin(), "/metrics").ok_or_else(unfit)?;
    Ok(handled(&page, "CreateCustomer"))
}

/// Renewed certificates that this server has taken since it started.
pub(crate) fn certificates_taken(server: &Server) -> Result<u64, BedError> {
    let unfit = || BedError::Unexpected(format!("{} shows no metrics of certificates", server.pod()));
    let page = http::get(server.admin(), "/metrics").ok_or_else(unfit)?;
    let line = page.lines().find(|line| line.starts_with("ticketing_tls_reloads_total{outcome=\"taken\"}"));
    line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).ok_or_else(unfit)
}

fn handled(page: &str, method: &str) -> u64 {
    let ours = |line: &&str| {
        line.starts_with("grpc_server_handled_total{")
            && line.contains(&format!("grpc_method=\"{method}\""))
            && line.contains("grpc_code=\"OK\"")
    };
    page.lines().find(ours).and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_creates_that_went_well_are_counted() {
        let page = "\
# TYPE grpc_server_handled_total counter
grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"GetCustomer\"} 5
grpc_server_handled_total{grpc_code=\"Internal\",grpc_method=\"CreateCustomer\"} 6
grpc_server_handled_total{grpc_code=\"OK\",grpc_method=\"CreateCustomer\"} 7
";
        assert_eq!(handled(page, "CreateCustomer"), 7);
        assert_eq!(handled("", "CreateCustomer"), 0);
    }
}
