use clap::CommandFactory;
use clap_complete::Shell;

use crate::args::Args;

/// Print a script that completes this program's commands and flags.
///
/// For bash: ticketing-client completions bash > ~/.local/share/bash-completion/completions/ticketing-client
#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell to complete in.
    shell: Shell,
}

impl Completions {
    /// The script.
    pub(crate) fn run(&self) -> Vec<u8> {
        let mut definition = Args::command();
        let name = definition.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut definition, name, &mut script);
        script
    }
}
