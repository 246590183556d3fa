//! A prepared answer as the team sees it, and the rule for what stands in for a name.

use serde::Serialize;
use shared::{
    domain::{CannedReplyId, Timestamp, text::Text},
    http::{Problem, actor::Entry},
    store::shelf::{CannedReply, KeptFor},
};
use utoipa::ToSchema;

/// What may stand in for a name: the client puts the name there, in front of whoever sends it.
const PLACEHOLDERS: [&str; 3] = ["contact.name", "member.name", "workspace.name"];

/// A prepared answer. Without `Debug`: it holds what somebody wrote.
#[derive(Serialize, ToSchema)]
pub struct CannedReplyView {
    /// Its id.
    id: CannedReplyId,
    /// Whose it is.
    kept_for: KeptFor,
    /// What it is found by.
    #[schema(example = "refund")]
    name: String,
    /// What it says. `{{contact.name}}`, `{{member.name}}` and `{{workspace.name}}` stand in for names.
    #[schema(example = "Hello {{contact.name}}, your money is on its way.")]
    text: String,
    /// Since when.
    created_at: Timestamp,
    /// Counts changes.
    #[schema(example = 1)]
    rev: u64,
}

impl CannedReplyView {
    /// The view of a prepared answer.
    ///
    /// # Errors
    /// When its text does not open.
    pub fn new(reply: &CannedReply, entry: &Entry) -> Result<Self, Problem> {
        Ok(Self {
            id: reply.id,
            kept_for: match reply.member {
                Some(_) => KeptFor::Me,
                None => KeptFor::Workspace,
            },
            name: reply.name.as_str().to_owned(),
            text: reply.text(&entry.tenant_key)?,
            created_at: reply.created_at,
            rev: reply.rev,
        })
    }
}

/// Refuses a text with something in double braces that stands for nothing.
///
/// # Errors
/// 422 at the text.
pub fn check_placeholders(text: &Text) -> Result<(), Problem> {
    let mut parts = text.reveal().split("{{");
    parts.next();
    let known = |part: &str| {
        let name = part.split_once("}}").map(|(name, _)| name);
        name.is_some_and(|name| PLACEHOLDERS.contains(&name))
    };
    match parts.all(known) {
        true => Ok(()),
        false => {
            let detail = "in double braces: contact.name, member.name or workspace.name";
            Err(Problem::invalid("#/text", "unknown_placeholder", detail))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_names_stand_in_double_braces() {
        let fits = |text: &str| check_placeholders(&Text::parse(text).expect("a text")).is_ok();
        for good in [
            "Hello",
            "Hello {{contact.name}}, {{member.name}} here",
            "{ one } brace }}",
        ] {
            assert!(fits(good), "{good}");
        }
        for bad in [
            "{{contact.email}}",
            "{{contact.name",
            "{{}}",
            "{{ contact.name }}",
        ] {
            assert!(!fits(bad), "{bad}");
        }
    }
}
