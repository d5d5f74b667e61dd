//! TLS towards a target: whom to trust, who we are, and what is wrong where no connection comes about.

mod examine;
mod fault;
mod judge;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use certificates::{Authorities, Pair, Unfit, Watched};
use grpcio::{ChannelBuilder, ChannelCredentials, ChannelCredentialsBuilder};

pub use examine::Examined;
pub use fault::TlsFault;

/// How often the files are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Where the certificates are, as PEM. Without any of them: the authorities that the system trusts, and no certificate of
/// our own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Authorities that vouch for the server.
    pub authorities: Option<PathBuf>,
    /// Our own certificate and its key, for a server that asks for one (mTLS).
    pub identity: Option<(PathBuf, PathBuf)>,
}

/// How connections to a [`Target`](crate::Target) are encrypted. Clones share what was read.
///
/// The files are read again when they have changed: connections that are made from then on use what is in them, and those
/// of [`Channels`](crate::Channels) are replaced without a lost call. Files that are unfit then are named in the log, and what
/// was there before stays in use.
#[derive(Clone)]
pub struct Tls {
    files: TlsFiles,
    server_name: Option<String>,
    state: Arc<Mutex<State>>,
}

struct State {
    watched: Watched,
    looked: Instant,
    /// Counts what was taken from the files.
    generation: u64,
    read: Read,
}

/// What was in the files.
#[derive(Clone, PartialEq, Eq)]
struct Read {
    authorities: Option<Authorities>,
    identity: Option<Pair>,
}

impl Tls {
    /// Reads the files. The error names the one that cannot be used: unreadable, no certificate, a key of another
    /// certificate, or one that has expired.
    pub fn read(files: TlsFiles) -> Result<Self, Unfit> {
        let read = files.read()?;
        let (own, key) = files.identity.clone().unzip();
        let watched = Watched::new([files.authorities.clone(), own, key].into_iter().flatten());
        let state = State { watched, looked: Instant::now(), generation: 0, read };
        Ok(Self { files, server_name: None, state: Arc::new(Mutex::new(state)) })
    }

    /// The name that the server's certificate must have, where it is not the host that is called.
    #[must_use]
    pub fn server_name(self, name: impl Into<String>) -> Self {
        // C-core's strings end with a zero byte; a name with one is none that a certificate could have, and stays such a one.
        let name = name.into().replace('\0', "\u{fffd}");
        Self { server_name: Some(name), ..self }
    }

    /// A number that grows when renewed files were taken.
    pub(crate) fn generation(&self) -> u64 {
        self.fresh().generation
    }

    /// What C-core needs for a channel; `builder` may have other settings already.
    pub(crate) fn secure(&self, builder: ChannelBuilder) -> ChannelBuilder {
        let builder = builder.set_credentials(self.fresh().read.credentials());
        match &self.server_name {
            // grpcio advises against it outside of tests, for the danger that a name is checked that nobody is called by:
            // here the one that is checked was asked for by that name.
            Some(name) => builder.override_ssl_target(name.as_str()),
            None => builder,
        }
    }

    fn current(&self) -> Read {
        self.fresh().read.clone()
    }

    /// The state, after a look at the files if the last one was a while ago.
    fn fresh(&self) -> MutexGuard<'_, State> {
        // What it guards is whole after every statement.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() >= LOOK_EVERY {
            state.looked = Instant::now();
            match state.watched.look(|| self.files.read()) {
                Some(Ok(read)) if read != state.read => {
                    state.read = read;
                    state.generation += 1;
                }
                Some(Ok(_)) | None => {}
                Some(Err(unfit)) => log::error!("the certificates before stay in use, since {unfit}"),
            }
        }
        state
    }
}

impl TlsFiles {
    fn read(&self) -> Result<Read, Unfit> {
        Ok(Read {
            authorities: self.authorities.as_deref().map(Authorities::read).transpose()?,
            identity: self.identity.as_ref().map(|(own, key)| Pair::read(own, key)).transpose()?,
        })
    }
}

impl Read {
    fn credentials(&self) -> ChannelCredentials {
        let mut builder = ChannelCredentialsBuilder::new();
        if let Some(authorities) = &self.authorities {
            builder = builder.root_cert(authorities.pem().to_vec());
        }
        if let Some(pair) = &self.identity {
            builder = builder.cert(pair.certificate().to_vec(), pair.key().to_vec());
        }
        builder.build()
    }
}

impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        (&self.files, &self.server_name) == (&other.files, &other.server_name)
    }
}

impl Eq for Tls {}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls")
            .field("files", &self.files)
            .field("server_name", &self.server_name)
            .finish_non_exhaustive()
    }
}
