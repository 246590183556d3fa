//! The privacy policy, written from the code: what `sotto policy render` puts under `docs/privacy`.
//!
//! | room | holds |
//! |---|---|
//! | [`facts`] | everything a sentence may take a number from |
//! | [`promises`] | the promises, by ID |
//! | [`clauses`] | what the policy says about each of them |
//! | [`human`] | the policy for people |
//! | [`annexes`] | records of processing, data map, subprocessors, cookies, retention, clauses |
//! | [`text`] | Markdown and HTML |
//! | [`history`] | dates, hashes and kinds of changes |
//! | `substance` | what the texts are about |

pub mod annexes;
pub mod clauses;
pub mod facts;
pub mod history;
pub mod human;
pub mod promises;
mod substance;
pub mod text;
mod words;

use std::fs;
use std::path::{Path, PathBuf};

use shared::domain::policy::Profile;

use crate::template::Template;
use facts::{Deployment, Facts};
use history::{Said, Version};
use text::{Block, html, markdown};

/// Where the rendered files lie, from the folder of the template.
pub const FOLDER: &str = "docs/privacy";

/// The documents of a profile, without their dates.
fn documents(facts: &Facts) -> Vec<(&'static str, Vec<Block>)> {
    vec![
        ("policy", human::policy(facts)),
        ("records", annexes::records(facts)),
        ("data-map", annexes::data_map(facts)),
        ("subprocessors", annexes::subprocessors(facts)),
        ("cookies", annexes::cookies(facts)),
        ("retention", annexes::retention(facts)),
        ("clauses", annexes::clauses(facts)),
    ]
}

/// The hash of everything that is said under these facts.
pub fn hash(facts: &Facts) -> String {
    let texts: Vec<String> = documents(facts)
        .iter()
        .map(|(_, blocks)| markdown(blocks))
        .collect();
    history::hash_of(&texts)
}

/// The hash of what is said to be kept, what for, how long, and who else handles it: another one is
/// a change that owners have to hear of (CALL-37, CALL-38).
pub fn substance(facts: &Facts) -> String {
    history::hash_of(&substance::lines(facts))
}

/// Every file of a profile, name and text, as its history dates it.
pub fn files(facts: &Facts, versions: &[Version]) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for (name, mut blocks) in documents(facts) {
        // Right under the title.
        blocks.splice(1..1, human::dated(versions));
        if name == "policy" {
            blocks.extend(human::earlier(versions));
            files.push((
                "policy.html".to_owned(),
                html(human::title(facts.policy.profile), &blocks),
            ));
        }
        files.push((format!("{name}.md"), markdown(&blocks)));
    }
    let list = serde_json::to_string_pretty(versions).unwrap_or_default();
    files.push((history::FILE.to_owned(), format!("{list}\n")));
    files
}

/// Writes the files of every profile; what says something new is of `today`.
///
/// # Errors
/// One line on what could not be read or written.
pub fn write(template: &Template, today: &str) -> Result<(), String> {
    for (folder, facts) in all(template)? {
        let (hash, substance) = (hash(&facts), substance(&facts));
        let said = Said {
            hash: &hash,
            substance: &substance,
        };
        let versions = history::with(versions(&folder)?, said, today);
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        for (name, text) in files(&facts, &versions) {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| format!("{}: {error}", path.display()))?;
        }
    }
    Ok(())
}

/// Holds the committed files against the code.
///
/// # Errors
/// One line for every file that says something else than the code.
pub fn check(template: &Template) -> Result<(), String> {
    let mut faults = Vec::new();
    for (folder, facts) in all(template)? {
        let versions = versions(&folder)?;
        let (hash, substance) = (hash(&facts), substance(&facts));
        let said = Said {
            hash: &hash,
            substance: &substance,
        };
        if let Some(fault) = history::fault(&versions, said) {
            faults.push(format!("{}: {fault}", folder.join(history::FILE).display()));
        }
        for (name, text) in files(&facts, &versions) {
            let path = folder.join(name);
            if fs::read_to_string(&path).ok().as_deref() != Some(&text) {
                faults.push(format!("{}: the code says otherwise", path.display()));
            }
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    faults.push("run: cargo run -- policy render".to_owned());
    Err(faults.join("\n"))
}

/// The folder and the facts of every profile.
fn all(template: &Template) -> Result<Vec<(PathBuf, Facts)>, String> {
    let deployment = Deployment::read(template).map_err(|error| error.to_string())?;
    let root = template.path.parent().unwrap_or(Path::new("."));
    let of = |profile: &Profile| {
        let folder = root.join(FOLDER).join(profile.word());
        (folder, Facts::of(*profile, &deployment))
    };
    Ok(Profile::ALL.iter().map(of).collect())
}

/// The committed history; none before the first rendering.
fn versions(folder: &Path) -> Result<Vec<Version>, String> {
    let path = folder.join(history::FILE);
    match fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(format!("{}: {error}", path.display())),
        Ok(text) => {
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
        }
    }
}
