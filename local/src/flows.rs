//! `sotto flow`: flows in files, checked and tried out without a server. The same engine runs them in
//! conversations.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::Subcommand;
use flow::simulate::{Line, Script, Simulation, Step, explore, simulate};
use flow::{
    Diagnostic, Document, Effect, Secret, Subflows, Surroundings, check, compile_draft, node::Part,
    publishable, typebot,
};
use serde::Serialize;

/// What can be done with flows in files.
#[derive(Subcommand)]
pub enum Flow {
    /// Says what is wrong with a flow. Ends with 1 when it could not be published.
    Check {
        /// The flow: a document of the schema flow/1.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A published flow that it goes through: id@version=FILE.
        #[arg(long = "with", value_name = "ID@VERSION=FILE")]
        with: Vec<String>,
        /// A secret that it names.
        #[arg(long = "secret", value_name = "ID")]
        secrets: Vec<String>,
        /// A host that may be told personal values.
        #[arg(long = "host", value_name = "HOST")]
        hosts: Vec<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Runs a flow through a script, with nothing behind it. Ends with 1 when something expected is not so.
    ///
    /// The script is JSON: {"seed": 1, "now": "2026-01-01T09:00:00Z", "vars": {}, "http": [{"url": "part of the
    /// address", "status": 200, "body": {}}], "steps": [{"say": "hello"}, {"choose": ["yes"]}, {"advance_ms": 60000},
    /// {"expect": [{"text": "part of what is said"}, {"node": "n3"}, {"var": {"name": "email", "value": "a@b.org"}}]}]}
    Run {
        /// The flow.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The script; without one the flow only begins.
        #[arg(value_name = "SCRIPT")]
        script: Option<PathBuf>,
        /// A published flow that it goes through: id@version=FILE.
        #[arg(long = "with", value_name = "ID@VERSION=FILE")]
        with: Vec<String>,
        /// Prints JSON.
        #[arg(long)]
        json: bool,
    },
    /// Brings a flow over from Typebot: prints the document, and what was lost on standard error.
    ///
    /// Exports of versions 3 to 6. Nothing in them is run.
    Import {
        /// The export.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Prints the report with the document, as JSON.
        #[arg(long)]
        json: bool,
    },
    /// Walks through a flow at random: what nobody comes to, and what fails. Ends with 1 when something fails.
    Explore {
        /// The flow.
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// How many walks.
        #[arg(long, default_value_t = 1_000)]
        walks: u32,
        /// What their chance follows from.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// A published flow that it goes through: id@version=FILE.
        #[arg(long = "with", value_name = "ID@VERSION=FILE")]
        with: Vec<String>,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is well; what there is to say.
    Fine(String),
    /// Something is wrong with the flow; what.
    Faults(String),
}

/// A secret that is named on the command line.
fn for_any_host(id: &str) -> Secret {
    Secret {
        id: id.to_owned(),
        hosts: Vec::new(),
    }
}

/// Does what was asked.
///
/// # Errors
/// One line, when a file cannot be read.
pub fn run(what: &Flow) -> Result<Outcome, String> {
    match what {
        Flow::Check {
            file,
            with,
            secrets,
            hosts,
            json,
        } => {
            let around = Surroundings {
                secrets: secrets.iter().map(|id| for_any_host(id)).collect(),
                hosts: hosts.clone(),
                ..Surroundings::default()
            };
            checked(file, with, &around, *json)
        }
        Flow::Run {
            file,
            script,
            with,
            json,
        } => {
            let script = match script {
                Some(script) => serde_json::from_slice(&read(script)?)
                    .map_err(|error| format!("the script: {error}"))?,
                None => Script::default(),
            };
            played(file, with, &script, *json)
        }
        Flow::Import { file, json } => imported(file, *json),
        Flow::Explore {
            file,
            walks,
            seed,
            with,
        } => explored(file, with, *walks, *seed),
    }
}

fn checked(
    file: &Path,
    with: &[String],
    around: &Surroundings,
    json: bool,
) -> Result<Outcome, String> {
    let subflows = subflows(with)?;
    let found = match Document::parse(&read(file)?) {
        Ok(document) => check(&document, &subflows, around),
        Err(found) => found,
    };
    let text = if json { pretty(&found)? } else { told(&found) };
    Ok(if publishable(&found) {
        Outcome::Fine(text)
    } else {
        Outcome::Faults(text)
    })
}

fn told(found: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in found {
        let _ = writeln!(text, "{diagnostic}");
    }
    let errors = found
        .iter()
        .filter(|diagnostic| !publishable(std::slice::from_ref(diagnostic)))
        .count();
    let _ = writeln!(text, "{errors} errors, {} warnings.", found.len() - errors);
    text
}

fn played(file: &Path, with: &[String], script: &Script, json: bool) -> Result<Outcome, String> {
    let subflows = subflows(with)?;
    let document = match Document::parse(&read(file)?) {
        Ok(document) => document,
        Err(found) => return Ok(Outcome::Faults(told(&found))),
    };
    let compiled = match compile_draft(&document, &subflows) {
        Ok(compiled) => compiled,
        Err(found) => return Ok(Outcome::Faults(told(&found))),
    };
    let simulation = simulate(&document, &compiled, script).map_err(|error| error.to_string())?;
    let text = if json {
        pretty(&simulation)?
    } else {
        transcript(&simulation)
    };
    Ok(if simulation.missed.is_empty() {
        Outcome::Fine(text)
    } else {
        Outcome::Faults(text)
    })
}

fn transcript(simulation: &Simulation) -> String {
    let mut text = String::new();
    for line in &simulation.transcript {
        let _ = match line {
            Line::In {
                step: Step::Say(said),
            } => writeln!(text, "> {said}"),
            Line::In { step } => writeln!(text, "> {}", compact(step)),
            Line::Ignored { reason } => writeln!(text, "  ignored: {}", compact(reason)),
            Line::Out {
                effect:
                    Effect::Send {
                        part: Part::Text { md },
                        ..
                    },
            } => writeln!(text, "< {md}"),
            Line::Out { effect } => writeln!(text, "  {}", compact(effect)),
        };
    }
    let coverage = &simulation.coverage;
    let _ = writeln!(
        text,
        "{} of {} nodes, {} of {} edges.",
        coverage.nodes, coverage.nodes_of, coverage.edges, coverage.edges_of
    );
    for failure in &simulation.failures {
        let _ = writeln!(text, "Failed: {}", compact(failure));
    }
    for missed in &simulation.missed {
        let _ = writeln!(
            text,
            "Step {}: expected {}",
            missed.step,
            compact(&missed.expected)
        );
    }
    text
}

fn explored(file: &Path, with: &[String], walks: u32, seed: u64) -> Result<Outcome, String> {
    let subflows = subflows(with)?;
    let document = match Document::parse(&read(file)?) {
        Ok(document) => document,
        Err(found) => return Ok(Outcome::Faults(told(&found))),
    };
    let compiled = match compile_draft(&document, &subflows) {
        Ok(compiled) => compiled,
        Err(found) => return Ok(Outcome::Faults(told(&found))),
    };
    let exploration =
        explore(&document, &compiled, walks, seed).map_err(|error| error.to_string())?;
    let text = pretty(&exploration)?;
    Ok(if exploration.failures.is_empty() {
        Outcome::Fine(text)
    } else {
        Outcome::Faults(text)
    })
}

fn imported(file: &Path, json: bool) -> Result<Outcome, String> {
    let imported = typebot::import(&read(file)?).map_err(|error| error.to_string())?;
    if json {
        return pretty(&imported).map(Outcome::Fine);
    }
    // The document alone goes to standard output, so that it can be written to a file.
    for loss in &imported.report {
        let _ = writeln!(io::stderr(), "{}", compact(loss));
    }
    let (mapped, blocks) = (imported.blocks_mapped, imported.blocks);
    let _ = writeln!(io::stderr(), "{mapped} of {blocks} blocks came over.");
    pretty(&imported.document).map(Outcome::Fine)
}

fn subflows(with: &[String]) -> Result<Subflows, String> {
    let named = with.iter().map(|argument| {
        let (name, file) = argument
            .split_once('=')
            .ok_or("--with takes id@version=FILE")?;
        let document = Document::parse(&read(Path::new(file))?)
            .map_err(|found| format!("{file}: {}", told(&found)))?;
        Ok((name.to_owned(), document))
    });
    named.collect()
}

fn read(file: &Path) -> Result<Vec<u8>, String> {
    fs::read(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn pretty(value: &impl Serialize) -> Result<String, String> {
    let mut text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}

fn compact(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
