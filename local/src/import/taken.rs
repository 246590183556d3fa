//! What the records of an archive become here.

use serde_json::Value;
use shared::{
    domain::{
        AppId, AttachmentId, CannedReplyId, ContactId, ConversationId, FlowId, MemberId, NoteId,
        SavedViewId, TeamId, Timestamp, VisitId, WorkspaceId,
        archive::Entry,
        attachment::{Files, MediaType},
        flow::Piece,
        hours::Zone,
        retention::CONVERSATION_DAYS,
        text::{FileName, Name, Text},
        token::SecretHash,
    },
    store::{
        Field, Record,
        app::{App, Label},
        assigning::{Assignment, Team},
        attachment::Attachment,
        call::{Call, CallQuality},
        contact::{Contact, Profile, Visit, VisitorContext},
        contact_note::ContactNote,
        conversation::Conversation,
        field::Bytes,
        flow::{Flow, FlowTests},
        flow_run::FlowRun,
        hold::HoldNote,
        hours::BusinessHours,
        message::{Audience, Message},
        record::Fields,
        saved_view::SavedView,
        shelf::CannedReply,
        subject::State,
        workspace::Workspace,
    },
};

use super::{
    Archive, ImportError, apps, calls,
    chosen::{Chosen, WorkingPlace},
    settings::{Setting, TakenPiece, TakenVersion},
};

/// What an archive's records become.
pub enum Taken {
    Contact(Contact),
    Profile(Profile),
    Context(VisitorContext),
    Visit(Visit),
    Note(ContactNote),
    /// It comes before the head of its conversation.
    Attachment(Attachment),
    Conversation(Box<Conversation>),
    Hold(HoldNote),
    /// It comes before the head of its conversation, too.
    Led(Box<FlowRun>),
    Message(Box<Message>),
    App(Box<App>),
    Call(Box<Call>),
    /// It comes after its call.
    Quality(Box<CallQuality>),
    Setting(Setting),
}

impl Taken {
    /// Whether only a workspace with conversations has a place for it.
    pub const fn is_of_conversations(&self) -> bool {
        match self {
            Self::Contact(_)
            | Self::Profile(_)
            | Self::Context(_)
            | Self::Visit(_)
            | Self::Note(_)
            | Self::Attachment(_)
            | Self::Conversation(_)
            | Self::Hold(_)
            | Self::Led(_)
            | Self::Message(_) => true,
            Self::App(_) | Self::Call(_) | Self::Quality(_) | Self::Setting(_) => false,
        }
    }
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
            let mut taken = Contact::begin(contact, workspace, now);
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
        "ContactNote" => {
            let mut taken = ContactNote {
                id: NoteId::new(now),
                workspace,
                contact,
                text: Text::parse("-").map_err(|_| fault("text"))?,
                member: MemberId::new(now),
                written_at: now,
            };
            taken.retell(fields).map_err(fault)?;
            Taken::Note(taken)
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
            // Archives of before these were told.
            let mut fields = fields.clone();
            for name in ["app", "asks_rating", "led_anew", "mails_offline"] {
                fields.entry(name).or_insert(Value::Null);
            }
            taken.retell(&fields).map_err(fault)?;
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
        "FlowRun" => {
            let mut taken = FlowRun {
                workspace,
                conversation,
                flow: FlowId::new(now),
                version: 0,
                standing: Piece::of(String::new()).ok_or_else(|| fault("standing"))?,
                deadline: None,
                handed_over_at: None,
                started_at: now,
                updated_at: now,
                rev: 1,
            };
            taken.retell(fields).map_err(fault)?;
            Taken::Led(Box::new(taken))
        }
        "App" => {
            let blank = Name::parse("-").map_err(|_| fault("name"))?;
            let app = apps::app(fields, workspace, now, &blank).map_err(fault)?;
            Taken::App(Box::new(app))
        }
        "Call" => {
            let call = calls::call(fields, workspace, now).map_err(fault)?;
            return Ok(call.map(|call| Taken::Call(Box::new(call))));
        }
        "CallQuality" => {
            let quality = calls::quality(fields, workspace, now).map_err(fault)?;
            Taken::Quality(Box::new(quality))
        }
        "Message" => {
            let mut taken = Message::blank(workspace, conversation, now);
            // Archives of before messages could answer others.
            let mut fields = fields.clone();
            fields.entry("reply_to_seq").or_insert(Value::Null);
            taken.retell(&fields).map_err(fault)?;
            // Files that had ended when the archive was made are in none of its parts.
            let kept = taken.files.iter().filter(|file| archive.has(file.id));
            taken.files = Files::new(kept.cloned().collect());
            Taken::Message(Box::new(taken))
        }
        _ => {
            let setting = setting(fields, &entry.kind, workspace, now).map_err(fault)?;
            return Ok(setting.map(Taken::Setting));
        }
    }))
}

/// A field by its name.
fn told<T: Field>(fields: &Fields, name: &'static str) -> Result<T, &'static str> {
    fields.get(name).and_then(T::retell).ok_or(name)
}

/// What a text that is sealed where it lies says.
fn said<'a>(fields: &'a Fields, name: &'static str) -> Result<&'a str, &'static str> {
    fields.get(name).and_then(|text| text.as_str()).ok_or(name)
}

/// What an entry tells of the workspace itself; none of a kind that is not taken over, and none of what is a
/// member's own.
fn setting(
    fields: &Fields,
    kind: &str,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Option<Setting>, &'static str> {
    let blank = Name::parse("-").map_err(|_| "name")?;
    let is_a_members =
        || Ok::<_, &'static str>(told::<Option<MemberId>>(fields, "member")?.is_some());
    Ok(Some(match kind {
        "WorkspacePolicy" => {
            let conversation_days = told(fields, "conversation_days")?;
            if !CONVERSATION_DAYS.contains(&conversation_days) {
                return Err("conversation_days");
            }
            Setting::Chosen(Chosen {
                profile: told(fields, "profile")?,
                modules: told(fields, "modules")?,
                conversation_days,
                second_factor_required: told(fields, "second_factor_required")?,
                visitor_mail: told(fields, "visitor_mail")?,
                default_team: told(fields, "default_team")?,
                calls_relay_only: told(fields, "calls_relay_only")?,
            })
        }
        "Workspace" => {
            let mut head = Workspace {
                id: workspace,
                name: blank,
                locale: None,
                time_zone: None,
                created_at: now,
                rev: 1,
            };
            head.retell(fields)?;
            Setting::Place(WorkingPlace {
                locale: head.locale,
                time_zone: head.time_zone,
            })
        }
        "BusinessHours" => {
            let mut hours = BusinessHours {
                workspace,
                zone: Zone::parse("UTC").map_err(|_| "zone")?,
                weekly: Vec::new(),
                exceptions: Vec::new(),
                created_at: now,
                rev: 1,
            };
            hours.retell(fields)?;
            hours.hours().map_err(|_| "weekly")?;
            Setting::Hours(hours)
        }
        "Team" => {
            let mut team = Team {
                id: TeamId::new(now),
                workspace,
                name: Label::new(&blank),
                assignment: Assignment::Manual,
                capacity: None,
                created_at: now,
                rev: 1,
            };
            team.retell(fields)?;
            if team
                .capacity
                .is_some_and(|most| !(1..=1000).contains(&most))
            {
                return Err("capacity");
            }
            Setting::Team(team)
        }
        "CannedReply" => {
            if is_a_members()? {
                return Ok(None);
            }
            let id: CannedReplyId = told(fields, "id")?;
            let text = Text::parse(said(fields, "text")?).map_err(|_| "text")?;
            let answer = CannedReply {
                id,
                workspace,
                member: None,
                name: told(fields, "name")?,
                // It is sealed when it is written.
                text: Bytes(Vec::new()),
                created_at: now,
                rev: 1,
            };
            Setting::Answer(answer, text)
        }
        "SavedView" => {
            if is_a_members()? {
                return Ok(None);
            }
            let id = SavedViewId::new(now);
            let mut view = SavedView::begin(id, workspace, None, Label::new(&blank), now);
            view.retell(fields)?;
            Setting::View(view)
        }
        "Flow" => {
            let mut flow = Flow {
                id: FlowId::new(now),
                workspace,
                name: blank,
                made_by: MemberId::new(now).into(),
                draft_bytes: 0,
                tests_required: false,
                last_version: 0,
                live_version: None,
                live_before: None,
                test_version: None,
                test_before: None,
                created_at: now,
                updated_at: now,
                rev: 1,
            };
            flow.retell(fields)?;
            Setting::Flow(Box::new(flow))
        }
        "FlowPiece" => Setting::Piece(TakenPiece {
            flow: told(fields, "flow")?,
            version: told(fields, "version")?,
            piece: told(fields, "piece")?,
            text: Piece::of(said(fields, "text")?.to_owned()).ok_or("text")?,
        }),
        "FlowTests" => {
            let mut tests = FlowTests {
                workspace,
                flow: FlowId::new(now),
                text: Piece::of(String::new()).ok_or("text")?,
                created_at: now,
            };
            tests.retell(fields)?;
            Setting::Tests(tests)
        }
        "FlowVersion" => Setting::Version(TakenVersion {
            flow: told(fields, "flow")?,
            number: told(fields, "number")?,
            published_by: told(fields, "published_by")?,
            published_at: told(fields, "published_at")?,
        }),
        _ => return Ok(None),
    }))
}
