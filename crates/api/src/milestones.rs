//! Milestones, what they changed in the ledger, the treasury and the receipts.

use std::sync::Arc;

use osmia_chrysalis::json::ReceiptJson;
use osmia_chrysalis::ledger::{self, StoredReceipt};
use osmia_engine::ledger::StoreLedger;
use osmia_primitives::MilestoneIndex;
use serde::Serialize;

use crate::answer::{Fault, Outcome, data};
use crate::context::Context;
use crate::request::number_of;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MilestoneJson {
    index: u32,
    message_id: String,
    timestamp: u64,
}

/// GET /api/v1/milestones/:index.
pub(crate) fn one(context: &Context, index: &str) -> Outcome {
    let index = MilestoneIndex(number_of("milestone index", index)?);
    let found = osmia_engine::milestones::find(&context.node.store().latest(), index)?;
    let milestone = found.ok_or_else(|| Fault::not_found(format!("milestone not found: {index}")))?;
    data(&MilestoneJson {
        index: index.0,
        message_id: milestone.message_id.to_string(),
        timestamp: milestone.timestamp,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UtxoChangesJson {
    index: u32,
    created_outputs: Vec<String>,
    consumed_outputs: Vec<String>,
}

/// GET /api/v1/milestones/:index/utxo-changes.
pub(crate) async fn utxo_changes(context: &Arc<Context>, index: &str) -> Outcome {
    let index = MilestoneIndex(number_of("milestone index", index)?);
    context.read_many(move |context| changes_of(context, index)).await
}

fn changes_of(context: &Context, index: MilestoneIndex) -> Outcome {
    let reader = context.node.store().latest();
    let diff = ledger::diff(&StoreLedger(&reader), index)?;
    let diff = diff.ok_or_else(|| Fault::not_found(format!("no ledger changes of milestone: {index}")))?;
    data(&UtxoChangesJson {
        index: index.0,
        created_outputs: diff.created.iter().map(ToString::to_string).collect(),
        consumed_outputs: diff.consumed.iter().map(ToString::to_string).collect(),
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TreasuryJson {
    milestone_id: String,
    amount: u64,
}

/// GET /api/v1/treasury: what is left for migration.
pub(crate) fn treasury(context: &Context) -> Outcome {
    let reader = context.node.store().snapshot();
    let treasury = ledger::treasury(&StoreLedger(&reader))?;
    let treasury = treasury.ok_or_else(|| Fault::not_found("this network has no treasury"))?;
    data(&TreasuryJson { milestone_id: treasury.milestone_id.to_string(), amount: treasury.amount })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptsJson {
    receipts: Vec<ReceiptTupleJson>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReceiptTupleJson {
    receipt: ReceiptJson,
    milestone_index: u32,
}

impl ReceiptTupleJson {
    fn new(stored: &StoredReceipt) -> Self {
        Self { receipt: ReceiptJson::from(&stored.receipt), milestone_index: stored.milestone.0 }
    }
}

/// GET /api/v1/receipts, all of them or those of one index of the legacy network; a bounded number.
pub(crate) async fn receipts(context: &Arc<Context>, migrated_at: Option<&str>) -> Outcome {
    let migrated_at = migrated_at.map(|text| number_of("milestone index", text)).transpose()?;
    let read = move |context: &Context| {
        let reader = context.node.store().snapshot();
        let receipts = ledger::receipts(&StoreLedger(&reader), migrated_at, context.results_max())?;
        data(&ReceiptsJson { receipts: receipts.iter().map(ReceiptTupleJson::new).collect() })
    };
    context.read_many(read).await
}
