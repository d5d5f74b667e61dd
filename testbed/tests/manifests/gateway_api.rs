//! Objects of the Gateway API, held against their published types. `tools/manifests` knows that they are judged here.

use std::fs;
use std::path::PathBuf;

use ::gateway_api::apis::standard::gateways::Gateway;
use ::gateway_api::apis::standard::grpcroutes::GrpcRoute;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use testbed::binaries;

const GROUP: &str = "gateway.networking.k8s.io/";

/// All documents of the overlays that belong to the Gateway API, with the file that each is in.
fn objects() -> Vec<(PathBuf, Value)> {
    let overlays = fs::read_dir(binaries::repository().join("overlays")).unwrap();
    let files = overlays.flat_map(|overlay| fs::read_dir(overlay.unwrap().path()).unwrap());
    let manifests =
        files.map(|file| file.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "yaml"));
    let mut found = Vec::new();
    for path in manifests {
        let text = fs::read_to_string(&path).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
        let ours = documents.into_iter().filter(|object| {
            object["apiVersion"].as_str().is_some_and(|version| version.starts_with(GROUP))
                && object["metadata"].is_object()
        });
        found.extend(ours.map(|object| (path.clone(), object)));
    }
    found
}

/// What the published type says of an object. A field that it does not know would be lost on the way through it.
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
    if back == *object { Ok(()) } else { Err(format!("the type holds {back}, which is not {object}")) }
}

#[test]
fn gateways_and_routes_are_what_their_published_types_say() {
    let objects = objects();
    assert_eq!(objects.len(), 2, "{objects:?}");
    for (path, object) in objects {
        assert_eq!(judge(&object), Ok(()), "{}", path.display());
    }
}

#[test]
fn each_kind_of_mistake_is_found() {
    let broken = |kind: &str, place: &str, value: Value| {
        let (_, mut object) = objects().into_iter().find(|(_, object)| object["kind"] == kind).unwrap();
        let (parent, field) = place.rsplit_once('/').unwrap();
        object.pointer_mut(parent).unwrap()[field] = value;
        judge(&object)
    };
    for (kind, place, value) in [
        ("Gateway", "/spec/listeners/0/protokoll", 12.into()),
        ("Gateway", "/spec/listeners/0/port", "8443".into()),
        ("Gateway", "/apiVersion", "gateway.networking.k8s.io/v9".into()),
        ("Gateway", "/kind", "Gatewya".into()),
        ("GRPCRoute", "/spec/rules/0/matches/0/method/type", "Exakt".into()),
        ("GRPCRoute", "/spec/rulez", Value::Array(Vec::new())),
    ] {
        assert!(broken(kind, place, value).is_err(), "{kind} {place}");
    }
}
