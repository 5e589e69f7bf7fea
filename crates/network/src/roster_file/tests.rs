use super::*;

const PEER: &str = "12D3KooWSagdVaCrS14GeJhM8CbQr41AW2PiYMgptTyAybCbQuEY";

fn stored() -> Stored {
    let peer = |host: &str, alias: Option<&str>| StoredPeer {
        address: format!("/ip4/{host}/tcp/15600/p2p/{PEER}").parse().unwrap(),
        alias: alias.map(ToOwned::to_owned),
    };
    let standing = StoredStanding {
        peer: PEER.parse().unwrap(),
        banned_until_ms: 1_700_000_000_000,
        bans: 2,
        reason: "unknown packet type".into(),
    };
    Stored {
        peers: vec![peer("203.0.113.7", Some("Anna \"the\" first")), peer("203.0.113.8", None)],
        standings: vec![standing],
    }
}

#[test]
fn what_was_written_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = RosterFile::of(folder.path());
    assert_eq!(file.read(), Stored::default());
    file.write(&stored()).unwrap();
    assert_eq!(file.read(), stored());
    file.write(&Stored::default()).unwrap();
    assert_eq!(file.read(), Stored::default());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the file");
}

#[test]
fn the_form_of_the_file_stays() {
    let folder = tempfile::tempdir().unwrap();
    let file = RosterFile::of(folder.path());
    file.write(&stored()).unwrap();
    let expected = format!(
        r#"{{
  "version": 1,
  "peers": [
    {{
      "address": "/ip4/203.0.113.7/tcp/15600/p2p/{PEER}",
      "alias": "Anna \"the\" first"
    }},
    {{
      "address": "/ip4/203.0.113.8/tcp/15600/p2p/{PEER}"
    }}
  ],
  "bans": [
    {{
      "peer": "{PEER}",
      "untilMs": 1700000000000,
      "count": 2,
      "reason": "unknown packet type"
    }}
  ]
}}"#
    );
    assert_eq!(std::fs::read_to_string(folder.path().join("peers.json")).unwrap(), expected);
}

#[test]
fn a_damaged_file_is_put_aside_and_never_fatal() {
    let folder = tempfile::tempdir().unwrap();
    let file = RosterFile::of(folder.path());
    file.write(&stored()).unwrap();
    let good = std::fs::read_to_string(file.path()).unwrap();
    let damaged = [
        String::new(),
        good[..good.len() / 2].to_owned(),
        good.replace("\"version\": 1", "\"version\": 2"),
        good.replace(PEER, "12D3Koo"),
        good.replace("/tcp/15600", ""),
        " ".repeat(usize::try_from(ROSTER_FILE_BYTES_MAX).unwrap() + 1),
    ];
    for text in damaged {
        std::fs::write(file.path(), &text).unwrap();
        assert_eq!(file.read(), Stored::default());
        let aside = folder.path().join("peers.json.damaged");
        assert_eq!(std::fs::read_to_string(&aside).unwrap(), text);
        assert!(!file.path().exists());
    }
    std::fs::write(file.path(), [0xff, 0xfe]).unwrap();
    assert_eq!(file.read(), Stored::default());
}
