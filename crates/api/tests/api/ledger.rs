//! Outputs, addresses, milestones and the treasury after transactions.

use osmia_chrysalis::{OutputId, TOKEN_SUPPLY};
use osmia_primitives::hex;
use serde_json::{Value, json};

use crate::network::{
    Network, Setup, data_payload, genesis_output, genesis_transfer, other_address, owner_address, single,
    transaction_payload, transfer,
};

const SENT: u64 = 5_000_000;

/// A network in which the owner has sent [`SENT`] to address 9; the transfer's message and its place of each output.
fn after_a_transfer() -> (Network, String, OutputId, OutputId) {
    let network = Network::start(Setup::quick());
    let transaction = genesis_transfer(other_address(9), SENT);
    let place = |amount| {
        let place = transaction.essence.outputs.iter().position(|output| output.amount == amount).unwrap();
        OutputId { transaction_id: transaction.id(), index: u16::try_from(place).unwrap() }
    };
    let (sent, rest) = (place(SENT), place(TOKEN_SUPPLY - SENT));
    let id = network.post(transaction_payload(&transaction));
    let metadata = network.referenced(&id);
    assert_eq!(metadata["ledgerInclusionState"], "included", "{metadata}");
    (network, id, sent, rest)
}

fn digest(number: u8) -> String {
    hex::encode(other_address(number).digest())
}

#[test]
fn an_output_shows_what_became_of_it() {
    let (network, message_id, sent, _) = after_a_transfer();
    let mut client = network.client();
    let mut output = client.get(&format!("/api/v1/outputs/{sent}")).data();
    assert!(output["ledgerIndex"].as_u64().unwrap() > 0);
    output.as_object_mut().unwrap().remove("ledgerIndex");
    let expected = json!({
        "messageId": message_id,
        "transactionId": sent.transaction_id.to_string(),
        "outputIndex": sent.index,
        "isSpent": false,
        "output": { "type": 0, "address": { "type": 0, "address": digest(9) }, "amount": SENT },
    });
    assert_eq!(output, expected);

    let spent = client.get(&format!("/api/v1/outputs/{}", genesis_output())).data();
    assert_eq!(spent["isSpent"], true);
    assert_eq!(spent["transactionIdSpent"], sent.transaction_id.to_string());
    assert_eq!(spent["milestoneIndexSpent"], network.referenced(&message_id)["referencedByMilestoneIndex"]);
}

#[test]
fn both_forms_of_an_address_have_the_same_balance_and_outputs() {
    let (network, _, sent, _) = after_a_transfer();
    let mut client = network.client();
    let bech32 = other_address(9).to_bech32("atoi").unwrap();
    for form in [bech32, format!("ed25519/{}", digest(9))] {
        let balance = client.get(&format!("/api/v1/addresses/{form}")).data();
        assert!(balance["ledgerIndex"].as_u64().unwrap() > 0);
        assert_eq!(balance.as_object().unwrap().len(), 5);
        assert_eq!(balance["addressType"], 0);
        assert_eq!(balance["address"], digest(9));
        assert_eq!(balance["balance"], SENT);
        assert_eq!(balance["dustAllowed"], false);

        let outputs = client.get(&format!("/api/v1/addresses/{form}/outputs")).data();
        assert_eq!(outputs.as_object().unwrap().len(), 6);
        assert_eq!(outputs["address"], digest(9));
        assert_eq!(outputs["maxResults"], 1000);
        assert_eq!(outputs["count"], 1);
        assert_eq!(outputs["outputIds"], json!([sent.to_string()]));
    }
}

#[test]
fn an_address_nobody_used_is_empty() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let balance = client.get(&format!("/api/v1/addresses/ed25519/{}", digest(77))).data();
    assert_eq!((&balance["balance"], &balance["dustAllowed"]), (&json!(0), &json!(false)));
    let outputs = client.get(&format!("/api/v1/addresses/ed25519/{}/outputs", digest(77))).data();
    assert_eq!((&outputs["count"], &outputs["outputIds"]), (&json!(0), &json!([])));
}

#[test]
fn spent_outputs_are_listed_when_asked_for_and_types_are_filtered() {
    let (network, _, _, rest) = after_a_transfer();
    let mut client = network.client();
    let path = format!("/api/v1/addresses/{}/outputs", owner_address().to_bech32("atoi").unwrap());
    let mut ids = |query: &str| client.get(&format!("{path}{query}")).data()["outputIds"].clone();
    let (rest, genesis) = (rest.to_string(), genesis_output().to_string());
    assert_eq!(ids(""), json!([rest]));
    assert_eq!(ids("?include-spent=false"), json!([rest]));
    assert_eq!(ids("?include-spent=true"), json!([rest, genesis]));
    assert_eq!(ids("?type=0"), json!([rest]));
    assert_eq!(ids("?type=1"), json!([]));
    assert_eq!(ids("?type=0&include-spent=true"), json!([rest, genesis]));
    assert!(client.get(&format!("{path}?type=2")).error(400).contains("unknown output type"));
    assert!(client.get(&format!("{path}?type=x")).error(400).contains("unknown output type"));
}

#[test]
fn a_double_spend_is_taken_and_conflicts() {
    let (network, _, _, rest) = after_a_transfer();
    let again = network.post(transaction_payload(&genesis_transfer(other_address(8), SENT)));
    let metadata = network.referenced(&again);
    assert_eq!(metadata["ledgerInclusionState"], "conflicting");
    assert_eq!(metadata["conflictReason"], 1);

    // An input that does not exist, a sum that is wrong, a signature that is wrong.
    let unknown = OutputId { index: 5, ..rest };
    let missing = transfer(unknown, vec![single(other_address(8), SENT)]);
    let wrong_sum = transfer(rest, vec![single(other_address(8), SENT)]);
    let mut wrong_signature = transfer(rest, vec![single(other_address(8), TOKEN_SUPPLY - SENT)]);
    wrong_signature.unlock_blocks.clone_from(&wrong_sum.unlock_blocks);
    for (transaction, reason) in [(missing, 3), (wrong_sum, 4), (wrong_signature, 5)] {
        let id = network.post(transaction_payload(&transaction));
        let metadata = network.referenced(&id);
        assert_eq!(metadata["ledgerInclusionState"], "conflicting");
        assert_eq!(metadata["conflictReason"], reason);
    }
    // None of them moved anything.
    let balance = network.client().get(&format!("/api/v1/addresses/ed25519/{}", digest(8))).data();
    assert_eq!(balance["balance"], 0);
}

#[test]
fn a_milestone_lists_what_it_changed() {
    let (network, id, sent, rest) = after_a_transfer();
    let index = network.referenced(&id)["referencedByMilestoneIndex"].clone();
    let mut client = network.client();
    let milestone = client.get(&format!("/api/v1/milestones/{index}")).data();
    assert_eq!(milestone["index"], index);
    assert!(milestone["timestamp"].as_u64().unwrap() > 1_600_000_000);
    assert_eq!(milestone.as_object().unwrap().len(), 3);

    let changes = client.get(&format!("/api/v1/milestones/{index}/utxo-changes")).data();
    let mut created: Vec<String> = serde_json::from_value(changes["createdOutputs"].clone()).unwrap();
    created.sort();
    let mut expected = [sent.to_string(), rest.to_string()];
    expected.sort();
    assert_eq!(created, expected);
    assert_eq!(changes["consumedOutputs"], json!([genesis_output().to_string()]));

    // The milestone's own message shows its payload, with both keys.
    let message =
        client.get(&format!("/api/v1/messages/{}", milestone["messageId"].as_str().unwrap())).data();
    assert_eq!(message["payload"]["type"], 1);
    assert_eq!(message["payload"]["index"], index);
    assert_eq!(message["payload"]["receipt"], Value::Null);
    assert_eq!(message["payload"]["publicKeys"].as_array().unwrap().len(), 2);
}

#[test]
fn a_milestone_that_changed_nothing_lists_nothing() {
    let network = Network::start(Setup::still());
    let changes = network.client().get("/api/v1/milestones/1/utxo-changes").data();
    assert_eq!(changes, json!({ "index": 1, "createdOutputs": [], "consumedOutputs": [] }));
}

#[test]
fn the_treasury_is_shown_and_there_are_no_receipts() {
    let network = Network::start(Setup::still());
    let mut client = network.client();
    let treasury = client.get("/api/v1/treasury").data();
    assert_eq!(treasury, json!({ "milestoneId": "00".repeat(32), "amount": 0 }));
    assert_eq!(client.get("/api/v1/receipts").data(), json!({ "receipts": [] }));
    assert_eq!(client.get("/api/v1/receipts/7").data(), json!({ "receipts": [] }));
}

#[test]
fn what_does_not_exist_is_not_found() {
    let network = Network::start(Setup::still());
    let id = network.post(data_payload(b"x", b""));
    let mut client = network.client();
    let unknown = "ab".repeat(32);
    for path in [
        format!("/api/v1/messages/{unknown}"),
        format!("/api/v1/messages/{unknown}/metadata"),
        format!("/api/v1/messages/{unknown}/raw"),
        format!("/api/v1/transactions/{unknown}/included-message"),
        format!("/api/v1/transactions/{unknown}/included-message/metadata"),
        format!("/api/v1/transactions/{unknown}/included-message/raw"),
        format!("/api/v1/transactions/{unknown}/included-message/children"),
        format!("/api/v1/outputs/{unknown}0000"),
        "/api/v1/milestones/0".to_owned(),
        "/api/v1/milestones/4294967295".to_owned(),
        "/api/v1/milestones/9/utxo-changes".to_owned(),
        "/api/v1/control".to_owned(),
        "/api/v1/nothing".to_owned(),
        "/".to_owned(),
        format!("/api/v1/messages/{id}/"),
        format!("/api/v1/messages/{id}/raw/x"),
    ] {
        let message = client.get(&path).error(404);
        assert!(!message.is_empty(), "{path}");
    }
}
