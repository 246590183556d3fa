//! Something happened that services of the customer are told of: a delivery for each of them is written.
//!
//! What happened follows from the table's own stream, and the id of a delivery from what happened, so a
//! batch that comes again writes nothing twice. Messages are told by the head that counts them: they
//! wake nobody themselves.

mod filter;
mod others;

use std::collections::{BTreeMap, btree_map::Entry};

use shared::{
    app::App,
    domain::{
        AttachmentId, CallId, ContactId, ConversationId, FlowId, MemberId, RequestId, TeamId,
        TenantId, Timestamp, WorkspaceId,
        policy::{Lens, Policy},
        webhook::HookEvent,
    },
    lambda::stream::{Change, Record as Changed},
    store::{
        CommitError, Field, Item, Record as _, RootRef, Stored, Table, Transaction, Unsealed,
        attachment::Upload,
        call::Call,
        contact::{Contact, Profile},
        conversation::Conversation,
        db::key_of,
        job::Job,
        keys,
        message::{Event, MessageKind},
        privacy::PrivacyRequest,
        subject::State,
        webhook::{Delivery, Landmark, Webhook},
    },
};

use crate::{failure::Failure, image};
use filter::Belongs;

/// The endpoints of the workspaces of a batch, each read once.
#[derive(Default)]
pub struct Hooks(BTreeMap<WorkspaceId, Vec<Webhook>>);

/// Something that happened.
#[derive(Debug, PartialEq, Eq)]
struct Happened {
    event: HookEvent,
    conversation: Option<ConversationId>,
    seq: Option<u64>,
    contact: Option<ContactId>,
    attachment: Option<AttachmentId>,
    call: Option<CallId>,
    flow: Option<FlowId>,
    request: Option<RequestId>,
    /// What tells it from everything else that happens to the same.
    mark: String,
    at: Timestamp,
}

impl Happened {
    fn of(event: HookEvent, mark: impl Into<String>, at: Timestamp) -> Self {
        Self {
            event,
            conversation: None,
            seq: None,
            contact: None,
            attachment: None,
            call: None,
            flow: None,
            request: None,
            mark: mark.into(),
            at,
        }
    }
}

impl Hooks {
    /// Writes a delivery for every endpoint that is told of a change.
    pub async fn tell(&mut self, app: &App, record: &Changed) -> Result<(), Failure> {
        let images = &record.dynamodb;
        let (new, old) = (images.new_image.as_ref(), images.old_image.as_ref());
        let Some(image) = new.or(old) else {
            return Ok(());
        };
        let kind = image::kind(image);
        let told = [
            Call::DECLARATION.name,
            Contact::DECLARATION.name,
            Conversation::DECLARATION.name,
            Job::DECLARATION.name,
            PrivacyRequest::DECLARATION.name,
            Profile::DECLARATION.name,
            Upload::DECLARATION.name,
        ];
        let Some(place) =
            key_of(Table::Data, image).filter(|_| kind.is_some_and(|kind| told.contains(&kind)))
        else {
            return Ok(());
        };
        let root = RootRef::of(&place);
        // What accounts ask of the operator is no workspace's.
        let Some(TenantId::Workspace(workspace)) = root.tenant() else {
            return Ok(());
        };
        let now = app.clock.now();
        let policy = Policy::platform();
        let lens = Lens {
            now,
            policy: &policy,
        };
        let hooks = match self.0.entry(workspace) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(app.store.webhooks(workspace, lens).await?),
        };
        if hooks.is_empty() {
            return Ok(());
        }
        let at = images.created_at().unwrap_or(now);
        let id = root.id().to_owned();
        let is = |name: &str| kind == Some(name);
        let happened = if is(Conversation::DECLARATION.name) {
            let Ok(id) = id.parse() else {
                return Ok(());
            };
            let wanted = |event| hooks.iter().any(|hook| hook.wants(event));
            let mut all = conversation(app, (workspace, id), new, old, at).await?;
            let mut led = others::led(new, old, at);
            led.retain(|one| wanted(one.event));
            if !led.is_empty() {
                let flow = app.store.flow_of(workspace, id).await?;
                all.extend(led.into_iter().map(|one| Happened { flow, ..one }));
            }
            for one in &mut all {
                one.conversation = Some(id);
            }
            all
        } else if is(Contact::DECLARATION.name) || is(Profile::DECLARATION.name) {
            let Ok(id) = id.parse::<ContactId>() else {
                return Ok(());
            };
            let wanted = |event| hooks.iter().any(|hook| hook.wants(event));
            let mut all = match (is(Contact::DECLARATION.name), record.event_name) {
                (true, Change::Insert) => vec![Happened::of(HookEvent::ContactCreated, "new", at)],
                (true, Change::Remove) => vec![Happened::of(HookEvent::ContactDeleted, "gone", at)],
                (true, Change::Modify) => merged(new, old, at).into_iter().collect(),
                (false, Change::Insert | Change::Modify) if wanted(HookEvent::ContactUpdated) => {
                    profile(app, new, old, at).await?
                }
                _ => Vec::new(),
            };
            for one in &mut all {
                one.contact = Some(id);
            }
            all
        } else {
            others::happened(new, old, at)
        };
        let tenant = TenantId::Workspace(workspace);
        let mut belongs = is(Conversation::DECLARATION.name).then(|| Belongs::of(&[new, old]));
        for one in happened {
            for hook in hooks.iter().filter(|hook| hook.wants(one.event)) {
                if let Some(about) = one.conversation.filter(|_| hook.is_choosy()) {
                    let known = match belongs.take() {
                        Some(known) => known,
                        None => Belongs::now(app, workspace, about).await?,
                    };
                    // All that one change tells is about one conversation.
                    if !belongs.insert(known).suits(hook) {
                        continue;
                    }
                }
                let tenant_key = app.store.tenant_key(tenant, now).await?;
                let what = format!("{root}|{}", one.mark);
                let id = hook.delivery_id(&tenant_key, one.event, &what, one.at);
                let delivery = Delivery {
                    conversation: one.conversation,
                    seq: one.seq,
                    contact: one.contact,
                    attachment: one.attachment,
                    call: one.call,
                    flow: one.flow,
                    request: one.request,
                    ..Delivery::new(hook, id, one.event, (one.at, now))
                };
                let mut transaction = Transaction::new(now);
                transaction.create(&Stored::new(delivery, &policy), &Unsealed)?;
                transaction.check_live(keys::policy(workspace));
                match app.store.commit(transaction).await {
                    // It is there already, or the workspace is going.
                    Ok(()) | Err(CommitError::Refused(_)) => {}
                    Err(CommitError::Store(error)) => return Err(error.into()),
                }
            }
        }
        Ok(())
    }
}

/// What happened to a conversation between two images of its head.
async fn conversation(
    app: &App,
    (workspace, id): (WorkspaceId, ConversationId),
    new: Option<&Item>,
    old: Option<&Item>,
    at: Timestamp,
) -> Result<Vec<Happened>, Failure> {
    let Some(new) = new else {
        return Ok(vec![Happened::of(
            HookEvent::ConversationDeleted,
            "gone",
            at,
        )]);
    };
    let mut happened = Vec::new();
    if old.is_none() {
        let began = field::<Timestamp>(new, "created_at").unwrap_or(at);
        happened.push(Happened::of(HookEvent::ConversationCreated, "new", began));
    }
    let seq = |image: Option<&Item>| image.and_then(|head| field::<u64>(head, "seq"));
    let (before, now) = (seq(old).unwrap_or(0), seq(Some(new)).unwrap_or(0));
    let lines = app
        .store
        .landmarks(workspace, id, (before + 1, now))
        .await?;
    happened.extend(lines.into_iter().filter_map(line));
    let who = |head: &Item| {
        let (assignee, team) = ("assignee", "team");
        (
            field::<MemberId>(head, assignee),
            field::<TeamId>(head, team),
        )
    };
    let is_live = field::<State>(new, "state") == Some(State::Live);
    // What is given away without a line in the transcript: what a member left behind, closed. By the number
    // and not by the lines: those may have gone when the record comes a second time.
    if is_live && before == now && old.is_some_and(|old| who(old) != who(new)) {
        let rev = field::<u64>(new, "rev").unwrap_or(0);
        happened.push(Happened::of(
            HookEvent::ConversationAssigned,
            format!("rev {rev}"),
            at,
        ));
    }
    Ok(happened)
}

/// What a new message of a thread tells of.
fn line(message: Landmark) -> Option<Happened> {
    let (seq, subject) = (message.seq, message.subject_seq);
    let (event, about) = match message.kind {
        MessageKind::System => match message.event? {
            Event::Assigned
            | Event::AssignedInTurn
            | Event::AssignedToLeastBusy
            | Event::Claimed
            | Event::PutToTeam
            | Event::TakenFromTeam
            | Event::Unassigned => (HookEvent::ConversationAssigned, seq),
            Event::Closed => (HookEvent::ConversationClosed, seq),
            Event::MessageDeleted => (HookEvent::MessageDeleted, subject?),
            Event::MessageEdited => (HookEvent::MessageEdited, subject?),
            Event::MessageRedacted => (HookEvent::MessageRedacted, subject?),
            _ => (HookEvent::ConversationUpdated, seq),
        },
        MessageKind::Note | MessageKind::Text => (HookEvent::MessageCreated, seq),
    };
    Some(Happened {
        seq: Some(about),
        ..Happened::of(event, format!("line {seq}"), message.sent_at)
    })
}

/// Whether a contact is one person with others, as it was not before.
fn merged(new: Option<&Item>, old: Option<&Item>, at: Timestamp) -> Option<Happened> {
    let new = new?;
    let together = new.get("same_person")?;
    if old?.get("same_person") == Some(together) {
        return None;
    }
    let rev = field::<u64>(new, "rev").unwrap_or(0);
    Some(Happened::of(
        HookEvent::ContactMerged,
        format!("rev {rev}"),
        at,
    ))
}

/// Whether what a contact told of itself is another now: every visit writes the row.
async fn profile(
    app: &App,
    new: Option<&Item>,
    old: Option<&Item>,
    at: Timestamp,
) -> Result<Vec<Happened>, Failure> {
    let Some(new) = new else {
        return Ok(Vec::new());
    };
    let Some((new, _)) = image::open::<Profile>(app, new).await? else {
        return Ok(Vec::new());
    };
    let old = match old {
        Some(old) => image::open::<Profile>(app, old).await?,
        None => None,
    };
    let told = |one: &Profile| {
        (
            one.name.as_ref().map(|name| name.reveal().to_owned()),
            one.email.as_ref().map(|email| email.reveal().to_owned()),
            one.external_id.as_ref().map(|id| id.reveal().to_owned()),
        )
    };
    let mark = format!("rev {}", new.rev);
    let before = old.map(|(old, _)| told(&old)).unwrap_or_default();
    let changed = told(&new) != before;
    let happened = changed.then(|| Happened::of(HookEvent::ContactUpdated, mark, at));
    Ok(happened.into_iter().collect())
}

fn field<T: Field>(item: &Item, name: &str) -> Option<T> {
    T::read(item.get(name))
}
