//! The log: events on standard error, as lines for people or as JSON for collectors. What is logged can be changed while
//! the program runs.

use std::io;
use std::sync::OnceLock;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;

use crate::terminal;

/// What libraries log that speak of every connection and stream. A filter that names them hears more.
const FOREIGN: &str = "libp2p=warn,multistream_select=warn,yamux=warn,hickory=warn";

/// Which events are logged: a level (`error`, `warn`, `info`, `debug`, `trace`), or levels by module as in
/// `info,osmia_engine=debug`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogFilter(String);

impl LogFilter {
    /// Events of the level `info` and above.
    pub(crate) fn info() -> Self {
        Self("info".to_owned())
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for LogFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let filter = EnvFilter::builder().parse(text).map_err(|error| error.to_string())?;
        drop(filter);
        // A word alone would be a module whose every event is logged, which is never meant: it is a mistyped level.
        let is_level = |part: &str| {
            part.contains(['=', '[']) || (!part.is_empty() && part.parse::<LevelFilter>().is_ok())
        };
        if let Some(wrong) = text.split(',').map(str::trim).find(|part| !is_level(part)) {
            return Err(format!("\"{wrong}\" is none of off, error, warn, info, debug, trace"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Display for LogFilter {
    /// As it was given.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl LogFilter {
    fn build(&self) -> EnvFilter {
        // The text was parsed when the filter was made, so nothing of it is lost here.
        EnvFilter::builder().parse_lossy(format!("{FOREIGN},{}", self.0))
    }
}

/// How events are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Format {
    /// One line each, for people.
    #[default]
    Plain,
    /// One JSON object each, with `timestamp`, `level`, `message` and the event's fields beside them.
    Json,
}

/// Puts another filter in the place of the one that is used.
type Replace = Box<dyn Fn(EnvFilter) -> Result<(), tracing_subscriber::reload::Error> + Send + Sync>;

/// How the filter of this process is replaced; set when logging starts.
static REPLACE: OnceLock<Replace> = OnceLock::new();

/// Starts logging, once in a process.
pub(crate) fn start(filter: &LogFilter, format: Format) {
    let builder =
        tracing_subscriber::fmt().with_env_filter(filter.build()).with_target(false).with_writer(io::stderr);
    let replace: Replace = match format {
        Format::Plain => {
            let builder = builder.with_ansi(terminal::has_colours(&io::stderr())).with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| handle.reload(filter))
        }
        Format::Json => {
            let builder = builder.json().flatten_event(true).with_current_span(false).with_span_list(false);
            let builder = builder.with_filter_reloading();
            let handle = builder.reload_handle();
            builder.init();
            Box::new(move |filter| handle.reload(filter))
        }
    };
    // A second start would have panicked above, so the place is free.
    drop(REPLACE.set(replace));
}

/// Changes what is logged from now on. Nothing happens before logging has started.
pub(crate) fn set_filter(filter: &LogFilter) {
    let Some(replace) = REPLACE.get() else { return };
    match replace(filter.build()) {
        Ok(()) => tracing::info!(%filter, "what is logged was changed"),
        Err(error) => tracing::error!(%error, "what is logged could not be changed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_levels_by_module() {
        for good in ["info", "warn,osmia_engine=debug", "off"] {
            let filter: LogFilter = good.parse().unwrap();
            assert_eq!(filter.to_string(), good);
        }
        // Directives of one target replace each other, and the last one counts.
        let built = "debug,libp2p=info".parse::<LogFilter>().unwrap().build().to_string();
        assert!(built.contains("libp2p=info") && !built.contains("libp2p=warn"), "{built}");
        assert!(built.contains("yamux=warn") && built.contains("debug"), "{built}");
        for wrong in ["osmia=loud", "inof", "info,osmia_engine", ""] {
            assert!(wrong.parse::<LogFilter>().is_err(), "{wrong}");
        }
    }
}
