//! The headers that let web pages use the API, and the answer to a browser's question before it does.
//!
//! Permissive like the reference node: any method of the API and any header a page asks for.

use hyper::StatusCode;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ALLOW, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};

use crate::answer::{Answer, empty};
use crate::options::Cors;

const ANY: HeaderValue = HeaderValue::from_static("*");
const VARIES: HeaderValue = HeaderValue::from_static("Origin");
const METHODS: HeaderValue = HeaderValue::from_static("GET,HEAD,PUT,PATCH,POST,DELETE");
/// Headers of answers that a page may read beside those it always may: the id of a message that was stored, and when to
/// come back.
const EXPOSED: HeaderValue = HeaderValue::from_static("Location,Retry-After");
/// A day; browsers cut it to what they like.
const MAX_AGE_S: HeaderValue = HeaderValue::from_static("86400");

/// Adds the headers every answer has.
pub(crate) fn allow(cors: &Cors, request: &HeaderMap, answer: &mut Answer) {
    let headers = answer.headers_mut();
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    match cors {
        Cors::AnyOrigin => {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
        }
        Cors::Origins(_) => {
            headers.insert(VARY, VARIES);
            if let Some(origin) = request.get(ORIGIN).filter(|asked| is_named(cors, asked)) {
                headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            }
        }
    }
}

/// Whether the origin of a request is one that was named; never when every page may read.
pub(crate) fn is_named(cors: &Cors, asked: &HeaderValue) -> bool {
    match cors {
        Cors::AnyOrigin => false,
        Cors::Origins(origins) => origins.iter().any(|origin| origin.0 == *asked),
    }
}

/// The answer to OPTIONS: 204, with what a page may do.
pub(crate) fn preflight(request: &HeaderMap, methods: &'static str) -> Answer {
    let mut answer = empty(StatusCode::NO_CONTENT);
    let headers = answer.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static(methods));
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_S);
    if let Some(asked) = request.get(ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Origin;

    fn request(origin: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(ORIGIN, HeaderValue::from_static(origin));
        headers.insert(ACCESS_CONTROL_REQUEST_HEADERS, HeaderValue::from_static("content-type"));
        headers
    }

    #[test]
    fn any_page_may_ask_when_all_may() {
        let mut answer = preflight(&request("https://a.example"), "GET, OPTIONS");
        allow(&Cors::AnyOrigin, &request("https://a.example"), &mut answer);
        assert_eq!(answer.status(), StatusCode::NO_CONTENT);
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "*");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_METHODS], "GET,HEAD,PUT,PATCH,POST,DELETE");
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_HEADERS], "content-type");
        assert_eq!(answer.headers()[ALLOW], "GET, OPTIONS");
    }

    #[test]
    fn pages_may_read_where_a_message_is_and_when_to_come_back() {
        for cors in [Cors::AnyOrigin, Cors::Origins(vec![Origin::new("https://a.example").unwrap()])] {
            let mut answer = empty(StatusCode::SERVICE_UNAVAILABLE);
            allow(&cors, &request("https://a.example"), &mut answer);
            let exposed = answer.headers()[ACCESS_CONTROL_EXPOSE_HEADERS].to_str().unwrap();
            assert_eq!(exposed.split(',').collect::<Vec<_>>(), ["Location", "Retry-After"]);
        }
    }

    #[test]
    fn other_pages_are_not_named_when_some_may() {
        let cors = Cors::Origins(vec![Origin::new("https://a.example").unwrap()]);
        let mut answer = empty(StatusCode::OK);
        allow(&cors, &request("https://a.example"), &mut answer);
        assert_eq!(answer.headers()[ACCESS_CONTROL_ALLOW_ORIGIN], "https://a.example");
        let mut answer = empty(StatusCode::OK);
        allow(&cors, &request("https://b.example"), &mut answer);
        assert!(!answer.headers().contains_key(ACCESS_CONTROL_ALLOW_ORIGIN));
        assert_eq!(answer.headers()[VARY], "Origin");
        assert!(!is_named(&cors, &HeaderValue::from_static("https://b.example")));
        assert!(
            !is_named(&Cors::AnyOrigin, &HeaderValue::from_static("https://b.example")),
            "read is not change"
        );
    }
}
