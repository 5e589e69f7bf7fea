//! Errors of libp2p in one short line.

use std::error::Error;

use libp2p::swarm::DialError;

use crate::limits::REASON_CHARACTERS_MAX;

/// Why a peer could not be reached.
pub(super) fn short(error: &DialError) -> String {
    let text = match error {
        DialError::Transport(attempts) => {
            let attempts = attempts.iter().map(|(address, error)| format!("{address}: {}", root(error)));
            attempts.collect::<Vec<_>>().join("; ")
        }
        DialError::WrongPeerId { obtained, address } => {
            format!("{address}: another peer answers, {obtained}")
        }
        DialError::Denied { cause } => root(cause),
        DialError::DialPeerConditionFalse(_) => "an earlier connection is being closed".into(),
        DialError::LocalPeerId { .. } | DialError::NoAddresses | DialError::Aborted => error.to_string(),
    };
    cut(text)
}

/// What an error goes back to.
pub(super) fn root(error: &dyn Error) -> String {
    let mut deepest = error;
    while let Some(source) = deepest.source() {
        deepest = source;
    }
    cut(deepest.to_string())
}

fn cut(text: String) -> String {
    // Text of a peer may be in an error: no line breaks and no control characters reach the log.
    text.chars().filter(|character| !character.is_control()).take(REASON_CHARACTERS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use std::io;

    use libp2p::TransportError;

    use super::*;

    #[test]
    fn every_attempt_is_named_with_its_cause() {
        let attempt = |host: &str, kind: io::ErrorKind| {
            let address = format!("/ip4/{host}/tcp/15600").parse().unwrap();
            (address, TransportError::Other(io::Error::new(kind, io::Error::from(kind))))
        };
        let attempts = vec![
            attempt("10.0.0.1", io::ErrorKind::ConnectionRefused),
            attempt("10.0.0.2", io::ErrorKind::TimedOut),
        ];
        let text = short(&DialError::Transport(attempts));
        assert_eq!(text, "/ip4/10.0.0.1/tcp/15600: connection refused; /ip4/10.0.0.2/tcp/15600: timed out");
    }

    #[test]
    fn what_a_peer_says_is_cut_and_cleaned() {
        let hostile = io::Error::other(format!("a\nb\u{1b}[2J{}", "x".repeat(10_000)));
        let text = root(&hostile);
        assert!(text.starts_with("ab[2Jxxx"));
        assert_eq!(text.chars().count(), REASON_CHARACTERS_MAX);
    }
}
