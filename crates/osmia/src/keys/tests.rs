use super::*;

/// The zero entropy's words. The address was computed with the published client @iota/iota.js 1.8.6.
const KNOWN_WORDS: &str = "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
    abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art";
const KNOWN_ADDRESS: &str = "atoi1qruscrv5l22f7daxl3dha90m005sl9tmc6eta5zzlgmquvdem3j927htlge";

#[test]
fn words_own_the_address_that_published_clients_derive() {
    let owner = OwnerMnemonic::parse(KNOWN_WORDS).unwrap();
    assert_eq!(owner.address().to_bech32("atoi").unwrap(), KNOWN_ADDRESS);
    let spaced = format!("\n {}\t\n", KNOWN_WORDS.replace(' ', "\n ").to_uppercase());
    assert!(OwnerMnemonic::parse(&spaced).is_ok_and(|same| same.address() == owner.address()));
}

#[test]
fn fresh_words_are_different_and_read_back() {
    let [first, second] = [OwnerMnemonic::generate().unwrap(), OwnerMnemonic::generate().unwrap()];
    assert_ne!(first.words(), second.words());
    assert_eq!(first.words().split(' ').count(), 24);
    assert_eq!(OwnerMnemonic::parse(&first.words()).unwrap().address(), first.address());
}

#[test]
fn words_that_are_no_mnemonic_are_refused() {
    let wrong_checksum = KNOWN_WORDS.replace("art", "abandon");
    for words in ["", "abandon", "one two three", wrong_checksum.as_str()] {
        let error = OwnerMnemonic::parse(words).err().unwrap().to_string();
        assert!(error.contains("12 to 24 English words"), "{error}");
    }
}

#[test]
fn coordinator_keys_read_back_from_their_file() {
    let keys = generate_coordinator_keys().unwrap();
    let text = pack_keys(&keys);
    let public = |keys: &[SecretKey]| keys.iter().map(SecretKey::public_key).collect::<Vec<_>>();
    assert_eq!(public(&parse_keys(&text).unwrap()), public(&keys));
    assert!(public(&keys).is_sorted());
    let [first, second] = text.lines().collect::<Vec<_>>().try_into().unwrap();
    for (text, expected) in [
        (format!("{first}\n"), "holds 1 keys"),
        (format!("{first}\n{second}\n{first}\n"), "holds 3 keys"),
        (format!("{first}\n{}\n", &second[1..]), "line 2"),
        (format!("{first}\nx{}\n", &second[1..]), "line 2"),
        (String::new(), "holds 0 keys"),
    ] {
        let error = parse_keys(&text).err().unwrap().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
