//! The files of the repository, and what is found in them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Path from the root of the repository, or the name of a package.
    pub(crate) place: String,
    /// From 1; 0 for the whole file.
    pub(crate) line: usize,
    pub(crate) rule: &'static str,
    pub(crate) text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { place, line, rule, text } = self;
        match line {
            0 => write!(formatter, "{place}: {rule}: {text}"),
            _ => write!(formatter, "{place}:{line}: {rule}: {text}"),
        }
    }
}

/// The files of the repository by their path from its root.
#[derive(Debug)]
pub(crate) struct Tree {
    files: BTreeMap<String, Option<String>>,
}

impl Tree {
    /// All files that git tracks or would track.
    pub(crate) fn of_repository() -> Result<Tree> {
        let root = git(&["rev-parse", "--show-toplevel"])?;
        let root = Path::new(root.trim_end());
        let list = git(&["-C", &root.to_string_lossy(), "ls-files", "-z", "-co", "--exclude-standard"])?;
        let mut files = BTreeMap::new();
        for path in list.split_terminator('\0') {
            let full = root.join(path);
            // A tracked file that was deleted but not committed yet, or a link to nothing.
            if !full.is_file() {
                continue;
            }
            let bytes = std::fs::read(&full).with_context(|| format!("cannot read {path}"))?;
            files.insert(path.to_owned(), String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')));
        }
        Ok(Tree { files })
    }

    /// A tree made up for a test.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Tree {
        Tree {
            files: files.iter().map(|(path, text)| ((*path).to_owned(), Some((*text).to_owned()))).collect(),
        }
    }

    /// All text files with their contents, by path.
    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files.iter().filter_map(|(path, text)| Some((path.as_str(), text.as_deref()?)))
    }

    /// The text files whose name ends with `ending`.
    pub(crate) fn texts_named<'a>(&'a self, ending: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.texts().filter(move |(path, _)| path.ends_with(ending))
    }

    /// The contents of the text file at `path`.
    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path)?.as_deref()
    }

    /// Whether there is a file at `path`, or a folder with files.
    pub(crate) fn has(&self, path: &str) -> bool {
        let inside = format!("{}/", path.trim_end_matches('/'));
        path.is_empty()
            || self.files.contains_key(path)
            || self.files.range(inside.clone()..).next().is_some_and(|(file, _)| file.starts_with(&inside))
    }
}

fn git(arguments: &[&str]) -> Result<String> {
    let output = Command::new("git").args(arguments).output().context("cannot run git")?;
    ensure!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).context("git printed something that is not UTF-8")
}
