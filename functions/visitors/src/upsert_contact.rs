//! `POST /v1/workspaces/{workspace}/contacts`: the team, or a server of the customer, enters somebody by the
//! customer's own identifier, or changes what is known of them.
//!
//! The identifier is the whole key: an address joins nobody to anybody, because anybody can type one. What is
//! entered here nobody signed for: the contact is not verified until the app signs for that identifier in a
//! session, and its address is proved by nothing. Entering somebody is not a visit: it keeps nobody
//! longer.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        Permission, WorkspaceId,
        policy::Module,
        text::{Email, ExternalId, Locale, Name},
    },
    http::{
        Code, Credential, Json, Path, Problem, Problems, Versioned,
        json::given,
        person::{self, RACES},
    },
    store::{CommitError, Transaction},
};
use utoipa::ToSchema;

use crate::{
    arrival,
    change_contact::{ChangeContact, changed},
    contact::ContactView,
};

/// Somebody by the customer's own identifier; what is absent stays, `null` clears.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct UpsertContact {
    /// The customer's own identifier: whoever bears it already is changed.
    #[schema(example = "user-4711")]
    external_id: ExternalId,
    /// Its name.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Name>, example = "Ada Lovelace")]
    name: Option<Option<Name>>,
    /// Its address.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Email>, example = "ada@example.com")]
    email: Option<Option<Email>>,
    /// Its language.
    #[serde(default, deserialize_with = "given")]
    #[schema(value_type = Option<Locale>, example = "en")]
    locale: Option<Option<Locale>>,
}

/// Enter a contact, or change the one with this identifier.
///
/// Doing it again changes nothing. Nobody is merged with anybody: an address that another contact has as well
/// makes no difference. The contact is not `verified`, and its address has no proof, until the app signs for it.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/contacts",
    operation_id = "upsert_contact",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = UpsertContact,
    responses(
        (status = 201, description = "A new contact.", body = ContactView),
        (status = 200, description = "The contact that was there.", body = ContactView),
        Problems,
    ),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<UpsertContact>,
) -> Result<Response, Problem> {
    let permission = Permission::ContactsManage;
    let caller = app
        .caller(&credential, workspace, permission, Vec::new())
        .await?;
    let entry = &caller.entry;
    entry.require(Module::Conversations)?;
    let UpsertContact {
        external_id,
        name,
        email,
        locale,
    } = body;
    let change = ChangeContact {
        name,
        email,
        locale,
    };
    // Somebody else may enter the same person at the same moment: then it is read again.
    for _ in 0..RACES {
        let mut transaction = Transaction::new(entry.now);
        let (status, person) = match arrival::known_by(&app, entry, &external_id).await? {
            Some(person) => match changed(person, change.clone()) {
                (person, true) => (StatusCode::OK, person.place(&mut transaction, entry)?),
                (person, false) => return Ok(shown(StatusCode::OK, &person, &caller)),
            },
            None => {
                let change = change.clone();
                let person = arrival::entered(&mut transaction, entry, &external_id, change)?;
                (StatusCode::CREATED, person)
            }
        };
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(shown(status, &person, &caller)),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(_)) => {}
        }
    }
    Err(Problem::new(Code::Conflict))
}

fn shown(status: StatusCode, person: &person::Person, caller: &shared::http::Caller) -> Response {
    let view = ContactView::for_caller(person, caller);
    let body = Versioned {
        rev: view.rev,
        view,
    };
    (status, body).into_response()
}
