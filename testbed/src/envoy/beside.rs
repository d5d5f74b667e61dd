//! Files beside `envoy.yaml`, and those that it names: in a pod they are below `/etc`, on loopback in the bed's folder.

use std::path::Path;

use serde_json::Value;

/// The folder of the ConfigMap in Envoy's pod.
const OF_CONFIG: &str = "/etc/envoy";
/// The folder of the Secrets in every pod.
const OF_SECRETS: &str = "/etc/ticketing";
/// The folder that stands for `/etc/ticketing` in the folder of a bed.
pub const FOLDER_OF_SECRETS: &str = "ticketing";

/// Every path below the folders of a pod, below `folder`.
pub(super) fn move_paths(value: &mut Value, folder: &Path) {
    match value {
        Value::String(text) => {
            if let Some(moved) = moved(text, folder) {
                *text = moved;
            }
        }
        Value::Object(fields) => fields.values_mut().for_each(|field| move_paths(field, folder)),
        Value::Array(items) => items.iter_mut().for_each(|item| move_paths(item, folder)),
        _ => {}
    }
}

fn moved(path: &str, folder: &Path) -> Option<String> {
    let (below, folder) = match path.strip_prefix(OF_SECRETS) {
        Some(below) => (below, folder.join(FOLDER_OF_SECRETS)),
        None => (path.strip_prefix(OF_CONFIG)?, folder.to_owned()),
    };
    (below.is_empty() || below.starts_with('/')).then(|| format!("{}{below}", folder.display()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_in_the_folders_of_a_pod_move_and_all_else_stays() {
        let mut config = json!({
            "a": ["/etc/envoy/x.yaml", "/etc/envoy", "/etc/envoys", "/etc/passwd"],
            "b": { "filename": "/etc/ticketing/callers/tls.crt" }
        });
        move_paths(&mut config, Path::new("/bed"));
        let moved = json!({
            "a": ["/bed/x.yaml", "/bed", "/etc/envoys", "/etc/passwd"],
            "b": { "filename": "/bed/ticketing/callers/tls.crt" }
        });
        assert_eq!(config, moved);
    }
}
