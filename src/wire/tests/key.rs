//! What a server tells of itself before it lets the driver in.

use crate::wire::incoming::Incoming;
use crate::wire::ledger::Ledger;
use crate::wire::link::Link;
use crate::wire::outgoing::Outgoing;
use crate::wire::statements::StatementMode;

#[test]
fn the_process_id_is_read_however_the_message_is_cut() {
    let sent: &[u8] = b"K\0\0\0\x0c\0\0\x01\x02keep\
        Z\0\0\0\x05I";
    for cut in 0..=sent.len() {
        let link = Link::new(StatementMode::Named);
        let (mut ledger, mut outgoing) = (Ledger::default(), Outgoing::new(StatementMode::Named));
        let mut incoming = Incoming::new();
        let mut passed = Vec::new();
        for piece in [&sent[..cut], &sent[cut..]] {
            let mut piece = piece.to_vec();
            let (kept, sound) = incoming.sort(&mut piece, &mut ledger, &mut outgoing, &link);
            sound.unwrap();
            passed.extend_from_slice(&incoming.ready().split());
            passed.extend_from_slice(&piece[..kept]);
        }
        assert_eq!(passed, sent, "cut at {cut}");
        link.served_by(0x103);
        assert!(!link.is_direct(), "cut at {cut}");
        link.served_by(0x102);
        assert!(link.is_direct(), "cut at {cut}");
    }
}
