//! The end of a recording: what stayed unknown is asked once more, and everything is read once more.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Arc;

use async_std::task::block_on;
use futures::stream::{self, StreamExt, TryStreamExt};

use super::caller::Caller;
use super::record::Recorder;
use super::{Create, History, Intent, Outcome, Walk};
use crate::BedError;
use crate::connect::channel_to;

const PAGE_SIZE: i32 = 1_000;
const CALLS_AT_ONCE: usize = 32;

/// A history that ended, and what was there then.
#[derive(Debug, Clone)]
pub struct Concluded {
    /// All that happened, with the creates that were sent again to learn their outcome, and a look at each customer
    /// that was acknowledged.
    pub history: History,
    /// A complete walk after everything else.
    pub last: Walk,
}

impl History {
    /// Sends each create whose outcome is unknown, and which has a request id, until it is answered; then walks through
    /// all pages and looks at each customer that was acknowledged. Nobody else may write meanwhile. Fails if a call gets
    /// no answer for half a minute.
    pub fn conclude(mut self, address: SocketAddr) -> Result<Concluded, BedError> {
        let recorder = self.recorder.clone().unwrap_or_else(|| Arc::new(Recorder::start()));
        let caller = &Caller { customers: channel_to(address).customers(), recorder };
        block_on(async {
            let resolved = stream::iter(self.unresolved()).map(async |intent| caller.resolve(&intent).await);
            let resolved: Vec<_> = resolved.buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
            self.creates.extend(resolved);

            let (last, outcome) = caller.walk(|| PAGE_SIZE).await;
            outcome?;

            let acknowledged: HashSet<_> = self.acknowledged().cloned().collect();
            let looks = stream::iter(acknowledged).map(async |wanted| caller.surely_get(&wanted).await);
            let looks: Vec<_> = looks.buffer_unordered(CALLS_AT_ONCE).try_collect().await?;
            self.gets.extend(looks);
            Ok(Concluded { history: self, last })
        })
    }

    /// What may be there or not, and may be sent again to know.
    fn unresolved(&self) -> Vec<Arc<Intent>> {
        let mut known: HashMap<&str, bool> = HashMap::new();
        for create in &self.creates {
            *known.entry(&create.intent.first_name).or_default() |= !matches!(create.outcome, Outcome::Unknown(_));
        }
        let mut unresolved: HashMap<&str, &Arc<Intent>> = HashMap::new();
        for Create { intent, .. } in &self.creates {
            if intent.request_id.is_some() && !known[intent.first_name.as_str()] {
                unresolved.insert(&intent.first_name, intent);
            }
        }
        unresolved.into_values().cloned().collect()
    }
}
