//! What confirming did with a message, as one byte of its position.

use osmia_chrysalis::ledger::ConflictReason;

/// What the milestone that referenced a message did with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The message carries no transaction.
    NoTransaction,
    /// Its transaction was applied to the ledger.
    Included,
    /// Its transaction was ignored, for this reason.
    Conflicting(ConflictReason),
}

const NO_TRANSACTION: u8 = 0;
const INCLUDED: u8 = 254;

impl Outcome {
    /// The byte stored in the message's position: 0 without a transaction, 254 included, else the conflict reason.
    #[must_use]
    pub fn to_byte(self) -> u8 {
        match self {
            Self::NoTransaction => NO_TRANSACTION,
            Self::Included => INCLUDED,
            Self::Conflicting(reason) => reason.code(),
        }
    }

    /// The outcome of a stored byte; `None` when no outcome is written that way.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            NO_TRANSACTION => Some(Self::NoTransaction),
            INCLUDED => Some(Self::Included),
            code => ConflictReason::from_code(code).map(Self::Conflicting),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_reads_back_from_its_byte() {
        let read: Vec<Outcome> = (0..=255).filter_map(Outcome::from_byte).collect();
        assert_eq!(read.len(), 2 + 7, "no transaction, included and the seven conflict reasons");
        for outcome in read {
            assert_eq!(Outcome::from_byte(outcome.to_byte()), Some(outcome));
        }
        assert_eq!(Outcome::from_byte(7), None);
    }
}
