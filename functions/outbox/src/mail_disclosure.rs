//! Something about somebody was handed over, and they may know: the mail that says so (FLOW-45, CHAT-17).
//!
//! It goes to the address on file, says who got what and why, and brings nothing of what was handed over.

use shared::{
    app::{App, Mail, MailKind},
    domain::{
        Policy, Timestamp,
        policy::Lens,
        text::{Email, Name},
    },
    store::{
        Item, RootRef, Unsealed,
        contact::Profile,
        disclosure::{DisclosedPart, Ground},
        keys,
        workspace::{Workspace, WorkspacePolicy},
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    post::post,
};

const SUBJECT: &str = "Data about you were handed over";

/// Whether this change says that somebody is told now.
pub fn is_told(old: &Item, new: &Item) -> bool {
    old.get("told_at") != new.get("told_at")
}

/// Mails whoever is told.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let opened = image::open_with_key::<DisclosedPart>(app, item).await?;
    let Some((part, key, tenant_key)) = opened else {
        return Ok(());
    };
    let at_profile = keys::profile(part.workspace, part.contact);
    let home = keys::workspace(part.workspace);
    let wanted = vec![
        at_profile.clone(),
        home.clone(),
        keys::data_key(&RootRef::of(&home)),
        keys::policy(part.workspace),
    ];
    let fetched = app.store.batch(wanted).await?;
    let now = app.clock.now();
    let platform = Policy::platform();
    let lens = Lens {
        now,
        policy: &platform,
    };
    let row = fetched.get::<WorkspacePolicy>(&keys::policy(part.workspace), &Unsealed, lens)?;
    let Some(policy) = row.map(|row| row.policy()) else {
        return Ok(());
    };
    let lens = Lens {
        now,
        policy: &policy,
    };
    let profile = fetched.get::<Profile>(&at_profile, &key, lens)?;
    let Some(to) = profile.and_then(|profile| profile.email) else {
        return Ok(());
    };
    let name = match fetched.data_key(&home, &tenant_key)? {
        Some(key) => fetched.get::<Workspace>(&home, &key, lens)?,
        None => None,
    };
    let name = name.map(|workspace| workspace.name);
    post(app, mail(to, &part, name.as_ref())).await?.done()
}

const fn because(ground: Ground) -> &'static str {
    match ground {
        Ground::BusinessTransfer => "Why: the business changes hands.",
        Ground::LegalDemand => "Why: a court or an authority may demand it.",
        Ground::RightsAndSafety => {
            "Why: somebody's rights, property or safety would have been harmed without it."
        }
        Ground::Terms => "Why: the terms were enforced with it.",
    }
}

fn day(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

fn mail(to: Email, part: &DisclosedPart, name: Option<&Name>) -> Mail {
    let who = match name {
        Some(name) => format!("Who handed it over: {}.", name.reveal()),
        None => "Who handed it over: a team that you talked with.".to_owned(),
    };
    let recipient = format!("Who got it: {}.", part.recipient.reveal());
    let what = match part.conversations.len() {
        1 => "What: one of your conversations.".to_owned(),
        count => format!("What: {count} of your conversations."),
    };
    let when = part.approved_at.unwrap_or(part.proposed_at);
    let when = format!("When: {}.", day(when));
    let number = format!("Its number: {}.", part.id);
    let parts = [
        Part::Says("Hello,"),
        Part::Says("data about you were handed over to somebody outside."),
        Part::Says(&who),
        Part::Says(&recipient),
        Part::Says(because(part.ground)),
        Part::Says(&what),
        Part::Says(&when),
        Part::Says(&number),
        Part::Says(
            "You may ask for a copy of what is kept about you, object, and complain to the authority for \
             data protection where you live.",
        ),
    ];
    Mail {
        to,
        kind: MailKind::Request,
        subject: SUBJECT,
        text: letter::text(&parts),
        html: letter::html(&parts),
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{ContactId, ConversationId, DisclosureId, WorkspaceId, text::Text};

    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    #[test]
    fn it_says_who_got_what_and_why_and_loads_nothing() {
        for ground in Ground::ALL {
            let part = DisclosedPart {
                id: DisclosureId::new(AT),
                workspace: WorkspaceId::new(AT),
                contact: ContactId::new(AT),
                ground: *ground,
                recipient: Text::parse("District court <b>").expect("a text"),
                conversations: vec![ConversationId::new(AT)],
                proposed_at: AT,
                approved_at: Some(AT),
                silent_until: None,
                tell_at: None,
                told_at: Some(AT),
                rev: 1,
            };
            let to = Email::parse("ada@example.com").expect("an address");
            let mail = mail(to, &part, Some(&Name::parse("Shop").expect("a name")));
            assert!(mail.text.contains("District court <b>") && mail.text.contains("Shop"));
            assert!(
                mail.text.contains("one of your conversations"),
                "{}",
                mail.text
            );
            assert!(mail.text.contains("Why: ") && !mail.html.contains("<b>"));
            for word in ["http", "src=", "<img", "<script", "<link"] {
                assert!(!mail.html.contains(word), "{word}");
            }
        }
    }
}
