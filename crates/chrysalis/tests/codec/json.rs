//! Messages as JSON: the shapes we answer with and the bodies that clients submit.

use osmia_chrysalis::json::{JsonError, MessageJson, message_to_json, submitted_message};
use osmia_chrysalis::limits::SUBMITTED_JSON_BYTES_MAX;
use osmia_chrysalis::{Message, Payload};
use serde_json::{Value, json};

use crate::samples;

fn sample(payload_type: u64) -> Message {
    let samples = samples::messages();
    let (bytes, _) = samples.iter().find(|(_, sample)| sample["payloadType"] == payload_type).unwrap();
    Message::parse(bytes).unwrap()
}

/// The JSON of a real message with the value at `pointer` replaced, or removed where it is undefined.
fn changed(payload_type: u64, pointer: &str, value: Option<Value>) -> Vec<u8> {
    let mut whole = message_to_json(&sample(payload_type));
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match (whole.pointer_mut(parent).unwrap(), value) {
        (Value::Object(fields), Some(value)) => {
            assert!(fields.insert(name.to_owned(), value).is_some(), "{pointer}")
        }
        (Value::Object(fields), None) => assert!(fields.remove(name).is_some(), "{pointer}"),
        (Value::Array(items), Some(value)) => items[name.parse::<usize>().unwrap()] = value,
        (other, _) => panic!("{pointer} is in {other}"),
    }
    serde_json::to_vec(&whole).unwrap()
}

fn refuses(text: &[u8], rule: &str) -> JsonError {
    let error = submitted_message(text).unwrap_err();
    assert_eq!(error.rule(), rule, "{error}");
    assert!(error.to_string().starts_with(&format!("{rule}: ")), "{error}");
    error
}

#[test]
fn the_fields_stand_in_the_order_of_the_reference_node() {
    let text = serde_json::to_string(&MessageJson::from(&sample(2))).unwrap();
    let place = |name: &str| text.find(name).unwrap_or_else(|| panic!("{name} is missing in {text}"));
    let names = [
        "{\"networkId\":\"",
        "\"parentMessageIds\":[\"",
        "\"payload\":{\"type\":2,\"index\":\"",
        "\"nonce\":\"",
    ];
    assert!(names.map(place).is_sorted());
    let text = serde_json::to_string(&MessageJson::from(&sample(1))).unwrap();
    assert!(text.contains("\"nextPoWScore\":0,\"nextPoWScoreMilestoneIndex\":0,\"publicKeys\":["), "{text}");
    assert!(text.contains("\"receipt\":null,\"signatures\":["), "{text}");
}

#[test]
fn an_absent_payload_is_null_and_empty_data_is_empty_text() {
    let message = Message { payload: None, ..sample(2) };
    assert_eq!(message_to_json(&message)["payload"], Value::Null);
    assert!(message_to_json(&message).as_object().unwrap().contains_key("payload"));
    let text = changed(2, "/payload/data", Some(json!("")));
    let Some(Payload::Indexation(indexation)) = submitted_message(&text).unwrap().payload else {
        panic!("no payload")
    };
    assert!(indexation.data.is_empty());
    let shape = message_to_json(&Message { payload: Some(Payload::Indexation(indexation)), ..message });
    assert_eq!(shape["payload"]["data"], "");
}

#[test]
fn everything_but_the_payload_may_be_missing_empty_or_null() {
    for text in [
        r"{}",
        r#"{"networkId":"","parentMessageIds":[],"payload":null,"nonce":""}"#,
        r#"{"networkId":null,"parentMessageIds":null,"nonce":null}"#,
        r#"{"networkId":"0","more":{"unknown":[1,2,{}]}}"#,
    ] {
        let submitted = submitted_message(text.as_bytes()).unwrap();
        assert_eq!(
            (submitted.network_id, submitted.parents, submitted.payload),
            (None, None, None),
            "{text}"
        );
        assert_eq!(submitted.nonce, None, "{text}");
    }
}

#[test]
fn the_data_of_an_indexation_may_be_missing() {
    let text = changed(2, "/payload/data", None);
    let Some(Payload::Indexation(indexation)) = submitted_message(&text).unwrap().payload else {
        panic!("no payload")
    };
    assert!(indexation.data.is_empty());
}

#[test]
fn numbers_are_decimal_text_of_64_bits() {
    let text = changed(2, "/nonce", Some(json!("18446744073709551615")));
    assert_eq!(submitted_message(&text).unwrap().nonce, Some(u64::MAX));
    for wrong in ["18446744073709551616", "-1", "+1", "1.0", " 1", "0x1", "one"] {
        refuses(&changed(2, "/nonce", Some(json!(wrong))), "json-number");
        refuses(&changed(2, "/networkId", Some(json!(wrong))), "json-number");
    }
    refuses(&changed(2, "/nonce", Some(json!(1))), "json-syntax");
}

#[test]
fn malformed_hexadecimal_is_an_error_that_names_the_field() {
    let error = refuses(&changed(2, "/parentMessageIds/1", Some(json!("zz"))), "json-hex");
    assert!(error.to_string().contains("\"parentMessageIds[1]\""), "{error}");
    let error = refuses(&changed(2, "/payload/index", Some(json!("abc"))), "json-hex");
    assert!(error.to_string().contains("\"payload.index\""), "{error}");
    refuses(&changed(2, "/payload/data", Some(json!("0g"))), "json-hex");
    refuses(&changed(2, "/payload/data", Some(json!("0\u{e9}"))), "json-hex");
    let input = "/payload/essence/inputs/0/transactionId";
    let error = refuses(&changed(0, input, Some(json!("00"))), "json-hex");
    assert!(error.to_string().contains("\"payload.essence.inputs[0].transactionId\""), "{error}");
    refuses(&changed(0, "/payload/essence/outputs/0/address/address", Some(json!("00"))), "json-hex");
    refuses(&changed(0, "/payload/unlockBlocks/0/signature/publicKey", Some(json!("00"))), "json-hex");
    refuses(&changed(0, "/payload/unlockBlocks/0/signature/signature", Some(json!("00"))), "json-hex");
    refuses(&changed(1, "/payload/publicKeys/0", Some(json!("00"))), "json-hex");
    refuses(&changed(1, "/payload/inclusionMerkleProof", Some(json!("00"))), "json-hex");
}

#[test]
fn unknown_types_are_errors_that_name_the_rule() {
    for unknown in [256, 7, u64::MAX] {
        let value = || Some(json!(unknown));
        refuses(&changed(2, "/payload/type", value()), "payload-type");
        refuses(&changed(0, "/payload/essence/type", value()), "essence-type");
        refuses(&changed(0, "/payload/essence/payload/type", value()), "embedded-payload-type");
        refuses(&changed(0, "/payload/essence/inputs/0/type", value()), "input-type");
        refuses(&changed(0, "/payload/essence/outputs/0/type", value()), "output-type");
        refuses(&changed(0, "/payload/essence/outputs/0/address/type", value()), "address-type");
        refuses(&changed(0, "/payload/unlockBlocks/0/type", value()), "unlock-block-type");
        refuses(&changed(0, "/payload/unlockBlocks/0/signature/type", value()), "signature-type");
    }
    // A treasury output in a transaction made an earlier node exit.
    refuses(&changed(0, "/payload/essence/outputs/0/type", Some(json!(2))), "output-type");
    refuses(&changed(0, "/payload/essence/inputs/0/type", Some(json!(1))), "input-type");
    refuses(&changed(2, "/payload/type", Some(json!(3))), "payload-type");
}

#[test]
fn the_index_of_an_indexation_must_have_1_to_64_bytes() {
    // Both made an earlier node exit.
    refuses(&changed(2, "/payload/index", Some(json!(""))), "index-length");
    refuses(&changed(2, "/payload/index", Some(json!("00".repeat(65)))), "index-length");
    refuses(&changed(2, "/payload/index", None), "index-length");
    refuses(&changed(2, "/payload/index", Some(json!(5))), "json-hex");
    assert!(submitted_message(&changed(2, "/payload/index", Some(json!("00".repeat(64))))).is_ok());
}

#[test]
fn a_missing_field_is_named() {
    for (kind, pointer, field) in [
        (2, "/payload/type", "payload.type"),
        (0, "/payload/essence", "payload.essence"),
        (0, "/payload/unlockBlocks", "payload.unlockBlocks"),
        (0, "/payload/essence/inputs", "payload.essence.inputs"),
        (0, "/payload/essence/outputs/0/amount", "payload.essence.outputs[0].amount"),
        (0, "/payload/essence/outputs/0/address", "payload.essence.outputs[0].address"),
        (0, "/payload/unlockBlocks/0/signature", "payload.unlockBlocks[0].signature"),
        (1, "/payload/index", "payload.index"),
        (1, "/payload/timestamp", "payload.timestamp"),
        (1, "/payload/publicKeys", "payload.publicKeys"),
    ] {
        let error = refuses(&changed(kind, pointer, None), "json-field-missing");
        assert!(error.to_string().contains(&format!("\"{field}\"")), "{error}");
    }
}

#[test]
fn numbers_that_do_not_fit_are_refused() {
    let index = "/payload/essence/inputs/0/transactionOutputIndex";
    refuses(&changed(0, index, Some(json!(65536))), "json-number");
    refuses(&changed(0, index, Some(json!(127))), "input-index");
    refuses(&changed(1, "/payload/index", Some(json!(4_294_967_296_u64))), "json-number");
    refuses(&changed(1, "/payload/index", Some(json!("16"))), "json-number");
    refuses(&changed(0, "/payload/essence/outputs/0/amount", Some(json!(0))), "output-amount");
    refuses(&changed(0, "/payload/essence/outputs/0/amount", Some(json!(-1))), "json-syntax");
    refuses(&changed(0, "/payload/essence/outputs/0/amount", Some(json!(1.5))), "json-syntax");
}

#[test]
fn the_rules_of_the_codec_hold_for_json_too() {
    let message = message_to_json(&sample(0));
    let block = &message["payload"]["unlockBlocks"][0];
    refuses(&changed(0, "/payload/unlockBlocks", Some(json!([block, block]))), "unlock-blocks-count");
    refuses(
        &changed(0, "/payload/unlockBlocks", Some(json!([{"type": 1, "reference": 0}]))),
        "unlock-block-reference",
    );
    let input = &message["payload"]["essence"]["inputs"][0];
    let two = json!({"essence": {"inputs": [input, input]}});
    let mut whole = message.clone();
    whole["payload"]["essence"]["inputs"] = two["essence"]["inputs"].clone();
    whole["payload"]["unlockBlocks"] = json!([block, {"type": 1, "reference": 0}]);
    refuses(&serde_json::to_vec(&whole).unwrap(), "input-unique");
}

#[test]
fn long_lists_are_refused_by_their_rule() {
    let parents = vec!["00".repeat(32); 5000];
    refuses(&serde_json::to_vec(&json!({"parentMessageIds": vec![""; 5000]})).unwrap(), "parents-count");
    assert!(serde_json::to_vec(&parents).unwrap().len() > SUBMITTED_JSON_BYTES_MAX);
    let many = vec![json!({}); 5000];
    refuses(&changed(0, "/payload/essence/inputs", Some(json!(many))), "inputs-count");
    refuses(&changed(0, "/payload/essence/outputs", Some(json!(many))), "outputs-count");
    refuses(&changed(0, "/payload/unlockBlocks", Some(json!(many))), "unlock-blocks-count");
    refuses(&changed(1, "/payload/publicKeys", Some(json!(vec![""; 5000]))), "public-keys-count");
}

#[test]
fn a_body_that_is_too_long_is_not_looked_at() {
    let text = |length: usize| vec![b' '; length];
    refuses(&text(SUBMITTED_JSON_BYTES_MAX + 1), "json-length");
    refuses(&text(SUBMITTED_JSON_BYTES_MAX), "json-syntax");
}

#[test]
fn what_is_not_json_is_refused() {
    let deep = "[".repeat(100_000);
    let deep_field = format!("{{\"x\":{}", "{\"x\":".repeat(20_000));
    for text in [
        "",
        "{",
        "null",
        "[]",
        "\"message\"",
        "{\"nonce\":\"1\",\"nonce\":\"1\"}",
        "{} {}",
        &deep,
        &deep_field,
    ] {
        refuses(text.as_bytes(), "json-syntax");
    }
    refuses(&[0xff, 0xfe], "json-syntax");
}

#[test]
fn a_message_that_is_not_complete_says_what_is_missing() {
    let submitted = || submitted_message(br#"{"networkId":"1"}"#).unwrap();
    assert!(submitted().into_message().unwrap_err().to_string().contains("\"parentMessageIds\""));
    let text = changed(2, "/networkId", None);
    assert!(
        submitted_message(&text).unwrap().into_message().unwrap_err().to_string().contains("\"networkId\"")
    );
    let unsorted = json!({"networkId": "1", "parentMessageIds": ["01".repeat(32), "00".repeat(32)]});
    let submitted = submitted_message(&serde_json::to_vec(&unsorted).unwrap()).unwrap();
    assert_eq!(submitted.into_message().unwrap_err().rule(), "parents-sorted");
}
