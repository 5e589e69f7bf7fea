use osmia_primitives::ed25519::SecretKey;

use super::*;

fn network() -> Network {
    let keys = [1, 2].map(|seed| SecretKey::from_seed([seed; 32]).public_key());
    Network {
        parameters: parameters("private-1", "atoi", 100.0, &keys).unwrap(),
        owner: Address::Ed25519([7; 32]),
        mnemonic_file: None,
        genesis_timestamp: 1_800_000_000,
        gossip_peers: Vec::new(),
        api_urls: Vec::new(),
    }
}

#[test]
fn a_network_reads_back_from_its_file() {
    for mnemonic_file in [None, Some(PathBuf::from("/keys/words.txt"))] {
        let network = Network { mnemonic_file, ..network() };
        assert_eq!(Network::from_json(&network.to_json().unwrap()).unwrap(), network);
    }
}

#[test]
fn a_wrong_file_is_refused_with_the_place() {
    let good = network().to_json().unwrap();
    for (from, to, expected) in [
        ("\"format\": 2", "\"format\": 3, \"new\": []", "format 3"),
        ("\"format\": 2", "\"format\": 2, \"extra\": 0", "extra"),
        ("\"format\": 2", "\"format\": 1", "unknown field `milestone_keys`"),
        ("private-1", "with space", "network's name"),
        ("100.0", "-1.0", "proof-of-work score"),
        ("\"atoi\"", "\"iota\"", "owner_address"),
        ("\"8a88", "\"8x88", "the coordinator's public key"),
        ("\"threshold\": 2", "\"threshold\": 3", "from 1 to the number of keys"),
        ("\"threshold\": 2", "\"threshold\": 0", "from 1 to the number of keys"),
        (
            "\"start\": 0,\n        \"end\": 0",
            "\"start\": 9,\n        \"end\": 8",
            "starts at 9 cannot end at 8",
        ),
        ("\"gossip_peers\": []", "\"gossip_peers\": [\"x\"]", "gossip_peers: \"x\" is not"),
        ("\"genesis\"", "\"genesi\"", "genesi"),
        ("{", "", "invalid type"),
    ] {
        let wrong = good.replacen(from, to, 1);
        let error = Network::from_json(&wrong).map(|_| wrong).unwrap_err().to_string();
        assert!(error.contains(expected), "{from} -> {to}: {error}");
    }
}

#[test]
fn names_and_scores_are_bounded() {
    for name in ["", "a b", "ä", &"x".repeat(65), "a/b"] {
        assert_eq!(check_name(name), Err(NameError), "{name}");
    }
    assert_eq!(check_name(&"x".repeat(64)), Ok(()));
    for score in [-0.1, f64::NAN, f64::INFINITY, 100_001.0] {
        assert_eq!(check_score(score), Err(ScoreError), "{score}");
    }
    assert_eq!((check_score(0.0), check_score(4000.0)), (Ok(()), Ok(())));
}

#[test]
fn the_first_format_is_still_read() {
    let text = r#"{
        "format": 1,
        "written_by": "osmia 0.1.0",
        "network_name": "private-1",
        "bech32_hrp": "atoi",
        "min_pow_score": 100.0,
        "coordinator_public_keys": [
            "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
            "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394"
        ],
        "owner_address": "atoi1qqrswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswx55p8r",
        "mnemonic_file": null,
        "genesis_timestamp": 1800000000
    }"#;
    assert_eq!(Network::from_json(text).unwrap(), network());
}

/// The exact text: others read it too.
#[test]
fn the_file_is_written_so() {
    let peer = "/ip4/127.0.0.1/tcp/15600/p2p/12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";
    let network = Network {
        gossip_peers: vec![peer.to_owned()],
        api_urls: vec!["http://127.0.0.1:14265".to_owned()],
        ..network()
    };
    let expected = format!(
        r#"{{
  "format": 2,
  "written_by": "osmia {}",
  "network_name": "private-1",
  "bech32_hrp": "atoi",
  "min_pow_score": 100.0,
  "milestone_keys": {{
    "threshold": 2,
    "ranges": [
      {{
        "public_key": "8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c",
        "start": 0,
        "end": 0
      }},
      {{
        "public_key": "8139770ea87d175f56a35466c34c7ecccb8d8a91b4ee37a25df60f5b8fc9b394",
        "start": 0,
        "end": 0
      }}
    ]
  }},
  "genesis": {{
    "owner_address": "atoi1qqrswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswpc8qurswx55p8r",
    "timestamp": 1800000000
  }},
  "gossip_peers": [
    "{peer}"
  ],
  "api_urls": [
    "http://127.0.0.1:14265"
  ]
}}
"#,
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(network.to_json().unwrap(), expected);
    assert_eq!(Network::from_json(&expected).unwrap(), network);
}

#[test]
fn a_network_without_genesis_is_joined_but_is_no_private_one() {
    let description = Description { genesis: None, ..network().description() };
    let text = description.to_json().unwrap();
    assert_eq!(Description::from_json(&text).unwrap(), description);
    assert!(Network::from_json(&text).unwrap_err().to_string().starts_with("genesis: "));
}
