//! `sotto import`: takes the conversations of an archive over into a workspace, here or elsewhere, and what
//! the workspace set up around them.
//!
//! An archive is what an export wrote: a manifest and its parts, as they were downloaded. Contacts with
//! their visits, conversations and their files keep their ids, so that importing twice changes nothing, what an import that was cut
//! off has left out comes with the next, and exporting again tells the same. What is there already is
//! never overwritten. Whoever was erased here does not come back with an archive, and what the
//! workspace's retention has ended is not taken over.
//!
//! A conversation is there with its head, which is written last, in one transaction with its key: what
//! a crash leaves before that nobody can find or read, and it ends by its own time.

mod apps;
mod archive;
mod calls;
pub mod chatwoot;
mod chosen;
mod files;
mod report;
mod settings;
mod taken;

use std::collections::BTreeMap;
use std::path::Path;

use shared::{
    app::App,
    domain::{
        ContactId, ConversationId, Policy, TeamId, Timestamp, WorkspaceId,
        archive::ArchiveFault,
        policy::{Lens, Module},
        receipt::Erased,
    },
    store::{
        Key, Record, StoreError, Stored, TenantKey, Transaction, Unsealed,
        app::App as Stock,
        attachment::Attachment,
        audit::{Deed, Line},
        call::{Call, CallQuality},
        contact::{Contact, ExternalOwner, Profile, Visit, VisitorContext},
        contact_note::ContactNote,
        conversation::{Conversation, Status},
        erasure::Erasure,
        flow_run::FlowRun,
        hold::HoldNote,
        keyring::{NewDataKey, Use},
        keys,
        ledger::LedgerError,
        message::Message,
        subject::State,
        transaction::CommitError,
        workspace::WorkspacePolicy,
    },
};

pub use archive::Archive;
pub use report::Report;
use settings::Building;
use taken::{Taken, take};

/// How many messages are written at once.
const PAGE: usize = 50;

/// Why an archive was not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read.
    #[error("{0}")]
    File(String),
    /// A file is no part of this archive.
    #[error("{0}: {1}")]
    Archive(String, ArchiveFault),
    /// It holds one person's own copy, and not a workspace's.
    #[error(
        "this archive is about {0}; only those of a workspace or of one of its contacts are taken over"
    )]
    About(String),
    /// A record has another form.
    #[error("part {0}: a {1} without a readable field `{2}`; nothing was taken over")]
    Form(u32, String, &'static str),
    /// There is no such workspace, or it cannot take conversations.
    #[error("there is no workspace {0} that keeps conversations or calls")]
    Workspace(WorkspaceId),
    /// The ledger of erasures, which says what must not come back, is at fault.
    #[error("the ledger of erasures: {0}")]
    Ledger(#[from] LedgerError),
    /// Storage failed.
    #[error("{0}; run it again, it goes on from where it is")]
    Store(#[from] StoreError),
}

/// Takes the archive in `folder` over into a workspace. `say` hears what is done.
///
/// # Errors
/// When the archive is not whole, which is looked at before anything is written, or storage fails.
pub async fn run(
    app: &App,
    folder: &Path,
    workspace: WorkspaceId,
    mut say: impl FnMut(String),
) -> Result<Report, ImportError> {
    let archive = Archive::open(folder)?;
    let now = app.clock.now();
    let mut left_out = BTreeMap::<String, u64>::new();
    for part in archive.parts() {
        let part = part?;
        for entry in &part.records {
            if take(&archive, entry, workspace, now, part.part)?.is_none() {
                *left_out.entry(entry.kind.clone()).or_default() += 1;
            }
        }
    }
    archive.check_files()?;
    say(format!(
        "The archive is whole: {} records in {} parts, and {} files.",
        archive.records(),
        archive.len(),
        archive.files()
    ));
    let mut run = Run::begin(app, Some(&archive), workspace, now).await?;
    run.report.left_out = left_out;
    for part in archive.parts() {
        let part = part?;
        for entry in &part.records {
            if let Some(taken) = take(&archive, entry, workspace, now, part.part)? {
                run.next(taken).await?;
            }
        }
        say(format!("Part {} of {}.", part.part, archive.last()));
    }
    run.flush().await?;
    run.write_apps().await?;
    run.choose_team().await?;
    Ok(run.report)
}

/// A contact, until all that it told is together.
#[derive(Default)]
struct Person {
    contact: Option<Contact>,
    profile: Option<Profile>,
    context: Option<VisitorContext>,
    visits: Vec<Visit>,
    notes: Vec<ContactNote>,
}

/// A conversation, until its last message was read.
struct Thread {
    head: Conversation,
    policy: Policy,
    key: NewDataKey,
    hold: Option<HoldNote>,
    /// The flow that led it, and is done.
    led: Option<FlowRun>,
    messages: Vec<Message>,
}

struct Run<'a> {
    app: &'a App,
    /// Where the files lie, if what comes has some.
    archive: Option<&'a Archive>,
    workspace: WorkspaceId,
    now: Timestamp,
    policy: Policy,
    tenant_key: TenantKey,
    person: (Option<ContactId>, Person),
    /// Who got what visitors began, until the teams have come.
    default_team: Option<TeamId>,
    /// The flow that is coming.
    flow: Option<Building>,
    /// Files whose conversation has not come yet.
    files: Vec<Attachment>,
    /// The flow that led the conversation which comes next.
    led: Option<FlowRun>,
    thread: Option<Thread>,
    /// Apps, until the teams have come.
    apps: Vec<Stock>,
    /// The call that came last.
    call: Option<(Call, Vec<CallQuality>)>,
    /// What the ledger says of calls that were deleted; read with the first call.
    deletions: Option<Vec<Erased>>,
    report: Report,
}

impl<'a> Run<'a> {
    async fn begin(
        app: &'a App,
        archive: Option<&'a Archive>,
        workspace: WorkspaceId,
        now: Timestamp,
    ) -> Result<Self, ImportError> {
        let row = row_of(app, workspace, now).await?;
        let open = |row: &WorkspacePolicy| row.state == State::Live && row.closes_at.is_none();
        let policy = row.filter(open).map(|row| row.policy());
        let takes = [Module::Conversations, Module::Sessions];
        let policy = policy
            .filter(|policy| takes.iter().any(|module| policy.has(*module)))
            .ok_or(ImportError::Workspace(workspace))?;
        let tenant_key = app.store.tenant_key(workspace.into(), now).await?;
        // Owners see in their log that it began, and when.
        let line = Line::of_the_system(&tenant_key, workspace, Deed::ArchiveImported, now);
        let mut transaction = Transaction::new(now);
        transaction.audit(line.begun())?;
        committed(app.store.commit(transaction).await)?;
        Ok(Self {
            app,
            archive,
            workspace,
            now,
            policy,
            tenant_key,
            person: (None, Person::default()),
            default_team: None,
            flow: None,
            files: Vec::new(),
            led: None,
            thread: None,
            apps: Vec::new(),
            call: None,
            deletions: None,
            report: Report::default(),
        })
    }

    /// The policy of the workspace, as it is now.
    async fn row(&self) -> Result<WorkspacePolicy, ImportError> {
        let row = row_of(self.app, self.workspace, self.now).await?;
        row.ok_or(ImportError::Workspace(self.workspace))
    }

    /// The next record, in the order of the archive: what belongs to one root comes together.
    async fn next(&mut self, taken: Taken) -> Result<(), ImportError> {
        if taken.is_of_conversations() && !self.policy.has(Module::Conversations) {
            self.report.conversations_not_on += 1;
            return Ok(());
        }
        match taken {
            Taken::App(app) => self.apps.push(*app),
            Taken::Call(call) => self.next_call(*call).await?,
            Taken::Quality(quality) => self.next_quality(*quality),
            Taken::Led(run) => self.led = Some(*run),
            Taken::Setting(setting) => self.next_setting(setting).await?,
            Taken::Contact(contact) => {
                self.meet(contact.id).await?;
                self.person.1.contact = Some(contact);
            }
            Taken::Profile(profile) => {
                self.meet(profile.contact).await?;
                self.person.1.profile = Some(profile);
            }
            Taken::Context(context) => {
                self.meet(context.contact).await?;
                self.person.1.context = Some(context);
            }
            Taken::Visit(visit) => {
                self.meet(visit.contact).await?;
                self.person.1.visits.push(visit);
            }
            Taken::Note(note) => {
                self.meet(note.contact).await?;
                self.person.1.notes.push(note);
            }
            Taken::Attachment(file) => {
                if self
                    .files
                    .last()
                    .is_some_and(|last| last.conversation != file.conversation)
                {
                    self.files.clear();
                }
                self.files.push(file);
            }
            Taken::Conversation(head) => self.open(*head).await?,
            Taken::Hold(note) => {
                if let Some(thread) = self.thread_of(note.conversation) {
                    thread.hold = Some(note);
                }
            }
            Taken::Message(message) => {
                let now = self.now;
                let Some(thread) = self.thread_of(message.conversation) else {
                    return Ok(());
                };
                let stored = Stored::new((*message).clone(), &thread.policy);
                if stored.expiry().has_passed(now) {
                    self.report.over += 1;
                    return Ok(());
                }
                thread.messages.push(*message);
                if thread.messages.len() >= PAGE {
                    self.write_messages().await?;
                }
            }
        }
        Ok(())
    }

    fn thread_of(&mut self, id: ConversationId) -> Option<&mut Thread> {
        self.thread.as_mut().filter(|thread| thread.head.id == id)
    }

    /// A record of this contact: whoever came before is complete.
    async fn meet(&mut self, id: ContactId) -> Result<(), ImportError> {
        if self.person.0 != Some(id) {
            self.flush().await?;
            self.person = (Some(id), Person::default());
        }
        Ok(())
    }

    /// Writes whoever is complete.
    async fn flush(&mut self) -> Result<(), ImportError> {
        self.finish_flow().await?;
        self.finish_call().await?;
        self.close().await?;
        let (_, person) = std::mem::take(&mut self.person);
        match person.contact.clone() {
            Some(contact) => self.write_contact(contact, person).await,
            None => Ok(()),
        }
    }

    async fn write_contact(&mut self, contact: Contact, person: Person) -> Result<(), ImportError> {
        let Person {
            profile,
            context,
            visits,
            notes,
            ..
        } = person;
        let id = contact.id;
        let place = keys::contact(self.workspace, id);
        let at_erasure = keys::erasure(Erasure::of_contact(id));
        let external = profile
            .as_ref()
            .and_then(|profile| profile.external_id.as_ref());
        let external = external.map(|external| {
            let hash = self.tenant_key.hash(Use::ExternalId, external.reveal());
            ExternalOwner {
                workspace: self.workspace,
                external: hash,
                contact: id,
                kept_from: contact.last_seen_at,
            }
        });
        let at_external = external.as_ref().map(Record::key);
        let wanted = [place.clone(), at_erasure.clone()].into_iter();
        let wanted: Vec<Key> = wanted.chain(at_external.clone()).collect();
        let there = self.app.store.there(wanted).await?;
        if there.contains(&at_erasure) {
            self.report.erased += 1;
            return Ok(());
        }
        if there.contains(&place) {
            self.report.there += 1;
            return Ok(());
        }
        let head = Stored::new(contact, &self.policy);
        if head.expiry().has_passed(self.now) {
            self.report.over += 1;
            return Ok(());
        }
        // Visits first: without their contact nobody finds them, and they end by their own time.
        for page in visits.chunks(PAGE) {
            let mut transaction = Transaction::new(self.now);
            let visits = page
                .iter()
                .filter_map(|visit| self.lasting(Some(visit.clone())));
            let mut count = 0;
            for visit in visits {
                transaction.overwrite(&visit, &Unsealed)?;
                count += 1;
            }
            if count > 0 {
                committed(self.app.store.commit(transaction).await)?;
            }
        }
        let key = self.tenant_key.new_data_key(&place, self.now)?;
        // Notes as well: without their contact nobody can read them, and they go for having none.
        for page in notes.chunks(PAGE) {
            let mut transaction = Transaction::new(self.now);
            for note in page {
                let note = Stored::new(note.clone(), &self.policy);
                transaction.overwrite(&note, &key.key)?;
            }
            committed(self.app.store.commit(transaction).await)?;
        }
        let mut transaction = Transaction::new(self.now);
        transaction.create_root(&head, &Unsealed, &key)?;
        if let Some(profile) = self.lasting(profile) {
            transaction.create(&profile, &key.key)?;
        }
        if let Some(context) = self.lasting(context) {
            transaction.create(&context, &key.key)?;
        }
        // Somebody else bears that name here already: they keep it.
        let free = at_external.is_some_and(|place| !there.contains(&place));
        if let Some(external) = self.lasting(external.filter(|_| free)) {
            transaction.create(&external, &Unsealed)?;
        }
        match self.app.store.commit(transaction).await {
            Ok(()) => self.report.contacts += 1,
            Err(CommitError::Refused(_)) => self.report.there += 1,
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        Ok(())
    }

    /// The record with its end, unless that has come.
    fn lasting<R: Record>(&self, record: Option<R>) -> Option<Stored<R>> {
        let stored = Stored::new(record?, &self.policy);
        (!stored.expiry().has_passed(self.now)).then_some(stored)
    }

    /// The head of a conversation: its messages follow.
    async fn open(&mut self, mut head: Conversation) -> Result<(), ImportError> {
        self.flush().await?;
        let led = self.led.take().filter(|run| run.conversation == head.id);
        let place = keys::conversation(self.workspace, head.id);
        let at_member = head
            .assignee
            .map(|member| keys::membership(self.workspace, member));
        let at_team = head.team.map(|team| keys::team(self.workspace, team));
        let at_erasure = keys::erasure(Erasure::of_contact(head.contact));
        let at_contact = keys::contact(self.workspace, head.contact);
        let wanted = [place.clone(), at_erasure.clone(), at_contact.clone()].into_iter();
        let wanted = wanted.chain(at_member.clone()).chain(at_team.clone());
        let wanted: Vec<Key> = wanted.collect();
        let there = self.app.store.there(wanted).await?;
        if there.contains(&at_erasure) || !there.contains(&at_contact) {
            return Ok(());
        }
        if there.contains(&place) {
            self.report.there += 1;
            return Ok(());
        }
        // Where its team found no room, it waits for the workspace.
        if at_team.is_some_and(|team| !there.contains(&team)) {
            head.team = None;
        }
        if at_member.is_some_and(|member| !there.contains(&member)) {
            head.assignee = None;
            self.report.unassigned += 1;
        }
        let lens = Lens {
            now: self.now,
            policy: &self.policy,
        };
        let policy = head.policy(lens);
        if Stored::new(head.clone(), &policy)
            .expiry()
            .has_passed(self.now)
        {
            self.report.over += 1;
            return Ok(());
        }
        // What it was about to do it does where it was under way.
        let done =
            |run: &FlowRun| run.deadline.is_none() && head.status_at(self.now) != Status::Bot;
        let is_led = led.is_some();
        let led = led.filter(done);
        if is_led && led.is_none() {
            self.report.stayed(FlowRun::DECLARATION.name);
        }
        let files = std::mem::take(&mut self.files).into_iter();
        let files: Vec<Attachment> = files.filter(|file| file.conversation == head.id).collect();
        let thread = Thread {
            key: self.tenant_key.new_data_key(&place, self.now)?,
            head,
            policy,
            hold: None,
            led,
            messages: Vec::new(),
        };
        for file in files {
            self.write_file(file, &thread).await?;
        }
        self.thread = Some(thread);
        Ok(())
    }

    async fn write_messages(&mut self) -> Result<(), ImportError> {
        let Some(thread) = &mut self.thread else {
            return Ok(());
        };
        let messages = std::mem::take(&mut thread.messages);
        if messages.is_empty() {
            return Ok(());
        }
        let count = messages.len() as u64;
        let mut transaction = Transaction::new(self.now);
        for message in messages {
            // What an import that was cut off has left here can be read by nobody.
            let message = Stored::new(message, &thread.policy);
            transaction.overwrite(&message, &thread.key.key)?;
        }
        committed(self.app.store.commit(transaction).await)?;
        self.report.messages += count;
        Ok(())
    }

    /// Writes the rest of a conversation, and last its head.
    async fn close(&mut self) -> Result<(), ImportError> {
        self.write_messages().await?;
        let Some(thread) = self.thread.take() else {
            return Ok(());
        };
        let mut transaction = Transaction::new(self.now);
        let head = Stored::new(thread.head, &thread.policy);
        transaction.create_root(&head, &Unsealed, &thread.key)?;
        if let Some(note) = thread.hold {
            transaction.create(&Stored::new(note, &thread.policy), &thread.key.key)?;
        }
        if let Some(run) = thread.led {
            transaction.create(&Stored::new(run, &thread.policy), &thread.key.key)?;
        }
        match self.app.store.commit(transaction).await {
            Ok(()) => self.report.conversations += 1,
            // Its contact is not here, or somebody was faster.
            Err(CommitError::Refused(_)) => self.report.over += 1,
            Err(CommitError::Store(error)) => return Err(error.into()),
        }
        Ok(())
    }
}

async fn row_of(
    app: &App,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Option<WorkspacePolicy>, StoreError> {
    let place = keys::policy(workspace);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    fetched.get::<WorkspacePolicy>(&place, &Unsealed, lens)
}

/// A commit that nothing can refuse.
fn committed(done: Result<(), CommitError>) -> Result<(), StoreError> {
    match done {
        Ok(()) => Ok(()),
        Err(CommitError::Store(error)) => Err(error),
        Err(CommitError::Refused(_)) => Err(StoreError::Conflict),
    }
}
