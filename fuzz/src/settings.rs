//! Settings of both programs.

use std::sync::LazyLock;
use std::time::Duration;

use clap::Parser as _;

use crate::parsers::client::mix::Mix;
use crate::parsers::client::place::Place;
use crate::parsers::client::values;
use crate::parsers::server::config::{Args, Config, DatabaseUrl};
use crate::text;

/// What a password could be: nobody's name for anything else.
const PASSWORD: &str = "pw-9f2c-hidden";

/// What nobody types.
static USUAL: LazyLock<Args> = LazyLock::new(|| Args::parse_from(["ticketing-server"]));

/// A line is a setting. Whatever is typed, the refusal is one line and never holds what may be a password.
pub fn server_settings(bytes: &[u8]) {
    // libFuzzer learns what is compared with: no other setting is to hold it.
    let typed = text(bytes).replace(PASSWORD, "");
    let mut lines = typed.split('\n').map(str::to_owned);
    let mut next = |default: &str| lines.next().filter(|line| !line.is_empty()).unwrap_or_else(|| default.to_owned());
    let database = next("sqlite:customers.db").replace("PASSWORD", PASSWORD);
    let args = Args {
        database_url: database.clone().into(),
        listen_addr: next("0.0.0.0:12345"),
        admin_addr: next("0.0.0.0:9090"),
        drain_delay: next("2s"),
        drain_timeout: next("10s"),
        workers: Some(next("1")),
        pod_name: next("test"),
        corking: next("on"),
        log_format: next("text"),
        ..USUAL.clone()
    };
    let _ = args.log_format();
    assert!(!format!("{args:?}").contains(PASSWORD));
    // Where it stands for something else than a password it is shown, as a user's name or a file's is.
    let authority = database.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let is_password = authority.is_some_and(|authority| authority.contains(&format!(":{PASSWORD}@")))
        && database.matches(PASSWORD).count() == 1;
    match Config::try_from(args) {
        Ok(config) => {
            let hidden = is_password && matches!(config.database, DatabaseUrl::Postgres(_));
            assert!(!hidden || !format!("{config:?}").contains(PASSWORD), "{config:?}");
            assert!(config.pod_name.bytes().all(|byte| byte.is_ascii_graphic()));
        }
        Err(refusal) => {
            let refusal = refusal.to_string();
            assert!(!refusal.contains(char::is_control), "{refusal:?}");
            assert!(!is_password || !refusal.contains(PASSWORD), "{refusal}");
        }
    }
}

/// Targets are shown on one line and dialled as a URI; values that are taken can be counted with.
pub fn client_settings(bytes: &[u8]) {
    let typed = text(bytes);
    let (host, port) = typed.split_once('\n').unwrap_or((&typed, "1"));
    for target in [Place::new(host, port.parse().unwrap_or(12345)), Place::from_uri(&typed)] {
        match target {
            Ok(target) => {
                assert!(!target.to_string().contains(char::is_control), "{target}");
                assert!(!target.uri().contains(char::is_control) && target.uri().contains(':'));
            }
            Err(refusal) => assert!(!refusal.to_string().contains(char::is_control), "{refusal}"),
        }
    }
    if let Ok(span) = values::positive_duration(&typed) {
        assert!(span > Duration::ZERO);
    }
    assert!(values::count(&typed).is_ok_and(|count| count > 0) || values::count(&typed).is_err());
    assert!(values::positive(&typed).is_ok_and(|number| number > 0.0) || values::positive(&typed).is_err());
    assert!(values::percent(&typed).is_ok_and(|share| share <= 100.0) || values::percent(&typed).is_err());
    match typed.parse::<Mix>() {
        Ok(mix) => {
            assert_eq!(mix.to_string().parse().as_ref(), Ok(&mix));
            let _ = mix.choose(&mut fastrand::Rng::with_seed(7));
        }
        Err(refusal) => assert!(!refusal.contains(char::is_control), "{refusal}"),
    }
}
