//! GET /api/v1/outputs/:id.

use osmia_chrysalis::json::OutputJson;
use osmia_chrysalis::ledger::{StoredOutput, load_output};
use osmia_chrysalis::{Output, OutputId};
use osmia_engine::ledger::{StoreLedger, index as ledger_index};
use osmia_primitives::MilestoneIndex;
use serde::Serialize;

use crate::answer::{Fault, Outcome, data};
use crate::context::Context;
use crate::request::id_of;

/// An output with what became of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredOutputJson {
    message_id: String,
    transaction_id: String,
    output_index: u16,
    is_spent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone_index_spent: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id_spent: Option<String>,
    ledger_index: u32,
    output: OutputJson,
}

impl StoredOutputJson {
    fn new(id: &OutputId, stored: &StoredOutput, ledger_index: MilestoneIndex) -> Self {
        let output = Output { kind: stored.kind, address: stored.address, amount: stored.amount };
        Self {
            message_id: stored.message_id.to_string(),
            transaction_id: id.transaction_id.to_string(),
            output_index: id.index,
            is_spent: stored.spent.is_some(),
            milestone_index_spent: stored.spent.as_ref().map(|spent| spent.milestone.0),
            transaction_id_spent: stored.spent.as_ref().map(|spent| spent.transaction_id.to_string()),
            ledger_index: ledger_index.0,
            output: OutputJson::from(&output),
        }
    }
}

/// The output of an id, spent or not.
pub(crate) fn one(context: &Context, id: &str) -> Outcome {
    let id = OutputId::from_bytes(&id_of("output ID", id)?);
    let reader = context.node.store().snapshot();
    let ledger_index = ledger_index(&reader)?;
    let stored = load_output(&StoreLedger(&reader), &id)?;
    let stored = stored.ok_or_else(|| Fault::not_found(format!("output not found: {id}")))?;
    data(&StoredOutputJson::new(&id, &stored, ledger_index))
}
