//! Where the prologue goes in what the driver writes.

use super::super::ledger::Part;
use super::super::prologue::Sql;
use super::super::statements::StatementMode;
use super::frames::{Frames, frame};
use super::memory::Stream;

fn request(param: u8) -> Vec<u8> {
    let bind = [b"\0s\0\0\0\0\x01\0\0\0\x01", &[param][..], b"\0\0"].concat();
    [frame(b'B', &bind), frame(b'E', b"\0\0\0\0\0"), frame(b'S', b"")].concat()
}

/// Wherever the driver is when a prologue is armed, it goes ahead of the next whole request and
/// never into the one that is being written.
#[test]
fn a_prologue_stands_ahead_of_a_request_and_never_inside_one() {
    let (first, second) = (request(b'1'), request(b'2'));
    let expected = [
        "Bind - s [] (1) []",
        "Execute - 0",
        "Sync",
        "Parse - context []",
        "Bind - - [] () []",
        "Execute - 0",
        "Bind - s [] (2) []",
        "Execute - 0",
        "Sync",
    ];
    for armed_at in 1..=first.len() {
        for piece in [1, 7, 1000] {
            let mut stream = Stream::started(StatementMode::Named);
            let mut frames = Frames::default();
            frames.put(&stream.write(&first[..armed_at]));
            let number = stream
                .link
                .arm(None, |prologue| prologue.push(Part::Context, "", Sql::Known("context"), []))
                .unwrap();
            for bytes in [&first[armed_at..], &second].concat().chunks(piece) {
                frames.put(&stream.write(bytes));
            }
            let lines: Vec<String> = std::iter::from_fn(|| frames.next_line()).collect();
            assert_eq!(lines, expected, "armed at {armed_at}, in pieces of {piece}");
            assert!(!stream.link.disarm(number));
        }
    }
}
