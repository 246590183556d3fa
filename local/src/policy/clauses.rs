//! What the policy says about every promise: that it holds, that this system differs and why, or
//! that this version does not offer it yet.
//!
//! A clause is written once for all profiles that it is true of. Where promises contradict each
//! other, the clause tells what the program does.

mod data;
mod keeping;
mod limits;
mod rights;
mod serving;
mod sharing;
mod talking;

use shared::domain::policy::{Module, Profile};

use super::facts::Facts;
use super::promises::profile_of;

/// A part of the policy, in the order of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Section {
    /// Whom the policy is about.
    Reach,
    /// What is kept.
    Data,
    /// What is kept of accounts and teams.
    Accounts,
    /// What is kept of conversations and whom they are with.
    Conversations,
    /// What is kept of calls.
    Calls,
    /// What is kept of devices, and what is measured.
    Devices,
    /// What is kept of payments.
    Payments,
    /// What it serves.
    Use,
    /// What is not done.
    Never,
    /// Cookies.
    Cookies,
    /// Who else handles it.
    Sharing,
    /// How long.
    Keeping,
    /// How it is protected.
    Security,
    /// What people can ask for.
    Rights,
    /// Young people.
    Children,
    /// How the policy changes.
    Changes,
}

impl Section {
    /// All of them, in order.
    pub const ALL: [Self; 16] = [
        Self::Reach,
        Self::Data,
        Self::Accounts,
        Self::Conversations,
        Self::Calls,
        Self::Devices,
        Self::Payments,
        Self::Use,
        Self::Never,
        Self::Cookies,
        Self::Sharing,
        Self::Keeping,
        Self::Security,
        Self::Rights,
        Self::Children,
        Self::Changes,
    ];

    /// Its heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Reach => "Who this policy is for",
            Self::Data => "What we keep",
            Self::Accounts => "Accounts and teams",
            Self::Conversations => "Conversations",
            Self::Calls => "Calls",
            Self::Devices => "Devices and measurements",
            Self::Payments => "Payments",
            Self::Use => "What we use it for",
            Self::Never => "What we do not do",
            Self::Cookies => "Cookies",
            Self::Sharing => "Who else handles it",
            Self::Keeping => "How long it is kept",
            Self::Security => "How it is protected",
            Self::Rights => "What you can ask for",
            Self::Children => "Children",
            Self::Changes => "When this policy changes",
        }
    }

    /// The level of its heading: what is kept is told in parts.
    pub const fn level(self) -> u8 {
        match self {
            Self::Accounts | Self::Conversations | Self::Calls | Self::Devices | Self::Payments => {
                3
            }
            _ => 2,
        }
    }
}

/// How a promise stands in this version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Says {
    /// The program does it.
    Holds(String),
    /// The program does otherwise, for a reason that the text names.
    Differs(String),
    /// The program does not do it yet.
    NotYet(String),
}

impl Says {
    /// What is said, and how it stands in one word.
    pub fn parts(&self) -> (&'static str, &str) {
        match self {
            Self::Holds(text) => ("holds", text),
            Self::Differs(text) => ("differs", text),
            Self::NotYet(text) => ("not offered yet", text),
        }
    }
}

/// One statement of the policy, and the promises that it answers.
pub struct Clause {
    /// The promises; none where it tells readers something that nobody had promised to tell.
    pub ids: &'static [&'static str],
    /// Where it stands.
    pub section: Section,
    /// Whether profiles say it too that did not promise it.
    pub everywhere: bool,
    /// Profiles that begin with this module say it too.
    pub also_with: Option<Module>,
    /// What it says under these facts.
    pub says: fn(&Facts) -> Says,
}

impl Clause {
    const fn new(ids: &'static [&'static str], section: Section, says: fn(&Facts) -> Says) -> Self {
        Self {
            ids,
            section,
            everywhere: false,
            also_with: None,
            says,
        }
    }

    /// What one profile promised, everybody gets.
    const fn everywhere(self) -> Self {
        Self {
            everywhere: true,
            ..self
        }
    }

    /// Whoever has what it is about is told of it.
    const fn also_with(self, module: Module) -> Self {
        Self {
            also_with: Some(module),
            ..self
        }
    }

    /// Whether the policy of a profile has it.
    pub fn is_of(&self, profile: Profile) -> bool {
        let has = |module: Module| profile.modules().contains(&module);
        let promised = self.ids.iter().any(|id| profile_of(id) == Some(profile));
        self.everywhere || promised || self.also_with.is_some_and(has)
    }
}

/// Every clause, in the order of the sections' files.
pub fn all() -> impl Iterator<Item = &'static Clause> {
    [
        data::CLAUSES,
        talking::CLAUSES,
        serving::CLAUSES,
        limits::CLAUSES,
        sharing::CLAUSES,
        keeping::CLAUSES,
        rights::CLAUSES,
    ]
    .into_iter()
    .flatten()
}

/// Holds when a deployment has the route, and is not offered yet otherwise.
fn with_route(facts: &Facts, route: &str, holds: &str, not_yet: &str) -> Says {
    if facts.has(route) {
        Says::Holds(holds.to_owned())
    } else {
        Says::NotYet(not_yet.to_owned())
    }
}

fn holds(text: impl Into<String>) -> Says {
    Says::Holds(text.into())
}

fn differs(text: impl Into<String>) -> Says {
    Says::Differs(text.into())
}
