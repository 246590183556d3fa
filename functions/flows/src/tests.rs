//! Tests that live with a flow: scripts with what has to be true.

use flow::{
    Compiled, Document,
    simulate::{Script, simulate},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::{
    app::App,
    domain::flow::PIECE_BYTES,
    http::{Code, Problem, actor::Entry, problem::FieldError},
};

use crate::document::{self, Examined};

/// The most tests of a flow.
const MOST_TESTS: usize = 50;
/// What a script is, to whoever sent something else.
pub const SCRIPT: &str =
    "a script: seed, now, offset_minutes, start, vars, http and steps, as docs/flows.md tells";

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Test {
    name: String,
    script: Script,
}

/// How a test went.
pub struct Outcome {
    /// What it is called.
    pub name: String,
    /// Whether everything that it expects is so.
    pub passed: bool,
    /// What it expects and is not so.
    pub missed: Value,
}

/// Tests as they are stored.
pub fn text_of(tests: &[Value]) -> Result<String, Problem> {
    if tests.len() > MOST_TESTS {
        let detail = format!("at most {MOST_TESTS}");
        return Err(Problem::invalid("#/tests", "out_of_range", &detail));
    }
    for (n, test) in tests.iter().enumerate() {
        if serde_json::from_value::<Test>(test.clone()).is_err() {
            let pointer = format!("#/tests/{n}");
            let detail = "a name, and a script as simulate takes one";
            return Err(Problem::invalid(&pointer, "bad_test", detail));
        }
    }
    let text = serde_json::to_string(tests).map_err(|_| Problem::internal("tests"))?;
    if text.len() > PIECE_BYTES {
        let detail = format!("at most {PIECE_BYTES} bytes together");
        return Err(Problem::invalid("#/tests", "too_large", &detail));
    }
    Ok(text)
}

/// A document that can be played, errors or not.
pub async fn playable(
    app: &App,
    entry: &Entry,
    text: &str,
) -> Result<(Document, Compiled), Problem> {
    let told = |wrong: Vec<flow::Diagnostic>| {
        let errors = wrong.iter().map(|error| FieldError {
            pointer: format!("#/document{}", error.pointer.as_str()),
            code: error.code.name().to_owned(),
            detail: error.message.clone(),
        });
        Problem::of_all(Code::FlowHasErrors, errors.collect())
    };
    let Examined {
        document,
        subflows,
        found,
    } = document::examine(app, entry, text).await?;
    let document = document.ok_or_else(|| told(found))?;
    let program = flow::compile_draft(&document, &subflows).map_err(told)?;
    Ok((document, program))
}

/// Plays every test.
pub fn run(
    (document, program): (&Document, &Compiled),
    tests: &str,
) -> Result<Vec<Outcome>, Problem> {
    let tests: Vec<Test> =
        serde_json::from_str(tests).map_err(|_| Problem::internal("stored tests"))?;
    let mut outcomes = Vec::with_capacity(tests.len());
    for Test { name, script } in tests {
        let played = simulate(document, program, &script)
            .map_err(|_| Problem::internal("a script that left its flow"))?;
        outcomes.push(Outcome {
            name,
            passed: played.missed.is_empty() && !played.cut,
            missed: serde_json::to_value(&played.missed)
                .map_err(|_| Problem::internal("a simulation"))?,
        });
    }
    Ok(outcomes)
}
