use ticketing_client::{CallError, Channel, Serving};

use crate::exit::Exit;

/// Ask whether the server takes calls; the exit code is 0 only if it does.
#[derive(Debug, clap::Args)]
pub(crate) struct Health {
    /// The service to ask for, for example ticketing.CustomerController. Default: the server as a whole.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    pub(crate) service: String,
}

impl Health {
    pub(crate) async fn run(&self, channel: &Channel) -> Result<Serving, CallError> {
        channel.health(&self.service).await
    }

    pub(crate) fn exit(serving: Serving) -> Exit {
        match serving {
            Serving::Serving => Exit::Done,
            Serving::NotServing | Serving::Unknown => Exit::Failed,
        }
    }
}
