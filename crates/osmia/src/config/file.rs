//! The layer of the file: TOML, with every problem it has.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::given::{Form, Given, shown};
use super::keys::{KEYS, Key, TABLES};
use super::problem::at;
use super::{Config, Problem, nearest};

/// A file that is being read.
struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    /// Where relative paths begin.
    folder: &'a Path,
}

/// Reads the file `path`, which holds `text`, into `config`, and adds what is wrong to `problems` in the order of the
/// lines.
pub(super) fn apply(config: &mut Config, path: &Path, text: &str, problems: &mut Vec<Problem>) {
    let reader = Reader { path, text, folder: path.parent().unwrap_or(Path::new("")) };
    let (tables, errors) = DeTable::parse_recoverable(text);
    let mut found: Vec<(usize, Problem)> = Vec::new();
    for error in &errors {
        let offset = error.span().map_or(0, |span| span.start);
        found.push(reader.problem(offset, error.message().replace('\n', ", ")));
    }
    for (table, value) in tables.get_ref() {
        reader.table(config, table, value, &mut found);
    }
    found.sort_by_key(|(offset, _)| *offset);
    found.dedup();
    problems.extend(found.into_iter().map(|(_, problem)| problem));
}

impl Reader<'_> {
    fn problem(&self, offset: usize, text: String) -> (usize, Problem) {
        (offset, Problem { source: at(self.path, self.text, offset), text })
    }

    fn table<'a>(
        &self,
        config: &mut Config,
        name: &Spanned<std::borrow::Cow<'a, str>>,
        value: &'a Spanned<DeValue<'a>>,
        found: &mut Vec<(usize, Problem)>,
    ) {
        let (table, offset) = (name.get_ref().as_ref(), name.span().start);
        let is_known = TABLES.iter().any(|(known, _)| *known == table);
        match value.get_ref() {
            DeValue::Table(entries) if is_known => {
                self.both_networks(table, entries, found);
                for (name, value) in entries {
                    self.entry(config, table, name, value, found);
                }
            }
            DeValue::Table(_) => {
                let meant = nearest(table, TABLES.iter().map(|(known, _)| *known));
                let meant = meant.map_or_else(known_tables, |meant| format!("is [{meant}] meant?"));
                found.push(self.problem(offset, format!("[{}] is no table; {meant}", shown(table))));
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_)
            | DeValue::Array(_) => {
                let text = if is_known {
                    format!("{table} is a table: write [{table}] on a line of its own")
                } else {
                    format!("{} stands in no table; {}", shown(table), meant_key("", table))
                };
                found.push(self.problem(offset, text));
            }
        }
    }

    fn entry<'a>(
        &self,
        config: &mut Config,
        table: &str,
        name: &Spanned<std::borrow::Cow<'a, str>>,
        value: &'a Spanned<DeValue<'a>>,
        found: &mut Vec<(usize, Problem)>,
    ) {
        let (word, offset) = (name.get_ref().as_ref(), name.span().start);
        let Some(key) = KEYS.iter().find(|key| key.table == table && key.name == word) else {
            let text = format!("{table}.{} is no key; {}", shown(word), meant_key(table, word));
            found.push(self.problem(offset, text));
            return;
        };
        let given = Given { form: Form::Toml(value.get_ref(), value.span()), folder: self.folder };
        let mut problems = Vec::new();
        let source = at(self.path, self.text, offset);
        let problem_at = |wrong: &super::Wrong| at(self.path, self.text, wrong.offset.unwrap_or(offset));
        config.apply(key, &given, source, problem_at, &mut problems);
        found.extend(problems.into_iter().map(|problem| (offset, problem)));
    }

    /// Refuses a file that names two networks.
    fn both_networks(&self, table: &str, entries: &DeTable<'_>, found: &mut Vec<(usize, Problem)>) {
        if let (Some(name), Some(file)) = (entries.get("name"), entries.get("file"))
            && table == "network"
        {
            let offset = name.span().start.max(file.span().start);
            let text = "network: there are name and file; give one of the two".to_owned();
            found.push(self.problem(offset, text));
        }
    }
}

fn known_tables() -> String {
    let names: Vec<&str> = TABLES.iter().map(|(name, _)| *name).collect();
    format!("there are {}", names.join(", "))
}

/// What could have been meant by the key `name` in `table`: a key of that name elsewhere, the nearest name in the table,
/// the nearest name anywhere.
fn meant_key(table: &str, name: &str) -> String {
    let here = || KEYS.iter().filter(|key| key.table == table);
    let elsewhere: Vec<String> = KEYS.iter().filter(|key| key.name == name).map(Key::path).collect();
    if let Some(meant) = nearest(name, here().map(|key| key.name)) {
        return format!("is {table}.{meant} meant?");
    }
    if !elsewhere.is_empty() {
        return format!("is {} meant?", elsewhere.join(" or "));
    }
    let anywhere = nearest(name, KEYS.iter().map(|key| key.name));
    let anywhere = anywhere.and_then(|meant| KEYS.iter().find(|key| key.name == meant));
    match anywhere {
        Some(key) => format!("is {} meant?", key.path()),
        None if table.is_empty() => known_tables(),
        None => {
            let names: Vec<&str> = here().map(|key| key.name).collect();
            format!("[{table}] has {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests;
