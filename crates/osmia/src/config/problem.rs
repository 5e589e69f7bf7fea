//! What is wrong with a configuration, and where.

use std::fmt;
use std::path::{Path, PathBuf};

use super::import::ImportError;
use crate::exit::Exit;
use crate::failure;
use crate::files::FileError;

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// Nobody gave it.
    Default,
    /// A line of the file.
    File {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// An environment variable.
    Environment(String),
    /// An option of the command line.
    Option(&'static str),
}

impl fmt::Display for Source {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => write!(formatter, "default"),
            Self::File { path, line } => write!(formatter, "{}:{line}", path.display()),
            Self::Environment(name) => write!(formatter, "{name}"),
            Self::Option(name) => write!(formatter, "{name}"),
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// Where.
    pub(crate) source: Source,
    /// What, as a sentence that names the key.
    pub(crate) text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.source, self.text)
    }
}

/// Why there is no effective configuration.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// The configuration is wrong in one place or several.
    #[error("{}", told(.0))]
    Problems(Vec<Problem>),
    /// The reference node's files cannot be imported.
    #[error(transparent)]
    Import(Box<ImportError>),
}

fn told(problems: &[Problem]) -> String {
    match problems {
        [problem] => problem.to_string(),
        _ => {
            let lines: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
            format!("the configuration is wrong in {} places:{lines}", problems.len())
        }
    }
}

impl ConfigError {
    /// The code the program ends with.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::File(error) => failure::of_file(error),
            Self::Problems(_) => Exit::Usage,
            Self::Import(error) => error.exit(),
        }
    }
}

/// The line, counted from 1, that holds the byte `offset` of `text`.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// A place in a file.
pub(crate) fn at(path: &Path, text: &str, offset: usize) -> Source {
    Source::File { path: path.to_owned(), line: line_of(text, offset) }
}
