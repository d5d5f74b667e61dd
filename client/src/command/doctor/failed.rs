//! What a failed call says, and what to do about it: each once.

use ticketing_client::{CallError, Code};

/// What went wrong, without the advice with which the error's own text ends: that is the next step's.
pub(super) fn found(error: &CallError) -> String {
    let (text, advice) = (error.to_string(), format!("; {}", error.advice()));
    text.strip_suffix(advice.as_str()).unwrap_or(&text).to_owned()
}

/// What to do about it.
pub(super) fn next(error: &CallError) -> &'static str {
    no_server_behind(&error.message).unwrap_or(match error.advice() {
        "" => "look at the server's log",
        advice => advice,
    })
}

/// What went wrong with a call that the library did not make.
pub(super) fn told(error: &grpcio::Error) -> String {
    match error {
        grpcio::Error::RpcFailure(status) | grpcio::Error::RpcFinished(Some(status)) => {
            let code = Code::from(status.code());
            if status.message().is_empty() { code.to_string() } else { format!("{code}: {}", status.message()) }
        }
        grpcio::Error::Codec(cause) => format!("the answer does not decode: {cause}"),
        _ => "the connection was lost amid the call".to_owned(),
    }
}

/// What to do where a proxy has answered because there was no server to ask: Envoy's words tell.
pub(super) fn no_server_behind(message: &str) -> Option<&'static str> {
    message.contains("no healthy upstream").then_some(
        "a proxy answered, and no server behind it is ready: look whether the pods are (`kubectl get pods`), \
         whether the proxy's DNS name leads to them, and what its health checks say",
    )
}

#[cfg(test)]
mod tests {
    use grpcio::{RpcStatus, RpcStatusCode};

    use super::*;

    #[test]
    fn a_status_is_told_by_its_name_and_message_alone() {
        let status = |message: &str| RpcStatus::with_message(RpcStatusCode::UNAVAILABLE, message.to_owned());
        assert_eq!(told(&grpcio::Error::RpcFailure(status("busy"))), "UNAVAILABLE: busy");
        assert_eq!(told(&grpcio::Error::RpcFinished(Some(status("")))), "UNAVAILABLE");
        assert_eq!(told(&grpcio::Error::RemoteStopped), "the connection was lost amid the call");
    }
}
