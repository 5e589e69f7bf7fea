//! What happens when a thread panics, which is always a fault of the program.
//!
//! A handler of the API answers 500 and nothing else ends. A thread of the node cannot be replaced: its state may be half
//! changed. The process ends at once, because what is on the disk is whole at every moment and the next start resumes.

use crate::exit::Exit;
use crate::terminal::{self, Style};

/// Threads without which a node is none: their names, or what they begin with.
const VITAL: [&str; 5] = ["engine", "verify", "mine", "network", "serve"];

/// Takes panics over, once in a process.
pub(crate) fn end_the_process_for_vital_threads() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        usual(panic);
        let thread = std::thread::current();
        if thread.name().is_some_and(is_vital) {
            let text = "the node stopped because of a fault of the program: please report what stands above; nothing that \
                was answered is lost, start again";
            terminal::warn("error", Style::Red, text);
            signal_hook::low_level::exit(Exit::NodeStopped as i32);
        }
    }));
}

fn is_vital(thread: &str) -> bool {
    VITAL.iter().any(|name| thread.starts_with(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_of_the_node_are_vital_and_those_of_the_api_are_not() {
        assert!(["engine", "verify-0", "mine", "network", "serve"].into_iter().all(is_vital));
        let others = osmia_api::THREAD_NAMES.into_iter().chain(["signals", "main"]);
        assert_eq!(others.filter(|name| is_vital(name)).collect::<Vec<_>>(), [""; 0]);
        assert!(!is_vital("api-pow-0"), "a panic there costs one message");
    }
}
