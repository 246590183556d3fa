//! The flows that come with the program: files of this repository, each with tests that live in the flow.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A flow that comes with the program.
#[derive(Clone, Debug, Deserialize)]
pub struct Sample {
    /// What it is called.
    pub name: String,
    /// The document.
    pub document: Value,
    /// Its tests.
    pub tests: Value,
}

/// A flow of the demo workspace.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DemoFlow {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
}

/// The files, in the order in which they are shown.
const FILES: [&str; 5] = [
    include_str!("../samples/support-intake.json"),
    include_str!("../samples/lead-qualification.json"),
    include_str!("../samples/appointment.json"),
    include_str!("../samples/feedback.json"),
    include_str!("../samples/mailed-code-sign-in.json"),
];

/// All of them.
///
/// # Errors
/// When a file is none.
pub fn all() -> Result<Vec<Sample>, serde_json::Error> {
    FILES
        .iter()
        .map(|file| serde_json::from_str(file))
        .collect()
}

#[cfg(test)]
mod tests {
    use flow::simulate::{Script, simulate};
    use flow::{Document, Subflows, Surroundings, check, compile_draft, publishable};

    use super::*;

    #[test]
    fn each_has_nothing_wrong_and_its_tests_hold() {
        let samples = all().expect("samples");
        assert_eq!(samples.len(), FILES.len());
        for sample in samples {
            let name = &sample.name;
            let document = Document::from_value(&sample.document).expect("a document");
            let found = check(&document, &Subflows::new(), &Surroundings::default());
            assert!(publishable(&found), "{name}: {found:?}");
            let program = compile_draft(&document, &Subflows::new()).expect("it compiles");
            let tests = sample.tests.as_array().expect("tests");
            assert!(tests.len() >= 2, "{name}");
            for test in tests {
                let script: Script =
                    serde_json::from_value(test["script"].clone()).expect("a script");
                let played = simulate(&document, &program, &script).expect("played");
                let missed = serde_json::to_string(&played.missed).expect("JSON");
                assert!(
                    played.missed.is_empty(),
                    "{name}, {}: {missed}",
                    test["name"]
                );
            }
        }
    }
}
