//! The outputs and balances a milestone has touched so far, over those of the ledger.

use std::collections::hash_map::Entry;

use osmia_primitives::{IdHasherKey, IdMap};

use crate::Address;
use crate::address::ADDRESS_BYTES;
use crate::ledger::balance::Balance;
use crate::ledger::keys::{AddressKey, Key, KeyMap, OUTPUT_ID_BYTES, OutputKey, address_key};
use crate::ledger::rows::{Parser, Spent, StoredOutput};
use crate::ledger::{DamagedRow, LedgerRead, LedgerTable, decode, read, read_many};

/// What looking up the output of an input finds.
pub(super) enum Lookup {
    Unspent(StoredOutput),
    SpentInThisMilestone,
    SpentEarlier,
    Missing,
}

/// Outputs that were read or created.
pub(super) struct Outputs(KeyMap<OUTPUT_ID_BYTES, Option<KnownOutput>>);

/// An output that exists.
pub(super) struct KnownOutput {
    pub(super) output: StoredOutput,
    pub(super) is_created_here: bool,
    pub(super) is_spent_here: bool,
}

impl KnownOutput {
    const fn stored(output: StoredOutput) -> Self {
        Self { output, is_created_here: false, is_spent_here: false }
    }
}

impl Outputs {
    pub(super) fn new(key: IdHasherKey) -> Self {
        Self(IdMap::with_hasher(key))
    }

    /// Reads the outputs `wanted` and makes room for `created` more.
    pub(super) fn prefetch<L: LedgerRead>(
        &mut self,
        ledger: &L,
        wanted: &[OutputKey],
        created: usize,
    ) -> Result<(), L::Error> {
        self.0.reserve(wanted.len() + created);
        let unknown = wanted.iter().filter(|key| !self.0.contains_key(key)).copied().collect();
        load_many(ledger, LedgerTable::Outputs, unknown, StoredOutput::parse, |key, output| {
            self.0.insert(key, output.map(KnownOutput::stored));
        })
    }

    /// The output, if it was read or created already and exists.
    pub(super) fn known(&self, key: &OutputKey) -> Option<&StoredOutput> {
        self.0.get(key)?.as_ref().map(|known| &known.output)
    }

    pub(super) fn look_up<L: LedgerRead>(&mut self, ledger: &L, key: OutputKey) -> Result<Lookup, L::Error> {
        let known = match self.0.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let output = read(ledger, LedgerTable::Outputs, &key.0, StoredOutput::parse)?;
                place.insert(output.map(KnownOutput::stored))
            }
        };
        Ok(match known {
            None => Lookup::Missing,
            Some(known) if known.is_spent_here => Lookup::SpentInThisMilestone,
            Some(known) if known.output.spent.is_some() => Lookup::SpentEarlier,
            Some(known) => Lookup::Unspent(known.output),
        })
    }

    pub(super) fn spend(&mut self, key: OutputKey, spent: Spent) {
        let known = self.0.get_mut(&key).and_then(Option::as_mut);
        let known = known.expect("because the inputs of the transaction were looked up");
        assert!(known.output.spent.is_none(), "an input occurs once in a transaction and was unspent");
        known.output.spent = Some(spent);
        known.is_spent_here = true;
    }

    pub(super) fn create(&mut self, key: OutputKey, output: StoredOutput) {
        let earlier =
            self.0.insert(key, Some(KnownOutput { output, is_created_here: true, is_spent_here: false }));
        assert!(earlier.flatten().is_none(), "a transaction is applied once, because that spends its inputs");
    }

    /// The outputs this milestone created or spent, by their keys in ascending order.
    pub(super) fn changed(&self) -> Vec<(&OutputKey, &KnownOutput)> {
        let known = self.0.iter().filter_map(|(key, known)| Some((key, known.as_ref()?)));
        let mut changed: Vec<_> =
            known.filter(|(_, known)| known.is_created_here || known.is_spent_here).collect();
        changed.sort_unstable_by_key(|(key, _)| *key);
        changed
    }
}

/// Balances that were read, with their changes.
pub(super) struct Balances(KeyMap<ADDRESS_BYTES, KnownBalance>);

struct KnownBalance {
    stored: Balance,
    now: Balance,
}

impl KnownBalance {
    fn stored(balance: Option<Balance>) -> Self {
        let stored = balance.unwrap_or_default();
        Self { stored, now: stored }
    }
}

impl Balances {
    pub(super) fn new(key: IdHasherKey) -> Self {
        Self(IdMap::with_hasher(key))
    }

    pub(super) fn prefetch<L: LedgerRead>(
        &mut self,
        ledger: &L,
        wanted: impl Iterator<Item = Address>,
    ) -> Result<(), L::Error> {
        let wanted = wanted.map(|address| address_key(&address));
        let unknown: Vec<AddressKey> = wanted.filter(|key| !self.0.contains_key(key)).collect();
        self.0.reserve(unknown.len());
        load_many(ledger, LedgerTable::Balances, unknown, Balance::parse, |key, balance| {
            self.0.insert(key, KnownBalance::stored(balance));
        })
    }

    pub(super) fn get<L: LedgerRead>(&mut self, ledger: &L, key: AddressKey) -> Result<Balance, L::Error> {
        self.load(ledger, key).map(|known| known.now)
    }

    pub(super) fn add<L: LedgerRead>(&mut self, ledger: &L, output: &StoredOutput) -> Result<(), L::Error> {
        let key = address_key(&output.address);
        let known = self.load(ledger, key)?;
        let sum = known.now.with(output.kind, output.amount);
        known.now = sum.ok_or_else(|| unbalanced(ledger, key, "an address would hold more than there is"))?;
        Ok(())
    }

    pub(super) fn subtract<L: LedgerRead>(
        &mut self,
        ledger: &L,
        output: &StoredOutput,
    ) -> Result<(), L::Error> {
        let key = address_key(&output.address);
        let known = self.load(ledger, key)?;
        let rest = known.now.without(output.kind, output.amount);
        known.now =
            rest.ok_or_else(|| unbalanced(ledger, key, "it holds less than an output of the address"))?;
        Ok(())
    }

    /// The balances that differ from the stored ones, by their keys in ascending order.
    pub(super) fn changed(&self) -> Vec<(&AddressKey, &Balance)> {
        let changed = self.0.iter().filter(|(_, known)| known.now != known.stored);
        let mut changed: Vec<_> = changed.map(|(key, known)| (key, &known.now)).collect();
        changed.sort_unstable_by_key(|(key, _)| *key);
        changed
    }

    fn load<L: LedgerRead>(&mut self, ledger: &L, key: AddressKey) -> Result<&mut KnownBalance, L::Error> {
        match self.0.entry(key) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let balance = read(ledger, LedgerTable::Balances, &key.0, Balance::parse)?;
                Ok(place.insert(KnownBalance::stored(balance)))
            }
        }
    }
}

fn unbalanced<L: LedgerRead>(ledger: &L, key: AddressKey, problem: &'static str) -> L::Error {
    ledger.damaged(DamagedRow { table: LedgerTable::Balances, key: key.0.to_vec(), problem })
}

/// Reads and decodes the rows of `keys`, each once, in ascending order: neighbours in the table are read together. Hands
/// each key and what was found to `found`.
fn load_many<L: LedgerRead, T, const BYTES: usize>(
    ledger: &L,
    table: LedgerTable,
    mut keys: Vec<Key<BYTES>>,
    parse: Parser<T>,
    mut found: impl FnMut(Key<BYTES>, Option<T>),
) -> Result<(), L::Error> {
    keys.sort_unstable();
    keys.dedup();
    let values = read_many(ledger, table, &keys)?;
    for (key, value) in keys.into_iter().zip(values) {
        let value = value.map(|value| decode(ledger, table, &key.0, parse(&value))).transpose()?;
        found(key, value);
    }
    Ok(())
}
