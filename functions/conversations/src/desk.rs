//! A conversation on a member's desk: one batch read opens it, one transaction changes it.

use shared::{
    app::App,
    domain::{ConversationId, Permission, Timestamp, WorkspaceId, policy::Module},
    http::{AccessToken, Member, Problem, Versioned},
    store::{
        DataKey, Key, RootRef, SubjectId,
        conversation::Conversation,
        keys,
        transcript::{Changed, Step},
    },
};

use crate::view::{self, ConversationView};

/// A conversation that a member may change, and the key of its transcript.
pub struct Desk {
    pub member: Member,
    pub head: Conversation,
    pub key: DataKey,
}

impl Desk {
    /// Opens a conversation for a member who may `permission`. One round trip.
    pub async fn open(
        app: &App,
        token: &AccessToken,
        (workspace, conversation): (WorkspaceId, ConversationId),
        permission: Permission,
    ) -> Result<Self, Problem> {
        let at_head = keys::conversation(workspace, conversation);
        let wanted = vec![at_head.clone(), keys::data_key(&RootRef::of(&at_head))];
        let member = app.member(token, workspace, permission, wanted).await?;
        member.entry.require(Module::Conversations)?;
        let head = view::seen(&member.entry, &member.sight, conversation)?;
        let key = member
            .entry
            .data_key(&at_head)?
            .ok_or_else(Problem::not_found)?;
        Ok(Self { member, head, key })
    }

    /// The member as whoever does it.
    pub const fn actor(&self) -> Option<SubjectId> {
        Some(self.member.subject())
    }

    /// The time of the request.
    pub const fn now(&self) -> Timestamp {
        self.member.entry.now
    }

    /// Changes the conversation. `decide` gets the head as it is and makes the step, or says that
    /// there is nothing to do; even then the end of a snooze is written down: every call is a knock.
    ///
    /// # Errors
    /// 404 when the conversation is gone by then, or what lies at `live` is.
    pub async fn change(
        self,
        app: &App,
        live: Option<Key>,
        mut decide: impl FnMut(&Conversation) -> Result<Option<Step>, Problem>,
    ) -> Result<Versioned<ConversationView>, Problem> {
        let Self { member, head, key } = self;
        let entry = &member.entry;
        let knock = |head: &Conversation| head.is_due(entry.now).then(|| Step::on(head, entry.now));
        let decide = |head: &Conversation| Ok::<_, Problem>(decide(head)?.or_else(|| knock(head)));
        match app
            .store
            .change(head, &key, entry.lens(), live, decide)
            .await?
        {
            Changed::Done(head) | Changed::Unchanged(head) => Ok(Versioned {
                rev: head.rev,
                view: ConversationView::changed(&head, entry),
            }),
            Changed::Missing | Changed::Gone => Err(Problem::not_found()),
        }
    }
}
