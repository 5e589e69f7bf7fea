//! Every syntactic rule as a function of its own. Parsing and checking a value built by hand call the same functions.

use osmia_primitives::MessageId;
use osmia_primitives::ed25519::PublicKey;

use crate::limits::{
    DUST_ALLOWANCE_AMOUNT_MIN, INDEX_BYTES_MAX, INPUTS_MAX, MESSAGE_BYTES_MAX, MESSAGE_BYTES_MIN,
    MIGRATED_FUNDS_MAX, MILESTONE_KEYS_MAX, OUTPUT_INDEX_MAX, OUTPUTS_MAX, PARENTS_MAX, TOKEN_SUPPLY,
};
use crate::payload::receipt::MigratedFunds;
use crate::payload::transaction::{
    ED25519_SIGNATURE_TYPE, ESSENCE_TYPE, Input, Output, OutputKind, UTXO_INPUT_TYPE, UnlockBlock,
};
use crate::payload::treasury::{TREASURY_INPUT_TYPE, TREASURY_OUTPUT_TYPE};
use crate::syntax_error::SyntaxError;

/// The outcome of one rule.
pub type Checked = Result<(), SyntaxError>;

/// `message-length`: a message has 53 to 32768 bytes (TIP-6).
///
/// # Errors
/// [`SyntaxError::MessageLength`].
pub const fn message_length(got: usize) -> Checked {
    if got < MESSAGE_BYTES_MIN || got > MESSAGE_BYTES_MAX {
        return Err(SyntaxError::MessageLength { got });
    }
    Ok(())
}

/// `parents-count`: a message has 1 to 8 parents (TIP-6).
///
/// # Errors
/// [`SyntaxError::ParentsCount`].
pub const fn parents_count(got: usize) -> Checked {
    if got == 0 || got > PARENTS_MAX {
        return Err(SyntaxError::ParentsCount { got });
    }
    Ok(())
}

/// `parents-sorted`: parents are in strictly ascending order (TIP-6).
///
/// # Errors
/// [`SyntaxError::ParentsSorted`].
pub fn parents_sorted(ids: &[MessageId]) -> Checked {
    first_pair(ids, |before, after| before >= after)
        .map_or(Ok(()), |place| Err(SyntaxError::ParentsSorted { place }))
}

/// `payload-length`: a payload has exactly the stated length (TIP-6).
///
/// # Errors
/// [`SyntaxError::PayloadLength`].
pub const fn payload_length(stated: usize, actual: usize) -> Checked {
    if stated != actual {
        return Err(SyntaxError::PayloadLength { stated, actual });
    }
    Ok(())
}

/// `embedded-payload-type`: inside a transaction stands an indexation, inside a milestone a receipt, inside a receipt a
/// treasury transaction (TIP-7, TIP-17).
///
/// # Errors
/// [`SyntaxError::EmbeddedPayloadType`].
pub fn embedded_payload_type(got: u32, expected: u32) -> Checked {
    if got != expected {
        return Err(SyntaxError::EmbeddedPayloadType { expected, got: got.into() });
    }
    Ok(())
}

/// `index-length`: an index has 1 to 64 bytes (TIP-6).
///
/// # Errors
/// [`SyntaxError::IndexLength`].
pub const fn index_length(got: usize) -> Checked {
    if got == 0 || got > INDEX_BYTES_MAX {
        return Err(SyntaxError::IndexLength { got });
    }
    Ok(())
}

/// `essence-type`: the only essence is of type 0 (TIP-7).
///
/// # Errors
/// [`SyntaxError::EssenceType`].
pub fn essence_type(got: u64) -> Checked {
    if got != u64::from(ESSENCE_TYPE) {
        return Err(SyntaxError::EssenceType { got });
    }
    Ok(())
}

/// `inputs-count`: a transaction has 1 to 127 inputs (TIP-7).
///
/// # Errors
/// [`SyntaxError::InputsCount`].
pub const fn inputs_count(got: usize) -> Checked {
    if got == 0 || got > INPUTS_MAX {
        return Err(SyntaxError::InputsCount { got });
    }
    Ok(())
}

/// `input-type`: the inputs of a transaction name outputs (TIP-7).
///
/// # Errors
/// [`SyntaxError::InputType`].
pub fn input_type(got: u64) -> Checked {
    if got != u64::from(UTXO_INPUT_TYPE) {
        return Err(SyntaxError::InputType { got });
    }
    Ok(())
}

/// `input-index`, `inputs-sorted` and `input-unique` over all inputs of a transaction.
///
/// # Errors
/// [`SyntaxError`] of the first of the three that is broken.
pub fn inputs(inputs: &[Input]) -> Checked {
    input_index(inputs)?;
    inputs_sorted(inputs)?;
    input_unique(inputs)
}

/// `input-index`: an output has an index of 0 to 126 in its transaction (TIP-7).
///
/// # Errors
/// [`SyntaxError::InputIndex`].
pub fn input_index(inputs: &[Input]) -> Checked {
    for (place, Input(output)) in inputs.iter().enumerate() {
        if output.index > OUTPUT_INDEX_MAX {
            return Err(SyntaxError::InputIndex { place, got: output.index });
        }
    }
    Ok(())
}

/// `inputs-sorted`: inputs are in ascending order as bytes (TIP-7).
///
/// # Errors
/// [`SyntaxError::InputsSorted`].
pub fn inputs_sorted(inputs: &[Input]) -> Checked {
    first_pair(inputs, |before, after| before > after)
        .map_or(Ok(()), |place| Err(SyntaxError::InputsSorted { place }))
}

/// `input-unique`: no output is spent twice by one transaction (TIP-7). The inputs are sorted.
///
/// # Errors
/// [`SyntaxError::InputUnique`].
pub fn input_unique(inputs: &[Input]) -> Checked {
    first_pair(inputs, |before, after| before == after)
        .map_or(Ok(()), |place| Err(SyntaxError::InputUnique { place }))
}

/// `outputs-count`: a transaction has 1 to 127 outputs (TIP-7).
///
/// # Errors
/// [`SyntaxError::OutputsCount`].
pub const fn outputs_count(got: usize) -> Checked {
    if got == 0 || got > OUTPUTS_MAX {
        return Err(SyntaxError::OutputsCount { got });
    }
    Ok(())
}

/// `output-amount`, `dust-allowance-amount`, `outputs-sum`, `outputs-sorted` and `output-address-unique` over all outputs of a
/// transaction.
///
/// # Errors
/// [`SyntaxError`] of the first of the five that is broken.
pub fn outputs(outputs: &[Output]) -> Checked {
    output_amount(outputs)?;
    dust_allowance_amount(outputs)?;
    outputs_sum(outputs)?;
    outputs_sorted(outputs)?;
    output_address_unique(outputs)
}

/// `output-amount`: an output holds 1 token to the whole supply (TIP-7).
///
/// # Errors
/// [`SyntaxError::OutputAmount`].
pub fn output_amount(outputs: &[Output]) -> Checked {
    for (place, output) in outputs.iter().enumerate() {
        if output.amount == 0 || output.amount > TOKEN_SUPPLY {
            return Err(SyntaxError::OutputAmount { place, got: output.amount });
        }
    }
    Ok(())
}

/// `dust-allowance-amount`: a dust allowance output holds at least 1 000 000 tokens (TIP-15).
///
/// # Errors
/// [`SyntaxError::DustAllowanceAmount`].
pub fn dust_allowance_amount(outputs: &[Output]) -> Checked {
    for (place, output) in outputs.iter().enumerate() {
        let is_allowance = output.kind == OutputKind::SigLockedDustAllowance;
        if is_allowance && output.amount < DUST_ALLOWANCE_AMOUNT_MIN {
            return Err(SyntaxError::DustAllowanceAmount { place, got: output.amount });
        }
    }
    Ok(())
}

/// `outputs-sum`: all outputs together hold no more than the supply (TIP-7).
///
/// # Errors
/// [`SyntaxError::OutputsSum`].
pub fn outputs_sum(outputs: &[Output]) -> Checked {
    let mut left = TOKEN_SUPPLY;
    for (place, output) in outputs.iter().enumerate() {
        left = left.checked_sub(output.amount).ok_or(SyntaxError::OutputsSum { place })?;
    }
    Ok(())
}

/// `outputs-sorted`: outputs are in ascending order as bytes (TIP-7).
///
/// Outputs of one kind and address are left to [`output_address_unique`]: two of them are never allowed.
///
/// # Errors
/// [`SyntaxError::OutputsSorted`].
pub fn outputs_sorted(outputs: &[Output]) -> Checked {
    first_pair(outputs, |before, after| (before.kind, before.address) > (after.kind, after.address))
        .map_or(Ok(()), |place| Err(SyntaxError::OutputsSorted { place }))
}

/// `output-address-unique`: no two outputs of one kind go to one address (TIP-7). The outputs are sorted.
///
/// # Errors
/// [`SyntaxError::OutputAddressUnique`].
pub fn output_address_unique(outputs: &[Output]) -> Checked {
    first_pair(outputs, |before, after| (before.kind, before.address) == (after.kind, after.address))
        .map_or(Ok(()), |place| Err(SyntaxError::OutputAddressUnique { place }))
}

/// `unlock-blocks-count`: a transaction has one unlock block per input (TIP-7).
///
/// # Errors
/// [`SyntaxError::UnlockBlocksCount`].
pub const fn unlock_blocks_count(expected: usize, got: usize) -> Checked {
    if got != expected {
        return Err(SyntaxError::UnlockBlocksCount { expected, got });
    }
    Ok(())
}

/// `signature-type`: the only signatures are of type 0 (TIP-7).
///
/// # Errors
/// [`SyntaxError::SignatureType`].
pub fn signature_type(got: u64) -> Checked {
    if got != u64::from(ED25519_SIGNATURE_TYPE) {
        return Err(SyntaxError::SignatureType { got });
    }
    Ok(())
}

/// `unlock-block-reference` and `unlock-block-unique` over all unlock blocks of a transaction.
///
/// # Errors
/// [`SyntaxError`] of the first of the two that is broken.
pub fn unlock_blocks(blocks: &[UnlockBlock]) -> Checked {
    unlock_block_reference(blocks)?;
    unlock_block_unique(blocks)
}

/// `unlock-block-reference`: a reference names an earlier unlock block that is a signature (TIP-7).
///
/// # Errors
/// [`SyntaxError::UnlockBlockReference`].
pub fn unlock_block_reference(blocks: &[UnlockBlock]) -> Checked {
    for (place, block) in blocks.iter().enumerate() {
        let UnlockBlock::Reference(got) = block else { continue };
        let earlier = blocks.get(..place).unwrap_or_default().get(usize::from(*got));
        if !matches!(earlier, Some(UnlockBlock::Signature { .. })) {
            return Err(SyntaxError::UnlockBlockReference { place, got: *got });
        }
    }
    Ok(())
}

/// `unlock-block-unique`: a repeated signature is written as a reference (TIP-7).
///
/// # Errors
/// [`SyntaxError::UnlockBlockUnique`].
pub fn unlock_block_unique(blocks: &[UnlockBlock]) -> Checked {
    // 127 blocks are at most 8001 comparisons, nearly all of which end at the first byte of the key.
    for (place, block) in blocks.iter().enumerate() {
        let is_signature = matches!(block, UnlockBlock::Signature { .. });
        if is_signature && blocks.get(..place).unwrap_or_default().contains(block) {
            return Err(SyntaxError::UnlockBlockUnique { place });
        }
    }
    Ok(())
}

/// `milestone-pow-score`: a milestone that changes the least proof-of-work score says from when on.
///
/// # Errors
/// [`SyntaxError::MilestonePowScore`].
pub const fn milestone_pow_score(score: u32, milestone_index: u32) -> Checked {
    if score != 0 && milestone_index == 0 {
        return Err(SyntaxError::MilestonePowScore { score });
    }
    Ok(())
}

/// `public-keys-count`: a milestone has 1 to 255 public keys (TIP-8).
///
/// # Errors
/// [`SyntaxError::PublicKeysCount`].
pub const fn public_keys_count(got: usize) -> Checked {
    if got == 0 || got > MILESTONE_KEYS_MAX {
        return Err(SyntaxError::PublicKeysCount { got });
    }
    Ok(())
}

/// `public-keys-sorted`: public keys are in strictly ascending order (TIP-8).
///
/// # Errors
/// [`SyntaxError::PublicKeysSorted`].
pub fn public_keys_sorted(keys: &[PublicKey]) -> Checked {
    first_pair(keys, |before, after| before >= after)
        .map_or(Ok(()), |place| Err(SyntaxError::PublicKeysSorted { place }))
}

/// `signatures-count`: a milestone has one signature per key (TIP-8).
///
/// # Errors
/// [`SyntaxError::SignaturesCount`].
pub const fn signatures_count(expected: usize, got: usize) -> Checked {
    if got != expected {
        return Err(SyntaxError::SignaturesCount { expected, got });
    }
    Ok(())
}

/// `receipt-final`: the final flag of a receipt is 0 or 1 (TIP-17).
///
/// # Errors
/// [`SyntaxError::ReceiptFinal`].
pub const fn receipt_final(got: u8) -> Result<bool, SyntaxError> {
    match got {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(SyntaxError::ReceiptFinal { got }),
    }
}

/// `funds-count`: a receipt has 1 to 127 entries (TIP-17).
///
/// # Errors
/// [`SyntaxError::FundsCount`].
pub const fn funds_count(got: usize) -> Checked {
    if got == 0 || got > MIGRATED_FUNDS_MAX {
        return Err(SyntaxError::FundsCount { got });
    }
    Ok(())
}

/// `funds-sorted`: the entries of a receipt are in strictly ascending order as bytes (TIP-17).
///
/// # Errors
/// [`SyntaxError::FundsSorted`].
pub fn funds_sorted(funds: &[MigratedFunds]) -> Checked {
    first_pair(funds, |before, after| before.to_bytes() >= after.to_bytes())
        .map_or(Ok(()), |place| Err(SyntaxError::FundsSorted { place }))
}

/// `treasury-input-type`: a treasury transaction has an input of type 1 (TIP-17).
///
/// # Errors
/// [`SyntaxError::TreasuryInputType`].
pub fn treasury_input_type(got: u64) -> Checked {
    if got != u64::from(TREASURY_INPUT_TYPE) {
        return Err(SyntaxError::TreasuryInputType { got });
    }
    Ok(())
}

/// `treasury-output-type`: a treasury transaction has an output of type 2 (TIP-17).
///
/// # Errors
/// [`SyntaxError::TreasuryOutputType`].
pub fn treasury_output_type(got: u64) -> Checked {
    if got != u64::from(TREASURY_OUTPUT_TYPE) {
        return Err(SyntaxError::TreasuryOutputType { got });
    }
    Ok(())
}

/// The place of the second of the first two neighbours that `is_bad` holds for.
fn first_pair<T>(items: &[T], is_bad: impl Fn(&T, &T) -> bool) -> Option<usize> {
    let bad = |pair: &[T]| matches!(pair, [before, after] if is_bad(before, after));
    items.windows(2).position(bad).map(|place| place + 1)
}
