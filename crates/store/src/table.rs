//! The tables: one column family each.

/// A table of the store. Keys and values are bytes; docs/formats/store.md has those this crate defines, the crates
/// that own the others document them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Arrival → flags and message bytes.
    Log,
    /// Message id → arrival.
    Ids,
    /// Parent arrival ‖ child arrival.
    Children,
    /// Index hash ‖ arrival.
    Index,
    /// Milestone ‖ chunk → arrivals in white-flag order.
    Cones,
    /// Page of arrivals → milestone and outcome of each.
    Positions,
    /// Milestone index → what the engine knows of it.
    Milestones,
    /// Entry point number → id and milestone.
    EntryPoints,
    /// Named values.
    State,
    /// Ledger: output id → output.
    Outputs,
    /// Ledger: address ‖ … ‖ output id.
    AddressOutputs,
    /// Ledger: address → balance.
    Balances,
    /// Ledger: milestone → what it changed.
    Diffs,
    /// Ledger: milestone id → treasury.
    Treasury,
    /// Ledger: receipts.
    Receipts,
}

/// How a table is read and written, which decides how its column family is tuned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Large values under ever larger keys, read by key.
    Append,
    /// Random keys, most of which are looked up before they exist.
    Lookup,
    /// Small keys without values, read by prefix.
    Prefix,
    /// Few rows, or rows under ever larger keys.
    Small,
}

impl Table {
    /// Every table, in the order of its discriminant.
    pub const ALL: [Self; 15] = [
        Self::Log,
        Self::Ids,
        Self::Children,
        Self::Index,
        Self::Cones,
        Self::Positions,
        Self::Milestones,
        Self::EntryPoints,
        Self::State,
        Self::Outputs,
        Self::AddressOutputs,
        Self::Balances,
        Self::Diffs,
        Self::Treasury,
        Self::Receipts,
    ];

    /// The table's name, as its column family and messages for people have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Log => "log",
            Self::Ids => "ids",
            Self::Children => "children",
            Self::Index => "index",
            Self::Cones => "cones",
            Self::Positions => "positions",
            Self::Milestones => "milestones",
            Self::EntryPoints => "entry_points",
            Self::State => "state",
            Self::Outputs => "outputs",
            Self::AddressOutputs => "address_outputs",
            Self::Balances => "balances",
            Self::Diffs => "diffs",
            Self::Treasury => "treasury",
            Self::Receipts => "receipts",
        }
    }

    pub(crate) const fn access(self) -> Access {
        match self {
            Self::Log => Access::Append,
            Self::Ids | Self::Outputs | Self::Balances => Access::Lookup,
            Self::Children | Self::Index | Self::AddressOutputs => Access::Prefix,
            Self::Cones
            | Self::Positions
            | Self::Milestones
            | Self::EntryPoints
            | Self::State
            | Self::Diffs
            | Self::Treasury
            | Self::Receipts => Access::Small,
        }
    }
}
