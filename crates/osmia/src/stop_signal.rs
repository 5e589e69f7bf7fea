//! Ctrl-C and SIGTERM: the first asks the program to stop, the second ends it at once.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;
use signal_hook::iterator::Signals;

/// What a shell reports for a process that a signal ended: 128 and the signal's number.
const ENDED_BY_SIGNAL: i32 = 128;

/// Tells when somebody asked the program to stop.
#[derive(Debug)]
pub(crate) struct StopSignal(Receiver<&'static str>);

impl StopSignal {
    /// Takes the signals over, once in a process.
    ///
    /// # Errors
    /// When the system refuses.
    pub(crate) fn install() -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM] {
            // In this order: the first signal finds the flag down and raises it, the second finds it raised and ends
            // the process, whatever the rest of the program is doing.
            flag::register_conditional_shutdown(signal, ENDED_BY_SIGNAL + signal, Arc::clone(&asked))?;
            flag::register(signal, Arc::clone(&asked))?;
        }
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let (sender, receiver) = crossbeam_channel::bounded(1);
        std::thread::Builder::new().name("signals".into()).spawn(move || {
            for signal in signals.forever() {
                let name = if signal == SIGINT { "Ctrl-C" } else { "SIGTERM" };
                // When the queue is full a stop is asked for already.
                if sender.try_send(name).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self(receiver))
    }

    /// Waits for a signal, `timeout` at most; gives its name.
    pub(crate) fn wait(&self, timeout: Duration) -> Option<&'static str> {
        match self.0.recv_timeout(timeout) {
            Ok(name) => Some(name),
            Err(RecvTimeoutError::Timeout) => None,
            // The thread ends with the process only; if it did not, nobody could stop us but by a stop now.
            Err(RecvTimeoutError::Disconnected) => Some("the end of the signals' thread"),
        }
    }
}
