//! Parameters of a Tangle.

use osmia_primitives::MilestoneIndex;

use crate::limits;
use crate::vertex::FIRST_ARRIVAL;

/// How long a tip that got children stays in its pool. It stays for a while to make the Tangle wide (TIP-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionRules {
    /// In a pool of more tips than this, a tip leaves with its first child.
    pub tips_limit: usize,
    /// A tip leaves with its child of this number.
    pub children_max: u32,
    /// A tip leaves so many milliseconds after its first child.
    pub referenced_age_ms_max: u64,
}

/// Parameters of a [`crate::Tangle`]. The default is what the nodes of the main network use, for a Tangle that is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TangleOptions {
    /// A message whose oldest cone root is more milestones behind the confirmed one is below max depth (TIP-3: M).
    pub below_max_depth: u32,
    /// A tip whose youngest cone root is more milestones behind is lazy (TIP-3: C1).
    pub youngest_delta_max: u32,
    /// A tip whose oldest cone root is more milestones behind is semi-lazy (TIP-3: C2).
    pub oldest_delta_max: u32,
    /// Rules of the pool of non-lazy tips.
    pub non_lazy: RetentionRules,
    /// Rules of the pool of semi-lazy tips.
    pub semi_lazy: RetentionRules,
    /// The number of the next message that becomes solid; at least [`FIRST_ARRIVAL`].
    pub next_arrival: u64,
    /// The confirmed milestone.
    pub confirmed: MilestoneIndex,
    /// Bytes the window may hold after [`crate::Tangle::evict`].
    pub window_bytes_max: usize,
    /// Bytes of all waiting messages.
    pub waiting_bytes_max: usize,
    /// Waiting messages.
    pub waiting_messages_max: usize,
}

impl Default for TangleOptions {
    fn default() -> Self {
        Self {
            below_max_depth: 15,
            youngest_delta_max: 8,
            oldest_delta_max: 13,
            non_lazy: RetentionRules { tips_limit: 100, children_max: 30, referenced_age_ms_max: 3_000 },
            semi_lazy: RetentionRules { tips_limit: 20, children_max: 2, referenced_age_ms_max: 3_000 },
            next_arrival: FIRST_ARRIVAL,
            confirmed: MilestoneIndex(0),
            window_bytes_max: limits::WINDOW_BYTES_MAX,
            waiting_bytes_max: limits::WAITING_BYTES_MAX,
            waiting_messages_max: limits::WAITING_MESSAGES_MAX,
        }
    }
}
