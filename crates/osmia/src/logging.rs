//! The log: events on standard error.

use std::io;

use tracing_subscriber::EnvFilter;

use crate::terminal;

/// Which events are logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or levels by module as in
/// `info,osmia_engine=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl std::str::FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let filter = EnvFilter::builder().parse(text).map_err(|error| error.to_string())?;
        drop(filter);
        Ok(Self(text.to_owned()))
    }
}

/// Starts logging, once in a process.
pub(crate) fn start(filter: &LogFilter) {
    let filter = EnvFilter::builder().parse_lossy(&filter.0);
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(terminal::has_colours(&io::stderr()))
        .with_target(false)
        .with_writer(io::stderr)
        .init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_levels_by_module() {
        for good in ["info", "warn,osmia_engine=debug", "off"] {
            assert!(good.parse::<LogFilter>().is_ok(), "{good}");
        }
        assert!("osmia=loud".parse::<LogFilter>().is_err());
    }
}
