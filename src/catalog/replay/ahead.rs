//! Files, read ahead of what is done with them: what a statement says hangs on nothing that comes before it, so that another thread
//! can read the next ones meanwhile.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use super::read::read;
use super::source::Source;
use super::split::{Piece, split};
use super::statement::Statement;

/// A piece of a file, and what it says.
pub(super) type Read = (Piece, Result<Statement, String>);

/// How long the files have to be together for a thread to be worth its start, in bytes.
const WORTH: usize = 1 << 16;

/// How many files are read ahead, and how many batches of pieces of one.
const FILES: usize = 8;
const BATCHES: usize = 2;

/// How many tokens make a batch.
const TOKENS: usize = 1 << 13;

/// What statements stand in one another takes room, as it does where a program starts.
const STACK: usize = 8 << 20;

/// The pieces of a text, each read as it is asked for.
pub(super) fn pieces(text: &str) -> impl Iterator<Item = Read> + '_ {
    split(text).map(move |piece| {
        let read = read(text, &piece);
        (piece, read)
    })
}

/// Runs files in order, each with its pieces. What is not asked for of them is let go.
pub(super) fn each(sources: &[Source], mut run: impl FnMut(&Source, &mut dyn Iterator<Item = Read>)) {
    let length: usize = sources.iter().map(|source| source.text().len()).sum();
    let is_alone = length < WORTH || thread::available_parallelism().is_ok_and(|threads| threads.get() == 1);
    thread::scope(|scope| {
        let (files, mut next) = sync_channel(FILES);
        let reader = thread::Builder::new().stack_size(STACK);
        let spawned = !is_alone && reader.spawn_scoped(scope, move || read_all(sources, &files)).is_ok();
        for source in sources {
            match next_of(&mut next, spawned) {
                Some(batches) => run(source, &mut batches.into_iter().flatten()),
                None => run(source, &mut pieces(source.text())),
            }
        }
    });
}

fn next_of(files: &mut Receiver<Receiver<Vec<Read>>>, spawned: bool) -> Option<Receiver<Vec<Read>>> {
    if spawned { files.recv().ok() } else { None }
}

/// Reads files until nobody waits for them any more.
fn read_all(sources: &[Source], files: &SyncSender<Receiver<Vec<Read>>>) {
    for source in sources {
        let (to, batches) = sync_channel(BATCHES);
        if files.send(batches).is_err() {
            return;
        }
        let (mut batch, mut tokens) = (Vec::new(), 0);
        for read in pieces(source.text()) {
            tokens += read.0.tokens.len();
            batch.push(read);
            if tokens < TOKENS {
                continue;
            }
            tokens = 0;
            // Whoever runs the file may have had enough of it.
            if to.send(std::mem::take(&mut batch)).is_err() {
                break;
            }
        }
        let _ = to.send(batch);
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, WORTH, each};

    fn sources() -> Vec<Source> {
        let file = |number: usize| {
            let statement = format!("INSERT INTO t{number} VALUES (1, 'a');\n");
            Source::new(format!("{number}.sql"), statement.repeat(200))
        };
        let sources: Vec<Source> = (0..40).map(file).collect();
        assert!(sources.iter().map(|source| source.text().len()).sum::<usize>() > WORTH);
        sources
    }

    #[test]
    fn files_come_in_their_order_with_all_their_pieces() {
        let (sources, mut seen) = (sources(), Vec::new());
        each(&sources, |source, pieces| {
            let texts = pieces.map(|(piece, read)| {
                assert!(read.is_ok());
                source.text()[piece.tokens[0].start..piece.end].to_owned() + ";\n"
            });
            seen.push((source.name().to_owned(), texts.collect::<String>()));
        });
        let expected: Vec<_> =
            sources.iter().map(|source| (source.name().to_owned(), source.text().to_owned())).collect();
        assert_eq!(seen, expected);
    }

    #[test]
    fn a_file_that_is_left_keeps_nobody_waiting() {
        let mut firsts = Vec::new();
        each(&sources(), |source, pieces| firsts.push((source.name().to_owned(), pieces.take(1).count())));
        let expected: Vec<_> = (0..40).map(|number| (format!("{number}.sql"), 1)).collect();
        assert_eq!(firsts, expected);
    }
}
