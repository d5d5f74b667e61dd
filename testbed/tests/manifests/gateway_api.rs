//! Objects of the Gateway API, held against their published types. `tools/manifests` knows that they are judged here, and
//! refuses one that a kustomization makes different from its file.

use std::fs;
use std::path::{Path, PathBuf};

use ::gateway_api::apis::standard::gateways::Gateway;
use ::gateway_api::apis::standard::grpcroutes::GrpcRoute;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use testbed::binaries;

const GROUP: &str = "gateway.networking.k8s.io/";

/// All documents of manifests and overlays that belong to the Gateway API, with the file that each is in.
fn objects() -> Vec<(PathBuf, Value)> {
    let mut found = Vec::new();
    for path in ["manifests", "overlays"].iter().flat_map(|folder| files(&binaries::repository().join(folder))) {
        let text = fs::read_to_string(&path).unwrap();
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let ours = documents
            .into_iter()
            .filter(|object| object["apiVersion"].as_str().is_some_and(|version| version.starts_with(GROUP)));
        found.extend(ours.map(|object| (path.clone(), object)));
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let below = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    below.filter(|path| path.extension().is_some_and(|end| end == "yaml")).collect()
}

/// What the published type says of an object. A field that it does not know is lost on the way through it.
fn judge(object: &Value) -> Result<(), String> {
    match object["kind"].as_str().unwrap_or_default() {
        "Gateway" => there_and_back::<Gateway>(object),
        "GRPCRoute" => there_and_back::<GrpcRoute>(object),
        kind => Err(format!("no type is known for the kind {kind}")),
    }
}

fn there_and_back<T: DeserializeOwned + Serialize>(object: &Value) -> Result<(), String> {
    let typed: T = serde_json::from_value(object.clone()).map_err(|error| error.to_string())?;
    let back = serde_json::to_value(typed).map_err(|error| error.to_string())?;
    difference(object, &back, "").map_or(Ok(()), Err)
}

/// The first place where what came back is not what was sent.
fn difference(sent: &Value, back: &Value, place: &str) -> Option<String> {
    match (sent, back) {
        (Value::Object(sent), Value::Object(back)) => {
            if let Some(key) = sent.keys().find(|key| !back.contains_key(*key)) {
                return Some(format!("{place}/{key}: no such field"));
            }
            if let Some(key) = back.keys().find(|key| !sent.contains_key(*key)) {
                return Some(format!("{place}/{key}: the type adds it"));
            }
            sent.iter().find_map(|(key, value)| difference(value, &back[key], &format!("{place}/{key}")))
        }
        (Value::Array(sent), Value::Array(back)) if sent.len() == back.len() => {
            let mut pairs = sent.iter().zip(back).enumerate();
            pairs.find_map(|(n, (sent, back))| difference(sent, back, &format!("{place}/{n}")))
        }
        _ => (sent != back).then(|| format!("{place}: is {sent}, and the type makes {back} of it")),
    }
}

#[test]
fn gateways_and_routes_are_what_their_published_types_say() {
    let objects = objects();
    for kind in ["Gateway", "GRPCRoute"] {
        assert!(objects.iter().any(|(_, object)| object["kind"] == kind), "no {kind} was found to be judged");
    }
    for (path, object) in objects {
        assert_eq!(judge(&object), Ok(()), "{}", path.display());
    }
}

#[test]
fn each_kind_of_mistake_is_found() {
    for (kind, place, value, says) in [
        ("Gateway", "/spec/listeners/0/protokoll", 12.into(), "/spec/listeners/0/protokoll: no such field"),
        ("Gateway", "/spec/listeners/0/protocol", 12.into(), "expected a string"),
        ("Gateway", "/spec/listeners/0/port", "8443".into(), "expected i32"),
        ("Gateway", "/spec/listeners/0/allowedRoutes/namespaces/from", "Sam".into(), "unknown variant `Sam`"),
        ("Gateway", "/metadata/label", "x".into(), "/metadata/label: no such field"),
        ("Gateway", "/apiVersion", "gateway.networking.k8s.io/v9".into(), "/apiVersion: is"),
        ("Gateway", "/kind", "Gatewya".into(), "no type is known for the kind Gatewya"),
        ("GRPCRoute", "/kind", "Gateway".into(), "missing field `gatewayClassName`"),
        ("GRPCRoute", "/spec/rules/0/matches/0/method/type", "Exakt".into(), "unknown variant `Exakt`"),
        ("GRPCRoute", "/spec/rulez", Value::Array(Vec::new()), "/spec/rulez: no such field"),
    ] {
        let in_overlay = |path: &Path| path.ends_with("overlays/gateway-api/gateway.yaml");
        let mut whole = objects().into_iter().filter(|(path, object)| in_overlay(path) && object["kind"] == kind);
        let (_, mut object) = whole.next().unwrap();
        let (parent, field) = place.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[field] = value;
        let said = judge(&object).expect_err(place);
        assert!(said.contains(says), "{kind} {place}: {said}");
    }
}
