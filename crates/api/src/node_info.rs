//! What the node tells of itself: health, routes, info and tips.

use hyper::StatusCode;
use osmia_engine::View;
use osmia_primitives::MessageId;
use serde::Serialize;

use crate::answer::{Answer, Outcome, data, empty, plain_number};
use crate::clock::unix_seconds;
use crate::context::Context;
use crate::limits::HEALTHY_MILESTONE_AGE_S;

/// The feature of a node that does proof of work for clients.
const FEATURE_POW: &str = "PoW";

/// GET /health: 200 or 503, without a body.
pub(crate) fn health(context: &Context) -> Answer {
    let healthy = is_healthy(context, &context.node.view());
    empty(if healthy { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
}

/// Nearly synced, with a peer, a milestone of the last five minutes, and confirming (TIP-13).
pub(crate) fn is_healthy(context: &Context, view: &View) -> bool {
    let has_peer = || {
        let summary = context.options.network.as_ref().map(osmia_network::Network::summary);
        summary.is_some_and(|summary| summary.is_running && summary.gossip_peers > 0)
    };
    (context.options.healthy_without_peers || has_peer())
        && view.halted.is_none()
        && context.node.halt_reason().is_none()
        && is_up_to_date(view, unix_seconds())
}

/// At most two milestones behind a latest one that is younger than five minutes (TIP-13).
fn is_up_to_date(view: &View, now_s: u64) -> bool {
    view.is_almost_synced() && now_s.saturating_sub(view.latest.timestamp) < HEALTHY_MILESTONE_AGE_S
}

#[derive(Serialize)]
struct RoutesJson {
    routes: [&'static str; 2],
}

/// GET /api/routes: the groups of routes below /api.
pub(crate) fn routes() -> Outcome {
    data(&RoutesJson { routes: ["v1", "osmia/v1"] })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct InfoJson<'a> {
    name: &'a str,
    version: &'a str,
    is_healthy: bool,
    network_id: &'a str,
    #[serde(rename = "bech32HRP")]
    bech32_hrp: &'a str,
    #[serde(rename = "minPoWScore", serialize_with = "plain_number")]
    min_pow_score: f64,
    #[serde(serialize_with = "plain_number")]
    messages_per_second: f64,
    #[serde(serialize_with = "plain_number")]
    referenced_messages_per_second: f64,
    #[serde(serialize_with = "plain_number")]
    referenced_rate: f64,
    latest_milestone_timestamp: u64,
    latest_milestone_index: u32,
    confirmed_milestone_index: u32,
    pruning_index: u32,
    features: &'a [&'a str],
}

/// GET /api/v1/info. `networkId` is the network's name, as the reference node has it.
pub(crate) fn info(context: &Context) -> Outcome {
    let view = context.node.view();
    let parameters = context.node.parameters();
    data(&InfoJson {
        name: &context.options.node_name,
        version: &context.options.node_version,
        is_healthy: is_healthy(context, &view),
        network_id: &parameters.network_name,
        bech32_hrp: &parameters.bech32_hrp,
        min_pow_score: parameters.min_pow_score,
        messages_per_second: view.rates.messages_per_second,
        referenced_messages_per_second: view.rates.referenced_messages_per_second,
        referenced_rate: view.rates.referenced_rate,
        latest_milestone_timestamp: view.latest.timestamp,
        latest_milestone_index: view.latest.index.0,
        confirmed_milestone_index: view.confirmed.index.0,
        pruning_index: view.pruning_index.0,
        features: if context.miner.is_some() { &[FEATURE_POW] } else { &[] },
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TipsJson {
    tip_message_ids: Vec<String>,
}

/// GET /api/v1/tips: one to four tips, sorted and distinct; 503 when the node is behind or has none.
pub(crate) fn tips(context: &Context) -> Outcome {
    let view = context.almost_synced()?;
    let tips = context.select_tips(&view)?;
    data(&TipsJson { tip_message_ids: tips.iter().map(MessageId::to_string).collect() })
}

#[cfg(test)]
mod tests {
    use osmia_engine::MilestoneMark;
    use osmia_primitives::MilestoneIndex;

    use super::*;

    #[test]
    fn info_has_the_members_of_the_reference_node_in_its_order() {
        let info = InfoJson {
            name: "Osmia",
            version: "0.1.0",
            is_healthy: true,
            network_id: "private-00c0ffee",
            bech32_hrp: "atoi",
            min_pow_score: 100.0,
            messages_per_second: 4.25,
            referenced_messages_per_second: 4.0,
            referenced_rate: 94.117,
            latest_milestone_timestamp: 1_700_000_000,
            latest_milestone_index: 12,
            confirmed_milestone_index: 11,
            pruning_index: 0,
            features: &[FEATURE_POW],
        };
        let expected = concat!(
            r#"{"name":"Osmia","version":"0.1.0","isHealthy":true,"networkId":"private-00c0ffee","#,
            r#""bech32HRP":"atoi","minPoWScore":100,"messagesPerSecond":4.25,"referencedMessagesPerSecond":4,"#,
            r#""referencedRate":94.117,"latestMilestoneTimestamp":1700000000,"latestMilestoneIndex":12,"#,
            r#""confirmedMilestoneIndex":11,"pruningIndex":0,"features":["PoW"]}"#,
        );
        assert_eq!(serde_json::to_string(&info).unwrap(), expected);
    }

    #[test]
    fn health_needs_recent_milestones_that_are_confirmed() {
        let mark = |index, timestamp| MilestoneMark { index: MilestoneIndex(index), timestamp };
        let view = |confirmed, latest| View { confirmed: mark(confirmed, 900), latest, ..View::default() };
        assert!(!is_up_to_date(&View::default(), 0), "no milestone was seen");
        assert!(is_up_to_date(&view(8, mark(10, 1_000)), 1_000));
        assert!(!is_up_to_date(&view(7, mark(10, 1_000)), 1_000), "three milestones behind");
        assert!(is_up_to_date(&view(10, mark(10, 1_000)), 1_299));
        assert!(!is_up_to_date(&view(10, mark(10, 1_000)), 1_300), "five minutes old");
        assert!(is_up_to_date(&view(10, mark(10, 1_000)), 0), "a clock that went back");
    }
}
