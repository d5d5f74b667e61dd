//! Values in, bytes out: for people or for programs.

mod capacity;
mod doctor;
mod human;
mod json;
mod load;

use std::io::{self, Write};

use ticketing_client::{Answer, Customer, Serving};

#[cfg(test)]
pub(crate) use capacity::{grouped, two_digits};
pub(crate) use human::Human;
pub(crate) use json::Json;
pub(crate) use load::write_page as write_load_page;

use crate::command::{
    Capacities, Checked, Examination, ExportSummary, Health, ImportSummary, LoadReport, WatchSummary,
};
use crate::exit::Failure;

/// One way to write down what commands return.
pub(crate) trait Report {
    /// One customer, with who answered.
    fn customer(&self, answer: &Answer<Customer>, out: &mut dyn Write) -> io::Result<()>;
    /// A page of a list; the pages after each other are the list.
    fn customers(&self, page: &[Customer], out: &mut dyn Write) -> io::Result<()>;
    /// The list has ended before the customers have: the token of the next page.
    fn more_customers(&self, next_page_token: &str, out: &mut dyn Write) -> io::Result<()>;
    fn health(&self, asked: &Health, serving: Serving, out: &mut dyn Write) -> io::Result<()>;
    fn watch(&self, summary: &WatchSummary, out: &mut dyn Write) -> io::Result<()>;
    fn checked(&self, checked: Checked, out: &mut dyn Write) -> io::Result<()>;
    fn import(&self, summary: &ImportSummary, out: &mut dyn Write) -> io::Result<()>;
    fn export(&self, summary: &ExportSummary, out: &mut dyn Write) -> io::Result<()>;
    fn capacity(&self, found: &Capacities, out: &mut dyn Write) -> io::Result<()>;
    fn doctor(&self, examination: &Examination, out: &mut dyn Write) -> io::Result<()>;
    fn load(&self, load: &LoadReport, out: &mut dyn Write) -> io::Result<()>;
    /// Why a command could not come to its end; nothing where the failure is no news.
    fn failure(&self, failure: &Failure, out: &mut dyn Write) -> io::Result<()>;
}
