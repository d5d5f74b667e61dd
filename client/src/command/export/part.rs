//! The customers of an export as far as it is: a CSV file that grows page by page, and its state beside it.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use ticketing_client::Customer;

use super::checkpoint::Checkpoint;
use super::fault::ExportFault;
use super::place::{Place, fault, is_there};
use super::state::State;
use crate::command::import::{FIRST_NAME, LAST_NAME};

/// A part that only this export writes.
#[derive(Debug)]
pub(crate) struct Part {
    place: Place,
    file: File,
    state: State,
    rows: u64,
    bytes: u64,
    /// The end of the last page that an earlier run has written.
    resumed: Option<Checkpoint>,
}

impl Part {
    /// Goes on with the part that stands there, from its last checkpoint, or begins one.
    pub(crate) fn open(place: Place) -> Result<Self, ExportFault> {
        let part_is_there = is_there(&place.part)?;
        let foreign = || ExportFault::Foreign { part: place.part.clone(), state: place.state.clone() };
        // The state comes first and goes last: a part without one is not ours.
        let state = match is_there(&place.state)? {
            true => State::open(place.state.clone(), !part_is_there)?.ok_or_else(foreign)?,
            false if part_is_there => return Err(foreign()),
            false => State::begin(place.state.clone())?,
        };
        let opened = File::options().read(true).write(true).create(true).truncate(false).open(&place.part);
        let file = opened.map_err(|cause| fault("open", &place.part, cause))?;
        place.sync_folder()?;
        let mut part = Self { place, file, state, rows: 0, bytes: 0, resumed: None };
        match part.state.go_back(part.length()?)? {
            Some(checkpoint) if part.is_sound(checkpoint.bytes)? => part.go_back(checkpoint)?,
            Some(_) => return Err(part.foreign()),
            None => part.begin()?,
        }
        Ok(part)
    }

    /// Customers in it.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    /// Where an earlier run came to, if there was one.
    pub(crate) fn resumed(&self) -> Option<&Checkpoint> {
        self.resumed.as_ref()
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Adds the customers of the page that was asked for with `page`; when this returns, they are on disk, and so is
    /// `next`, the token of the page after it. What the last page has is on disk with [`Part::finish`].
    pub(crate) fn add(&mut self, customers: &[Customer], page: &str, next: &str) -> Result<(), ExportFault> {
        let Some(last) = customers.last() else { return Ok(()) };
        self.write(&encoded(customers.iter().map(|customer| [&*customer.first_name, &*customer.last_name])))?;
        self.rows += customers.len() as u64;
        if next.is_empty() {
            return Ok(());
        }
        self.file.sync_data().map_err(|cause| self.fault("write", cause))?;
        self.state.add(&Checkpoint {
            rows: self.rows,
            bytes: self.bytes,
            page: page.to_owned(),
            last: last.id.clone(),
            next: next.to_owned(),
        })
    }

    /// Makes it the whole.
    pub(crate) fn finish(self) -> Result<(), ExportFault> {
        self.file.sync_all().map_err(|cause| self.fault("write", cause))?;
        self.place.put()?;
        self.place.sync_folder()?;
        self.state.remove();
        Ok(())
    }

    /// What to say when the service is not the one that it was begun from.
    pub(crate) fn other_service(&self) -> ExportFault {
        ExportFault::OtherService { part: self.place.part.clone(), state: self.place.state.clone() }
    }

    fn begin(&mut self) -> Result<(), ExportFault> {
        self.cut(0)?;
        self.write(&header())
    }

    fn go_back(&mut self, checkpoint: Checkpoint) -> Result<(), ExportFault> {
        self.cut(checkpoint.bytes)?;
        self.rows = checkpoint.rows;
        self.resumed = Some(checkpoint);
        Ok(())
    }

    fn cut(&mut self, bytes: u64) -> Result<(), ExportFault> {
        let cut = self.file.set_len(bytes).and_then(|()| self.file.seek(SeekFrom::Start(bytes)));
        self.bytes = cut.map_err(|cause| self.fault("write", cause))?;
        Ok(())
    }

    fn write(&mut self, rows: &[u8]) -> Result<(), ExportFault> {
        self.file.write_all(rows).map_err(|cause| self.fault("write", cause))?;
        self.bytes += rows.len() as u64;
        Ok(())
    }

    fn length(&self) -> Result<u64, ExportFault> {
        self.file.metadata().map(|metadata| metadata.len()).map_err(|cause| self.fault("read", cause))
    }

    /// Whether the first `bytes` bytes begin with our header and end with a row.
    fn is_sound(&mut self, bytes: u64) -> Result<bool, ExportFault> {
        let mut look = || -> io::Result<bool> {
            let mut head = header();
            self.file.seek(SeekFrom::Start(0))?;
            self.file.read_exact(&mut head)?;
            let mut end = [0];
            self.file.seek(SeekFrom::Start(bytes - 1))?;
            self.file.read_exact(&mut end)?;
            Ok(head == header() && end == *b"\n")
        };
        if bytes < header().len() as u64 { Ok(false) } else { look().map_err(|cause| self.fault("read", cause)) }
    }

    fn foreign(&self) -> ExportFault {
        ExportFault::Foreign { part: self.place.part.clone(), state: self.place.state.clone() }
    }

    fn fault(&self, deed: &'static str, cause: io::Error) -> ExportFault {
        fault(deed, &self.place.part, cause)
    }
}

/// The columns as an import finds them.
fn header() -> Vec<u8> {
    encoded([[FIRST_NAME, LAST_NAME]])
}

fn encoded<'a>(rows: impl IntoIterator<Item = [&'a str; 2]>) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for row in rows {
        writer.write_record(row).expect("memory takes rows of two fields");
    }
    writer.into_inner().expect("memory takes what is buffered")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use tempfile::TempDir;

    use super::*;

    fn place(folder: &TempDir) -> Place {
        Place::check(&folder.path().join("all.csv"), false).unwrap()
    }

    fn customers(ids: &[&str]) -> Vec<Customer> {
        let customer = |id: &&str| Customer {
            id: (*id).to_owned(),
            first_name: format!("First {id}"),
            last_name: "Last, Jr.".to_owned(),
            ..Customer::new()
        };
        ids.iter().map(customer).collect()
    }

    #[test]
    fn a_part_goes_on_after_its_last_page_whatever_stands_behind_it() {
        let folder = tempfile::tempdir().unwrap();
        let mut part = Part::open(place(&folder)).unwrap();
        assert!(part.resumed().is_none());
        part.add(&customers(&["a", "b"]), "", "token 1").unwrap();
        part.add(&[], "token 1", "token 2").unwrap();
        part.add(&customers(&["c"]), "token 2", "token 3").unwrap();
        part.write(b"First d,").unwrap();
        drop(part);

        let mut part = Part::open(place(&folder)).unwrap();
        let checkpoint = part.resumed().unwrap();
        assert_eq!((&*checkpoint.page, &*checkpoint.last, &*checkpoint.next), ("token 2", "c", "token 3"));
        assert_eq!(part.rows(), 3);
        part.add(&customers(&["d"]), "token 3", "").unwrap();
        part.finish().unwrap();
        assert_eq!(
            fs::read_to_string(folder.path().join("all.csv")).unwrap(),
            "first_name,last_name\nFirst a,\"Last, Jr.\"\nFirst b,\"Last, Jr.\"\nFirst c,\"Last, Jr.\"\nFirst d,\"Last, \
             Jr.\"\n"
        );
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn a_part_that_was_replaced_is_not_ours() {
        for content in
            ["precious, and longer than the part was when it was ours\n", "first_name,last_name\nFirst a,x,y,z"]
        {
            let folder = tempfile::tempdir().unwrap();
            Part::open(place(&folder)).unwrap().add(&customers(&["a"]), "", "token 1").unwrap();
            fs::write(folder.path().join("all.csv.part"), content.repeat(2)).unwrap();
            assert!(matches!(Part::open(place(&folder)), Err(ExportFault::Foreign { .. })), "{content}");
        }
    }

    #[test]
    fn a_state_that_outlived_its_part_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        Part::open(place(&folder)).unwrap().add(&customers(&["a"]), "", "token 1").unwrap();
        fs::remove_file(folder.path().join("all.csv.part")).unwrap();
        assert_eq!(Part::open(place(&folder)).unwrap().rows(), 0);
    }
}
