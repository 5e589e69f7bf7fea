//! The command line: help, version, exit codes.

use crate::process::{Scratch, run};

#[test]
fn help_names_every_option_and_the_exit_codes() {
    let output = run(&["private-net", "--help"]);
    assert_eq!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stdout).unwrap();
    for option in [
        "--data",
        "--api",
        "--interval",
        "--network",
        "--hrp",
        "--min-pow-score",
        "--mnemonic-file",
        "--like",
        "--allow-origin",
        "--reset",
        "--recover",
        "--log",
        "Later starts",
    ] {
        assert!(text.contains(option), "{option} in {text}");
    }
    let text = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for part in ["run", "config", "private-net", "tool", "bench", "Exit codes"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    // Not a terminal: no colours.
    assert!(!text.contains('\u{1b}'));
    let version = String::from_utf8(run(&["--version"]).stdout).unwrap();
    assert_eq!(version, format!("osmia {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn a_wrong_command_line_ends_with_2_and_touches_nothing() {
    let scratch = Scratch::new();
    let data = scratch.data();
    let data = data.to_str().unwrap();
    for options in [
        vec!["private-net", "--data", data, "--interval", "0"],
        vec!["private-net", "--data", data, "--hrp", "UPPER"],
        vec!["private-net", "--data", data, "--network", "with space"],
        vec!["private-net", "--data", data, "--min-pow-score", "-1"],
        vec!["private-net", "--data", data, "--api", "nowhere"],
        vec!["private-net", "--data", data, "--log", "osmia=loud"],
        vec!["private-net", "--data", data, "--unknown"],
        vec!["unknown"],
        vec![],
    ] {
        let output = run(&options);
        assert_eq!(output.status.code(), Some(2), "{options:?}");
        assert!(!output.stderr.is_empty());
    }
    let words = scratch.path("no-words");
    std::fs::write(&words, "these are no words of a mnemonic").unwrap();
    let output = run(&["private-net", "--data", data, "--mnemonic-file", words.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(!scratch.data().exists());
}

#[test]
fn an_audit_without_a_network_says_so() {
    let scratch = Scratch::new();
    let output = run(&["tool", "audit", "--data", scratch.data().to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(6));
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("there is no network in") && error.contains("--data"), "{error}");
}
