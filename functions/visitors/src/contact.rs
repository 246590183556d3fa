//! A contact as the team sees it: in full or masked.

use serde::Serialize;
use shared::{
    domain::{ContactId, Permission, Role, Timestamp, WorkspaceId},
    http::{
        Caller, Problem,
        actor::Entry,
        person::{self, Person},
    },
    store::{
        Fetched, Key,
        contact::{Contact, EmailProof, Profile, VisitorContext},
        keys,
    },
};
use utoipa::ToSchema;

/// A contact as the team sees it.
#[derive(Serialize, ToSchema)]
pub struct ContactView {
    /// Its id.
    pub id: ContactId,
    /// Its name, when it told one.
    #[schema(example = "Ada Lovelace")]
    name: Option<String>,
    /// Its address, when it told one.
    #[schema(example = "ada@example.com")]
    email: Option<String>,
    /// The customer's own identifier: signed for where the contact is verified, entered by the team or its
    /// server where it is not.
    #[schema(example = "user-4711")]
    external_id: Option<String>,
    /// Whether the reader's role hides what is personal, which is `null` then.
    masked: bool,
    /// Whether the customer signed for the identity.
    verified: bool,
    /// How the address was proved to be its own, without which nothing is mailed there; null where it
    /// was not.
    email_proof: Option<EmailProof>,
    /// Since when it wants no mail about what it has not read.
    mail_refused_at: Option<Timestamp>,
    /// Whether the team blocked it.
    blocked: bool,
    /// Its language.
    #[schema(example = "en")]
    locale: Option<String>,
    /// First visit.
    created_at: Timestamp,
    /// Last visit, to the hour.
    last_seen_at: Timestamp,
    /// Every contact of the same person, itself among them, where the team said that they are one: the
    /// first that is still there stands for them in lists. Empty for a contact that is alone.
    same_person: Vec<ContactId>,
    /// Counts changes.
    #[schema(example = 1)]
    pub rev: u64,
    /// Where it is on the customer's pages, when it told.
    context: Option<ContextView>,
}

/// Where a contact is on the customer's pages: query strings never arrive.
#[derive(Serialize, ToSchema)]
pub struct ContextView {
    /// The path of the page.
    #[schema(example = "/pricing")]
    page_path: Option<String>,
    /// The host it came from.
    #[schema(example = "search.example")]
    referrer_host: Option<String>,
    /// Its time zone.
    #[schema(example = "Europe/Berlin")]
    timezone: Option<String>,
}

impl ContactView {
    fn masked(contact: &Contact) -> Self {
        Self {
            id: contact.id,
            name: None,
            email: None,
            external_id: None,
            masked: true,
            verified: contact.verified,
            email_proof: None,
            mail_refused_at: None,
            blocked: contact.blocked,
            locale: None,
            created_at: contact.created_at,
            last_seen_at: contact.last_seen_at,
            same_person: contact.same_person.clone().unwrap_or_default(),
            rev: contact.rev,
            context: None,
        }
    }

    /// The view of a person for a member who is `role`.
    pub fn new(person: &Person, role: Role) -> Self {
        if role.may(Permission::PersonalDataRead) {
            Self::full(person)
        } else {
            Self::masked(&person.contact)
        }
    }

    /// The view of a person for whoever asks.
    pub fn for_caller(person: &Person, caller: &Caller) -> Self {
        match Detail::for_caller(caller) {
            Detail::Full => Self::full(person),
            Detail::Masked => Self::masked(&person.contact),
        }
    }

    fn full(person: &Person) -> Self {
        let view = Self::masked(&person.contact);
        let Profile {
            name,
            email,
            external_id,
            locale,
            ..
        } = &person.profile;
        Self {
            name: name.as_ref().map(|name| name.reveal().to_owned()),
            email: email.as_ref().map(|email| email.reveal().to_owned()),
            external_id: external_id.as_ref().map(|id| id.reveal().to_owned()),
            locale: locale.as_ref().map(|locale| locale.reveal().to_owned()),
            masked: false,
            email_proof: person.contact.email_proof,
            mail_refused_at: person.contact.mail_refused_at,
            context: person.context.as_ref().map(ContextView::new),
            ..view
        }
    }
}

impl ContextView {
    fn new(context: &VisitorContext) -> Self {
        let VisitorContext {
            page_path,
            referrer_host,
            timezone,
            ..
        } = context;
        Self {
            page_path: page_path.as_ref().map(|path| path.reveal().to_owned()),
            referrer_host: referrer_host.as_ref().map(|host| host.reveal().to_owned()),
            timezone: timezone.as_ref().map(|zone| zone.reveal().to_owned()),
        }
    }
}

/// How much of a contact is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Everything that is known.
    Full,
    /// Nothing personal.
    Masked,
}

impl Detail {
    /// What a caller may see.
    pub fn for_caller(caller: &Caller) -> Self {
        if caller.may(Permission::PersonalDataRead) {
            Self::Full
        } else {
            Self::Masked
        }
    }
}

/// What showing a contact takes: who may not see personal data has none of it read.
pub fn wanted_by(detail: Detail, workspace: WorkspaceId, contact: ContactId) -> Vec<Key> {
    match detail {
        Detail::Full => person::wanted(workspace, contact).to_vec(),
        Detail::Masked => vec![keys::contact(workspace, contact)],
    }
}

/// The contact in that detail, if it lives, out of a batch that asked for [`wanted_by`].
pub fn view(
    fetched: &Fetched,
    entry: &Entry,
    id: ContactId,
    detail: Detail,
) -> Result<Option<ContactView>, Problem> {
    match detail {
        Detail::Full => Ok(person::open(fetched, entry, id)?
            .as_ref()
            .map(ContactView::full)),
        Detail::Masked => Ok(person::head(fetched, entry, id)?
            .as_ref()
            .map(ContactView::masked)),
    }
}

#[cfg(test)]
pub mod tests {
    use shared::{
        domain::text::{Email, ExternalId, Name, PagePath},
        http::person::silent,
        store::DataKey,
    };

    use super::*;

    /// Somebody who told everything.
    pub fn person() -> Person {
        let at = Timestamp::from_ms(1_768_478_400_000);
        let (id, workspace) = (ContactId::new(at), WorkspaceId::new(at));
        let contact = Contact {
            verified: true,
            rev: 4,
            ..Contact::begin(id, workspace, at)
        };
        let profile = Profile {
            name: Some(Name::parse("Ada").expect("a name")),
            email: Some(Email::parse("ada@example.com").expect("an address")),
            external_id: Some(ExternalId::parse("user-1").expect("an id")),
            ..silent(&contact)
        };
        let context = VisitorContext {
            contact: id,
            workspace,
            page_path: Some(PagePath::parse("/users/ada").expect("a path")),
            referrer_host: None,
            timezone: None,
            seen_at: at,
        };
        let key = DataKey::generate().expect("random");
        Person {
            contact,
            profile,
            has_profile: true,
            context: Some(context),
            key,
        }
    }

    #[test]
    fn who_may_not_read_personal_data_sees_none() {
        let person = person();
        for role in Role::ALL {
            let shown = serde_json::to_string(&ContactView::new(&person, *role)).expect("json");
            let allowed = role.may(Permission::PersonalDataRead);
            assert_eq!(shown.to_lowercase().contains("ada"), allowed, "{role:?}");
            assert_eq!(shown.contains("user-1"), allowed, "{role:?}");
            assert_eq!(shown.contains("\"masked\":true"), !allowed, "{role:?}");
        }
    }

    #[test]
    fn nothing_personal_is_even_read_for_who_may_not_see_it() {
        let at = Timestamp::from_ms(1_768_478_400_000);
        let (workspace, contact) = (WorkspaceId::new(at), ContactId::new(at));
        let head = keys::contact(workspace, contact);
        assert_eq!(wanted_by(Detail::Masked, workspace, contact), [head]);
        assert_eq!(wanted_by(Detail::Full, workspace, contact).len(), 4);
    }
}
