//! `PATCH /v1/workspaces/{workspace}/contacts/{contact}`: the team corrects what it knows.
//!
//! What is absent stays, `null` clears. What the customer signs comes back with the next signed
//! session. A change by the team is not a visit: it keeps nobody longer.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        ContactId, Permission, WorkspaceId,
        policy::Module,
        text::{Email, Locale, Name},
    },
    http::{
        AccessToken, Code, IfMatch, Json, Path, Problem, Problems, Versioned,
        json::given,
        person::{self, Person, RACES},
    },
    store::{CommitError, Fetched, Transaction},
};
use utoipa::ToSchema;

use crate::contact::ContactView;

/// What to change of a contact; what is absent stays, `null` clears.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeContact {
    /// Its name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>, example = "Ada Lovelace")]
    pub name: Option<Option<Name>>,
    /// Its address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Email>, example = "ada@example.com")]
    pub email: Option<Option<Email>>,
    /// Its language.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Locale>, example = "en")]
    pub locale: Option<Option<Locale>>,
}

/// Change a contact.
#[utoipa::path(
    patch,
    path = "/v1/workspaces/{workspace}/contacts/{contact}",
    operation_id = "change_contact",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the version to change."),
    ),
    request_body = ChangeContact,
    responses((status = 200, description = "The contact.", body = ContactView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, ContactId)>,
    if_match: IfMatch,
    Json(body): Json<ChangeContact>,
) -> Result<Versioned<ContactView>, Problem> {
    let wanted = person::wanted(workspace, id).to_vec();
    let member = app
        .member(
            &token,
            workspace,
            Permission::ContactsManage,
            wanted.clone(),
        )
        .await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let mut read_again: Option<Fetched> = None;
    for _ in 0..RACES {
        let fetched = read_again.as_ref().unwrap_or_else(|| entry.fetched());
        let person = person::open(fetched, entry, id)?.ok_or_else(Problem::not_found)?;
        if_match.check(person.contact.rev)?;
        let (person, changes) = changed(person, body.clone());
        if !changes {
            let view = ContactView::new(&person, member.role);
            return Ok(Versioned {
                rev: view.rev,
                view,
            });
        }
        let mut transaction = Transaction::new(entry.now);
        let person = person.place(&mut transaction, entry)?;
        match app.store.commit(transaction).await {
            Ok(()) => {
                let view = ContactView::new(&person, member.role);
                return Ok(Versioned {
                    rev: view.rev,
                    view,
                });
            }
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {
                read_again = Some(app.store.batch(wanted.clone()).await?);
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}

/// The person with the change, and whether it changes anything.
pub fn changed(mut person: Person, change: ChangeContact) -> (Person, bool) {
    let ChangeContact {
        name,
        email,
        locale,
    } = change;
    let mut changes = false;
    if let Some(name) = name.filter(|name| *name != person.profile.name) {
        person.profile.name = name;
        changes = true;
    }
    if let Some(email) = email.filter(|email| *email != person.profile.email) {
        person.profile.email = email;
        // What the team writes down nobody has proved.
        person.contact.email_proof = None;
        changes = true;
    }
    if let Some(locale) = locale.filter(|locale| *locale != person.profile.locale) {
        person.profile.locale = locale;
        changes = true;
    }
    (person, changes)
}

#[cfg(test)]
mod tests {
    use shared::http::json::parse;

    use super::*;
    use crate::contact::tests::person;

    fn change(body: &str) -> (Person, bool) {
        changed(person(), parse(body.as_bytes()).expect("a change"))
    }

    #[test]
    fn null_clears_and_absence_leaves() {
        let (person, changes) = change(r#"{"name":null,"locale":"de"}"#);
        assert!(changes);
        assert!(person.profile.name.is_none());
        assert!(person.profile.email.is_some());
        assert_eq!(
            person.profile.locale.as_ref().map(Locale::reveal),
            Some("de")
        );
    }

    #[test]
    fn saying_what_is_known_already_changes_nothing() {
        assert!(!change("{}").1);
        assert!(!change(r#"{"name":"Ada","email":"ada@example.com","locale":null}"#).1);
    }

    #[test]
    fn a_change_by_the_team_is_not_a_visit() {
        let (before, (after, _)) = (person(), change(r#"{"name":"Grace"}"#));
        assert_eq!(after.contact.last_seen_at, before.contact.last_seen_at);
        assert_eq!(after.profile.kept_from, before.profile.kept_from);
    }
}
