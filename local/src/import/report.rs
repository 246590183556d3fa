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
    /// Calls that came, as what is known of them.
    pub calls: u64,
    /// Calls that were deleted here, or that cannot be told from such.
    pub calls_deleted: u64,
    /// Calls that have no place, because the workspace has no calls.
    pub calls_not_on: u64,
    /// Records about people and conversations that have no place, because the workspace has none.
    pub conversations_not_on: u64,
    /// What was there already, and stayed as it was: contacts, conversations, calls, apps and settings.
    pub there: u64,
    /// Contacts, conversations and messages whose time is over here.
    pub over: u64,
    /// Contacts that were erased here, with their conversations.
    pub erased: u64,
    /// Conversations whose member is none here; they are nobody's now.
    pub unassigned: u64,
    /// What the workspace set up, by its kind, as far as it came.
    pub settings: BTreeMap<String, u64>,
    /// What differs here and stays as it is: a line each.
    pub stays: Vec<String>,
    /// Records of other kinds, which stay in the archive.
    pub left_out: BTreeMap<String, u64>,
    /// What of another product's has no place here, by what it is.
    pub unmapped: BTreeMap<String, u64>,
    /// Rows of another product's that cannot be read: where they stand, and why.
    pub broken: Vec<String>,
}

/// Why records of a kind stay in the archive.
fn why(kind: &str) -> &'static str {
    match kind {
        "Availability" | "Membership" | "Mention" | "News" | "NotifyWishes" | "Photo"
        | "PushDevice" | "ReadMark" | "Seat" | "Teammate" => {
            "members come with accounts of their own: invite them, and put them into their teams"
        }
        "CannedReply" | "SavedView" => "it is a member's own, and members are not taken over",
        "Beacon" | "FlowSums" | "FlowTick" | "PushDay" => "figures are counted where they arise",
        "FlowCode" | "FlowRequest" | "FlowRun" => {
            "a flow that was under way does not go on elsewhere; its conversation is here"
        }
        "Delivery" | "Webhook" => {
            "a service is told of what happens where it was set up: set it up here"
        }
        "BillingAccount" => "a plan is bought and paid for where it is used",
        "DisclosedPart" | "PrivacyRequest" | "RequestWords" | "Transfer" => {
            "it was asked and answered where it came from"
        }
        "VisitorDevice" => "a device has to ask for notifications again",
        "Call" => "it was going on when the archive was made",
        _ => "it belongs to the place it was made in",
    }
}

impl Report {
    /// Notes that something came which the workspace had set up.
    pub fn came(&mut self, kind: &str) {
        *self.settings.entry(kind.to_owned()).or_default() += 1;
    }

    /// Notes a record that stays in the archive.
    pub fn stayed(&mut self, kind: &str) {
        *self.left_out.entry(kind.to_owned()).or_default() += 1;
    }

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
        for (count, what) in [
            (self.calls, "calls came"),
            (
                self.calls_deleted,
                "calls stayed in the archive: they were deleted here, or cannot be told from such",
            ),
            (
                self.calls_not_on,
                "calls stayed in the archive: the workspace has no calls",
            ),
            (
                self.conversations_not_on,
                "records stayed in the archive: the workspace has no conversations",
            ),
        ] {
            if count > 0 {
                writeln!(f, "{count} {what}.")?;
            }
        }
        if self.unassigned > 0 {
            writeln!(f, "{} had a member who is none here.", self.unassigned)?;
        }
        for (kind, count) in &self.settings {
            writeln!(f, "{count} {kind} came.")?;
        }
        for line in &self.stays {
            writeln!(f, "{line}")?;
        }
        for (kind, count) in &self.left_out {
            writeln!(f, "{count} {kind} stayed in the archive: {}.", why(kind))?;
        }
        for (what, count) in &self.unmapped {
            writeln!(f, "{count} {what} have no place here.")?;
        }
        for line in &self.broken {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}
