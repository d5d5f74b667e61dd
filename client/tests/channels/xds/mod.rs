//! `xds:///`, as C-core brings it, against a control plane. Only in a build that has C-core's xDS client: `make xds-test`.

use std::env;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use async_std::task::block_on;
use ticketing_client::{Channels, Safety, Target};

use crate::greeter::{Greeter, Reply, greet};
use crate::wait::until;

const NAME: &str = "greeters";
const TEST: &str = "xds::the_pods_that_a_control_plane_names_get_the_calls_and_a_change_is_followed";

/// Names the file that says where the control plane is. C-core reads it for the first `xds:///` channel of a process.
const BOOTSTRAP: &str = "GRPC_XDS_BOOTSTRAP";

struct ControlPlane {
    process: Child,
    endpoints: ChildStdin,
    port: u16,
}

impl ControlPlane {
    fn start() -> Self {
        let package = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut process = Command::new(package.join("../.tools/python/bin/python"))
            .args(["-I", "-B"])
            .arg(package.join("tests/channels/xds/control_plane.py"))
            .arg(NAME)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("`tools/setup test xds` got a Python");
        let mut port = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut port).unwrap();
        let endpoints = process.stdin.take().unwrap();
        Self { process, endpoints, port: port.trim().parse().expect("a port") }
    }

    fn say(&mut self, pods: &[&Greeter]) {
        let pods: Vec<_> = pods.iter().map(|pod| format!("127.0.0.1:{}", pod.port)).collect();
        writeln!(self.endpoints, "{}", pods.join(" ")).unwrap();
    }

    fn bootstrap(&self) -> String {
        let port = self.port;
        format!(
            r#"{{"node": {{"id": "a-test"}}, "xds_servers": [{{"server_uri": "127.0.0.1:{port}",
                "channel_creds": [{{"type": "insecure"}}], "server_features": ["xds_v3"]}}]}}"#
        )
    }
}

impl Drop for ControlPlane {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_pods_that_a_control_plane_names_get_the_calls_and_a_change_is_followed() {
    let Some(bootstrap) = env::var_os(BOOTSTRAP) else {
        return again_with_bootstrap();
    };
    let mut plane = ControlPlane::start();
    std::fs::write(bootstrap, plane.bootstrap()).unwrap();
    let [one, other, newcomer] = [(); 3].map(|()| Greeter::start(|_| Reply::Hello));
    plane.say(&[&one, &other]);
    let target = Target::from_uri(&format!("xds:///{NAME}")).unwrap();
    let channels = Channels::builder(target).wait_for_ready(true).deadline(Duration::from_secs(20)).build();
    let calls = || (0..10).for_each(|_| drop(block_on(greet(&channels, Safety::Read)).unwrap()));

    until("both pods of the control plane get calls", || {
        calls();
        one.attempts() > 0 && other.attempts() > 0
    });
    assert_eq!(newcomer.attempts(), 0);
    plane.say(&[&newcomer]);
    until("only the pod that the control plane names now gets calls", || {
        let before = one.attempts() + other.attempts();
        calls();
        newcomer.attempts() > 0 && one.attempts() + other.attempts() == before
    });
}

/// Runs the test in a process of its own, since the variable must be there before C-core is.
fn again_with_bootstrap() {
    let folder = tempfile::tempdir().unwrap();
    let ended = Command::new(env::current_exe().unwrap())
        .args(["--exact", TEST, "--nocapture"])
        .env(BOOTSTRAP, folder.path().join("bootstrap.json"))
        .output()
        .unwrap();
    let said = [ended.stdout, ended.stderr].map(|said| String::from_utf8_lossy(&said).into_owned()).join("\n");
    assert!(ended.status.success() && said.contains("1 passed"), "{said}");
}
