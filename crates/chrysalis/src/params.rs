//! What nodes of one network must agree on.

use osmia_primitives::NetworkId;
use osmia_primitives::bech32::{self, Bech32Error};

use crate::limits::BELOW_MAX_DEPTH;
use crate::milestone_keys::MilestoneKeys;

/// What nodes of one network must agree on.
#[derive(Clone, Debug, PartialEq)]
pub struct ProtocolParameters {
    /// The name of the network, which its id is made from.
    pub network_name: String,
    /// The id of the network.
    pub network_id: NetworkId,
    /// The human-readable part of its addresses.
    pub bech32_hrp: String,
    /// The least proof-of-work score of a message.
    pub min_pow_score: f64,
    /// How many milestones behind the confirmed one the oldest cone root of a message may be.
    pub below_max_depth: u32,
    /// The coordinator's keys.
    pub keys: MilestoneKeys,
}

impl ProtocolParameters {
    /// The parameters of the network called `network_name`, with the depth every Chrysalis network uses.
    ///
    /// # Errors
    /// [`Bech32Error::InvalidPrefix`] when `bech32_hrp` cannot begin an address.
    pub fn new(
        network_name: &str,
        bech32_hrp: &str,
        min_pow_score: f64,
        keys: MilestoneKeys,
    ) -> Result<Self, Bech32Error> {
        bech32::check_prefix(bech32_hrp)?;
        Ok(Self {
            network_name: network_name.to_owned(),
            network_id: NetworkId::of(network_name),
            bech32_hrp: bech32_hrp.to_owned(),
            min_pow_score,
            below_max_depth: BELOW_MAX_DEPTH,
            keys,
        })
    }
}
