//! Signals: Ctrl-C and SIGTERM ask the program to stop, a second one ends it at once; SIGHUP asks it to read its
//! configuration again.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// What a shell reports for a process that a signal ended: 128 and the signal's number.
const ENDED_BY_SIGNAL: i32 = 128;

/// What SIGHUP means. A terminal that closes sends it too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hangup {
    /// A clean stop, for programs that people run in a terminal and that have no configuration file.
    Stops,
    /// The configuration is read again, for nodes that a service manager runs.
    Reloads,
}

/// What somebody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// To stop; with the name of the signal.
    Stop(&'static str),
    /// To read the configuration again.
    Reload,
}

impl Event {
    /// The name of the signal that asks for a stop.
    pub(crate) const fn stop(self) -> Option<&'static str> {
        match self {
            Self::Stop(by) => Some(by),
            Self::Reload => None,
        }
    }
}

/// Tells what somebody asked the program for by a signal.
#[derive(Debug)]
pub(crate) struct StopSignal(Receiver<Event>);

impl StopSignal {
    /// Takes the signals over, once in a process.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn install(hangup: Hangup) -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down and raises it, the second finds it raised and ends
            // the process, whatever the rest of the program is doing.
            flag::register_conditional_shutdown(signal, ENDED_BY_SIGNAL + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        // Two places: a stop finds room behind a reload that nobody took yet.
        let (sender, receiver) = crossbeam_channel::bounded(2);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let event = event_of(signal, hangup);
                // A reload that waits already reads whatever this one would. A stop finds a place, or a stop that waits.
                let is_superfluous = event == Event::Reload && !sender.is_empty();
                if !is_superfluous && sender.try_send(event).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self(receiver))
    }

    /// Waits for a signal, `timeout` at most.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<Event> {
        match self.0.recv_timeout(timeout) {
            Ok(event) => Some(event),
            Err(RecvTimeoutError::Timeout) => None,
            // The thread ends with the process only; if it did not, nobody could stop us but by a stop now.
            Err(RecvTimeoutError::Disconnected) => Some(Event::Stop("the end of the signals' thread")),
        }
    }
}

/// What a signal asks for.
const fn event_of(signal: i32, hangup: Hangup) -> Event {
    match (signal, hangup) {
        (SIGHUP, Hangup::Reloads) => Event::Reload,
        (SIGHUP, Hangup::Stops) => Event::Stop("SIGHUP"),
        (SIGINT, _) => Event::Stop("Ctrl-C"),
        _ => Event::Stop("SIGTERM"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hangup_reloads_a_node_and_stops_a_program_of_a_terminal() {
        assert_eq!(event_of(SIGHUP, Hangup::Reloads), Event::Reload);
        assert_eq!(event_of(SIGHUP, Hangup::Stops).stop(), Some("SIGHUP"));
        for hangup in [Hangup::Reloads, Hangup::Stops] {
            assert_eq!(event_of(SIGINT, hangup).stop(), Some("Ctrl-C"));
            assert_eq!(event_of(SIGTERM, hangup).stop(), Some("SIGTERM"));
        }
        assert_eq!(Event::Reload.stop(), None);
    }
}
