//! Addresses: balance and outputs, by Bech32 text or by the hexadecimal digest of an Ed25519 key.

use std::sync::Arc;

use osmia_chrysalis::address::AddressError;
use osmia_chrysalis::ledger::{OutputFilter, balance as load_balance, outputs_of_address};
use osmia_chrysalis::{Address, OutputKind};
use osmia_engine::ledger::{StoreLedger, index as ledger_index};
use osmia_primitives::hex;
use serde::Serialize;

use crate::answer::{Fault, Outcome, data, repeated};
use crate::context::Context;
use crate::limits::{SYNCED_POLL, SYNCED_TIMEOUT};
use crate::request::{id_of, query_value};

/// An address as a client wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressText<'a> {
    Bech32(&'a str),
    Ed25519(&'a str),
}

impl AddressText<'_> {
    /// Reads the address; one with the prefix of another network is refused with both prefixes.
    fn parse(self, hrp: &str) -> Result<Address, Fault> {
        match self {
            Self::Ed25519(text) => id_of("address", text).map(Address::Ed25519),
            Self::Bech32(text) => Address::from_bech32(hrp, text).map_err(|error| match error {
                AddressError::ForeignPrefix { expected, got } => Fault::bad_request(format!(
                    "invalid bech32 address, expected prefix: {expected}, got: {}",
                    repeated(&got)
                )),
                AddressError::Bech32(_) | AddressError::WrongLength(_) | AddressError::UnknownType(_) => {
                    Fault::bad_request(format!("invalid address \"{}\": {error}", repeated(text)))
                }
            }),
        }
    }
}

/// Waits until every known milestone is confirmed, as the reference node does.
async fn wait_until_synced(context: &Context) -> Result<(), Fault> {
    if context.node.view().is_synced() {
        return Ok(());
    }
    let synced = async {
        while !context.node.view().is_synced() {
            tokio::time::sleep(SYNCED_POLL).await;
        }
    };
    tokio::time::timeout(SYNCED_TIMEOUT, synced)
        .await
        .map_err(|_elapsed| Fault::unavailable("node is not synced"))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BalanceJson {
    address_type: u8,
    address: String,
    balance: u64,
    dust_allowed: bool,
    ledger_index: u32,
}

/// GET /api/v1/addresses/…: the balance; 0 of an address that is not in the ledger.
pub(crate) async fn balance(context: &Context, address: AddressText<'_>) -> Outcome {
    let address = address.parse(&context.node.parameters().bech32_hrp)?;
    wait_until_synced(context).await?;
    let reader = context.node.store().snapshot();
    let balance = load_balance(&StoreLedger(&reader), &address)?;
    data(&BalanceJson {
        address_type: address.type_byte(),
        address: hex::encode(address.digest()),
        balance: balance.amount,
        dust_allowed: balance.is_dust_allowed(),
        ledger_index: ledger_index(&reader)?.0,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OutputsJson {
    address_type: u8,
    address: String,
    max_results: u32,
    count: usize,
    output_ids: Vec<String>,
    ledger_index: u32,
}

/// GET /api/v1/addresses/…/outputs: unspent outputs, then spent ones where they are asked for.
pub(crate) async fn outputs(
    context: &Arc<Context>,
    address: AddressText<'_>,
    query: Option<&str>,
) -> Outcome {
    let address = address.parse(&context.node.parameters().bech32_hrp)?;
    let filter = OutputFilter {
        kind: kind_of(query_value(query, "type")?.as_deref())?,
        include_spent: is_true(query_value(query, "include-spent")?.as_deref()),
        count_max: context.results_max(),
    };
    wait_until_synced(context).await?;
    context.read_many(move |context| outputs_of(context, &address, filter)).await
}

fn outputs_of(context: &Context, address: &Address, filter: OutputFilter) -> Outcome {
    let reader = context.node.store().snapshot();
    let outputs = outputs_of_address(&StoreLedger(&reader), address, &filter)?;
    data(&OutputsJson {
        address_type: address.type_byte(),
        address: hex::encode(address.digest()),
        max_results: context.options.limits.results_max,
        count: outputs.len(),
        output_ids: outputs.iter().map(|output| output.id.to_string()).collect(),
        ledger_index: ledger_index(&reader)?.0,
    })
}

fn kind_of(text: Option<&str>) -> Result<Option<OutputKind>, Fault> {
    match text {
        None | Some("") => Ok(None),
        Some("0") => Ok(Some(OutputKind::SigLockedSingle)),
        Some("1") => Ok(Some(OutputKind::SigLockedDustAllowance)),
        Some(text) => {
            Err(Fault::bad_request(format!("invalid type \"{}\": unknown output type", repeated(text))))
        }
    }
}

/// Whether a flag is set, by the spellings the reference node takes; anything else is no.
fn is_true(text: Option<&str>) -> bool {
    text.is_some_and(|text| ["1", "t", "true"].iter().any(|yes| yes.eq_ignore_ascii_case(text)))
}

#[cfg(test)]
mod tests {
    use osmia_primitives::bech32;

    use super::*;

    /// The example of TIP-11.
    const KEY_HASH: &str = "efdc112efe262b304bcf379b26c31bad029f616ee3ec4aa6345a366e4c9e43a3";
    const IOTA: &str = "iota1qrhacyfwlcnzkvzteumekfkrrwks98mpdm37cj4xx3drvmjvnep6xqgyzyx";
    const ATOI: &str = "atoi1qrhacyfwlcnzkvzteumekfkrrwks98mpdm37cj4xx3drvmjvnep6x8x4r7t";

    #[test]
    fn both_forms_of_an_address_are_the_same() {
        let address = Address::Ed25519(hex::decode_array(KEY_HASH).unwrap());
        assert_eq!(AddressText::Bech32(ATOI).parse("atoi"), Ok(address));
        assert_eq!(AddressText::Bech32(&ATOI.to_uppercase()).parse("atoi"), Ok(address));
        assert_eq!(AddressText::Ed25519(KEY_HASH).parse("atoi"), Ok(address));
        assert_eq!(hex::encode(address.digest()), KEY_HASH);
    }

    #[test]
    fn a_foreign_prefix_has_its_own_message() {
        let fault = AddressText::Bech32(IOTA).parse("atoi").unwrap_err();
        assert_eq!(fault, Fault::bad_request("invalid bech32 address, expected prefix: atoi, got: iota"));
    }

    #[test]
    fn other_addresses_are_refused() {
        let longer = bech32::encode("atoi", &[0; 34]).unwrap();
        let shorter = bech32::encode("atoi", &[0; 32]).unwrap();
        let other_type = bech32::encode("atoi", &[1; 33]).unwrap();
        let nothing = bech32::encode("atoi", &[]).unwrap();
        let mixed_case = ATOI.replacen('q', "Q", 1);
        let wrong_checksum = format!("{}q", &ATOI[..ATOI.len() - 1]);
        for text in [
            "",
            "atoi",
            "atoi1",
            KEY_HASH,
            &longer,
            &shorter,
            &other_type,
            &nothing,
            &mixed_case,
            &wrong_checksum,
        ] {
            assert!(AddressText::Bech32(text).parse("atoi").is_err(), "{text}");
        }
        for text in ["", "abcd", ATOI] {
            assert!(AddressText::Ed25519(text).parse("atoi").is_err(), "{text}");
        }
    }

    #[test]
    fn filters_are_read_as_the_reference_node_reads_them() {
        assert_eq!(kind_of(None), Ok(None));
        assert_eq!(kind_of(Some("0")), Ok(Some(OutputKind::SigLockedSingle)));
        assert_eq!(kind_of(Some("1")), Ok(Some(OutputKind::SigLockedDustAllowance)));
        assert!(kind_of(Some("2")).is_err() && kind_of(Some("x")).is_err());
        for yes in ["1", "t", "true", "TRUE"] {
            assert!(is_true(Some(yes)), "{yes}");
        }
        assert!(!is_true(None) && !is_true(Some("false")) && !is_true(Some("")) && !is_true(Some("yes")));
    }
}
