//! Whoever is at a thread, and the file that they mean.

use shared::{
    app::App,
    domain::{
        AttachmentId, ConversationId, Permission, WorkspaceId,
        policy::{Lens, Module, Policy},
    },
    http::{
        Caller, Code, Credential, Problem, Visitor, VisitorToken,
        actor::Entry,
        thread::{self, Thread},
    },
    store::{
        Key, SubjectId,
        attachment::{Attachment, Upload},
        keys,
        message::Audience,
    },
};

/// Somebody at a thread.
pub struct Place<A> {
    /// As whom they came.
    pub actor: A,
    /// The thread.
    pub thread: Thread,
    /// Who they are.
    pub subject: SubjectId,
}

/// Who has an entry into the workspace, and may see this much of it.
pub trait Actor {
    /// The workspace as it was entered.
    fn entry(&self) -> &Entry;
    /// Whether they may read what is for this audience.
    fn reads(&self, audience: Audience) -> bool;
}

impl Actor for Caller {
    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn reads(&self, _: Audience) -> bool {
        true
    }
}

impl Actor for Visitor {
    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn reads(&self, audience: Audience) -> bool {
        audience == Audience::Both
    }
}

/// A file, sent or not.
pub enum Found {
    /// Nobody has sent it yet.
    Waiting(Upload),
    /// A message has it.
    Sent(Attachment),
}

/// What has to be read on entry.
fn wanted(
    workspace: WorkspaceId,
    conversation: ConversationId,
    file: Option<AttachmentId>,
) -> Vec<Key> {
    let mut all = thread::wanted(workspace, conversation);
    match file {
        Some(file) => {
            all.push(keys::upload(workspace, conversation, file));
            all.push(keys::attachment(workspace, conversation, file));
        }
        // Somebody wants to upload one.
        None => all.push(keys::file_room(workspace)),
    }
    all
}

impl Place<Caller> {
    /// A member or a program at a thread. One round trip.
    pub async fn of_team(
        app: &App,
        credential: &Credential,
        permission: Permission,
        (workspace, conversation): (WorkspaceId, ConversationId),
        file: Option<AttachmentId>,
    ) -> Result<Self, Problem> {
        let wanted = wanted(workspace, conversation, file);
        let caller = app
            .caller(credential, workspace, permission, wanted)
            .await?;
        let thread = thread::seen(&caller.entry, &caller.sight, conversation)?;
        caller.entry.require(Module::Attachments)?;
        Ok(Self {
            subject: caller.subject,
            actor: caller,
            thread,
        })
    }
}

impl Place<Visitor> {
    /// A visitor at a thread of its own. One round trip.
    pub async fn of_visitor(
        app: &App,
        token: &VisitorToken,
        conversation: ConversationId,
        file: Option<AttachmentId>,
    ) -> Result<Self, Problem> {
        let wanted = wanted(token.workspace, conversation, file);
        let visitor = app.visitor(token, wanted).await?;
        let thread = thread::own(&visitor.entry, visitor.id, conversation)?;
        visitor.entry.require(Module::Attachments)?;
        Ok(Self {
            subject: visitor.subject(),
            actor: visitor,
            thread,
        })
    }

    /// Refuses a visitor whom the team does not want to hear from.
    pub fn check_heard(&self) -> Result<(), Problem> {
        match self.actor.contact.blocked {
            true => Err(Problem::new(Code::Blocked)),
            false => Ok(()),
        }
    }
}

impl<A: Actor> Place<A> {
    /// The workspace as it was entered.
    pub fn entry(&self) -> &Entry {
        self.actor.entry()
    }

    /// The policy within the thread.
    pub fn policy(&self) -> Policy {
        self.thread.head.policy(self.entry().lens())
    }

    /// A file that they may know of: their own that waits, or one of a message that they may read.
    pub fn find(&self, id: AttachmentId) -> Result<Found, Problem> {
        let entry = self.entry();
        let policy = self.policy();
        let lens = Lens {
            policy: &policy,
            ..entry.lens()
        };
        let (workspace, conversation) = (entry.workspace, self.thread.head.id);
        let key = &self.thread.key;
        let waiting = keys::upload(workspace, conversation, id);
        let waiting = entry.fetched().get::<Upload>(&waiting, key, lens)?;
        if let Some(own) = waiting.filter(|upload| upload.author == self.subject) {
            return Ok(Found::Waiting(own));
        }
        let sent = keys::attachment(workspace, conversation, id);
        let sent = entry.fetched().get::<Attachment>(&sent, key, lens)?;
        let sent = sent.filter(|sent| self.actor.reads(sent.audience));
        sent.map(Found::Sent).ok_or_else(Problem::not_found)
    }
}
