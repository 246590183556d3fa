//! What a flow does besides leading a thread: it mails the visitor, or notes something about them.
//!
//! A mail goes to the visitor alone: to an address that they proved to this flow, or to the proved one that is
//! known of them, and not where they refused mail. What is noted never takes the place of what the customer
//! signed for, and no address takes the place of a proved one that is not proved itself.
//!
//! The row is read as it is now and goes when it is done: with a note in one transaction, after a mail next.
//! Between the mail service's yes and that lies the one moment in which a mail may go out twice.

use flow::node::ContactField;
use shared::{
    app::{App, Conversing, MailError, Written, bot::is_proved},
    domain::{
        ConversationId, Policy, TenantId, Timestamp, WorkspaceId,
        policy::{Lens, Module},
        text::{Email, Locale, Name},
    },
    http::person::silent,
    store::{
        CommitError, DataKey, Fetched, Item, Key, RootRef, StoreError, Stored, Table, TenantKey,
        Transaction, Unsealed,
        contact::{Contact, EmailProof, Profile},
        continuity::ThreadWayOut,
        conversation::{Conversation, Status},
        db::key_of,
        flow_deed::{Deed, FlowDeed},
        keys,
        subject::State,
        workspace::Workspace,
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
};

/// Does what a row says, if it is still there.
pub async fn carry_out(app: &App, item: &Item) -> Result<(), Failure> {
    let place = key_of(Table::Data, item).ok_or(StoreError::Corrupt("an image without a key"))?;
    let now = app.clock.now();
    let Some(scene) = Scene::read(app, &place, now).await? else {
        // Whoever it was for is gone, or is left alone.
        app.store.delete(place).await?;
        return Ok(());
    };
    match scene.deed.clone() {
        Deed::Mail {
            to,
            proved,
            subject,
            text,
        } => {
            let address = scene.address(to.as_deref(), &proved);
            if let Some(address) = address {
                scene.mail(app, address, (subject, &text)).await?;
            }
            app.store.delete(place).await?;
            Ok(())
        }
        Deed::Note {
            field,
            value,
            proved,
        } => {
            let noted = scene.noted(field, &value, &proved);
            let Some((contact, profile)) = noted else {
                app.store.delete(place).await?;
                return Ok(());
            };
            scene.write(app, place, contact, profile).await
        }
    }
}

/// Everything that decides, read at once.
struct Scene {
    deed: Deed,
    workspace: WorkspaceId,
    policy: Policy,
    contact: Contact,
    profile: Option<Profile>,
    /// The key of the contact.
    key: DataKey,
    tenant_key: TenantKey,
    fetched: Fetched,
    now: Timestamp,
}

impl Scene {
    /// Reads it; none when there is nothing to do, or nobody to do it for.
    async fn read(app: &App, place: &Key, now: Timestamp) -> Result<Option<Self>, Failure> {
        let root = RootRef::of(place);
        let Some(tenant @ TenantId::Workspace(workspace)) = root.tenant() else {
            return Ok(None);
        };
        let Ok(conversation) = root.id().parse::<ConversationId>() else {
            return Ok(None);
        };
        let at_head = keys::conversation(workspace, conversation);
        let wanted = vec![
            place.clone(),
            at_head.clone(),
            keys::data_key(&root),
            keys::policy(workspace),
            keys::tenant_key(tenant),
        ];
        let fetched = app.store.batch(wanted).await?;
        let policy = fetched.live_policy(workspace, now)?;
        let open = |policy: &Policy| {
            policy.has(Module::Conversations) && !policy.suspended && policy.closes_at.is_none()
        };
        let Some(policy) = policy.filter(open) else {
            return Ok(None);
        };
        let lens = Lens {
            now,
            policy: &policy,
        };
        let head = fetched.get::<Conversation>(&at_head, &Unsealed, lens)?;
        let wanted =
            |head: &Conversation| head.state == State::Live && head.status_at(now) != Status::Spam;
        let Some(head) = head.filter(wanted) else {
            return Ok(None);
        };
        let tenant_key = app.store.unwrap_tenant_key(tenant, &fetched, now).await?;
        let Some(of_thread) = fetched.data_key(&at_head, &tenant_key)? else {
            return Ok(None);
        };
        let Some(row) = fetched.get::<FlowDeed>(place, &of_thread, lens)? else {
            return Ok(None);
        };
        let deed = row.read()?;
        let at_contact = keys::contact(workspace, head.contact);
        let at_profile = keys::profile(workspace, head.contact);
        let mut wanted = vec![
            at_contact.clone(),
            at_profile.clone(),
            keys::data_key(&RootRef::of(&at_contact)),
        ];
        if matches!(deed, Deed::Mail { .. }) {
            let at_workspace = keys::workspace(workspace);
            wanted.extend([keys::data_key(&RootRef::of(&at_workspace)), at_workspace]);
        }
        let fetched = app.store.batch(wanted).await?;
        let contact = fetched.get::<Contact>(&at_contact, &Unsealed, lens)?;
        let contact = contact.filter(|contact| contact.state == State::Live && !contact.blocked);
        let (Some(contact), Some(key)) = (contact, fetched.data_key(&at_contact, &tenant_key)?)
        else {
            return Ok(None);
        };
        let profile = fetched.get::<Profile>(&at_profile, &key, lens)?;
        Ok(Some(Self {
            deed,
            workspace,
            contact,
            profile,
            key,
            tenant_key,
            fetched,
            now,
            policy,
        }))
    }

    /// Where a mail goes; nowhere, where the address is not the visitor's own or they refused mail.
    fn address(&self, to: Option<&str>, proved: &[String]) -> Option<Email> {
        if self.contact.mail_refused_at.is_some() {
            return None;
        }
        let known = self
            .profile
            .as_ref()
            .and_then(|profile| profile.email.clone());
        let known = known.filter(|_| self.contact.email_proof.is_some());
        match to {
            None => known.or_else(|| Email::parse(proved.last()?).ok()),
            Some(to) => {
                let to = Email::parse(to.trim()).ok()?;
                let is_known = known.is_some_and(|known| known.identity() == to.identity());
                (is_known || is_proved(&to, proved)).then_some(to)
            }
        }
    }

    async fn mail(
        &self,
        app: &App,
        to: Email,
        (subject, text): (String, &str),
    ) -> Result<(), Failure> {
        let platform_key = image::platform_key(app).await?;
        let suppressed = app.store.suppressed(&platform_key, &to, self.now).await?;
        if suppressed.is_some() {
            return Ok(());
        }
        let (workspace, contact) = (self.workspace, self.contact.id);
        let way_out = ThreadWayOut { workspace, contact }.token(&platform_key);
        let at = keys::workspace(workspace);
        let lens = Lens {
            now: self.now,
            policy: &self.policy,
        };
        let team = match self.fetched.data_key(&at, &self.tenant_key)? {
            Some(key) => self.fetched.get::<Workspace>(&at, &key, lens)?,
            None => None,
        };
        let mail = write(
            to,
            (subject, text),
            team.as_ref().map(|team| &team.name),
            format!("{}/unsubscribe?token={way_out}", app.config.issuer),
        );
        match app.mailer.converse(mail).await {
            Ok(()) => Ok(()),
            Err(error @ MailError::Refused(_)) => {
                tracing::warn!(cause = %error, "a mail of a flow was refused");
                Ok(())
            }
            Err(error @ MailError::Unavailable(_)) => Err(error.into()),
        }
    }

    /// The contact with what a flow notes; none where nothing changes or may.
    fn noted(
        &self,
        field: ContactField,
        value: &str,
        proved: &[String],
    ) -> Option<(Contact, Profile)> {
        let mut contact = self.contact.clone();
        let before = self
            .profile
            .clone()
            .unwrap_or_else(|| silent(&self.contact));
        let mut profile = before.clone();
        match field {
            ContactField::Name => {
                let name = Some(Name::parse(value).ok()?);
                if contact.verified && before.name.is_some() || before.name == name {
                    return None;
                }
                profile.name = name;
            }
            ContactField::Locale => {
                let locale = Some(Locale::parse(value).ok()?);
                if before.locale == locale {
                    return None;
                }
                profile.locale = locale;
            }
            ContactField::Email => {
                let email = Email::parse(value).ok()?;
                let is_new = before
                    .email
                    .as_ref()
                    .is_none_or(|known| known.identity() != email.identity());
                let proof = is_proved(&email, proved).then_some(EmailProof::Code);
                match (is_new, contact.email_proof, proof) {
                    (_, Some(EmailProof::Signed), _)
                    | (true, Some(_), None)
                    | (false, Some(_), _)
                    | (false, None, None) => return None,
                    (true, _, proof) => {
                        profile.email = Some(email);
                        contact.email_proof = proof;
                    }
                    (false, None, proof @ Some(_)) => contact.email_proof = proof,
                }
            }
        }
        Some((contact, profile))
    }

    /// Writes what was noted, and takes the row away with it.
    async fn write(
        self,
        app: &App,
        place: Key,
        contact: Contact,
        profile: Profile,
    ) -> Result<(), Failure> {
        let mut transaction = Transaction::new(self.now);
        transaction.replace(&Stored::next(contact, &self.policy), &Unsealed)?;
        let profile = Stored::next(profile, &self.policy);
        match self.profile {
            Some(_) => transaction.replace(&profile, &self.key)?,
            None => transaction.create(&profile, &self.key)?,
        };
        transaction.consume(place);
        match app.store.commit(transaction).await {
            Ok(()) => Ok(()),
            // Somebody changed the contact meanwhile, or did this already: looked at again, it shows.
            Err(CommitError::Refused(_)) => Err(Failure::Later("a contact that changes".into())),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }
}

/// A mail of a flow.
fn write(
    to: Email,
    (subject, text): (String, &str),
    team: Option<&Name>,
    way_out: String,
) -> Conversing {
    let team = team.map_or("a team", Name::reveal);
    let why = format!(
        "This is a message from a chat with {team}, where your address was proved. An answer to it is read by \
         nobody. This page ends such mail:"
    );
    let paragraphs = text.split("\n\n").filter(|text| !text.trim().is_empty());
    let mut parts: Vec<Part<'_>> = paragraphs.map(Part::Says).collect();
    parts.extend([Part::Says("* * *"), Part::Says(&why), Part::Leads(&way_out)]);
    Conversing {
        to,
        subject: subject.into(),
        text: letter::text(&parts),
        html: letter::html(&parts),
        reply_to: None,
        written: Written::ByProgram,
        way_out: Some(way_out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_says_who_wrote_it_how_to_end_it_and_lets_no_markup_through() {
        let mail = write(
            Email::parse("ada@example.com").expect("an address"),
            ("Your copy".to_owned(), "One <b>\n\nTwo"),
            Name::parse("Shop & Co").ok().as_ref(),
            "https://api.example/unsubscribe?token=ur_x".to_owned(),
        );
        assert!(mail.text.starts_with("One <b>\n\nTwo\n"), "{}", mail.text);
        assert!(mail.text.contains("a chat with Shop & Co"), "{}", mail.text);
        assert!(mail.html.contains("One &lt;b&gt;"), "{}", mail.html);
        for word in ["<img", "<script", "src="] {
            assert!(!mail.html.contains(word), "{word}");
        }
        assert_eq!(
            mail.way_out.as_deref(),
            Some("https://api.example/unsubscribe?token=ur_x")
        );
    }
}
