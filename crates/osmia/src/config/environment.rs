//! The layer of environment variables: `OSMIA_`, and the key in capitals with `_` for the dot.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;

use super::given::{Form, Given};
use super::keys::{self, KEYS, Key};
use super::{Config, FILE_VARIABLE, Problem, Source, nearest};

/// Reads the variables into `config`. A variable that nearly has the name of a key is a warning, not an error: other
/// programs, and container engines, make variables that begin as ours.
pub(super) fn apply(
    config: &mut Config,
    variables: &BTreeMap<String, OsString>,
    problems: &mut Vec<Problem>,
) {
    check_networks(variables, problems);
    let names: Vec<String> = KEYS.iter().map(Key::variable).chain([FILE_VARIABLE.to_owned()]).collect();
    for (variable, value) in variables {
        let Some(key) = KEYS.iter().find(|key| key.variable() == *variable) else {
            let known = names.iter().map(String::as_str);
            if let Some(meant) = nearest(variable, known).filter(|name| name != variable) {
                config.warnings.push(format!("{variable} is no variable of osmia; is {meant} meant?"));
            }
            continue;
        };
        let source = Source::Environment(variable.clone());
        let Some(text) = value.to_str() else {
            problems.push(Problem { source, text: format!("{}: the text is not UTF-8", key.path()) });
            continue;
        };
        let given = Given { form: Form::Words(text), folder: Path::new("") };
        config.apply(key, &given, source.clone(), |_| source.clone(), problems);
    }
}

/// Refuses two variables that contradict each other.
fn check_networks(variables: &BTreeMap<String, OsString>, problems: &mut Vec<Problem>) {
    let variable = |path| keys::find(path).map(Key::variable).filter(|name| variables.contains_key(name));
    if let (Some(name), Some(file)) = (variable("network.name"), variable("network.file")) {
        let text = format!("network.name: {file} is set too; give one of the two");
        problems.push(Problem { source: Source::Environment(name), text });
    }
}
