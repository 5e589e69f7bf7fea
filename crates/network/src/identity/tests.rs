use super::*;

/// The private key of RFC 8410, section 10.3.
const RFC_8410_PEM: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n\
    -----END PRIVATE KEY-----\n";
/// The public key of RFC 8410, section 10.1.
const RFC_8410_PUBLIC: &str = "19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1";

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().unwrap()
}

#[test]
fn the_key_of_the_standard_is_read_and_written_as_it_stands_there() {
    let folder = folder();
    let path = folder.path().join("identity.key");
    std::fs::write(&path, RFC_8410_PEM).unwrap();
    let identity = Identity::load(&path).unwrap();
    assert_eq!(hex::encode(&identity.public_key()), RFC_8410_PUBLIC);
    assert_eq!(identity.to_pem(), RFC_8410_PEM);
}

#[test]
fn a_key_is_created_once_for_its_owner_only() {
    let folder = folder();
    let path = folder.path().join("identity.key");
    let created = Identity::load_or_create(&path).unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(Identity::load_or_create(&path).unwrap().peer_id(), created.peer_id());
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside the key");
    assert_ne!(Identity::generate().unwrap().peer_id(), created.peer_id());
}

#[test]
fn a_key_that_exists_is_never_replaced() {
    let folder = folder();
    let path = folder.path().join("identity.key");
    let created = Identity::load_or_create(&path).unwrap();
    let error = Identity::generate().unwrap().store(&path).unwrap_err();
    assert!(
        matches!(&error, IdentityError::File { source, .. } if source.kind() == io::ErrorKind::AlreadyExists)
    );
    assert_eq!(Identity::load(&path).unwrap().peer_id(), created.peer_id());
}

#[test]
fn what_a_crash_left_does_not_stop_the_next_start() {
    let folder = folder();
    let path = folder.path().join("identity.key");
    std::fs::write(folder.path().join("identity.key.new"), "half").unwrap();
    let created = Identity::load_or_create(&path).unwrap();
    assert_eq!(Identity::load(&path).unwrap().peer_id(), created.peer_id());
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_damaged_file_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("identity.key");
    let too_long = RFC_8410_PEM.replace("EdVhC\n", "EdVhCAAAA\n");
    let not_base64 = RFC_8410_PEM.replace("EdVhC", "Ed*hC");
    let other_algorithm = RFC_8410_PEM.replace("YDK2Vw", "YDK2Vx");
    let half = &RFC_8410_PEM[..60];
    for text in ["", "hello", half, &too_long, &not_base64, &other_algorithm] {
        std::fs::write(&path, text).unwrap();
        let error = Identity::load_or_create(&path).unwrap_err();
        assert!(matches!(error, IdentityError::Damaged { .. }), "{text}: {error}");
        assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    }
    std::fs::write(&path, [0xff; 48]).unwrap();
    assert!(matches!(Identity::load(&path).unwrap_err(), IdentityError::Damaged { .. }));
}

#[test]
fn the_hexadecimal_form_of_the_reference_node_is_read() {
    let seed = [7; 32];
    let identity = Identity::from_seed(seed);
    let text = hex::encode(&[seed, identity.public_key()].concat());
    assert_eq!(Identity::from_hex(&text).unwrap().peer_id(), identity.peer_id());
    let other = hex::encode(&[seed, [1; 32]].concat());
    for wrong in ["", &text[..64], &other, &text.replace('0', "x")] {
        assert!(Identity::from_hex(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn a_key_is_not_shown() {
    let identity = Identity::from_seed([7; 32]);
    let shown = format!("{identity:?}");
    assert!(shown.contains(&identity.peer_id().to_string()));
    assert!(!shown.contains("07"));
}
