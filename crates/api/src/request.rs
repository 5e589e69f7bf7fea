//! What comes from a client, read within bounds: path, query, body, and the ids and numbers in them.

use std::borrow::Cow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use osmia_primitives::hex;

use crate::answer::{Fault, repeated};
use crate::limits::{BODIES_BYTES_MAX, BODY_TIMEOUT, DISCARDED_BYTES_MAX, PATH_SEGMENTS_MAX};

/// The segments of a path, decoded.
#[derive(Debug)]
pub(crate) struct Path<'a>(Cow<'a, str>);

impl<'a> Path<'a> {
    /// Decodes a path; a path without `%` is borrowed.
    pub(crate) fn decode(path: &'a str) -> Result<Self, Fault> {
        if !path.contains('%') {
            return Ok(Self(path.into()));
        }
        // A slash that was encoded must not become one that separates.
        let hides_slash = path.as_bytes().windows(3).any(|window| window.eq_ignore_ascii_case(b"%2f"));
        match decode_percent(path) {
            Some(decoded) if !hides_slash => Ok(Self(decoded.into())),
            Some(_) | None => Err(Fault::bad_request("the path is not valid percent-encoding of a route")),
        }
    }

    /// The segments between the slashes; `None` for a path that is relative or has more than any route.
    pub(crate) fn segments<'b>(
        &'b self,
        space: &'b mut [&'b str; PATH_SEGMENTS_MAX],
    ) -> Option<&'b [&'b str]> {
        let mut count = 0;
        for segment in self.0.strip_prefix('/')?.split('/') {
            *space.get_mut(count)? = segment;
            count += 1;
        }
        space.get(..count)
    }
}

/// The text behind `%` signs; `None` when a sign is not followed by two hexadecimal characters or the result is not
/// UTF-8.
fn decode_percent(text: &str) -> Option<String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        rest = after;
        if *byte == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            let [byte] = hex::decode_array(digits).ok()?;
            decoded.push(byte);
            rest = rest.get(2..)?;
        } else {
            decoded.push(*byte);
        }
    }
    String::from_utf8(decoded).ok()
}

/// The first value of `name` in a query; `None` when it is not there.
pub(crate) fn query_value<'a>(query: Option<&'a str>, name: &str) -> Result<Option<Cow<'a, str>>, Fault> {
    for pair in query.unwrap_or("").split('&') {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if key != name {
            continue;
        }
        if !value.contains(['%', '+']) {
            return Ok(Some(value.into()));
        }
        let value = decode_percent(&value.replace('+', " "));
        let value =
            value.ok_or_else(|| Fault::bad_request(format!("query parameter {name}: invalid encoding")))?;
        return Ok(Some(value.into()));
    }
    Ok(None)
}

/// `N` bytes of hexadecimal text; `what` names them in the error.
pub(crate) fn id_of<const N: usize>(what: &str, text: &str) -> Result<[u8; N], Fault> {
    hex::decode_array(text)
        .map_err(|error| Fault::bad_request(format!("invalid {what} \"{}\": {error}", repeated(text))))
}

/// A decimal number of at most 32 bits; `what` names it in the error.
pub(crate) fn number_of(what: &str, text: &str) -> Result<u32, Fault> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().ok_or_else(|| {
        Fault::bad_request(format!("invalid {what} \"{}\": not a number of 32 bits", repeated(text)))
    })
}

/// The bytes that bodies of running requests take together.
#[derive(Debug, Default)]
pub(crate) struct BodyBudget(AtomicUsize);

/// A part of the budget; given back when dropped.
#[derive(Debug)]
struct Reserved<'a> {
    budget: &'a BodyBudget,
    bytes: usize,
}

impl Reserved<'_> {
    fn grow(&mut self, bytes: usize) -> Result<(), Fault> {
        let taken = self.budget.0.fetch_add(bytes, Ordering::Relaxed);
        self.bytes += bytes;
        if taken.saturating_add(bytes) > BODIES_BYTES_MAX {
            return Err(Fault::unavailable("the node is busy with other requests, try again in a moment"));
        }
        Ok(())
    }
}

impl Drop for Reserved<'_> {
    fn drop(&mut self) {
        self.budget.0.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Reads a body of at most `limit` bytes.
pub(crate) async fn body_of(body: Incoming, limit: usize, budget: &BodyBudget) -> Result<Bytes, Fault> {
    body_within(BODY_TIMEOUT, body, limit, budget).await
}

async fn body_within<B>(timeout: Duration, body: B, limit: usize, budget: &BodyBudget) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    match tokio::time::timeout(timeout, read_body(body, limit, budget)).await {
        Ok(result) => result,
        Err(_elapsed) => Err(Fault::body_timeout()),
    }
}

async fn read_body<B>(mut body: B, limit: usize, budget: &BodyBudget) -> Result<Bytes, Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.size_hint().lower() > u64::try_from(limit).unwrap_or(u64::MAX) {
        return Err(discard(body, limit).await);
    }
    let mut reserved = Reserved { budget, bytes: 0 };
    let mut first = Bytes::new();
    // Most bodies come in one piece, which needs no copy.
    let mut joined: Option<BytesMut> = None;
    while let Some(piece) = next_piece(&mut body).await? {
        let length = joined.as_ref().map_or(first.len(), BytesMut::len);
        if length + piece.len() > limit {
            return Err(discard(body, limit).await);
        }
        reserved.grow(piece.len())?;
        if length == 0 {
            first = piece;
        } else {
            let joined = joined.get_or_insert_with(|| BytesMut::from(std::mem::take(&mut first)));
            joined.extend_from_slice(&piece);
        }
    }
    Ok(joined.map_or(first, BytesMut::freeze))
}

/// Reads and forgets what is left of a body that is too long, within reason; the fault to answer with.
async fn discard<B>(mut body: B, limit: usize) -> Fault
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut discarded = 0;
    if body.size_hint().lower() <= u64::try_from(DISCARDED_BYTES_MAX).unwrap_or(u64::MAX) {
        while let Ok(Some(piece)) = next_piece(&mut body).await {
            discarded += piece.len();
            if discarded > DISCARDED_BYTES_MAX {
                break;
            }
        }
    }
    Fault::body_too_large(limit)
}

async fn next_piece<B>(body: &mut B) -> Result<Option<Bytes>, Fault>
where
    B: Body<Data = Bytes> + Unpin,
{
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Fault::bad_request("the body of the request is not complete"))?;
        // Trailers are of no interest.
        if let Ok(piece) = frame.into_data() {
            return Ok(Some(piece));
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests;
