//! What is written about a contact that comes: a new one or one that came back, in a session, or entered by
//! the team.

use std::time::Duration;

use serde::{Deserialize, Deserializer};
use shared::{
    app::App,
    domain::{
        ContactId, Timestamp,
        text::{ExternalId, Locale, PagePath, ReferrerHost, TimeZone},
    },
    http::{
        Code, Problem,
        actor::Entry,
        person::{self, Person, recognise, silent},
    },
    store::{
        Fetched, Stored, Transaction, Unsealed,
        contact::{Contact, EmailProof, ExternalOwner, Profile, VisitorContext},
        keys,
        subject::State,
    },
};
use utoipa::ToSchema;

use crate::{
    change_contact::{ChangeContact, changed},
    identity::Signed,
};

/// A contact's last visit is written down at most so often. The shortest retention is a day, so
/// nothing ends early by it.
const SEEN_EVERY: Duration = Duration::from_secs(60 * 60);

/// Where the visitor is. Of addresses only path and host are kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SessionContext {
    /// The page: its query and its fragment are dropped before anything is stored.
    #[schema(value_type = Option<String>, example = "https://www.example.com/pricing")]
    page_url: Option<PagePath>,
    /// Where the visitor came from: only the host is kept. Browsers say "" for nowhere.
    #[serde(default, deserialize_with = "blank_is_absent")]
    #[schema(value_type = Option<String>, example = "https://search.example/")]
    referrer: Option<ReferrerHost>,
    /// The visitor's language.
    locale: Option<Locale>,
    /// The visitor's time zone.
    timezone: Option<TimeZone>,
}

fn blank_is_absent<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ReferrerHost>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.filter(|text| !text.is_empty())
        .map(|text| ReferrerHost::parse(&text).map_err(serde::de::Error::custom))
        .transpose()
}

impl SessionContext {
    /// The row that is kept of it, if there is anything to keep.
    fn row(&self, entry: &Entry, contact: ContactId) -> Option<VisitorContext> {
        let Self {
            page_url,
            referrer,
            timezone,
            ..
        } = self;
        let says_something = page_url.is_some() || referrer.is_some() || timezone.is_some();
        says_something.then(|| VisitorContext {
            contact,
            workspace: entry.workspace,
            page_path: page_url.clone(),
            referrer_host: referrer.clone(),
            timezone: timezone.clone(),
            seen_at: entry.now,
        })
    }
}

fn owner(entry: &Entry, external_id: &ExternalId, contact: ContactId) -> Stored<ExternalOwner> {
    let owner = ExternalOwner {
        workspace: entry.workspace,
        external: recognise(entry, external_id),
        contact,
        kept_from: entry.now,
    };
    Stored::new(owner, &entry.policy)
}

/// Refuses somebody who is set aside: a session would be a use of their data, and so would a change.
pub fn welcome_back(fetched: &Fetched, entry: &Entry, id: ContactId) -> Result<(), Problem> {
    let place = keys::contact(entry.workspace, id);
    let head = fetched.get::<Contact>(&place, &Unsealed, entry.lens())?;
    match head.filter(|head| head.state == State::Restricted) {
        Some(_) => Err(Problem::new(Code::Restricted)),
        None => Ok(()),
    }
}

/// The contact of an external id, if there is one yet. Two reads.
///
/// # Errors
/// When they are set aside, or going.
pub async fn known_by(
    app: &App,
    entry: &Entry,
    external_id: &ExternalId,
) -> Result<Option<Person>, Problem> {
    let place = keys::external(entry.workspace, recognise(entry, external_id));
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let owner = fetched.get::<ExternalOwner>(&place, &Unsealed, entry.lens())?;
    let Some(owner) = owner else { return Ok(None) };
    let wanted = person::wanted(entry.workspace, owner.contact).to_vec();
    let fetched = app.store.batch(wanted).await?;
    welcome_back(&fetched, entry, owner.contact)?;
    // An owner without a living contact is one that is being erased: soon it can be made anew.
    let person = person::open(&fetched, entry, owner.contact)?;
    person
        .map(Some)
        .ok_or_else(|| Problem::new(Code::Unavailable))
}

/// A contact that nobody knows yet, from now on.
fn unknown(entry: &Entry) -> Contact {
    Contact::begin(ContactId::new(entry.now), entry.workspace, entry.now)
}

/// Puts a new contact into `transaction` that the team, or its server, enters: nobody signed for it. The owner
/// of its external id comes along, so that of two that are entered at once only one is made.
pub fn entered(
    transaction: &mut Transaction,
    entry: &Entry,
    external_id: &ExternalId,
    change: ChangeContact,
) -> Result<Person, Problem> {
    let contact = unknown(entry);
    let place = keys::contact(entry.workspace, contact.id);
    let data_key = entry.tenant_key.new_data_key(&place, entry.now)?;
    let head = Stored::new(contact.clone(), &entry.policy);
    transaction.create_root(&head, &Unsealed, &data_key)?;
    let owner = owner(entry, external_id, contact.id);
    transaction.create(&owner, &Unsealed)?;
    let profile = Profile {
        external_id: Some(external_id.clone()),
        rev: 1,
        ..silent(&contact)
    };
    let person = Person {
        contact,
        profile,
        has_profile: true,
        context: None,
        key: data_key.key,
    };
    let (person, _) = changed(person, change);
    let profile = Stored::new(person.profile.clone(), &entry.policy);
    transaction.create(&profile, &person.key)?;
    Ok(person)
}

/// Puts a new contact into `transaction`, with everything that is known of it.
///
/// A signed one brings the owner of its external id along, so that of two sessions that begin at
/// once only one makes a contact.
pub fn newcomer(
    transaction: &mut Transaction,
    entry: &Entry,
    signed: Option<&Signed>,
    context: Option<&SessionContext>,
) -> Result<Contact, Problem> {
    let (now, policy) = (entry.now, &entry.policy);
    let contact = Contact {
        verified: signed.is_some(),
        email_proof: signed
            .and_then(|signed| signed.email.as_ref())
            .map(|_| EmailProof::Signed),
        ..unknown(entry)
    };
    let id = contact.id;
    let data_key = entry
        .tenant_key
        .new_data_key(&keys::contact(entry.workspace, id), now)?;
    let profile = Profile {
        name: signed.and_then(|signed| signed.name.clone()),
        email: signed.and_then(|signed| signed.email.clone()),
        external_id: signed.map(|signed| signed.external_id.clone()),
        locale: context.and_then(|context| context.locale.clone()),
        rev: 1,
        ..silent(&contact)
    };
    let contact = Stored::new(contact, policy);
    transaction.create_root(&contact, &Unsealed, &data_key)?;
    transaction.create(&Stored::new(profile, policy), &data_key.key)?;
    if let Some(row) = context.and_then(|context| context.row(entry, id)) {
        transaction.create(&Stored::new(row, policy), &data_key.key)?;
    }
    if let Some(signed) = signed {
        transaction.create(&owner(entry, &signed.external_id, id), &Unsealed)?;
    }
    Ok(contact.into_record())
}

/// Puts what a returning contact brings into `transaction`: at least the check that it lives.
pub fn returning(
    transaction: &mut Transaction,
    entry: &Entry,
    person: Person,
    signed: Option<&Signed>,
    context: Option<&SessionContext>,
) -> Result<(), Problem> {
    let id = person.contact.id;
    if let Some(row) = context.and_then(|context| context.row(entry, id)) {
        // The row has no memory: whatever page was open last is the one that counts.
        transaction.overwrite(&Stored::new(row, &entry.policy), &person.key)?;
    }
    let locale = context.and_then(|context| context.locale.as_ref());
    let Some(person) = updated(person, entry.now, signed, locale) else {
        transaction.check_live(keys::contact(entry.workspace, id));
        return Ok(());
    };
    let seen_now = person.contact.last_seen_at == entry.now;
    if let Some(external_id) = person.profile.external_id.as_ref().filter(|_| seen_now) {
        // Safe without a version of its own: the head's version guards the whole person.
        transaction.overwrite(&owner(entry, external_id, id), &Unsealed)?;
    }
    person.place(transaction, entry)?;
    Ok(())
}

/// The person after a session start, when that changes anything.
///
/// What the customer signed replaces what was known. The browser's language only fills a gap: the
/// team may have corrected it.
fn updated(
    mut person: Person,
    now: Timestamp,
    signed: Option<&Signed>,
    locale: Option<&Locale>,
) -> Option<Person> {
    let Person {
        contact, profile, ..
    } = &mut person;
    let mut changed = false;
    if now >= contact.last_seen_at.plus(SEEN_EVERY) {
        contact.last_seen_at = now;
        profile.kept_from = now;
        changed = true;
    }
    if profile.locale.is_none() && locale.is_some() {
        profile.locale = locale.cloned();
        changed = true;
    }
    if let Some(Signed {
        name,
        email,
        external_id,
        ..
    }) = signed
    {
        let before = (
            profile.name.clone(),
            profile.email.clone(),
            profile.external_id.clone(),
        );
        profile.name = name.clone().or_else(|| before.0.clone());
        profile.email = email.clone().or_else(|| before.1.clone());
        profile.external_id = Some(external_id.clone());
        // Entered by the team before, by the identifier that the app signs for now.
        changed |= !contact.verified;
        contact.verified = true;
        if email.is_some() && contact.email_proof != Some(EmailProof::Signed) {
            contact.email_proof = Some(EmailProof::Signed);
            changed = true;
        }
        changed |= before
            != (
                profile.name.clone(),
                profile.email.clone(),
                profile.external_id.clone(),
            );
    }
    changed.then_some(person)
}

#[cfg(test)]
mod tests {
    use shared::http::json::parse;

    use super::*;
    use crate::contact::tests::person;

    #[test]
    fn a_visit_is_written_down_once_an_hour_and_keeps_the_whole_person() {
        let seen = person().contact.last_seen_at;
        let at = |seconds| seen.plus(Duration::from_secs(seconds));
        assert!(updated(person(), at(3599), None, None).is_none());
        let later = updated(person(), at(3600), None, None).expect("a change");
        assert_eq!(later.contact.last_seen_at, at(3600));
        assert_eq!(later.profile.kept_from, at(3600));
    }

    #[test]
    fn a_browser_says_the_language_only_of_whom_nobody_knows_it() {
        let (de, fr) = (
            Locale::parse("de").expect("de"),
            Locale::parse("fr").expect("fr"),
        );
        let now = person().contact.last_seen_at;
        let filled = updated(person(), now, None, Some(&de)).expect("a change");
        assert_eq!(filled.profile.locale.as_ref(), Some(&de));
        assert_eq!(filled.contact.last_seen_at, now);
        assert!(updated(filled, now, None, Some(&fr)).is_none());
    }

    #[test]
    fn of_addresses_only_path_and_host_are_kept() {
        let body = r#"{"page_url":"https://shop.example/cart?t=1#me","referrer":"https://a.example/q?x=1"}"#;
        let context: SessionContext = parse(body.as_bytes()).expect("a context");
        assert_eq!(
            context.page_url.as_ref().map(PagePath::reveal),
            Some("/cart")
        );
        assert_eq!(
            context.referrer.as_ref().map(ReferrerHost::reveal),
            Some("a.example")
        );
        let nowhere: SessionContext = parse(br#"{"referrer":""}"#).expect("a context");
        assert!(nowhere.referrer.is_none());
        for bad in [
            r#"{"referrer":"?"}"#,
            r#"{"page_url":""}"#,
            r#"{"ip":"192.0.2.1"}"#,
        ] {
            assert!(parse::<SessionContext>(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
