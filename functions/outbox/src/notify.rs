//! Something happened that people want to hear of: a notification for each of them is written.
//!
//! What happened follows from the table's own stream, and the id of a notification from what happened and
//! whom it is for, so a batch that comes again writes nothing twice. Whether somebody may still hear of it
//! is asked when it is sent. Mail goes the way of every notice to an account.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use shared::{
    app::App,
    domain::{
        ContactId, ConversationId, MemberId, NoticeId, Permission, TeamId, TenantId, Timestamp,
        WorkspaceId,
        policy::{Lens, Module, Policy},
        push::{Channel, NotifyEvent},
    },
    lambda::stream::{Change, Record as Changed},
    store::{
        CommitError, Field, Item, Query, Record as _, RootRef, Stored, SubjectId, Table, TenantKey,
        Transaction, Unsealed,
        account::LoginSession,
        conversation::{Conversation, Mention},
        db::key_of,
        keys,
        message::{Event, MessageKind},
        notice::{Notice, NoticeKind},
        notification::{MailWanted, News, Notification, PushSender, Tidings},
        record::read_item,
        subject::State,
        webhook::Landmark,
        workspace::WorkspacePolicy,
    },
};

use crate::{failure::Failure, image};

/// Of a conversation somebody gets one mail an hour about one kind of thing.
const HOUR_MS: i64 = 60 * 60 * 1000;

/// What a workspace has people told by, besides the product itself.
#[derive(Clone, Debug)]
struct Desk {
    /// On devices.
    pushes: bool,
    /// By mail.
    mails: bool,
    /// How long what they are shown is kept.
    policy: Policy,
}

/// The desks of the workspaces of a batch, each read once; none where there are no conversations.
#[derive(Default)]
pub struct Desks(BTreeMap<WorkspaceId, Option<Desk>>);

/// Something that happened.
#[derive(Debug, PartialEq, Eq)]
struct Happened {
    event: NotifyEvent,
    to: To,
    /// Who did it: they know.
    by: Option<SubjectId>,
    seq: Option<u64>,
    /// How far the conversation is with it.
    line: u64,
    /// What tells it from everything else that happens to the conversation.
    mark: String,
    at: Timestamp,
}

/// Whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Contact(ContactId),
    Everybody,
    Member(MemberId),
    Team(TeamId),
}

impl Desks {
    /// Writes a notification for everybody who is to be told of a change.
    pub async fn tell(&mut self, app: &App, record: &Changed) -> Result<(), Failure> {
        let images = &record.dynamodb;
        if record.event_name == Change::Remove {
            return match &images.old_image {
                Some(old) => signed_out(app, old).await,
                None => Ok(()),
            };
        }
        let Some(new) = &images.new_image else {
            return Ok(());
        };
        let kind = image::kind(new);
        let is_head = kind == Some(Conversation::DECLARATION.name);
        let is_mention = kind == Some(Mention::DECLARATION.name);
        let Some(workspace) = field::<WorkspaceId>(new, "workspace") else {
            return Ok(());
        };
        if !is_head && !is_mention {
            return Ok(());
        }
        let Some(desk) = self.of(app, workspace).await? else {
            return Ok(());
        };
        let at = images.created_at().unwrap_or_else(|| app.clock.now());
        let conversation = match is_head {
            true => field::<ConversationId>(new, "id"),
            false => field::<ConversationId>(new, "conversation"),
        };
        let Some(conversation) = conversation else {
            return Ok(());
        };
        let happened = match is_head {
            true => {
                of_head(
                    app,
                    (workspace, conversation),
                    new,
                    images.old_image.as_ref(),
                    at,
                )
                .await?
            }
            false => of_mention(new).into_iter().collect(),
        };
        for one in happened {
            let told = Telling {
                app,
                workspace,
                conversation,
                desk,
            };
            told.all(one).await?;
        }
        Ok(())
    }

    async fn of(&mut self, app: &App, workspace: WorkspaceId) -> Result<Option<&Desk>, Failure> {
        let desk = match self.0.entry(workspace) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(desk(app, workspace).await?),
        };
        Ok(desk.as_ref())
    }
}

/// What a workspace has people told by. One read: its policy and what it set up lie side by side.
async fn desk(app: &App, workspace: WorkspaceId) -> Result<Option<Desk>, Failure> {
    let at_policy = keys::policy(workspace);
    let query = Query::partition(at_policy.pk.clone())
        .between(at_policy.sk.clone(), format!("{}~", keys::PUSH));
    let items = app.store.query(query).await?;
    let platform = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &platform,
    };
    let (mut pushes, mut mails) = (false, false);
    let mut policy = None;
    for item in &items {
        match image::kind(item) {
            Some(kind) if kind == WorkspacePolicy::DECLARATION.name => {
                let row = read_item::<WorkspacePolicy>(item, &Unsealed, lens)?;
                let row = row.filter(|row| row.state == State::Live);
                let row = row.map(|row| row.policy());
                policy = row.filter(|policy| policy.has(Module::Conversations));
            }
            Some(kind) if kind == PushSender::DECLARATION.name => pushes = true,
            Some(kind) if kind == MailWanted::DECLARATION.name => mails = true,
            _ => {}
        }
    }
    let policy = policy.filter(|policy| !policy.suspended);
    Ok(policy.map(|policy| {
        let is_on = policy.has(Module::Push);
        Desk {
            pushes: pushes && is_on,
            mails: mails && is_on,
            policy,
        }
    }))
}

/// What happened to a conversation between two images of its head.
async fn of_head(
    app: &App,
    (workspace, id): (WorkspaceId, ConversationId),
    new: &Item,
    old: Option<&Item>,
    at: Timestamp,
) -> Result<Vec<Happened>, Failure> {
    let (Some(contact), Some(State::Live)) = (
        field::<ContactId>(new, "contact"),
        field::<State>(new, "state"),
    ) else {
        return Ok(Vec::new());
    };
    let assignee = field::<MemberId>(new, "assignee");
    let team = field::<TeamId>(new, "team");
    let seq = |image: Option<&Item>| image.and_then(|head| field::<u64>(head, "seq"));
    let (before, now) = (seq(old).unwrap_or(0), seq(Some(new)).unwrap_or(0));
    let lines = app
        .store
        .landmarks(workspace, id, (before + 1, now))
        .await?;
    let mut happened: Vec<Happened> = lines
        .into_iter()
        .filter_map(|line| of_line(line, contact, assignee, team))
        .collect();
    // Where visitors begin with nothing, nothing has happened yet.
    let began = before == 0 && now > 0 && assignee.is_none();
    if began {
        let (event, to) = match team {
            Some(team) => (NotifyEvent::Team, To::Team(team)),
            None => (NotifyEvent::Unassigned, To::Everybody),
        };
        happened.push(Happened {
            event,
            to,
            by: None,
            seq: Some(1),
            line: 1,
            mark: "new".to_owned(),
            at,
        });
    }
    let rated = |image: Option<&Item>| image.and_then(|head| field::<Timestamp>(head, "rated_at"));
    if let (Some(assignee), Some(when)) = (assignee, rated(Some(new)))
        && rated(old) != Some(when)
    {
        happened.push(Happened {
            event: NotifyEvent::Rated,
            to: To::Member(assignee),
            by: None,
            seq: None,
            line: now,
            mark: format!("rated {}", when.ms()),
            at,
        });
    }
    Ok(happened)
}

/// Whom a new line of a thread concerns.
fn of_line(
    line: Landmark,
    contact: ContactId,
    assignee: Option<MemberId>,
    team: Option<TeamId>,
) -> Option<Happened> {
    let is_visitor = matches!(line.author, Some(SubjectId::Contact(_)));
    let (event, to) = match line.kind {
        MessageKind::Text if is_visitor => (NotifyEvent::Message, To::Member(assignee?)),
        MessageKind::Text => (NotifyEvent::Message, To::Contact(contact)),
        // Who is named in one is told by the mention.
        MessageKind::Note => return None,
        MessageKind::System => match line.event? {
            Event::Assigned | Event::AssignedInTurn | Event::AssignedToLeastBusy => {
                (NotifyEvent::Assigned, To::Member(assignee?))
            }
            Event::PutToTeam => (NotifyEvent::Team, To::Team(team?)),
            _ => return None,
        },
    };
    Some(Happened {
        event,
        to,
        by: line.author,
        // What a visitor wrote is read when it was read; a line of the system is not what is waited for.
        seq: (line.kind == MessageKind::Text).then_some(line.seq),
        line: line.seq,
        mark: format!("line {}", line.seq),
        at: line.sent_at,
    })
}

/// That somebody was named.
fn of_mention(mention: &Item) -> Option<Happened> {
    let seq = field::<u64>(mention, "seq")?;
    Some(Happened {
        event: NotifyEvent::Mention,
        to: To::Member(field(mention, "member")?),
        by: None,
        seq: Some(seq),
        line: seq,
        mark: format!("line {seq}"),
        at: field(mention, "mentioned_at")?,
    })
}

/// Where something happened.
#[derive(Clone, Copy)]
struct Telling<'a> {
    app: &'a App,
    workspace: WorkspaceId,
    conversation: ConversationId,
    desk: &'a Desk,
}

impl Telling<'_> {
    async fn all(self, one: Happened) -> Result<(), Failure> {
        let store = &self.app.store;
        let members: BTreeSet<MemberId> = match one.to {
            To::Contact(contact) => return self.contact(contact, &one).await,
            To::Member(member) => [member].into(),
            To::Team(team) => store
                .teammates(self.workspace, team)
                .await?
                .into_iter()
                .collect(),
            To::Everybody => {
                let told = store.told_of_unassigned(self.workspace).await?;
                told.into_iter().collect()
            }
        };
        let knows = |member: &MemberId| one.by == Some(SubjectId::Member(*member));
        for member in members.into_iter().filter(|member| !knows(member)) {
            self.member(member, &one).await?;
        }
        Ok(())
    }

    fn tidings<'a>(&self, one: &'a Happened) -> Tidings<'a> {
        Tidings {
            event: one.event,
            conversation: self.conversation,
            seq: one.seq,
            mark: &one.mark,
            at: one.at,
        }
    }

    async fn contact(self, contact: ContactId, one: &Happened) -> Result<(), Failure> {
        let recipient = SubjectId::Contact(contact);
        if self.desk.pushes && self.app.store.has_device(recipient, self.workspace).await? {
            self.push(recipient, one).await?;
        }
        Ok(())
    }

    async fn member(self, member: MemberId, one: &Happened) -> Result<(), Failure> {
        let store = &self.app.store;
        let recipient = SubjectId::Member(member);
        let wishes = store.wishes(self.workspace, member).await?;
        let pushes = self.desk.pushes && wishes.push.contains(&one.event);
        if pushes && store.has_device(recipient, self.workspace).await? {
            self.push(recipient, one).await?;
        }
        if self.desk.mails && wishes.email.contains(&one.event) {
            self.mail(member, one).await?;
        }
        if wishes.in_app.contains(&one.event) {
            self.show(member, one).await?;
        }
        Ok(())
    }

    /// Writes what a member is shown of the conversation. Whether they see it is asked when they look.
    async fn show(self, member: MemberId, one: &Happened) -> Result<(), Failure> {
        let now = self.app.clock.now();
        let news = News {
            workspace: self.workspace,
            member,
            conversation: self.conversation,
            event: one.event,
            seq: one.line,
            happened_at: one.at,
        };
        let mut transaction = Transaction::new(now);
        transaction.overwrite(&Stored::new(news, &self.desk.policy), &Unsealed)?;
        // Told late, it must not outlive what it tells of.
        transaction.check_live(keys::conversation(self.workspace, self.conversation));
        transaction.check_live(keys::membership(self.workspace, member));
        self.commit(transaction).await
    }

    async fn key(self) -> Result<TenantKey, Failure> {
        let tenant = TenantId::Workspace(self.workspace);
        let now = self.app.clock.now();
        Ok(self.app.store.tenant_key(tenant, now).await?)
    }

    /// Writes that somebody is told on their devices.
    async fn push(self, recipient: SubjectId, one: &Happened) -> Result<(), Failure> {
        let now = self.app.clock.now();
        let tenant_key = self.key().await?;
        let tidings = self.tidings(one);
        let row = Notification::new(self.workspace, recipient, tidings, &tenant_key, now);
        let mut transaction = Transaction::new(now);
        transaction.create(&Stored::new(row, &Policy::platform()), &Unsealed)?;
        self.commit(transaction).await
    }

    /// Writes that somebody is told by mail, if they may see the conversation.
    async fn mail(self, member: MemberId, one: &Happened) -> Result<(), Failure> {
        let Some(kind) = kind_of(one.event) else {
            return Ok(());
        };
        let (app, workspace) = (self.app, self.workspace);
        let now = app.clock.now();
        let seats = app.store.seats_of(workspace, &[member], now).await?;
        let place = keys::conversation(workspace, self.conversation);
        let fetched = app.store.batch(vec![place.clone()]).await?;
        let platform = Policy::platform();
        let lens = Lens {
            now,
            policy: &platform,
        };
        let head = fetched.get::<Conversation>(&place, &Unsealed, lens)?;
        let (Some(seat), Some(head)) = (seats.get(&member), head) else {
            return Ok(());
        };
        let may =
            seat.role.may(Permission::ConversationsRead) && seat.sight().sees(head.standing());
        if !may || head.state != State::Live {
            return Ok(());
        }
        let tenant_key = self.key().await?;
        let hour = format!("hour {}", one.at.ms() / HOUR_MS);
        let tidings = Tidings {
            mark: &hour,
            ..self.tidings(one)
        };
        let effect = tidings.effect(&tenant_key, SubjectId::Member(member), Channel::Email);
        let notice = Notice::new(seat.account, kind, now).in_workspace(workspace);
        let began = Timestamp::from_ms(one.at.ms() / HOUR_MS * HOUR_MS);
        let notice = Notice {
            id: NoticeId::derived(began, effect.as_bytes()),
            ..notice
        };
        let mut transaction = Transaction::new(now);
        transaction.notify(notice)?;
        self.commit(transaction).await
    }

    async fn commit(self, transaction: Transaction) -> Result<(), Failure> {
        match self.app.store.commit(transaction).await {
            // It is there already.
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }
}

/// What a mail about an event is.
const fn kind_of(event: NotifyEvent) -> Option<NoticeKind> {
    Some(match event {
        NotifyEvent::Assigned => NoticeKind::ConversationAssigned,
        NotifyEvent::Mention => NoticeKind::Mentioned,
        NotifyEvent::Message => NoticeKind::VisitorWrote,
        NotifyEvent::Rated => NoticeKind::ConversationRated,
        NotifyEvent::Team => NoticeKind::TeamGotConversation,
        NotifyEvent::Unassigned => NoticeKind::ConversationBegan,
        // Nobody reads a mail as long as it rings.
        NotifyEvent::Call | NotifyEvent::Test => return None,
    })
}

/// A sign-in is over: the devices that it brought go with it.
async fn signed_out(app: &App, old: &Item) -> Result<(), Failure> {
    if image::kind(old) != Some(LoginSession::DECLARATION.name) {
        return Ok(());
    }
    let Some(place) = key_of(Table::Data, old) else {
        return Ok(());
    };
    let (Ok(account), Ok(session)) = (RootRef::of(&place).id().parse(), place.sk.parse()) else {
        return Ok(());
    };
    let platform = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &platform,
    };
    for place in app.store.places(account, lens).await? {
        app.store
            .end_devices(place.workspace, place.member, session)
            .await?;
    }
    Ok(())
}

fn field<T: Field>(item: &Item, name: &str) -> Option<T> {
    T::read(item.get(name))
}
