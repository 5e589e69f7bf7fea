use http_body_util::BodyExt;

use super::*;

/// The body of an answer as text.
fn body_of(answer: Answer) -> String {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let bytes = runtime.block_on(answer.into_body().collect()).unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn success_and_failure_have_their_envelopes() {
    let answer = data(&vec![1, 2]).unwrap();
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json; charset=UTF-8");
    assert_eq!(body_of(answer), r#"{"data":[1,2]}"#);

    let answer = Fault::not_found("message not found: ab").into_answer();
    assert_eq!(answer.status(), StatusCode::NOT_FOUND);
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json; charset=UTF-8");
    assert_eq!(body_of(answer), r#"{"error":{"code":"404","message":"message not found: ab"}}"#);
}

#[test]
fn a_fault_that_passes_says_when() {
    let answer = Fault::unavailable_for(30, "full").into_answer();
    assert_eq!(
        (answer.status(), &answer.headers()[RETRY_AFTER]),
        (StatusCode::SERVICE_UNAVAILABLE, &"30".parse().unwrap())
    );
    assert!(!Fault::unavailable("full").into_answer().headers().contains_key(RETRY_AFTER));
}

#[test]
fn every_fault_says_its_status_as_text() {
    let faults = [
        (Fault::bad_request("x"), "400"),
        (Fault::method_not_allowed("GET"), "405"),
        (Fault::body_timeout(), "408"),
        (Fault::body_too_large(7), "413"),
        (Fault::internal("x", &"y"), "500"),
        (Fault::unavailable("x"), "503"),
    ];
    for (fault, code) in faults {
        let answer = fault.into_answer();
        assert_eq!(answer.status().as_str(), code);
        assert!(body_of(answer).starts_with(&format!(r#"{{"error":{{"code":"{code}","message":""#)));
    }
}

#[test]
fn a_created_message_is_in_the_location() {
    let answer = created("abcd", &1).unwrap();
    assert_eq!(answer.status(), StatusCode::CREATED);
    assert_eq!(answer.headers()[LOCATION], "abcd");
}

#[test]
fn a_wrong_method_names_the_right_ones() {
    let answer = Fault::method_not_allowed("GET, HEAD").into_answer();
    assert_eq!(answer.headers()[ALLOW], "GET, HEAD");
}

#[test]
fn repeated_text_is_short_and_harmless() {
    assert_eq!(repeated("abc"), "abc");
    assert_eq!(repeated("a\u{1b}[0m\n"), "a?[0m?");
    let long = repeated(&"é".repeat(5_000));
    assert_eq!(long.chars().count(), REPEATED_CHARACTERS_MAX + 3);
}

#[test]
fn numbers_without_a_fraction_are_written_without_one() {
    #[derive(Serialize)]
    struct Number(#[serde(serialize_with = "plain_number")] f64);
    for (value, text) in [(4000.0, "4000"), (0.0, "0"), (12.5, "12.5"), (-3.0, "-3.0"), (1e300, "1e+300")] {
        assert_eq!(serde_json::to_string(&Number(value)).unwrap(), text);
    }
}
