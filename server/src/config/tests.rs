use clap::Parser as _;

use super::*;

fn config(flags: &[&str]) -> Result<Config, String> {
    let args = Args::try_parse_from([&["ticketing-server"], flags].concat()).map_err(|error| error.to_string())?;
    Config::try_from(args).map_err(|error| error.to_string())
}

#[test]
fn a_duration_without_a_unit_is_told_which_one_to_add() {
    assert_eq!(
        config(&["--drain-timeout", "20"]).err().as_deref(),
        Some(r#"DRAIN_TIMEOUT (--drain-timeout) is "20": add a unit, for example 20s or 20ms"#)
    );
    assert_eq!(config(&["--drain-delay", "0"]).map(|config| config.drain.delay), Ok(Duration::ZERO));
    assert!(config(&["--drain-delay", "soon"]).is_err());
    assert_eq!(
        config(&["--drain-delay", ""]).err().as_deref(),
        Some(r#"DRAIN_DELAY (--drain-delay) is "": use a number and a unit, for example 20s or 1500ms"#)
    );
}

#[test]
fn a_password_in_a_bad_database_url_is_not_repeated() {
    let error = config(&["--database-url", "mysql://user:secret@host/db"]).err();
    assert_eq!(
        error.as_deref(),
        Some("DATABASE_URL (--database-url): use sqlite:FILE, postgres://USER@HOST:PORT/DATABASE or memory:")
    );
}

#[test]
fn a_pod_name_must_fit_a_header() {
    assert!(config(&["--pod-name", "app-server-0"]).is_ok());
    assert!(config(&["--pod-name", ""]).is_err());
    assert!(config(&["--pod-name", "caf\u{e9}"]).is_err());
}

#[test]
fn grpc_and_admin_http_cannot_share_a_port() {
    let error = config(&["--listen-addr", "127.0.0.1:9090", "--admin-addr", "127.0.0.1:9090"]).err();
    assert!(error.is_some_and(|error| error.contains("ADMIN_ADDR") && error.contains("another port")));
    assert!(config(&["--listen-addr", "127.0.0.1:0", "--admin-addr", "127.0.0.1:0"]).is_ok());
}

#[test]
fn every_address_clashes_with_each_one_on_the_same_port() {
    let settings = |listen, admin| config(&["--listen-addr", listen, "--admin-addr", admin]);
    assert_eq!(
        settings("0.0.0.0:9090", "127.0.0.1:9090").err().as_deref(),
        Some(
            r#"ADMIN_ADDR (--admin-addr) is "127.0.0.1:9090": gRPC is served there, LISTEN_ADDR (--listen-addr) is 0.0.0.0:9090; use another port"#
        )
    );
    assert!(settings("127.0.0.1:9090", "0.0.0.0:9090").is_err());
    assert!(settings("[::]:9090", "127.0.0.1:9090").is_err());
    for (listen, admin) in [("127.0.0.2:9090", "127.0.0.3:9090"), ("0.0.0.0:9090", "[::1]:9090")] {
        assert!(settings(listen, admin).is_ok(), "{listen} {admin}");
    }
}

#[test]
fn no_workers_serve_nobody() {
    assert_eq!(
        config(&["--workers", "0"]).err().as_deref(),
        Some(r#"WORKERS (--workers) is "0": use 1 to 128; one serves a core to the full"#)
    );
    for unfit in ["129", "abc", "", "1.5"] {
        assert!(
            config(&["--workers", unfit]).is_err_and(|error| error.starts_with("WORKERS (--workers) is ")),
            "{unfit}"
        );
    }
}

#[test]
fn a_word_that_is_none_of_the_choices_is_told_which_would_do() {
    let args = Args::try_parse_from(["ticketing-server", "--log-format", "xml"]).expect("it parses");
    assert_eq!(
        args.log_format().map_err(|error| error.to_string()),
        Err(r#"LOG_FORMAT (--log-format) is "xml": use text or json"#.to_owned())
    );
    assert_eq!(
        config(&["--pod-name-from", "dice"]).err().as_deref(),
        Some(r#"POD_NAME_FROM (--pod-name-from) is "dice": use hostname, or leave it out"#)
    );
}

#[test]
fn admin_http_and_reflection_can_be_switched_off() {
    let off = config(&["--admin-addr", "off", "--reflection", "off"]).expect("settings");
    assert_eq!((off.admin, off.reflection), (None, false));
    let usual = config(&[]).expect("settings");
    assert_eq!((usual.admin.map(|admin| admin.port()), usual.reflection), (Some(9090), true));
    assert_eq!(
        config(&["--admin-addr", "none"]).err().as_deref(),
        Some(
            r#"ADMIN_ADDR (--admin-addr) is "none": use an IP address and a port, for example 127.0.0.1:9090 or [::]:9090, or off"#
        )
    );
    assert_eq!(
        config(&["--reflection", "no"]).err().as_deref(),
        Some(r#"REFLECTION (--reflection) is "no": use on or off"#)
    );
}

#[test]
fn neither_what_was_typed_nor_what_it_means_shows_a_password() {
    let flags = ["ticketing-server", "--database-url", "postgres://ada:secret@db/customers"];
    let args = Args::try_parse_from(flags).expect("flags");
    assert!(!format!("{args:?}").contains("secret"));
    assert!(!format!("{:?}", Config::try_from(args).expect("settings")).contains("secret"));
}
