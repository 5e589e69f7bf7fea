use super::*;

fn segments(path: &str) -> Option<Vec<String>> {
    let path = Path::decode(path).ok()?;
    let mut space = [""; PATH_SEGMENTS_MAX];
    Some(path.segments(&mut space)?.iter().map(|segment| (*segment).to_owned()).collect())
}

fn some(expected: &[&str]) -> Option<Vec<String>> {
    Some(expected.iter().map(|segment| (*segment).to_owned()).collect())
}

#[test]
fn a_path_is_split_at_its_slashes_only() {
    assert_eq!(segments("/health"), some(&["health"]));
    assert_eq!(segments("/"), some(&[""]));
    assert_eq!(segments("/api/v1/info/"), some(&["api", "v1", "info", ""]));
    assert_eq!(segments("//api"), some(&["", "api"]));
    assert_eq!(segments("*"), None);
    assert_eq!(segments("/a/b/c/d/e/f"), some(&["a", "b", "c", "d", "e", "f"]));
    assert_eq!(segments("/a/b/c/d/e/f/g"), None);
}

#[test]
fn encoded_characters_are_decoded_once_and_never_separate() {
    assert_eq!(segments("/%61pi/v1"), some(&["api", "v1"]));
    assert_eq!(segments("/a%2Fb"), None);
    assert_eq!(segments("/a%2fb"), None);
    assert_eq!(segments("/a%252fb"), some(&["a%2fb"]));
    for broken in ["/%", "/%4", "/%zz", "/%ff", "/%+1"] {
        assert_eq!(segments(broken), None, "{broken}");
    }
}

#[test]
fn the_first_value_of_a_query_counts() {
    let value = |query, name| query_value(query, name).map(|value| value.map(Cow::into_owned));
    assert_eq!(value(None, "index"), Ok(None));
    assert_eq!(value(Some("a=1&index=ab&index=cd"), "index"), Ok(Some("ab".into())));
    assert_eq!(value(Some("index"), "index"), Ok(Some(String::new())));
    assert_eq!(value(Some("index="), "index"), Ok(Some(String::new())));
    assert_eq!(value(Some("xindex=1"), "index"), Ok(None));
    assert_eq!(value(Some("index=%61+b"), "index"), Ok(Some("a b".into())));
    assert!(value(Some("index=%6"), "index").is_err());
}

#[test]
fn ids_and_numbers_are_read_strictly() {
    assert_eq!(id_of::<2>("x", "AbCd"), Ok([0xab, 0xcd]));
    for bad in ["", "abc", "abcdef", "zzzz"] {
        assert!(id_of::<2>("x", bad).is_err(), "{bad}");
    }
    assert_eq!(number_of("x", "4294967295"), Ok(u32::MAX));
    for bad in ["", "+1", "-1", "4294967296", "1.0", "0x1", " 1"] {
        assert!(number_of("x", bad).is_err(), "{bad}");
    }
}

#[test]
fn the_budget_is_given_back() {
    let budget = BodyBudget::default();
    let mut first = Reserved { budget: &budget, bytes: 0 };
    assert_eq!(first.grow(BODIES_BYTES_MAX), Ok(()));
    let mut second = Reserved { budget: &budget, bytes: 0 };
    assert!(second.grow(1).is_err());
    drop(first);
    drop(second);
    assert_eq!(budget.0.load(Ordering::Relaxed), 0);
}
