//! What the records of an archive become here.

use shared::{
    domain::{
        AppId, AttachmentId, ContactId, ConversationId, MemberId, Timestamp, VisitId, WorkspaceId,
        archive::Entry,
        attachment::{Files, MediaType},
        text::{FileName, Text},
        token::SecretHash,
    },
    store::{
        Record,
        attachment::Attachment,
        contact::{Contact, Profile, Visit, VisitorContext},
        conversation::Conversation,
        hold::HoldNote,
        message::{Audience, Message},
        subject::State,
    },
};

use super::{Archive, ImportError};

/// What an archive's records become.
pub enum Taken {
    Contact(Contact),
    Profile(Profile),
    Context(VisitorContext),
    Visit(Visit),
    /// It comes before the head of its conversation.
    Attachment(Attachment),
    Conversation(Box<Conversation>),
    Hold(HoldNote),
    Message(Box<Message>),
}

/// The record that an entry tells of; none of a kind that is not taken over.
pub fn take(
    archive: &Archive,
    entry: &Entry,
    workspace: WorkspaceId,
    now: Timestamp,
    part: u32,
) -> Result<Option<Taken>, ImportError> {
    let fault = |field| ImportError::Form(part, entry.kind.clone(), field);
    let fields = &entry.fields;
    let contact = ContactId::new(now);
    let conversation = ConversationId::new(now);
    Ok(Some(match entry.kind.as_str() {
        "Contact" => {
            let mut taken = Contact {
                id: contact,
                workspace,
                verified: false,
                blocked: false,
                state: State::Live,
                created_at: now,
                last_seen_at: now,
                restricted_at: None,
                seen_before: None,
                follow_at: None,
                figures_refused_at: None,
                same_person: None,
                email_proof: None,
                mail_refused_at: None,
                rev: 1,
            };
            taken.retell(fields).map_err(fault)?;
            if taken.restricted_at.is_some() {
                // Set aside where it comes from: here as well, and its conversations follow.
                taken.state = State::Restricted;
                taken.follow_at = Some(now);
            }
            Taken::Contact(taken)
        }
        "Profile" => {
            let mut taken = Profile {
                contact,
                workspace,
                name: None,
                email: None,
                external_id: None,
                locale: None,
                kept_from: now,
                rev: 1,
            };
            taken.retell(fields).map_err(fault)?;
            Taken::Profile(taken)
        }
        "VisitorContext" => {
            let mut taken = VisitorContext {
                contact,
                workspace,
                page_path: None,
                referrer_host: None,
                timezone: None,
                seen_at: now,
            };
            taken.retell(fields).map_err(fault)?;
            Taken::Context(taken)
        }
        "Visit" => {
            // Its tokens are in no archive: nobody comes back with this visit.
            let mut taken = Visit {
                id: VisitId::new(now),
                contact,
                workspace,
                app: AppId::new(now),
                team: None,
                asks_rating: None,
                mails_offline: None,
                token: SecretHash::from_stored(Vec::new()),
                token_ends_at: now,
                resume: SecretHash::from_stored(Vec::new()),
                started_at: now,
                rev: 1,
            };
            taken.retell(fields).map_err(fault)?;
            Taken::Visit(taken)
        }
        "Attachment" => {
            let mut taken = Attachment {
                id: AttachmentId::new(now),
                workspace,
                conversation,
                seq: 0,
                author: contact.into(),
                audience: Audience::Team,
                name: FileName::parse("-").map_err(|_| fault("name"))?,
                media: MediaType::Text,
                bytes: 0,
                thumbnail: false,
                sent_at: now,
            };
            taken.retell(fields).map_err(fault)?;
            Taken::Attachment(taken)
        }
        "Conversation" => {
            let mut taken = Conversation::begin(conversation, workspace, contact, now);
            taken.retell(fields).map_err(fault)?;
            Taken::Conversation(Box::new(taken))
        }
        "HoldNote" => {
            let mut taken = HoldNote {
                workspace,
                conversation,
                reason: Text::parse("-").map_err(|_| fault("reason"))?,
                member: MemberId::new(now),
                placed_at: now,
            };
            taken.retell(fields).map_err(fault)?;
            Taken::Hold(taken)
        }
        "Message" => {
            let mut taken = Message::blank(workspace, conversation, now);
            taken.retell(fields).map_err(fault)?;
            // Files that had ended when the archive was made are in none of its parts.
            let kept = taken.files.iter().filter(|file| archive.has(file.id));
            taken.files = Files::new(kept.cloned().collect());
            Taken::Message(Box::new(taken))
        }
        _ => return Ok(None),
    }))
}
