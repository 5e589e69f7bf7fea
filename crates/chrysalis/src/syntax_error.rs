//! Why bytes, or a value built by hand, are not a message: one variant per rule, each with the rule's name.

use osmia_primitives::bytes::BytesError;

/// A syntactic rule that is broken. The text begins with the rule's name, which clients and operators can look up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// The bytes end inside a value, or go on after the last one.
    #[error("{rule}: {0}", rule = bytes_rule(.0))]
    Bytes(#[from] BytesError),
    /// A message has 53 to 32768 bytes (TIP-6).
    #[error("message-length: a message has 53 to 32768 bytes, this one {got}")]
    MessageLength {
        /// Bytes of the message.
        got: usize,
    },
    /// A message has 1 to 8 parents (TIP-6).
    #[error("parents-count: there are 1 to 8 parents, not {got}")]
    ParentsCount {
        /// The count that was given.
        got: usize,
    },
    /// Parents are in strictly ascending order (TIP-6).
    #[error("parents-sorted: parent {place} is not greater than the one before it")]
    ParentsSorted {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// A message carries a transaction, a milestone or an indexation (TIP-6).
    #[error("payload-type: {got} is not a payload of a message (0 transaction, 1 milestone, 2 indexation)")]
    PayloadType {
        /// The type number that was given.
        got: u64,
    },
    /// A payload has another type than its place allows.
    #[error("embedded-payload-type: only a payload of type {expected} can stand here, not {got}")]
    EmbeddedPayloadType {
        /// The only type that can stand there.
        expected: u32,
        /// The type number that was given.
        got: u64,
    },
    /// A payload has exactly the stated length.
    #[error("payload-length: the stated length is {stated}, the payload ends after {actual} bytes")]
    PayloadLength {
        /// The length before the payload.
        stated: usize,
        /// Where the payload ended.
        actual: usize,
    },
    /// An index has 1 to 64 bytes (TIP-6).
    #[error("index-length: an index has 1 to 64 bytes, this one {got}")]
    IndexLength {
        /// Bytes of the index.
        got: usize,
    },
    /// The only essence is of type 0 (TIP-7).
    #[error("essence-type: {got} is not an essence (0)")]
    EssenceType {
        /// The type number that was given.
        got: u64,
    },
    /// A transaction has 1 to 127 inputs (TIP-7).
    #[error("inputs-count: there are 1 to 127 inputs, not {got}")]
    InputsCount {
        /// The count that was given.
        got: usize,
    },
    /// The inputs of a transaction are of type 0 (TIP-7).
    #[error("input-type: {got} is not an input of a transaction (0)")]
    InputType {
        /// The type number that was given.
        got: u64,
    },
    /// An output has an index of 0 to 126 (TIP-7).
    #[error("input-index: input {place} names output {got} of its transaction; the last possible one is 126")]
    InputIndex {
        /// The first offender, counted from 0.
        place: usize,
        /// The index that was given.
        got: u16,
    },
    /// Inputs are in ascending order (TIP-7).
    #[error("inputs-sorted: input {place} is smaller than the one before it")]
    InputsSorted {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// No output is spent twice by one transaction (TIP-7).
    #[error("input-unique: input {place} is the same as the one before it")]
    InputUnique {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// A transaction has 1 to 127 outputs (TIP-7).
    #[error("outputs-count: there are 1 to 127 outputs, not {got}")]
    OutputsCount {
        /// The count that was given.
        got: usize,
    },
    /// The outputs of a transaction are of type 0 or 1 (TIP-7, TIP-15).
    #[error("output-type: {got} is not an output of a transaction (0 single, 1 dust allowance)")]
    OutputType {
        /// The type number that was given.
        got: u64,
    },
    /// The only addresses are of type 0 (TIP-7).
    #[error("address-type: {got} is not an address (0 Ed25519)")]
    AddressType {
        /// The type number that was given.
        got: u64,
    },
    /// Outputs are in ascending order (TIP-7).
    #[error("outputs-sorted: output {place} is smaller than the one before it")]
    OutputsSorted {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// No two outputs of one kind go to one address (TIP-7).
    #[error("output-address-unique: output {place} has the kind and address of the one before it")]
    OutputAddressUnique {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// An output holds 1 token to the whole supply (TIP-7).
    #[error("output-amount: output {place} holds {got} tokens; 1 to 2779530283277761 are possible")]
    OutputAmount {
        /// The first offender, counted from 0.
        place: usize,
        /// Its amount.
        got: u64,
    },
    /// A dust allowance output holds at least 1 000 000 tokens (TIP-15).
    #[error(
        "dust-allowance-amount: output {place} holds {got} tokens; a dust allowance holds at least 1000000"
    )]
    DustAllowanceAmount {
        /// The first offender, counted from 0.
        place: usize,
        /// Its amount.
        got: u64,
    },
    /// All outputs together hold no more than the supply (TIP-7).
    #[error("outputs-sum: the outputs up to {place} hold more than all tokens there are")]
    OutputsSum {
        /// Where the sum passes the supply, counted from 0.
        place: usize,
    },
    /// A transaction has one unlock block per input (TIP-7).
    #[error("unlock-blocks-count: there are {expected} inputs, but {got} unlock blocks")]
    UnlockBlocksCount {
        /// How many inputs there are.
        expected: usize,
        /// The count that was given.
        got: usize,
    },
    /// An unlock block is a signature or a reference (TIP-7).
    #[error("unlock-block-type: {got} is not an unlock block (0 signature, 1 reference)")]
    UnlockBlockType {
        /// The type number that was given.
        got: u64,
    },
    /// The only signatures are of type 0 (TIP-7).
    #[error("signature-type: {got} is not a signature (0 Ed25519)")]
    SignatureType {
        /// The type number that was given.
        got: u64,
    },
    /// A reference names an earlier unlock block that is a signature (TIP-7).
    #[error("unlock-block-reference: unlock block {place} names {got}, which is not an earlier signature")]
    UnlockBlockReference {
        /// The first offender, counted from 0.
        place: usize,
        /// What it names.
        got: u16,
    },
    /// A repeated signature is written as a reference (TIP-7).
    #[error("unlock-block-unique: unlock block {place} repeats an earlier signature instead of naming it")]
    UnlockBlockUnique {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// A milestone that changes the least proof-of-work score says from when on.
    #[error("milestone-pow-score: a next score of {score} needs the milestone from which it holds")]
    MilestonePowScore {
        /// The next score.
        score: u32,
    },
    /// A milestone has 1 to 255 public keys (TIP-8).
    #[error("public-keys-count: a milestone has 1 to 255 public keys, not {got}")]
    PublicKeysCount {
        /// The count that was given.
        got: usize,
    },
    /// Public keys are in strictly ascending order (TIP-8).
    #[error("public-keys-sorted: public key {place} is not greater than the one before it")]
    PublicKeysSorted {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// A milestone has one signature per key (TIP-8).
    #[error("signatures-count: there are {expected} public keys, but {got} signatures")]
    SignaturesCount {
        /// How many keys there are.
        expected: usize,
        /// The count that was given.
        got: usize,
    },
    /// The final flag of a receipt is 0 or 1 (TIP-17).
    #[error("receipt-final: {got} is not a truth value")]
    ReceiptFinal {
        /// The byte that was given.
        got: u8,
    },
    /// A receipt has 1 to 127 entries (TIP-17).
    #[error("funds-count: a receipt has 1 to 127 entries, not {got}")]
    FundsCount {
        /// The count that was given.
        got: usize,
    },
    /// The entries of a receipt are in strictly ascending order (TIP-17).
    #[error("funds-sorted: entry {place} is not greater than the one before it")]
    FundsSorted {
        /// The first offender, counted from 0.
        place: usize,
    },
    /// A receipt has a treasury transaction (TIP-17).
    #[error("receipt-transaction: a receipt needs a treasury transaction")]
    ReceiptTransaction,
    /// A treasury transaction has one input, of type 1 (TIP-17).
    #[error("treasury-input-type: {got} is not a treasury input (1)")]
    TreasuryInputType {
        /// The type number that was given.
        got: u64,
    },
    /// A treasury transaction has one output, of type 2 (TIP-17).
    #[error("treasury-output-type: {got} is not a treasury output (2)")]
    TreasuryOutputType {
        /// The type number that was given.
        got: u64,
    },
}

const fn bytes_rule(error: &BytesError) -> &'static str {
    match error {
        BytesError::UnexpectedEnd { .. } => "unexpected-end",
        BytesError::TrailingBytes(_) => "trailing-bytes",
    }
}

impl SyntaxError {
    /// The name of the rule that is broken, as it begins the text.
    #[must_use]
    pub const fn rule(&self) -> &'static str {
        match self {
            Self::Bytes(error) => bytes_rule(error),
            Self::MessageLength { .. } => "message-length",
            Self::ParentsCount { .. } => "parents-count",
            Self::ParentsSorted { .. } => "parents-sorted",
            Self::PayloadType { .. } => "payload-type",
            Self::EmbeddedPayloadType { .. } => "embedded-payload-type",
            Self::PayloadLength { .. } => "payload-length",
            Self::IndexLength { .. } => "index-length",
            Self::EssenceType { .. } => "essence-type",
            Self::InputsCount { .. } => "inputs-count",
            Self::InputType { .. } => "input-type",
            Self::InputIndex { .. } => "input-index",
            Self::InputsSorted { .. } => "inputs-sorted",
            Self::InputUnique { .. } => "input-unique",
            Self::OutputsCount { .. } => "outputs-count",
            Self::OutputType { .. } => "output-type",
            Self::AddressType { .. } => "address-type",
            Self::OutputsSorted { .. } => "outputs-sorted",
            Self::OutputAddressUnique { .. } => "output-address-unique",
            Self::OutputAmount { .. } => "output-amount",
            Self::DustAllowanceAmount { .. } => "dust-allowance-amount",
            Self::OutputsSum { .. } => "outputs-sum",
            Self::UnlockBlocksCount { .. } => "unlock-blocks-count",
            Self::UnlockBlockType { .. } => "unlock-block-type",
            Self::SignatureType { .. } => "signature-type",
            Self::UnlockBlockReference { .. } => "unlock-block-reference",
            Self::UnlockBlockUnique { .. } => "unlock-block-unique",
            Self::MilestonePowScore { .. } => "milestone-pow-score",
            Self::PublicKeysCount { .. } => "public-keys-count",
            Self::PublicKeysSorted { .. } => "public-keys-sorted",
            Self::SignaturesCount { .. } => "signatures-count",
            Self::ReceiptFinal { .. } => "receipt-final",
            Self::FundsCount { .. } => "funds-count",
            Self::FundsSorted { .. } => "funds-sorted",
            Self::ReceiptTransaction => "receipt-transaction",
            Self::TreasuryInputType { .. } => "treasury-input-type",
            Self::TreasuryOutputType { .. } => "treasury-output-type",
        }
    }
}
