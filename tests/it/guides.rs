//! The commands that the guides tell people to type: each is one that the program has, with the options that it has.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use harness::{Program, repository};

use crate::layers::files;

/// A command of a guide: the words after the program's name, without options and values, and the options.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Typed {
    words: Vec<String>,
    options: Vec<String>,
}

/// What stands between backticks, or in a block of code, and calls the program.
fn typed(text: &str) -> BTreeSet<Typed> {
    let mut found = BTreeSet::new();
    let mut in_block = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            in_block = !in_block;
            continue;
        }
        let code: Vec<&str> = match in_block {
            true => vec![line],
            // Every second piece stands between two backticks.
            false => line.split('`').skip(1).step_by(2).collect(),
        };
        found.extend(code.into_iter().filter_map(command));
    }
    found
}

/// The program's part of one command line.
fn command(line: &str) -> Option<Typed> {
    let line = line.split(" #").next().unwrap_or_default().trim();
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let mut words = line.split_whitespace();
    match words.next()? {
        "sotto" | "target/release/sotto" | "target/debug/sotto" => {}
        "cargo" if words.next() == Some("run") => {
            words.by_ref().find(|word| *word == "--")?;
        }
        _ => return None,
    }
    let mut typed = Typed {
        words: Vec::new(),
        options: Vec::new(),
    };
    for word in words {
        let word = word.trim_end_matches([',', ';', '.', ')']);
        if matches!(word, "|" | ">" | "&&" | "&" | "\\") {
            break;
        }
        if let Some(option) = word.strip_prefix("--") {
            let name = option.split('=').next().unwrap_or_default();
            typed.options.push(format!("--{name}"));
        } else if typed.options.is_empty() {
            typed.words.push(word.to_owned());
        }
    }
    Some(typed)
}

/// What the program says of a command; none when there is none of that name.
async fn help(words: &[String]) -> Option<String> {
    let mut arguments: Vec<&str> = words.iter().map(String::as_str).collect();
    arguments.push("--help");
    let output = Program::run(&arguments).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output.status.success().then_some(text)
}

/// Whether a help names a command in its list of them.
fn lists(help: &str, command: &str) -> bool {
    let mut listed = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    listed.any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(command))
}

/// Whether a help has an option, as a whole word.
fn has(help: &str, option: &str) -> bool {
    let ends = |letter: char| !(letter.is_ascii_alphanumeric() || letter == '-');
    help.split(ends).any(|word| word == option)
}

/// What is wrong with a command.
async fn fault(typed: &Typed, helps: &mut BTreeMap<Vec<String>, String>) -> Option<String> {
    let mut at = Vec::new();
    loop {
        if !helps.contains_key(&at) {
            helps.insert(at.clone(), help(&at).await.unwrap_or_default());
        }
        let word = typed.words.get(at.len());
        match word.filter(|word| lists(&helps[&at], word)) {
            Some(word) => at.push(word.clone()),
            None => break,
        }
    }
    // A command comes first wherever there are any; what follows is a file, an id or a name.
    if at.is_empty() && !typed.words.is_empty() {
        return Some(format!("there is no command {}", typed.words[0]));
    }
    let missing = typed
        .options
        .iter()
        .find(|option| !has(&helps[&at], option));
    missing.map(|option| format!("`sotto {}` has no {option}", at.join(" ")))
}

#[tokio::test]
async fn every_command_of_a_guide_is_one_that_the_program_has() {
    let mut guides = files(&repository().join("docs"), "md");
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "SECURITY.md",
        "infra/README.md",
    ] {
        guides.push(repository().join(name));
    }
    let mut helps = BTreeMap::new();
    let (mut commands, mut faults) = (0, Vec::new());
    for guide in guides {
        let text = fs::read_to_string(&guide).expect("a guide");
        for one in typed(&text) {
            commands += 1;
            if let Some(fault) = fault(&one, &mut helps).await {
                faults.push(format!("{}: {fault}", guide.display()));
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(commands > 30, "only {commands} commands were found");
    let planted =
        "```sh\ncargo run --release -- bench messages --jsn   # a table\n```\nor `sotto dance now`";
    let mut found = Vec::new();
    for one in typed(planted) {
        found.extend(fault(&one, &mut helps).await);
    }
    found.sort();
    assert_eq!(
        found,
        [
            "`sotto bench messages` has no --jsn",
            "there is no command dance"
        ]
    );
}
