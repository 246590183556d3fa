//! What is wrong with a document, said so that a builder can show it where it is.

mod graph;
mod ids;
mod offered;
mod paths;
mod requests;
mod texts;
mod translations;

use std::fmt;
use std::ops::Range;

use serde::{Serialize, Serializer};

use crate::compile::Subflows;
use crate::document::Document;

pub use offered::Feature;
pub use requests::{host_of, server_of};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// It cannot be published.
    Error,
    /// It can, but somebody should look.
    Warning,
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What is wrong. E is an error, W a warning.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        pub enum Code { $($(#[$doc])* $name,)* }

        impl Code {
            /// Every code there is.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Its name.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

codes! {
    /// Not of the schema.
    E100,
    /// An id that is there twice.
    E101,
    /// No start.
    E102,
    /// An edge from or to a node that is not there.
    E103,
    /// A port that the node does not have.
    E104,
    /// Two edges on one port.
    E105,
    /// A port that has to lead on and does not.
    E106,
    /// A variable that is not there.
    E110,
    /// Types that do not fit.
    E111,
    /// A template or an expression that cannot be read.
    E112,
    /// A template or an expression that is too long or too deep.
    E113,
    /// A circle in which nobody is waited for.
    E120,
    /// A flow that goes through itself.
    E121,
    /// A subflow that is not there.
    E130,
    /// A secret that is not there.
    E131,
    /// An address that is not public.
    E132,
    /// A team that is not there.
    E133,
    /// Too large.
    E140,
    /// Personal values for a host that is not on the list.
    E150,
    /// A mail to somebody other than the visitor.
    E151,
    /// Something that whoever runs the flow does not offer.
    E160,
    /// A node that nobody reaches.
    W200,
    /// A way that stops without an end.
    W201,
    /// A variable that may not be set yet.
    W202,
    /// A variable that nothing reads.
    W203,
    /// A case that an earlier one hides.
    W204,
    /// Shares that do not come to 100.
    W205,
    /// Nothing to do with somebody who cannot answer.
    W206,
    /// A text that is too long for a message.
    W207,
    /// A comparison with a text in quotation marks.
    W208,
    /// Two options that keep the same.
    W209,
    /// A text that is not there in every language of the flow.
    W210,
    /// A call where there are none, or that leads nowhere when nobody is there.
    W211,
}

impl Code {
    /// How bad it is.
    pub fn severity(self) -> Severity {
        if self.name().starts_with('E') {
            Severity::Error
        } else {
            Severity::Warning
        }
    }
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// What.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// Where: a JSON Pointer into the document.
    pub pointer: Pointer,
    /// At which node.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub node: Option<String>,
    /// At which edge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub edge: Option<String>,
    /// What is wrong, in a sentence.
    pub message: String,
    /// What would help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fix: Option<String>,
    /// Which bytes of the text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<[usize; 2]>,
    /// The nodes of a circle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
}

impl Diagnostic {
    pub(crate) fn new(code: Code, at: &Pointer, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            pointer: at.clone(),
            node: None,
            edge: None,
            message: message.into(),
            fix: None,
            bytes: None,
            path: Vec::new(),
        }
    }

    /// What does not fit the schema.
    pub(crate) fn shape(
        at: &Pointer,
        error: &serde_path_to_error::Error<serde_json::Error>,
    ) -> Self {
        let mut pointer = at.clone();
        for segment in error.path() {
            use serde_path_to_error::Segment;
            pointer = match segment {
                Segment::Seq { index } => pointer.item(*index),
                Segment::Map { key } => pointer.field(key),
                Segment::Enum { variant } => pointer.field(variant),
                Segment::Unknown => pointer,
            };
        }
        let reason: String = error.inner().to_string().chars().take(300).collect();
        Self::new(
            Code::E100,
            &pointer,
            format!("This does not fit the schema: {reason}."),
        )
    }

    pub(crate) fn node(mut self, id: &str) -> Self {
        self.node = Some(id.to_owned());
        self
    }

    pub(crate) fn edge(mut self, id: &str) -> Self {
        self.edge = Some(id.to_owned());
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    pub(crate) fn bytes(mut self, range: Option<Range<usize>>) -> Self {
        self.bytes = range.map(|range| [range.start, range.end]);
        self
    }

    pub(crate) fn path(mut self, path: Vec<String>) -> Self {
        self.path = path;
        self
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.code.name(), self.pointer, self.message)?;
        if !self.path.is_empty() {
            write!(f, " ({})", self.path.join(" -> "))?;
        }
        if let Some(fix) = &self.fix {
            write!(f, " {fix}")?;
        }
        Ok(())
    }
}

/// A JSON Pointer (RFC 6901).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pointer(String);

impl Pointer {
    /// The whole document.
    pub fn root() -> Self {
        Self(String::new())
    }

    /// A field of this.
    pub fn field(&self, name: &str) -> Self {
        let escaped = name.replace('~', "~0").replace('/', "~1");
        Self(format!("{}/{escaped}", self.0))
    }

    /// An item of this.
    pub fn item(&self, n: usize) -> Self {
        Self(format!("{}/{n}", self.0))
    }

    /// Something inside this.
    pub(crate) fn join(&self, inner: &Self) -> Self {
        Self(format!("{}{}", self.0, inner.0))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "/" } else { &self.0 })
    }
}

impl Serialize for Pointer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A secret that a request can take along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Its id.
    pub id: String,
    /// The hosts that it may be shown to; any where there are none.
    pub hosts: Vec<String>,
}

impl Secret {
    /// Whether a host may be shown it.
    pub fn is_for(&self, host: &str) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|one| one == host)
    }
}

/// What the surroundings of a flow know.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// The secrets there are.
    pub secrets: Vec<Secret>,
    /// Hosts that may be told personal values.
    pub hosts: Vec<String>,
    /// Servers that can be asked although their names are not public: `http://127.0.0.1:8080`.
    pub servers: Vec<String>,
    /// The ids of the teams there are; none where nobody knows.
    pub teams: Option<Vec<String>>,
    /// What whoever runs the flow does not offer.
    pub missing: Vec<Feature>,
}

/// Everything that is wrong with a document, errors first, each in the order of the document.
pub fn check(document: &Document, subflows: &Subflows, around: &Surroundings) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let index = ids::check(document, &mut found);
    graph::check(document, &index, subflows, &mut found);
    texts::check(document, &index, subflows, around, &mut found);
    paths::check(document, &index, &mut found);
    translations::check(document, &index, &mut found);
    offered::check(document, &around.missing, &mut found);
    found.sort_by_key(|diagnostic| diagnostic.severity == Severity::Warning);
    found
}

/// Whether nothing found is an error.
pub fn publishable(found: &[Diagnostic]) -> bool {
    found
        .iter()
        .all(|diagnostic| diagnostic.severity == Severity::Warning)
}
