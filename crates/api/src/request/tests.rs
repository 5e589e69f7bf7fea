use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::Frame;

use super::*;

/// A body in pieces that ends, or never does.
struct Pieces {
    pieces: VecDeque<Bytes>,
    ends: bool,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.pieces.pop_front() {
            Some(piece) => Poll::Ready(Some(Ok(Frame::data(piece)))),
            None if self.ends => Poll::Ready(None),
            None => Poll::Pending,
        }
    }
}

/// What reading the pieces gives, and the bytes it left reserved.
fn read(pieces: &[&'static str], ends: bool, timeout: Duration) -> (Result<Bytes, Fault>, usize) {
    let pieces = pieces.iter().map(|piece| Bytes::from_static(piece.as_bytes())).collect();
    let budget = BodyBudget::default();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let result = runtime.block_on(body_within(timeout, Pieces { pieces, ends }, 10, &budget));
    (result, budget.0.into_inner())
}

#[test]
fn a_body_is_joined_from_its_pieces_up_to_the_limit() {
    let read = |pieces| read(pieces, true, BODY_TIMEOUT);
    assert_eq!(read(&[]), (Ok(Bytes::new()), 0));
    assert_eq!(read(&["0123456789"]), (Ok("0123456789".into()), 0));
    assert_eq!(read(&["", "01", "", "234", "56789"]), (Ok("0123456789".into()), 0));
    assert_eq!(read(&["01234", "567890"]), (Err(Fault::body_too_large(10)), 0));
    assert_eq!(read(&["01234567890"]), (Err(Fault::body_too_large(10)), 0));
}

#[test]
fn a_body_that_does_not_end_is_given_up() {
    assert_eq!(read(&["0123"], false, Duration::ZERO), (Err(Fault::body_timeout()), 0));
}

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
