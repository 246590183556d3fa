//! The desk of conversations: a visitor answers mail about one, and goes on in it.
//!
//! The address names one conversation and one person, and ends a month after the last mail that named it.
//! Besides, a reply comes from the address that the person has proved: what somebody else sends there, who
//! saw the address or was forwarded the mail, is refused. To what has ended or was erased nothing is written,
//! and nothing is answered: no mail of ours follows from a mail.

use std::time::Duration;

use shared::{
    app::{App, limit::Act},
    domain::{
        Policy, TenantId, Timestamp, WorkspaceId,
        attachment::Files as Attached,
        policy::{Lens, Module},
        text::Text,
    },
    store::{
        CommitError, DataKey, Fetched, RootRef, StoreError, Stored, SubjectId, TenantKey,
        Transaction, Unsealed,
        contact::{Contact, ExternalOwner, Profile},
        continuity::{ReplyAddress, ReplyLabel, message_id},
        conversation::Conversation,
        keyring::Use,
        keys,
        message::{Appended, Draft, MessageKind},
        subject::State,
    },
};

use crate::{
    hear::{self, Letter, Outcome},
    mail::{Files, label_of},
    quote::without_quote,
};

/// A visit is written down at most so often.
const SEEN_EVERY: Duration = Duration::from_secs(60 * 60);
/// What stands in for files that came with a mail.
const LEFT_OUT: &str =
    "[Files came with this mail and were left out: please send them in the chat.]";
/// Most characters of a text, see [`Text`].
const MOST_CHARS: usize = 10_000;

/// Takes a mail into the conversation that its address names.
pub async fn take(app: &App, came: &Letter) -> Result<Outcome, StoreError> {
    let contact = app.config.reply_contact.as_deref().unwrap_or_default();
    let mut labels = came.mail.to.iter().filter_map(|to| label_of(to, contact));
    let Some(label) = labels.find_map(ReplyLabel::read) else {
        return Ok(Outcome::Unknown);
    };
    let Some(opened) = Opened::read(app, &label).await? else {
        return Ok(Outcome::Unknown);
    };
    let from = came.mail.from.identity();
    let own = opened.profile.email.as_ref();
    if own.is_none_or(|own| own.identity() != from) || opened.contact.email_proof.is_none() {
        return Ok(Outcome::Stranger);
    }
    let subject = opened.head.id.to_string();
    if hear::is_too_often(app, Act::AnswerByMail, &subject).await? {
        return Ok(Outcome::TooOften);
    }
    opened.say(app, came).await
}

/// The conversation that an address leads to, and whoever may write there.
struct Opened {
    policy: Policy,
    tenant_key: TenantKey,
    head: Conversation,
    key: DataKey,
    contact: Contact,
    profile: Profile,
    of_contact: DataKey,
    now: Timestamp,
}

impl Opened {
    async fn read(app: &App, label: &ReplyLabel) -> Result<Option<Self>, StoreError> {
        let (workspace, now) = (label.workspace, app.clock.now());
        let tenant = TenantId::Workspace(workspace);
        let wanted = vec![keys::policy(workspace), keys::tenant_key(tenant)];
        let fetched = app.store.batch(wanted).await?;
        let Some(policy) = open_policy(&fetched, workspace, now)? else {
            return Ok(None);
        };
        let tenant_key = match app.store.unwrap_tenant_key(tenant, &fetched, now).await {
            Ok(key) => key,
            // Whoever forges a label names any workspace.
            Err(StoreError::Corrupt(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let at_address = keys::reply_address(workspace, label.address(&tenant_key));
        let fetched = app.store.batch(vec![at_address.clone()]).await?;
        let Some(address) = fetched.get::<ReplyAddress>(&at_address, &Unsealed, lens)? else {
            return Ok(None);
        };
        let at_thread = keys::conversation(workspace, address.conversation);
        let at_contact = keys::contact(workspace, address.contact);
        let at_profile = keys::profile(workspace, address.contact);
        let wanted = vec![
            keys::data_key(&RootRef::of(&at_thread)),
            keys::data_key(&RootRef::of(&at_contact)),
            at_thread.clone(),
            at_contact.clone(),
            at_profile.clone(),
        ];
        let fetched = app.store.batch(wanted).await?;
        let head = fetched.get::<Conversation>(&at_thread, &Unsealed, lens)?;
        let head = head.filter(|head| head.state == State::Live);
        let contact = fetched.get::<Contact>(&at_contact, &Unsealed, lens)?;
        let contact = contact.filter(|contact| contact.state == State::Live && !contact.blocked);
        let key = fetched.data_key(&at_thread, &tenant_key)?;
        let of_contact = fetched.data_key(&at_contact, &tenant_key)?;
        let (Some(head), Some(contact), Some(key), Some(of_contact)) =
            (head, contact, key, of_contact)
        else {
            return Ok(None);
        };
        let profile = fetched.get::<Profile>(&at_profile, &of_contact, lens)?;
        let Some(profile) = profile.filter(|_| head.contact == contact.id) else {
            return Ok(None);
        };
        Ok(Some(Self {
            policy,
            tenant_key,
            head,
            key,
            contact,
            profile,
            of_contact,
            now,
        }))
    }

    /// Adds what the mail says, once: its id follows from sender and Message-ID, or from the mail itself.
    async fn say(self, app: &App, came: &Letter) -> Result<Outcome, StoreError> {
        let name = came.name();
        let name = name.unwrap_or_else(|| keys::mail(&came.key).as_str().to_owned());
        let draft = Draft {
            author: SubjectId::Contact(self.contact.id),
            client_message_id: message_id(&self.tenant_key, &name),
            kind: MessageKind::Text,
            text: Some(said(came)),
            files: Attached::default(),
            mentions: Vec::new(),
            reply_to_seq: None,
        };
        let lens = Lens {
            now: self.now,
            policy: &self.policy,
        };
        let appended = app
            .store
            .append(self.head.clone(), &draft, &self.key, lens, None)
            .await?;
        let outcome = match appended {
            Appended::New(..) => Outcome::Taken,
            Appended::Replayed(_) | Appended::OtherContent => Outcome::Repeated,
            Appended::FilesGone(_) | Appended::Gone => return Ok(Outcome::Unknown),
            // A flow was let in meanwhile: the next try finds it leading.
            Appended::Turned | Appended::OtherTurn => return Err(StoreError::Conflict),
        };
        self.keep(app).await?;
        Ok(outcome)
    }

    /// Who goes on by mail is here as who comes to the page: they are kept from now on.
    async fn keep(self, app: &App) -> Result<(), StoreError> {
        if self.now < self.contact.last_seen_at.plus(SEEN_EVERY) {
            return Ok(());
        }
        let Self {
            policy,
            contact,
            profile,
            now,
            ..
        } = self;
        let mut transaction = Transaction::new(now);
        if let Some(external_id) = &profile.external_id {
            let owner = ExternalOwner {
                workspace: contact.workspace,
                external: self.tenant_key.hash(Use::ExternalId, external_id.reveal()),
                contact: contact.id,
                kept_from: now,
            };
            transaction.overwrite(&Stored::new(owner, &policy), &Unsealed)?;
        }
        let contact = Contact {
            last_seen_at: now,
            ..contact
        };
        transaction.replace(&Stored::next(contact, &policy), &Unsealed)?;
        let profile = Profile {
            kept_from: now,
            ..profile
        };
        transaction.replace(&Stored::next(profile, &policy), &self.of_contact)?;
        match app.store.commit(transaction).await {
            // Somebody else changed them, who has written it down or whom the next mail follows.
            Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error),
        }
    }
}

/// The policy of a workspace that is in use.
fn open_policy(
    fetched: &Fetched,
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<Option<Policy>, StoreError> {
    let policy = fetched.live_policy(workspace, now)?;
    Ok(policy.filter(|policy| {
        policy.closes_at.is_none() && !policy.suspended && policy.has(Module::Conversations)
    }))
}

/// What a mail says, without what it quotes.
fn said(came: &Letter) -> Text {
    let mail = &came.mail;
    let own = mail.body.as_ref().map(without_quote);
    let words = match (own, mail.files) {
        (Some(own), Files::None) => return own,
        (None, Files::None) => return mail.text.clone(),
        (Some(own), Files::LeftOut) => own.reveal().to_owned(),
        (None, Files::LeftOut) => String::new(),
    };
    let room = MOST_CHARS - LEFT_OUT.chars().count() - 2;
    let words: String = words.chars().take(room).collect();
    let whole = format!("{words}\n\n{LEFT_OUT}");
    Text::parse(whole.trim()).unwrap_or_else(|_| mail.text.clone())
}
