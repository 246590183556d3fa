//! What an import says that it did.

use std::collections::BTreeMap;
use std::fmt;

/// What an import did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Contacts that came.
    pub contacts: u64,
    /// Conversations that came.
    pub conversations: u64,
    /// Messages that came.
    pub messages: u64,
    /// Files that came, small pictures of them not counted.
    pub files: u64,
    /// Contacts and conversations that were there already, and stayed as they were.
    pub there: u64,
    /// Contacts, conversations and messages whose time is over here.
    pub over: u64,
    /// Contacts that were erased here, with their conversations.
    pub erased: u64,
    /// Conversations whose member is none here; they are nobody's now.
    pub unassigned: u64,
    /// Records of other kinds, which stay in the archive.
    pub left_out: BTreeMap<String, u64>,
    /// What of another product's has no place here, by what it is.
    pub unmapped: BTreeMap<String, u64>,
    /// Rows of another product's that cannot be read: where they stand, and why.
    pub broken: Vec<String>,
}

impl Report {
    /// Notes one thing of another product's that has no place here.
    pub fn left(&mut self, what: &str) {
        *self.unmapped.entry(what.to_owned()).or_default() += 1;
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} contacts, {} conversations, {} messages and {} files came.",
            self.contacts, self.conversations, self.messages, self.files
        )?;
        writeln!(
            f,
            "{} were there already, {} are over here, {} contacts were erased here.",
            self.there, self.over, self.erased
        )?;
        if self.unassigned > 0 {
            writeln!(f, "{} had a member who is none here.", self.unassigned)?;
        }
        for (why, left) in [
            ("it is of accounts, apps or settings", &self.left_out),
            ("it has no place here", &self.unmapped),
        ] {
            let left: Vec<String> = left
                .iter()
                .map(|(kind, count)| format!("{count} {kind}"))
                .collect();
            if !left.is_empty() {
                writeln!(f, "Not taken over, as {why}: {}.", left.join(", "))?;
            }
        }
        for line in &self.broken {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
