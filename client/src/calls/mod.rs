//! One call of any service: its deadline, its attempts, and which answer counts.

mod budget;
mod receive;
mod recent;
mod streaming;

use std::pin::pin;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::{Either, select};
use grpcio::{CallOption, ClientUnaryReceiver, Metadata, MetadataBuilder};

pub(crate) use budget::Budget;
pub(crate) use receive::{contained, message};
pub(crate) use recent::Recent;
pub use streaming::Streaming;

use crate::channels::connection::{Connection, Lease};
use crate::channels::trust::{End, SHORTEST_SILENCE};
use crate::customers::{Answer, IDEMPOTENT_HEADER};
use crate::{Backoff, CallError, Channels, MAX_DEADLINE};

const MAX_ATTEMPTS: u32 = 5;
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What happens when a call is made twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Safety {
    /// Nothing: it only reads. It may be retried, and hedged.
    Read,
    /// The second time changes nothing, for example because the request carries a `request_id`. It may be retried, and
    /// carries [`IDEMPOTENT_HEADER`], which allows a proxy the same.
    Idempotent,
    /// It may happen twice, so it is sent once. C-core sends it again only where the server surely has not seen it.
    Once,
}

impl Channels {
    /// Calls `method` (a name for errors, such as `GetCustomer`) of any service. `start` begins one attempt:
    ///
    /// ```ignore
    /// |channel, options| GreeterClient::new(channel).greet_async_opt(&request, options)
    /// ```
    ///
    /// Its `options` have to go along: they carry the deadline, without which nothing ends a call that nobody answers, and, for
    /// [`Safety::Idempotent`], a header; whoever sets headers of their own on them puts that one in too by [`idempotent`]. The
    /// error is that of the last attempt.
    pub async fn call<T>(
        &self,
        method: &'static str,
        safety: Safety,
        start: impl Fn(grpcio::Channel, CallOption) -> grpcio::Result<ClientUnaryReceiver<T>>,
    ) -> Result<Answer<T>, CallError> {
        self.call_within(self.deadline(), method, safety, start).await
    }

    /// The same within `deadline`, for example what is left of a deadline that this call serves; cut to
    /// [`MAX_DEADLINE`]. grpcio's `RpcContext::deadline` tells a handler only whether its own deadline has passed, so it has to
    /// count from its own start. Once it has passed, drop this future: that cancels the call.
    pub async fn call_within<T>(
        &self,
        deadline: Duration,
        method: &'static str,
        safety: Safety,
        start: impl Fn(grpcio::Channel, CallOption) -> grpcio::Result<ClientUnaryReceiver<T>>,
    ) -> Result<Answer<T>, CallError> {
        let start = |connection: &Connection, options| start(connection.channel.clone(), options);
        self.call_on(deadline, method, safety, start).await
    }

    /// The same of what has been made of a connection already.
    pub(crate) async fn call_on<T>(
        &self,
        deadline: Duration,
        method: &'static str,
        safety: Safety,
        start: impl Fn(&Connection, CallOption) -> grpcio::Result<ClientUnaryReceiver<T>>,
    ) -> Result<Answer<T>, CallError> {
        let begun = Instant::now();
        let call = Call { channels: self, method, safety, begun, deadline: deadline.min(MAX_DEADLINE), start };
        self.inner.budget.called();
        let mut backoff = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE);
        let mut attempts = 0;
        let mut except = None;
        let mut earlier = None;
        loop {
            let lease = self.inner.lease(except);
            except = Some(lease.slot);
            let outcome = call.hedged(lease, &mut attempts).await;
            let error = match outcome {
                Ok(answer) => return Ok(Answer { attempts, ..answer }),
                Err(error) => CallError { elapsed: begun.elapsed(), attempts, ..error }.after(earlier.as_ref()),
            };
            let pause = backoff.pause(error.details.retry_after);
            let worth_it = safety != Safety::Once && error.may_pass() && attempts < MAX_ATTEMPTS;
            if !worth_it || begun.elapsed().saturating_add(pause) >= call.deadline || !self.inner.budget.take() {
                return Err(error);
            }
            earlier = Some(error);
            async_std::task::sleep(pause).await;
        }
    }
}

/// What all attempts of one call share.
struct Call<'a, F> {
    channels: &'a Channels,
    method: &'static str,
    safety: Safety,
    begun: Instant,
    deadline: Duration,
    start: F,
}

impl<T, F> Call<'_, F>
where
    F: Fn(&Connection, CallOption) -> grpcio::Result<ClientUnaryReceiver<T>>,
{
    /// One attempt, and a second one beside it if it takes long and hedging is wanted.
    async fn hedged(&self, lease: Lease, attempts: &mut u32) -> Result<Answer<T>, CallError> {
        let inner = &self.channels.inner;
        *attempts += 1;
        let slot = lease.slot;
        if !inner.hedging || self.safety != Safety::Read {
            return self.attempt(lease).await;
        }
        let begun = Instant::now();
        let mut first = pin!(async {
            let outcome = self.attempt(lease).await;
            (outcome, begun.elapsed())
        });
        let Some(patience) = inner.recent.p95() else {
            let (outcome, took) = first.await;
            return inner.recent.learn(outcome, took);
        };
        if let Either::Left(((outcome, took), _)) = select(first.as_mut(), pin!(async_std::task::sleep(patience))).await
        {
            return inner.recent.learn(outcome, took);
        }
        let may = |_: &usize| *attempts < MAX_ATTEMPTS && inner.budget.take();
        let Some(place) = inner.beside(slot).filter(may) else {
            let (outcome, took) = first.await;
            return inner.recent.learn(outcome, took);
        };
        *attempts += 1;
        // All that is known of the first one then is that it took no less than the patience with it. What both took together
        // would make the patience of the next ones longer, and with a server that hangs longer again.
        let second = pin!(self.attempt(inner.lease_at(place)).map(|outcome| (outcome, patience)));
        // Whichever is still under way when this returns is dropped, and C-core cancels it.
        let (outcome, took) = match select(first, second).await {
            Either::Left(((Err(error), _), second)) if error.may_pass() => second.await,
            Either::Right(((Err(error), _), first)) if error.may_pass() => first.await,
            Either::Left((ended, _)) | Either::Right((ended, _)) => ended,
        };
        inner.recent.learn(outcome, took)
    }

    async fn attempt(&self, lease: Lease) -> Result<Answer<T>, CallError> {
        let unheard = Unheard::on(&lease);
        let outcome = async {
            let mut receiver = (self.start)(&lease.connection, self.options()?)?;
            let value = message(&mut receiver).await?;
            Ok(Answer::new(value, receiver.headers().await?))
        }
        .await;
        let outcome = outcome.map_err(|error| {
            let error = CallError::new(self.method, self.channels.target().clone(), self.begun.elapsed(), &error);
            error.on(lease.connection.channel.check_connectivity_state(false))
        });
        self.channels.inner.learn(&lease, outcome.as_ref().err(), unheard.heard());
        outcome
    }

    fn options(&self) -> grpcio::Result<CallOption> {
        let left = self.deadline.saturating_sub(self.begun.elapsed());
        let options = CallOption::default().timeout(left).wait_for_ready(self.channels.inner.wait_for_ready);
        Ok(match self.safety {
            Safety::Idempotent => options.headers(idempotent(None)?),
            Safety::Read | Safety::Once => options,
        })
    }
}

/// An attempt that is dropped while it waits, because another was faster or its caller had waited long enough, was left
/// without an answer too.
struct Unheard<'a> {
    lease: &'a Lease,
    since: Instant,
    waits: bool,
}

impl<'a> Unheard<'a> {
    fn on(lease: &'a Lease) -> Self {
        Self { lease, since: Instant::now(), waits: true }
    }

    /// How long it took.
    fn heard(mut self) -> Duration {
        self.waits = false;
        self.since.elapsed()
    }
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        if self.waits && self.since.elapsed() >= SHORTEST_SILENCE {
            self.lease.ended(End::Failed);
        }
    }
}

/// The headers of a call that may be made twice: the one that says so, and those of its caller. For whoever sets headers on the
/// options of [`Channels::call`] with [`Safety::Idempotent`]: `options.headers(idempotent(Some(&mine))?)`. Without the one a proxy
/// does not send the call again. Fails where a value cannot be sent, as grpcio's `MetadataBuilder` does.
pub fn idempotent(own: Option<&Metadata>) -> grpcio::Result<Metadata> {
    let mut headers = MetadataBuilder::with_capacity(1 + own.map_or(0, Metadata::len));
    headers.add_str(IDEMPOTENT_HEADER, "true")?;
    match own {
        Some(own) => sendable(own, headers),
        None => Ok(headers.build()),
    }
}

/// What is there already, and `own`, checked: what came with somebody's call may hold a value that C-core refuses to send, and
/// grpcio panics then.
pub(crate) fn sendable(own: &Metadata, mut headers: MetadataBuilder) -> grpcio::Result<Metadata> {
    for (name, value) in own.iter().filter(|(name, _)| *name != IDEMPOTENT_HEADER) {
        match str::from_utf8(value) {
            Ok(text) if !name.ends_with("-bin") => headers.add_str(name, text)?,
            _ => headers.add_bytes(name, value)?,
        };
    }
    Ok(headers.build())
}
