//! One command a file: what it takes, what it does, and the value that it returns.

mod capacity;
mod completions;
mod counted;
mod create;
mod doctor;
mod export;
mod get;
mod health;
mod import;
mod list;
mod load;
mod patience;
mod progress;
mod same_file;
mod watch;

use std::io::Write;

use futures::TryStreamExt;
use ticketing_client::Code;

pub(crate) use capacity::{Capacities, MEASURED_PODS};
#[cfg(test)]
pub(crate) use capacity::{Costs, explained, plan};
pub(crate) use counted::counted;
pub(crate) use doctor::Examination;
pub(crate) use export::{ExportFault, ExportSummary};
pub(crate) use health::Health;
#[cfg(test)]
pub(crate) use import::ImportEnd;
pub(crate) use import::{Checked, FileFault, Import, ImportSummary, Misplaced, NoPlace};
pub(crate) use load::{Comparison, Doubt, Judgement, LoadFault, LoadReport, Run, Slice, bars};
pub(crate) use watch::{Watch, WatchSummary};

use crate::args::{Args, Settings, Switch};
use crate::exit::{Exit, Failure};
use crate::report::{Report, write_load_page};
use crate::stop::interruptible;

/// How what calls ends when it is asked to.
const ANSWERED: &str = "once the calls in flight are answered";

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Command {
    Watch(Watch),
    Get(get::Get),
    Create(create::Create),
    List(list::List),
    Import(Import),
    Export(export::Export),
    Load(Box<load::Load>),
    Doctor(doctor::Doctor),
    Health(Health),
    Capacity(capacity::Capacity),
    Completions(completions::Completions),
}

impl Command {
    /// Whether it needs C-core at all.
    fn makes_calls(&self) -> bool {
        !matches!(self, Self::Capacity(_) | Self::Completions(_))
    }

    /// Only these gain more by corking than its self-test costs.
    fn makes_many_calls(&self) -> bool {
        matches!(self, Self::Watch(_) | Self::Import(_) | Self::Export(_) | Self::Load(_))
    }
}

/// Runs the command that was asked for and reports what it returns to `out`.
pub(crate) async fn run(args: Args, report: &dyn Report, out: &mut dyn Write) -> Result<Exit, Failure> {
    let settings = args.settings;
    let command = args.command.unwrap_or_else(|| Command::Watch(Watch::default()));
    match carry_out(&settings, command, report, out).await {
        Err(failure) => Err(with_cause(&settings, failure).await),
        ended => ended,
    }
}

/// Says what is wrong with the encryption, where a call reached nobody for that reason: C-core tells a code at best.
async fn with_cause(settings: &Settings, failure: Failure) -> Failure {
    let silent = [Code::Unavailable, Code::DeadlineExceeded];
    let unreached = failure.call().is_some_and(|call| !call.answered && silent.contains(&call.code));
    let fault = if unreached { doctor::tls_fault(settings).await } else { None };
    match fault {
        Some(fault) => failure.because_of(fault),
        None => failure,
    }
}

async fn carry_out(
    settings: &Settings,
    command: Command,
    report: &dyn Report,
    out: &mut dyn Write,
) -> Result<Exit, Failure> {
    if command.makes_calls() {
        // Before the first channel, which is the last one too.
        corking::keep_engine();
    }
    if command.makes_many_calls() {
        log::debug!("writes: {}", corking::start(settings.corking == Switch::On));
    }
    // A bad one is refused whatever the command. Each makes what it calls on: a channel is a thread, too.
    settings.target()?;
    match command {
        Command::Watch(watch) => {
            let customers = settings.channel()?.customers();
            let summary = interruptible(ANSWERED, |stop| watch.run(&customers, stop)).await?;
            report.watch(&summary, out)?;
            Ok(summary.exit())
        }
        Command::Get(get) => {
            report.customer(&get.run(&settings.channels()?.customers()).await?, out)?;
            Ok(Exit::Done)
        }
        Command::Create(create) => {
            report.customer(&create.run(&settings.channels()?.customers()).await?, out)?;
            Ok(Exit::Done)
        }
        Command::List(list) => {
            let customers = settings.channels()?.customers();
            let mut pages = std::pin::pin!(list.run(&customers));
            let mut more = String::new();
            while let Some(page) = pages.try_next().await? {
                report.customers(&page.customers, out)?;
                out.flush()?;
                more = page.next_page_token;
            }
            if !more.is_empty() {
                report.more_customers(&more, out)?;
            }
            Ok(Exit::Done)
        }
        Command::Import(import) if import.check => {
            let checked = interruptible(ANSWERED, |stop| import.check(stop)).await??;
            report.checked(checked, out)?;
            Ok(checked.exit())
        }
        Command::Import(import) => {
            let customers = settings.channel()?.customers();
            let summary = interruptible(ANSWERED, |stop| import.run(&customers, stop)).await??;
            report.import(&summary, out)?;
            summary.exit()
        }
        Command::Export(export) => {
            let customers = settings.channel()?.customers();
            let summary = interruptible(ANSWERED, |stop| export.run(&customers, stop)).await??;
            report.export(&summary, out)?;
            summary.exit()
        }
        Command::Load(load) => {
            let (runs, mut found) = interruptible(ANSWERED, |stop| load.run(settings, stop)).await??;
            if load.makes_calls()
                && !found.run.interrupted
                && found.reached_nobody()
                && let Some(fault) = doctor::tls_fault(settings).await
            {
                found.explain(fault);
            }
            // Where one of them cannot be written the others still are, and a reader who has left loses nobody the rest.
            let saved = load.save(&runs);
            let page = load.html().map_or(Ok(()), |page| load::replace(page, |out| write_load_page(&found, out)));
            let told = report.load(&found, out).and_then(|()| out.flush());
            saved.and(page).map_err(Failure::LoadLost)?;
            told?;
            Ok(if load.makes_calls() { found.exit() } else { Exit::Done })
        }
        Command::Doctor(doctor) => {
            let found = interruptible("with what was found so far", |stop| doctor.run(settings, stop)).await??;
            report.doctor(&found, out)?;
            Ok(found.exit())
        }
        Command::Health(health) => {
            let serving = health.run(&settings.channel()?).await?;
            report.health(&health, serving, out)?;
            Ok(Health::exit(serving))
        }
        Command::Capacity(capacity) => {
            report.capacity(&capacity.run()?, out)?;
            Ok(Exit::Done)
        }
        Command::Completions(completions) => {
            out.write_all(&completions.run())?;
            Ok(Exit::Done)
        }
    }
}
