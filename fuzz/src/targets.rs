//! What is fuzzed: each function takes any bytes and panics when something that must hold does not.

use osmia_chrysalis::json::{message_to_json, submitted_message};
use osmia_chrysalis::snapshot::{SnapshotItem, SnapshotReader, SnapshotWriter};
use osmia_chrysalis::{Address, Message};
use osmia_primitives::NetworkId;

/// A message is refused, or the bytes are its only form, in bytes and through JSON.
pub fn message_parse(input: &[u8]) {
    let Ok(message) = Message::parse(input) else { return };
    assert_eq!(message.pack(), input, "two forms of one message");
    assert_eq!(message.validate(), Ok(()), "the rules differ between bytes and values");
    let text = message_to_json(&message).to_string();
    let submitted = submitted_message(text.as_bytes()).expect("because we wrote the text");
    assert_eq!(submitted.payload, message.payload);
    assert_eq!(submitted.parents.as_deref(), Some(message.parents.as_slice()));
    assert_eq!(submitted.nonce, Some(message.nonce));
    if message.network_id != NetworkId(0) {
        assert_eq!(submitted.into_message().ok().as_ref(), Some(&message));
    }
}

/// A submitted body is refused, or what it holds can be packed and is read back from bytes and JSON alike.
pub fn json_body(input: &[u8]) {
    let Ok(submitted) = submitted_message(input) else { return };
    let Ok(message) = submitted.into_message() else { return };
    let bytes = message.pack();
    assert_eq!(Message::parse(&bytes).as_ref(), Ok(&message), "JSON makes what bytes cannot");
    message_parse(&bytes);
}

/// A snapshot file is refused, or writing what it holds gives the same bytes.
pub fn snapshot_reader(input: &[u8]) {
    let Ok(mut reader) = SnapshotReader::open(input) else { return };
    let memory = std::io::Cursor::new(Vec::new());
    let mut writer =
        SnapshotWriter::create(memory, *reader.header()).expect("because the reader took the header");
    while let Ok(item) = reader.next_item() {
        let written = match item {
            Some(SnapshotItem::EntryPoint(id)) => writer.entry_point(&id),
            Some(SnapshotItem::Output(output)) => writer.output(&output),
            Some(SnapshotItem::MilestoneDiff(diff)) => writer.milestone_diff(&diff),
            None => {
                let memory = writer.finish().expect("because memory does not fail");
                assert_eq!(memory.into_inner(), input, "two forms of one file");
                return;
            }
        };
        written.expect("because the reader gave it at its place");
    }
}

/// A text is refused, or it is the address's text, in one case or the other.
pub fn bech32(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(address) = Address::from_bech32("iota", text) else { return };
    let back = address.to_bech32("iota").expect("because the prefix is valid");
    assert_eq!(back, text.to_lowercase());
}
