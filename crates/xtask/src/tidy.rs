//! The rules of style that a program can check. Each is a function from the tree to findings.

mod links;
mod manifests;
mod source_rules;
mod text_rules;

use crate::tree::{Finding, Tree};

type Rule = fn(&Tree, &mut Vec<Finding>);

const RULES: &[Rule] = &[
    links::links_resolve,
    manifests::crates_point_down,
    manifests::crates_keep_to_their_libraries,
    manifests::dependencies_have_reasons,
    manifests::lock_files_name_one_registry,
    manifests::the_licence_is_apache,
    source_rules::calls_are_allowed,
    source_rules::crates_open_with_docs,
    source_rules::functions_and_files_are_short,
    source_rules::modules_are_not_named_mod,
    source_rules::unsafe_stays_in_pow,
    text_rules::files_end_with_one_newline,
    text_rules::no_paths_of_machines,
    text_rules::no_trailing_whitespace,
    text_rules::no_unfinished_work,
];

/// What breaks a rule, by file and line.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in RULES {
        rule(tree, &mut findings);
    }
    findings.sort();
    findings
}

/// The findings of one rule as `path:line`, for tests.
#[cfg(test)]
fn found(rule: Rule, files: &[(&str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    rule(&Tree::of(files), &mut findings);
    findings.iter().map(|finding| format!("{}:{}", finding.place, finding.line)).collect()
}
