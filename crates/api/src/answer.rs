//! What goes back to a client: the success envelope, the error envelope, raw bytes.
//!
//! Success is `{"data":…}`, failure `{"error":{"code":"<status as text>","message":"…"}}` (TIP-13), on every answer that
//! is not raw bytes, also those no route made.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{Response, StatusCode};
use osmia_store::StoreError;
use serde::{Serialize, Serializer};

use crate::limits::REPEATED_CHARACTERS_MAX;

/// An answer, ready to be written.
pub(crate) type Answer = Response<Full<Bytes>>;

/// What a handler comes to.
pub(crate) type Outcome = Result<Answer, Fault>;

const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=UTF-8");
const OCTET_STREAM: HeaderValue = HeaderValue::from_static("application/octet-stream");

/// Why a request is not answered with what it asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    status: StatusCode,
    message: Cow<'static, str>,
    /// The methods of the route, for 405.
    allow: Option<&'static str>,
    /// After how many seconds it is worth to ask again, where that is known.
    retry_after_s: Option<u32>,
}

impl Fault {
    fn new(status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { status, message: message.into(), allow: None, retry_after_s: None }
    }

    /// 400: the request breaks a rule, which `message` names.
    pub(crate) fn bad_request(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 403: not of this node, or not for this client.
    pub(crate) fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::FORBIDDEN, message)
    }

    /// 404: there is no such thing.
    pub(crate) fn not_found(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// 405: the route does not take this method.
    pub(crate) fn method_not_allowed(allow: &'static str) -> Self {
        let message = format!("this route takes the methods {allow}");
        Self { allow: Some(allow), ..Self::new(StatusCode::METHOD_NOT_ALLOWED, message) }
    }

    /// 408: the body did not arrive in time.
    pub(crate) fn body_timeout() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, "the body of the request did not arrive in time")
    }

    /// 413: the body has more than `limit` bytes.
    pub(crate) fn body_too_large(limit: usize) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            format!("the body of the request has more than {limit} bytes"),
        )
    }

    /// 500: something failed that is no fault of the client. The details go to the log.
    pub(crate) fn internal(what: &'static str, error: &dyn fmt::Display) -> Self {
        tracing::error!(what, %error, "a request failed");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, format!("internal server error: {what}"))
    }

    /// 503: not now.
    pub(crate) fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, message)
    }

    /// 503: not now, but in so many seconds (RFC 9110, section 10.2.3).
    pub(crate) fn unavailable_for(seconds: u32, message: impl Into<Cow<'static, str>>) -> Self {
        Self { retry_after_s: Some(seconds), ..Self::unavailable(message) }
    }

    /// The status the fault is answered with.
    #[cfg(test)]
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// The error envelope.
    pub(crate) fn into_answer(self) -> Answer {
        let code = self.status.as_str();
        let envelope = ErrorEnvelope { error: ErrorBody { code, message: &self.message } };
        let body = serde_json::to_vec(&envelope).unwrap_or_else(|_| FALLBACK_ERROR.to_vec());
        let mut answer = respond(self.status, JSON, body.into());
        if let Some(allow) = self.allow {
            answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
        }
        if let Some(seconds) = self.retry_after_s {
            answer.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        answer
    }
}

/// The error envelope should writing one ever fail.
const FALLBACK_ERROR: &[u8] = br#"{"error":{"code":"500","message":"internal server error"}}"#;

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::internal("the database cannot be read", &error)
    }
}

#[derive(Serialize)]
struct Envelope<'a, T> {
    data: &'a T,
}

#[derive(Serialize)]
struct ErrorEnvelope<'a> {
    error: ErrorBody<'a>,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    code: &'a str,
    message: &'a str,
}

/// 200 with `{"data":…}`.
pub(crate) fn data<T: Serialize>(value: &T) -> Outcome {
    data_with(StatusCode::OK, value)
}

/// 201 with `{"data":…}` and the bare id in `Location`, as the reference node does.
pub(crate) fn created<T: Serialize>(location: &str, value: &T) -> Outcome {
    let mut answer = data_with(StatusCode::CREATED, value)?;
    let location = HeaderValue::from_str(location)
        .map_err(|error| Fault::internal("a header cannot be written", &error))?;
    answer.headers_mut().insert(LOCATION, location);
    Ok(answer)
}

fn data_with<T: Serialize>(status: StatusCode, value: &T) -> Outcome {
    let body = serde_json::to_vec(&Envelope { data: value })
        .map_err(|error| Fault::internal("an answer cannot be written", &error))?;
    Ok(respond(status, JSON, body.into()))
}

/// 200 with the bytes themselves.
pub(crate) fn raw(bytes: impl Into<Bytes>) -> Answer {
    respond(StatusCode::OK, OCTET_STREAM, bytes.into())
}

/// A status without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(Full::new(Bytes::new()));
    *answer.status_mut() = status;
    answer
}

fn respond(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, content_type);
    answer
}

/// A client's text as an error message repeats it: cut, and without characters a log or terminal would act on.
pub(crate) fn repeated(text: &str) -> String {
    let mut shown: String = text
        .chars()
        .take(REPEATED_CHARACTERS_MAX)
        .map(|character| if character.is_control() { '?' } else { character })
        .collect();
    if text.chars().nth(REPEATED_CHARACTERS_MAX).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Writes a number as the reference node does: without a fraction when there is none.
pub(crate) fn plain_number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    /// Up to 2^53 a double holds every integer.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && (0.0..=EXACT_MAX).contains(value) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "an integer between 0 and 2^53 keeps its value"
        )]
        return serializer.serialize_u64(*value as u64);
    }
    serializer.serialize_f64(*value)
}

#[cfg(test)]
mod tests;
