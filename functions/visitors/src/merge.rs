//! `POST /v1/workspaces/{workspace}/contacts/{contact}/merge`: two contacts are one person.
//!
//! Nothing is moved: every contact keeps its conversations, its sessions and its end, and each of their
//! heads gets the list of all of them, in one transaction. So there are no chains and no circles, and a
//! merge that meets an erasure is refused by the versions of the heads, and looks again.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{ContactId, Permission, Role, Timestamp, WorkspaceId, policy::Module},
    http::{
        AccessToken, Code, Json, Path, Problem, Problems, Versioned,
        person::{self, Person, RACES},
        whole::Whole,
    },
    store::{
        CommitError, Fetched, Stored, Transaction, Unsealed,
        audit::Deed,
        contact::{Contact, MOST_OF_A_PERSON},
    },
};
use utoipa::ToSchema;

use crate::contact::ContactView;

/// Who the contact is as well.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MergeContact {
    /// The contact that stands for both from now on.
    into: ContactId,
}

/// Say that two contacts are one person.
///
/// It cannot be undone. Lists show the contact that it was merged into; each keeps its own conversations,
/// and its visitor sees what they saw before. A copy of the person's data, an erasure, a restriction, an
/// objection and a block reach all of their contacts, whichever is named. Only one of them may bear an
/// identifier of the customer's own (409 `not_changeable`), and a person has ten contacts at most.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/merge",
    operation_id = "merge_contact",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
    ),
    request_body = MergeContact,
    responses((status = 200, description = "The contact that stands for both.", body = ContactView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, ContactId)>,
    Json(MergeContact { into }): Json<MergeContact>,
) -> Result<Versioned<ContactView>, Problem> {
    let wanted = [
        person::wanted(workspace, into),
        person::wanted(workspace, id),
    ]
    .concat();
    let permission = Permission::ContactsDelete;
    let member = app.member(&token, workspace, permission, wanted.clone());
    let member = member.await?;
    let entry = &member.entry;
    entry.require(Module::Conversations)?;
    let mut read_again: Option<Fetched> = None;
    for _ in 0..RACES {
        let fetched = read_again.as_ref().unwrap_or_else(|| entry.fetched());
        let kept = person::open(fetched, entry, into)?.ok_or_else(Problem::not_found)?;
        let merged = person::open(fetched, entry, id)?.ok_or_else(Problem::not_found)?;
        if into == id {
            let detail = "another contact than this one";
            return Err(Problem::invalid("#/into", "forbidden", detail));
        }
        if kept.contact.others().any(|other| other == id) {
            return Ok(shown(&kept, member.role));
        }
        let kept = app.whole(entry, kept).await?;
        let merged = app.whole(entry, merged).await?;
        let one = One::of(&kept, &merged, entry.now)?;
        let mut transaction = Transaction::new(entry.now);
        let mut put = |person: &Person| {
            let head = Stored::next(one.with(person.contact.clone()), &entry.policy);
            transaction.replace(&head, &Unsealed)?;
            Ok::<_, Problem>(head.into_record())
        };
        let mut first = kept.asked;
        first.contact = put(&first)?;
        for person in kept.others.iter().chain(merged.persons()) {
            put(person)?;
        }
        let line = entry.line(member.id, Deed::ContactMerged);
        transaction.audit(line.about(id))?;
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(shown(&first, member.role)),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {
                read_again = Some(app.store.batch(wanted.clone()).await?);
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}

fn shown(person: &Person, role: Role) -> Versioned<ContactView> {
    let view = ContactView::new(person, role);
    Versioned {
        rev: view.rev,
        view,
    }
}

/// What holds for all contacts of a person that two become: the stricter of what held for each.
struct One {
    same_person: Vec<ContactId>,
    blocked: bool,
    figures_refused_at: Option<Timestamp>,
    now: Timestamp,
}

impl One {
    /// Refuses whom the customer calls by two identifiers: to the customer they are two.
    fn of(kept: &Whole, merged: &Whole, now: Timestamp) -> Result<Self, Problem> {
        let refused = |detail| Err(Problem::new(Code::NotChangeable).with_detail(detail));
        let ids = [kept.asked.contact.whole(), merged.asked.contact.whole()];
        let same_person = ids.concat();
        if same_person.len() > MOST_OF_A_PERSON {
            return refused("a person has ten contacts at most");
        }
        let persons = || kept.persons().chain(merged.persons());
        let named =
            |person: &&Person| person.contact.verified || person.profile.external_id.is_some();
        if persons().filter(named).count() > 1 {
            return refused(
                "both have an identifier of the customer's own: they are two people there",
            );
        }
        let contacts = || persons().map(|person| &person.contact);
        Ok(Self {
            same_person,
            blocked: contacts().any(|contact| contact.blocked),
            figures_refused_at: contacts().filter_map(|it| it.figures_refused_at).min(),
            now,
        })
    }

    fn with(&self, contact: Contact) -> Contact {
        let contact = Contact {
            same_person: Some(self.same_person.clone()),
            blocked: self.blocked,
            ..contact
        };
        match (self.figures_refused_at, contact.figures_refused_at) {
            (Some(_), None) => contact.out_of_figures(self.now),
            _ => contact,
        }
    }
}
