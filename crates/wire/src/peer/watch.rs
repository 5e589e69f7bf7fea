//! Small watches over one peer: when to send it a heartbeat, whether it repeats itself, whether it ever answers.

use crate::limits::{
    HEARTBEAT_MS_MAX, HEARTBEAT_MS_MIN, NEVER_ANSWERS_MS, NEVER_ANSWERS_REQUESTS, NEVER_ANSWERS_SILENCE_MS,
    REPEATS_ALLOWED_MAX, REPEATS_MAX, REPEATS_MS, REQUEST_TIMEOUT_MS,
};

/// When the next heartbeat to a peer is due.
#[derive(Debug, Default)]
pub(crate) struct HeartbeatTimer {
    /// The node's state changed since the last one.
    has_news: bool,
    sent_ms: Option<u64>,
}

impl HeartbeatTimer {
    pub(crate) fn on_change(&mut self) {
        self.has_news = true;
    }

    pub(crate) fn on_sent(&mut self, now_ms: u64) {
        self.has_news = false;
        self.sent_ms = Some(now_ms);
    }

    pub(crate) fn is_due(&self, now_ms: u64) -> bool {
        let Some(sent_ms) = self.sent_ms else { return true };
        let pause_ms = if self.has_news { HEARTBEAT_MS_MIN } else { HEARTBEAT_MS_MAX };
        now_ms.saturating_sub(sent_ms) >= pause_ms
    }
}

/// Counts messages that a peer sends a second time without being asked.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    since_ms: u64,
    count: u64,
    /// Repetitions that do not count: what was asked of it twice may be answered twice, and the reference node sends what it
    /// issues twice, once when it is issued and once when it is solid.
    allowed: u64,
}

impl Repeats {
    pub(crate) fn allow_one(&mut self) {
        self.allowed = self.allowed.saturating_add(1).min(REPEATS_ALLOWED_MAX);
    }

    /// Counts one; true when it is one too many.
    pub(crate) fn count(&mut self, now_ms: u64) -> bool {
        if self.allowed > 0 {
            self.allowed -= 1;
            return false;
        }
        if now_ms.saturating_sub(self.since_ms) >= REPEATS_MS {
            self.since_ms = now_ms;
            self.count = 0;
        }
        self.count += 1;
        self.count > REPEATS_MAX && self.count % REPEATS_MAX == 1
    }
}

/// Watches whether a peer answers requests that it can answer by what its heartbeat says. Time counts only while other
/// things come from it: when nothing comes, the connection is broken, and that is not misbehaviour.
#[derive(Debug, Default)]
pub(crate) struct Unanswered {
    /// Requests sent since the last answer.
    requests: u32,
    sent_ms: u64,
    heard_ms: u64,
    waited_ms: u64,
}

impl Unanswered {
    /// `requests` were sent.
    pub(crate) fn on_sent(&mut self, now_ms: u64, requests: u32) {
        if requests == 0 {
            return;
        }
        if self.requests == 0 || self.is_over(now_ms) {
            *self = Self { requests: 0, sent_ms: now_ms, heard_ms: now_ms, waited_ms: 0 };
        }
        self.requests = self.requests.saturating_add(requests);
        self.sent_ms = now_ms;
    }

    pub(crate) fn on_answer(&mut self) {
        *self = Self::default();
    }

    /// Something else came; true when too long nothing but that came.
    pub(crate) fn on_other(&mut self, now_ms: u64) -> bool {
        if self.requests == 0 || self.is_over(now_ms) {
            *self = Self::default();
            return false;
        }
        let silence_ms = now_ms.saturating_sub(self.heard_ms);
        self.waited_ms += silence_ms.min(NEVER_ANSWERS_SILENCE_MS);
        self.heard_ms = self.heard_ms.max(now_ms);
        if self.waited_ms < NEVER_ANSWERS_MS || self.requests < NEVER_ANSWERS_REQUESTS {
            return false;
        }
        *self = Self::default();
        true
    }

    /// Whether nothing was asked for two timeouts: what was asked before was asked of others then.
    fn is_over(&self, now_ms: u64) -> bool {
        now_ms.saturating_sub(self.sent_ms) > 2 * REQUEST_TIMEOUT_MS
    }
}
