use osmia_chrysalis::snapshot;
use serde_json::Value;

use super::*;
use crate::keys::OwnerMnemonic;

/// What `--network` with `text` leads to.
fn resolve(text: &str) -> Result<NetworkChoice, ResolveError> {
    check_mentioned(text)?;
    built_in(text).or_else(|_| from_file(Path::new(text)))
}

/// A file of /testdata at the root of the repository.
fn test_file(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_built_in_networks_are_the_published_ones() {
    let published: Vec<Value> = serde_json::from_slice(&test_file("networks.json")).unwrap();
    assert_eq!(published.len(), ALL.len());
    for network in published {
        let name = network["networkID"].as_str().unwrap();
        let parameters = built_in(name).unwrap().description.parameters;
        assert_eq!(parameters.network_name, name);
        assert_eq!(parameters.bech32_hrp, network["bech32HRP"].as_str().unwrap());
        assert_eq!(parameters.min_pow_score, network["minPoWScore"].as_f64().unwrap());
        assert_eq!(parameters.keys.threshold() as u64, network["milestonePublicKeyCount"].as_u64().unwrap());
        let ranges: Vec<(String, u64, u64)> = parameters
            .keys
            .ranges()
            .iter()
            .map(|range| (hex::encode(&range.public_key.0), range.start.0.into(), range.end.0.into()))
            .collect();
        let expected: Vec<(String, u64, u64)> = network["publicKeyRanges"]
            .as_array()
            .unwrap()
            .iter()
            .map(|range| {
                let number = |name: &str| range[name].as_u64().unwrap();
                (range["key"].as_str().unwrap().to_owned(), number("start"), number("end"))
            })
            .collect();
        assert_eq!(ranges, expected, "{name}");
    }
    assert_eq!(all().count(), ALL.len());
}

#[test]
fn the_published_secrets_of_private_tangle1_belong_together() {
    let network = built_in(private_tangle1::NAME).unwrap();
    let signers: Vec<PublicKey> =
        private_tangle1::coordinator_keys().iter().map(|key| key.public_key()).collect();
    let known: Vec<PublicKey> =
        network.parameters().keys.ranges().iter().map(|range| range.public_key).collect();
    assert_eq!(signers, known);
    assert!(signers.is_sorted());
    let owner = OwnerMnemonic::parse(private_tangle1::OWNER_WORDS).unwrap().address();
    assert_eq!(network.genesis().unwrap().owner, owner);
    assert_eq!(
        owner.to_bech32("atoi").unwrap(),
        "atoi1qpszqzadsym6wpppd6z037dvlejmjuke7s24hm95s9fg9vpua7vluehe53e"
    );
}

#[test]
fn the_genesis_of_private_tangle1_is_the_file_that_the_reference_node_makes() {
    let file = test_file("snapshots/private_tangle1-genesis.bin");
    // Bytes 2 to 10 are the moment at which it was made.
    let timestamp = u64::from_le_bytes(file[2..10].try_into().unwrap());
    let network = built_in(private_tangle1::NAME).unwrap();
    let owner = network.genesis().unwrap().owner;
    let made = snapshot::genesis(network.parameters().network_id, timestamp, owner, 0).unwrap();
    assert_eq!(made, file);
}

#[test]
fn a_network_is_a_name_or_a_file() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("network.json");
    let devnet = resolve("chrysalis-devnet").unwrap();
    assert_eq!((devnet.origin.to_string(), devnet.genesis()), ("built in".to_owned(), None));
    std::fs::write(&path, devnet.description.to_json().unwrap()).unwrap();
    let read = resolve(path.to_str().unwrap()).unwrap();
    assert_eq!(read.description, devnet.description);
    assert_eq!(read.origin, Origin::File(path.clone()));

    std::fs::write(&path, "{}").unwrap();
    let error = resolve(path.to_str().unwrap()).unwrap_err();
    assert!(error.to_string().contains("does not describe a network"), "{error}");
    assert_eq!(error.exit(), Exit::Usage);
    let missing = resolve("/nowhere/network.json").unwrap_err();
    assert!(missing.to_string().starts_with("cannot read /nowhere/network.json"), "{missing}");
}

#[test]
fn a_mistyped_name_is_answered_with_the_right_one() {
    let error = resolve("chrysalis-manet").unwrap_err();
    assert_eq!(error.to_string(), "there is no network \"chrysalis-manet\"; is chrysalis-mainnet meant?");
    let error = resolve("shimmer\n").unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no network \"shimmer\\n\"; known are chrysalis-mainnet, chrysalis-devnet, private_tangle1"
    );
}
