//! Files that are passed over, for they are written for another database.

use std::sync::Arc;

use super::dialect::Foreign;
use super::located::{Extent, Located, Opaque};
use super::plpgsql::Reach;
use super::run::Run;
use super::source::Source;

impl Run<'_> {
    /// Passes over a file that is written for another database. The first of a folder says so for all.
    pub(super) fn pass_over(&mut self, source: &Source, found: &Foreign) {
        let folder = source.name().rsplit_once(['/', '\\']).map_or("", |(folder, _)| folder).to_owned();
        if let Some((_, more)) = self.foreign.get_mut(&(folder.clone(), found.name)) {
            *more += 1;
            return;
        }
        self.foreign.insert((folder, found.name), (self.opaque.len(), 0));
        self.state.session.restart();
        let (line, column) = found.position;
        let file = source.shared_name();
        self.statements.push(Located::new(&Arc::new(source.clone()), found.range.clone(), found.position));
        self.show(None, false);
        let statement = self.statements.len() - 1;
        let why = format!("this looks like {} ({}), so nothing of the file is read", found.name, found.sign);
        let (reach, extent) = (Reach::default(), Extent::File);
        self.opaque.push(Opaque { file, line, column, why, statement, reach, extent });
    }

    /// Says how many files there are like the first.
    pub(super) fn tell_foreign(&mut self) {
        for ((folder, _), (place, more)) in &self.foreign {
            if let Some(opaque) = self.opaque.get_mut(*place).filter(|_| *more > 0) {
                let files = if *more == 1 { "is 1 more file" } else { "are" };
                let more = if *more == 1 { String::new() } else { format!(" {more} more files") };
                let folder = if folder.is_empty() { String::new() } else { format!(" of {folder}") };
                opaque.why = format!("{}; nor {files}{more}{folder}", opaque.why);
            }
        }
    }
}
