//! What a flow asks of whoever runs it, beyond the thread itself.

use super::{Code, Diagnostic, Pointer};
use crate::document::Document;
use crate::nodes::{Action, Input, Kind, Trigger};

/// Something that a flow can ask for, and that not everybody who runs flows has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Ask a server.
    Http,
    /// Wait for a signed call from outside.
    Event,
    /// Go through another flow.
    Subflow,
    /// Offer a call. A flow that asks for one where there are none goes on as if nobody were there.
    Call,
    /// Hand over to a certain team.
    Teams,
    /// Prove an address by a code.
    OtpEmail,
    /// Note something about the contact.
    SetContact,
    /// Send a mail.
    Email,
    /// Count something.
    Track,
    /// Put a tag on the conversation.
    AddTag,
    /// Say how urgent the conversation is.
    SetPriority,
    /// Open a page at the visitor's.
    OpenUrl,
    /// Ask for files.
    Files,
    /// Begin by a rule of the inbox.
    InboxRule,
    /// Begin by the address of a page.
    Url,
}

impl Feature {
    /// What a node asks for.
    fn of(kind: &Kind) -> Option<(Self, &'static str)> {
        Some(match kind {
            Kind::Http(_) => (Self::Http, "Asking a server"),
            Kind::Event(_) => (Self::Event, "Waiting for a call from outside"),
            Kind::Subflow(_) => (Self::Subflow, "Going through another flow"),
            Kind::Call(_) => (Self::Call, "Offering a call"),
            Kind::Handoff(handoff) if handoff.team.is_some() => {
                (Self::Teams, "Handing over to a certain team")
            }
            Kind::Ask(ask) if matches!(ask.input, Input::OtpEmail {}) => {
                (Self::OtpEmail, "Proving an address by a code")
            }
            Kind::Ask(ask) if matches!(ask.input, Input::File { .. }) => {
                (Self::Files, "Asking for files")
            }
            Kind::Action(Action::AddTag { .. }) => (Self::AddTag, "Putting a tag on it"),
            Kind::Action(Action::SetPriority { .. }) => {
                (Self::SetPriority, "Saying how urgent it is")
            }
            Kind::Action(Action::PutToTeam { .. }) => (Self::Teams, "Putting it to a team"),
            Kind::Action(Action::OpenUrl { .. }) => (Self::OpenUrl, "Opening a page"),
            Kind::Action(Action::SetContact { .. }) => {
                (Self::SetContact, "Noting something about the contact")
            }
            Kind::Action(Action::Email { .. }) => (Self::Email, "Sending a mail"),
            Kind::Action(Action::Track { .. }) => (Self::Track, "Counting something"),
            Kind::Start(start) => match start.trigger {
                Trigger::InboxRule(_) => (Self::InboxRule, "Beginning by a rule of the inbox"),
                Trigger::Url { .. } => (Self::Url, "Beginning by the address of a page"),
                Trigger::WidgetOpen | Trigger::Api => return None,
            },
            _ => return None,
        })
    }
}

pub(super) fn check(document: &Document, missing: &[Feature], found: &mut Vec<Diagnostic>) {
    let root = Pointer::root().field("nodes");
    for (n, node) in document.nodes.iter().enumerate() {
        let Some((feature, what)) = Feature::of(&node.kind) else {
            continue;
        };
        if feature == Feature::Call && missing.contains(&feature) {
            let message = "There are no calls here: the flow goes on at unavailable.";
            let diagnostic = Diagnostic::new(Code::W211, &root.item(n).field("data"), message);
            let fix = "Let the workspace have calls, or take the node out.";
            found.push(diagnostic.node(&node.id).fix(fix));
        } else if missing.contains(&feature) {
            let message = format!("{what} is not offered here yet.");
            let diagnostic = Diagnostic::new(Code::E160, &root.item(n).field("data"), message);
            found.push(diagnostic.node(&node.id));
        }
    }
}
