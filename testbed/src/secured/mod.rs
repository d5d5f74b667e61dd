//! A bed as an overlay with TLS sets up a cluster: the overlay's own configuration of Envoy, its settings of the servers, and
//! certificates in folders as the kubelet lays them out.

mod tokens;
mod volume;

use std::fs;
use std::net::SocketAddrV4;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde_json::Value;

pub use tokens::TokenIssuer;
pub use volume::SecretVolume;

use crate::envoy::{ConfigFile, FOLDER_OF_SECRETS};
use crate::{BedError, Certificates, binaries};

/// What the overlays set for servers, whatever else they stand on.
const SERVER_PATCH: &str = "overlays/tls/app-server.yaml";
/// The setting of the port for probes, which a bed chooses itself.
const HEALTH_ADDR: &str = "HEALTH_ADDR";

/// An overlay with TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Overlay {
    /// Certificates on both sides everywhere.
    Tls,
    /// The same, and what a caller may do is in its certificate.
    AuthorizationCertificate,
    /// Callers without certificates: what each may do is in the token that it sends.
    AuthorizationJwt,
}

impl Overlay {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Tls, Self::AuthorizationCertificate, Self::AuthorizationJwt];

    /// Its folder below `overlays/`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls => "tls",
            Self::AuthorizationCertificate => "authorization-certificate",
            Self::AuthorizationJwt => "authorization-jwt",
        }
    }

    /// Its configuration of Envoy.
    pub fn config(self) -> Result<ConfigFile, BedError> {
        ConfigFile::of_config_map(format!("overlays/{}/envoy-conf.yaml", self.name()))
    }
}

/// The certificates of a bed, and where they are mounted.
#[derive(Debug)]
pub struct Secured {
    overlay: Overlay,
    folder: PathBuf,
    certificates: Certificates,
    tokens: Option<TokenIssuer>,
    of_callers: SecretVolume,
    of_servers: SecretVolume,
}

impl Secured {
    /// Makes everything in `folder`, which is the bed's.
    pub(crate) fn prepare(overlay: Overlay, folder: &Path) -> Result<Self, BedError> {
        let certificates = Certificates::make()?;
        let secrets = folder.join(FOLDER_OF_SECRETS);
        let tokens = (overlay == Overlay::AuthorizationJwt).then(|| TokenIssuer::make(secrets.join("jwks")));
        Ok(Self {
            overlay,
            folder: folder.to_owned(),
            of_callers: SecretVolume::mount(secrets.join("callers"), &certificates.of("envoy"))?,
            of_servers: SecretVolume::mount(secrets.join("servers"), &certificates.of("envoy-client"))?,
            certificates,
            tokens: tokens.transpose()?,
        })
    }

    /// The overlay.
    pub fn overlay(&self) -> Overlay {
        self.overlay
    }

    /// All certificates, those that nobody uses among them.
    pub fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Who issues tokens that this bed's Envoy trusts, where callers need some.
    pub fn tokens(&self) -> Option<&TokenIssuer> {
        self.tokens.as_ref()
    }

    /// Envoy's certificate for callers, with their authority: the Secret `envoy-tls`.
    pub fn envoy_for_callers(&self) -> &SecretVolume {
        &self.of_callers
    }

    /// Envoy's certificate for servers, with their authority: the Secret `envoy-client-tls`.
    pub fn envoy_for_servers(&self) -> &SecretVolume {
        &self.of_servers
    }

    /// A server's own mount of the Secret `app-server-tls`.
    pub(crate) fn mount_for(&self, pod: &str) -> Result<SecretVolume, BedError> {
        SecretVolume::mount(self.folder.join(pod).join("tls"), &self.certificates.of("server"))
    }

    /// What the overlay sets for a server whose certificates are in `volume`.
    pub(crate) fn settings(volume: &SecretVolume, health: SocketAddrV4) -> Result<Vec<(String, String)>, BedError> {
        let path = binaries::repository().join(SERVER_PATCH);
        let unfit = |reason: String| BedError::EnvoyFile { path: path.clone(), reason };
        let text = fs::read_to_string(&path).map_err(BedError::io(format!("read {}", path.display())))?;
        let patches: Vec<Value> = serde_saphyr::from_multiple(&text).map_err(|error| unfit(error.to_string()))?;
        let env = patches.iter().find_map(|patch| patch.pointer("/spec/template/spec/containers/0/env")?.as_array());
        let env = env.ok_or_else(|| unfit("sets nothing for its first container".to_owned()))?;
        let setting = |entry: &Value| {
            let (name, value) = (entry["name"].as_str()?, entry["value"].as_str()?);
            Some((name.to_owned(), value.replace("/etc/ticketing/tls", &volume.folder().display().to_string())))
        };
        // The pods of a bed share one loopback.
        let health = (HEALTH_ADDR.to_owned(), health.to_string());
        Ok(env.iter().filter_map(setting).chain([health]).collect())
    }
}
