//! A letter of an announcement was written: the mail, once, unless it is not wanted any more.
//!
//! Whether it is wanted is asked again here, so that an opt-out holds for letters that wait. What
//! became of the letter is noted on it: a record that comes again finds it settled. Between the mail
//! service's yes and that note lies the one moment in which a mail may go out twice.

use shared::{
    app::{Announced, App, MailError},
    domain::{
        Policy, Timestamp,
        announcement::{AnnouncementClass, Recipient},
        policy::Lens,
        text::Email,
    },
    store::{
        CommitError, Fetched, Item, RootRef, Stored, TenantKey, Transaction, Unsealed,
        account::Account,
        announcement::{Announcement, Letter, LetterState},
        keys,
        mail_wish::{self, MailWishRow, WayOut},
        preferences::Preferences,
        record::read_item,
        subject::State,
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
};

/// Mails a letter that nobody has settled yet.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let (now, policy) = (app.clock.now(), Policy::platform());
    let lens = Lens {
        now,
        policy: &policy,
    };
    let Some(image) = read_item::<Letter>(item, &Unsealed, lens)? else {
        return Ok(());
    };
    let tenant_key = image::platform_key(app).await?;
    let at_letter = keys::letter(image.account, image.occasion);
    let (account, text) = (
        keys::account(image.account),
        keys::announcement(image.announcement),
    );
    let wanted = vec![
        at_letter.clone(),
        keys::data_key(&RootRef::of(&account)),
        account,
        keys::preferences(image.account),
        keys::data_key(&RootRef::of(&text)),
        text,
    ];
    let fetched = app.store.batch(wanted).await?;
    let found = fetched.get::<Letter>(&at_letter, &Unsealed, lens)?;
    let Some(letter) = found.filter(|letter| letter.letter_state == LetterState::Queued) else {
        return Ok(());
    };
    let became = match compose(app, &letter, &fetched, &tenant_key, lens).await? {
        None => LetterState::Dropped,
        Some(mail) if left_out(app, &mail, &tenant_key, now).await? => LetterState::Refused,
        Some(mail) => match app.mailer.announce(mail).await {
            Ok(()) => LetterState::Sent,
            Err(MailError::Refused(code)) => {
                tracing::warn!(cause = %code, "a letter was refused");
                LetterState::Refused
            }
            Err(error) => return Err(error.into()),
        },
    };
    settle(app, letter, became, now).await
}

/// Whether mail to this address came back or was called unwanted: what can be refused is left out
/// then, and what cannot be is tried all the same.
async fn left_out(
    app: &App,
    mail: &Announced,
    tenant_key: &TenantKey,
    now: Timestamp,
) -> Result<bool, Failure> {
    if mail.way_out.is_none() {
        return Ok(false);
    }
    Ok(app
        .store
        .suppressed(tenant_key, &mail.to, now)
        .await?
        .is_some())
}

/// The mail, if there is somebody who wants it.
async fn compose(
    app: &App,
    letter: &Letter,
    fetched: &Fetched,
    tenant_key: &TenantKey,
    lens: Lens<'_>,
) -> Result<Option<Announced>, Failure> {
    let (at_account, at_text) = (
        keys::account(letter.account),
        keys::announcement(letter.announcement),
    );
    let (Some(key), Some(seal)) = (
        fetched.data_key(&at_account, tenant_key)?,
        fetched.data_key(&at_text, tenant_key)?,
    ) else {
        return Ok(None);
    };
    let account = fetched.get::<Account>(&at_account, &key, lens)?;
    let account = account.filter(|account| account.state == State::Live);
    let text = fetched.get::<Announcement>(&at_text, &seal, lens)?;
    let (Some(account), Some(text)) = (account, text) else {
        return Ok(None);
    };
    let at_preferences = keys::preferences(letter.account);
    let preferences = fetched.get::<Preferences>(&at_preferences, &key, lens)?;
    let class = text.announcement_class;
    let address = mail_wish::hash_of(tenant_key, &account.email);
    let way_out = class.kind().map(|mail_kind| WayOut {
        account: account.id,
        address,
        mail_kind,
    });
    let on_record = match class.kind() {
        None => None,
        Some(kind) => {
            let place = keys::mail_wish(address, kind);
            let fetched = app.store.batch(vec![place.clone()]).await?;
            let row = fetched.get::<MailWishRow>(&place, &Unsealed, lens)?;
            row.map(|row| row.wish)
        }
    };
    // Where the account belongs was looked at a moment ago, when the letter was written.
    let recipient = Recipient {
        service: preferences.as_ref().map(|set| set.service_mail),
        marketing: preferences.as_ref().is_some_and(|set| set.marketing_mail),
        on_record,
        places: &[],
    };
    if !class.is_wanted(&recipient) {
        return Ok(None);
    }
    let link = way_out.map(|way_out| {
        let token = way_out.token(tenant_key);
        format!("{}/unsubscribe?token={token}", app.config.issuer)
    });
    Ok(Some(write(account.email, &text, link, &app.config.issuer)))
}

/// What kind of mail it is, and where it ends.
const fn why(class: AnnouncementClass) -> &'static str {
    match class {
        AnnouncementClass::MaterialChange => {
            "You get this because you own a workspace. It is about the rules of the service, so it \
             cannot be refused."
        }
        AnnouncementClass::Marketing => {
            "You get this because you asked for mail about offers. One click ends that:"
        }
        AnnouncementClass::Service => {
            "You get this because you have an account. One click ends news of this kind:"
        }
    }
}

fn write(to: Email, text: &Announcement, way_out: Option<String>, issuer: &str) -> Announced {
    let words: Vec<&str> = text
        .text
        .reveal()
        .split("\n\n")
        .map(str::trim)
        .filter(|paragraph| !paragraph.is_empty())
        .collect();
    let mut parts: Vec<Part<'_>> = words.into_iter().map(Part::Says).collect();
    let effective = text.effective_at.map(begins);
    parts.extend(effective.as_deref().map(Part::Says));
    let policies: Vec<String> = text
        .profiles
        .iter()
        .map(|profile| format!("{issuer}/policy/{}", profile.word()))
        .collect();
    parts.extend(policies.iter().map(|url| Part::Leads(url)));
    parts.push(Part::Says(why(text.announcement_class)));
    parts.extend(way_out.as_deref().map(Part::Leads));
    Announced {
        to,
        class: text.announcement_class,
        subject: text.subject_line.clone(),
        text: letter::text(&parts),
        html: letter::html(&parts),
        way_out,
    }
}

fn begins(at: Timestamp) -> String {
    let text = at.to_string();
    let day = text.get(..10).unwrap_or(&text);
    format!("The new version holds from {day} on. Here is what it says:")
}

/// Notes what became of a letter.
async fn settle(
    app: &App,
    letter: Letter,
    became: LetterState,
    now: Timestamp,
) -> Result<(), Failure> {
    let settled = Letter {
        letter_state: became,
        settled_at: Some(now),
        ..letter
    };
    let mut transaction = Transaction::new(now);
    transaction.replace(&Stored::next(settled, &Policy::platform()), &Unsealed)?;
    match app.store.commit(transaction).await {
        Ok(()) | Err(CommitError::Refused(_)) => Ok(()),
        // The mail went out: another one is worse than a missing note.
        Err(CommitError::Store(error)) => {
            tracing::warn!(cause = %error, "a letter was not settled");
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use shared::app::mail::ONE_CLICK;
    use shared::domain::{
        AnnouncementId, Profile,
        text::{Headline, Text},
    };
    use shared::store::announcement::{AnnouncementMode, AnnouncementState};

    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn announcement(class: AnnouncementClass) -> Announcement {
        Announcement {
            id: AnnouncementId::new(AT),
            announcement_class: class,
            mode: AnnouncementMode::Send,
            subject_line: Headline::parse("What is new").expect("a line"),
            text: Text::parse("Hello,\n\n<b>new</b> things.").expect("a text"),
            workspaces: Vec::new(),
            policy_version: None,
            profiles: Vec::new(),
            effective_at: None,
            announcement_state: AnnouncementState::Running,
            list: 0,
            after: None,
            again_at: None,
            looked_at: 0,
            letters: 0,
            created_at: AT,
            updated_at: AT,
            finished_at: None,
            rev: 1,
        }
    }

    fn to() -> Email {
        Email::parse("ada@example.com").expect("an address")
    }

    #[test]
    fn the_text_is_mailed_as_text_and_the_way_out_stands_at_its_end() {
        let link = "https://api.example.com/unsubscribe?token=un_x";
        let text = announcement(AnnouncementClass::Marketing);
        let mail = write(
            to(),
            &text,
            Some(link.to_owned()),
            "https://api.example.com",
        );
        assert!(mail.text.ends_with(&format!("{link}\n")), "{}", mail.text);
        assert!(
            mail.html.contains("&lt;b&gt;new&lt;/b&gt;"),
            "{}",
            mail.html
        );
        for word in ["src=", "<img", "<script", "<b>", "@"] {
            assert!(!mail.html.contains(word), "{word}");
        }
        assert_eq!(ONE_CLICK, "List-Unsubscribe=One-Click");
    }

    #[test]
    fn a_change_that_matters_says_from_when_on_and_leads_to_the_policies() {
        let text = Announcement {
            policy_version: "2026-11-22".parse().ok(),
            profiles: vec![Profile::Flows],
            effective_at: Some(AT),
            ..announcement(AnnouncementClass::MaterialChange)
        };
        let mail = write(to(), &text, None, "https://api.example.com");
        for part in ["2026-01-15", "https://api.example.com/policy/flows"] {
            assert!(mail.text.contains(part), "{}", mail.text);
        }
        assert!(!mail.text.contains("unsubscribe"));
    }
}
