//! The differences that we keep, recognised as narrowly as possible.

use bee_common::packable::Packable;
use bee_message::Message as BeeMessage;
use osmia_chrysalis::limits::{MESSAGE_BYTES_MAX, MIGRATED_FUNDS_DEPOSIT_MIN, TOKEN_SUPPLY};
use osmia_chrysalis::{Message, MigratedFunds, Milestone, Payload, Receipt, SyntaxError};

/// A row of docs/decisions/0010-differences-from-bee.md.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Bee takes 4 bytes more than the limit.
    TooLong,
    /// Bee takes any byte but 0 as a set final flag.
    FinalFlag,
    /// Bee and TIP-8 ask more of the fields about the next proof-of-work score.
    NextPowScore,
    /// Bee applies rules about the amounts and tails of a receipt while parsing, and asks that a tail encodes trits.
    ReceiptContents,
    /// Bee rewrites the last byte of a tail, which holds three trits, and so gives the message another id.
    TailRest,
}

pub(crate) fn parse_bee(mut bytes: &[u8]) -> Option<BeeMessage> {
    BeeMessage::unpack(&mut bytes).ok()
}

/// Why the two may differ on `bytes`; `None` when they must not.
pub(crate) fn known(bytes: &[u8], ours: &Result<Message, SyntaxError>, bee: bool) -> Option<Difference> {
    match (ours, bee) {
        (Err(SyntaxError::MessageLength { got }), true)
            if (MESSAGE_BYTES_MAX + 1..=MESSAGE_BYTES_MAX + 4).contains(got) =>
        {
            assert_eq!(*got, bytes.len());
            Some(Difference::TooLong)
        }
        (Err(SyntaxError::ReceiptFinal { .. }), true) => Some(Difference::FinalFlag),
        (Ok(Message { payload: Some(Payload::Milestone(milestone)), .. }), false) => {
            if breaks_tip_8(milestone) {
                return Some(Difference::NextPowScore);
            }
            let receipt = milestone.receipt.as_ref()?;
            (breaks_ledger_rules(receipt) || has_tail_without_trits(receipt))
                .then_some(Difference::ReceiptContents)
        }
        _ => None,
    }
}

/// The rule of TIP-8 that the reference node checks only in part.
fn breaks_tip_8(milestone: &Milestone) -> bool {
    match milestone.next_pow_score {
        0 => milestone.next_pow_score_milestone_index != 0,
        _ => milestone.next_pow_score_milestone_index <= milestone.index.0,
    }
}

fn breaks_ledger_rules(receipt: &Receipt) -> bool {
    let deposits = MIGRATED_FUNDS_DEPOSIT_MIN..=TOKEN_SUPPLY;
    let repeats_tail =
        |pair: &[MigratedFunds]| pair[0].tail_transaction_hash == pair[1].tail_transaction_hash;
    receipt.funds.iter().any(|entry| !deposits.contains(&entry.deposit))
        || receipt.funds.windows(2).any(repeats_tail)
        || receipt.transaction.output_amount > TOKEN_SUPPLY
}

/// Five balanced trits per byte are -121 to 121; the reference node takes any bytes.
fn has_tail_without_trits(receipt: &Receipt) -> bool {
    let is_odd = |byte: &u8| !(-121..=121).contains(&byte.cast_signed());
    receipt.funds.iter().any(|entry| entry.tail_transaction_hash.iter().any(is_odd))
}

/// The last byte of a tail holds three trits, -13 to 13. Bee keeps no more of it than that.
pub(crate) fn known_repacking(ours: &Message) -> Option<Difference> {
    let Some(Payload::Milestone(milestone)) = &ours.payload else { return None };
    let mut tails =
        milestone.receipt.as_ref()?.funds.iter().map(|entry| entry.tail_transaction_hash[48].cast_signed());
    tails.any(|last| !(-13..=13).contains(&last)).then_some(Difference::TailRest)
}
