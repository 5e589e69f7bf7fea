//! Users: they make messages without knowing what becomes of them.

use std::collections::VecDeque;

use bytes::Bytes;
use osmia_chrysalis::{Output, OutputId, OutputKind, Payload, TOKEN_SUPPLY, Transaction, UnlockBlock};
use osmia_engine::View;
use osmia_primitives::MessageId;

use super::dice::Dice;
use super::mint::{Mint, WALLETS, address, genesis_output, wallet};
use crate::transfer::{Spend, transaction};

/// Coins and messages that users remember.
const REMEMBERED_MAX: usize = 300;

/// An output that somebody may spend, as far as its maker knows.
#[derive(Clone, Copy, Debug)]
struct Coin {
    id: OutputId,
    amount: u64,
    owner: u8,
    /// The message that creates it.
    message_id: MessageId,
}

/// The users of a network.
#[derive(Debug)]
pub(crate) struct Spammer {
    mint: Mint,
    dice: Dice,
    coins: VecDeque<Coin>,
    messages: VecDeque<MessageId>,
    /// Whether the last message stands on tips only: then it is no candidate for below max depth.
    is_fresh: bool,
}

impl Spammer {
    pub(crate) fn new(mint: Mint, dice: Dice) -> Self {
        let id = genesis_output();
        let coin = Coin { id, amount: TOKEN_SUPPLY, owner: 0, message_id: MessageId::NULL };
        Self { mint, dice, coins: [coin].into(), messages: VecDeque::new(), is_fresh: false }
    }

    /// A message for the node with `view`, and what it is; `None` when the node knows no tips.
    pub(crate) fn message(&mut self, view: &View) -> Option<(Bytes, &'static str)> {
        self.is_fresh = true;
        let mut parents = view.select_tips(&mut || self.dice.number());
        if parents.is_empty() {
            return None;
        }
        if self.dice.chance(10) {
            // A lazy user: what it stands on may be long confirmed.
            self.is_fresh = false;
            parents = vec![*self.dice.pick(self.messages.make_contiguous())?];
        }
        let (payload, name) = match self.dice.below(10) {
            0..=3 => return self.data(&parents),
            4..=8 => self.transfer(&mut parents)?,
            _ => (None, "empty messages"),
        };
        let coins: Vec<(u16, Output)> = match &payload {
            Some(Payload::Transaction(transaction)) => {
                (0..).zip(transaction.essence.outputs.iter().copied()).collect()
            }
            Some(Payload::Milestone(_) | Payload::Indexation(_)) | None => Vec::new(),
        };
        let transaction_id = match &payload {
            Some(Payload::Transaction(transaction)) => Some(transaction.id()),
            Some(Payload::Milestone(_) | Payload::Indexation(_)) | None => None,
        };
        let bytes = self.mint.message(&parents, payload)?;
        let message_id = self.remember(&bytes);
        for (index, output) in coins {
            let owner = (0..WALLETS).find(|number| address(&wallet(*number)) == output.address);
            if let (Some(transaction_id), Some(owner)) = (transaction_id, owner) {
                let id = OutputId { transaction_id, index };
                self.coins.push_back(Coin { id, amount: output.amount, owner, message_id });
            }
        }
        while self.coins.len() > REMEMBERED_MAX {
            self.coins.pop_front();
        }
        Some((bytes, name))
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    fn data(&mut self, parents: &[MessageId]) -> Option<(Bytes, &'static str)> {
        let length = if self.dice.chance(3) { 20_000 } else { self.dice.count(0, 300) };
        let bytes = self.mint.data(parents, length, &mut self.dice)?;
        self.remember(&bytes);
        Some((bytes, "data messages"))
    }

    fn remember(&mut self, bytes: &[u8]) -> MessageId {
        let id = MessageId::of(bytes);
        self.messages.push_back(id);
        if self.messages.len() > REMEMBERED_MAX {
            self.messages.pop_front();
        }
        id
    }

    /// A transfer of a coin. Some coins are spent twice, some never exist, and now and then a rule is broken.
    fn transfer(&mut self, parents: &mut Vec<MessageId>) -> Option<(Option<Payload>, &'static str)> {
        let place = self.dice.count(0, self.coins.len().saturating_sub(1));
        let keeps = self.dice.chance(20);
        let coin = if keeps { *self.coins.get(place)? } else { self.coins.remove(place)? };
        if self.coins.is_empty() {
            // Somebody will spend it again; users must have something.
            self.coins.push_back(coin);
        }
        if coin.message_id != MessageId::NULL && self.dice.chance(60) {
            self.is_fresh = false;
            parents.push(coin.message_id);
        }
        let name = if keeps { "conflicting transfers" } else { "transfers" };
        let transaction = self.transaction_of(&coin)?;
        Some((Some(Payload::Transaction(Box::new(transaction))), name))
    }

    fn transaction_of(&mut self, coin: &Coin) -> Option<Transaction> {
        let owner = wallet(coin.owner);
        let to = u8::try_from(self.dice.below(u64::from(WALLETS))).ok()?;
        let kind = if self.dice.chance(10) && coin.amount >= 2_000_000 {
            OutputKind::SigLockedDustAllowance
        } else {
            OutputKind::SigLockedSingle
        };
        let amount = match kind {
            OutputKind::SigLockedDustAllowance => 1_000_000,
            OutputKind::SigLockedSingle if self.dice.chance(10) => 1 + self.dice.below(999_999),
            OutputKind::SigLockedSingle => 1 + self.dice.below(coin.amount),
        }
        .min(coin.amount);
        let mut outputs = vec![Output { kind, address: address(&wallet(to)), amount }];
        let mut rest = coin.amount - amount;
        if self.dice.chance(3) {
            // The sums differ.
            rest = rest.saturating_sub(1);
        }
        if rest > 0 {
            let back = if to == coin.owner { (coin.owner + 1) % WALLETS } else { coin.owner };
            let address = address(&wallet(back));
            outputs.push(Output { kind: OutputKind::SigLockedSingle, address, amount: rest });
        }
        let mut payment = transaction(vec![Spend { output_id: coin.id, key: &owner }], outputs, None);
        if self.dice.chance(3)
            && let Some(UnlockBlock::Signature { signature, .. }) = payment.unlock_blocks.first_mut()
            && let Some(byte) = signature.0.get_mut(1)
        {
            *byte ^= 1;
        }
        Some(payment)
    }
}
