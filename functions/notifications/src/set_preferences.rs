//! `PUT /v1/workspaces/{workspace}/notification-preferences`: a member says what they want to be told, by which
//! way, and when not.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::App,
    domain::{Permission, WorkspaceId, push::NotifyEvent},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, keys,
        notification::{MailWanted, NotifyWishes},
    },
};
use utoipa::ToSchema;

use crate::preferences::{self, Quiet, WishesView};

/// What a member wants to be told, as a whole.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetWishes {
    /// Of what by mail: one mail an hour at most about one kind of thing in one conversation, without a word
    /// of what was said.
    #[schema(max_items = 7, example = json!(["mention"]))]
    email: Vec<NotifyEvent>,
    /// Of what in the product (`GET …/notifications`). Calls ring in their clients, and stand in no list.
    #[schema(max_items = 7, example = json!(["assigned", "mention", "message"]))]
    in_app: Vec<NotifyEvent>,
    /// Of what on their devices.
    #[schema(max_items = 7, example = json!(["assigned", "mention", "message"]))]
    push: Vec<NotifyEvent>,
    /// When they are left alone by their devices: what happens then is not told later. Mail comes all the
    /// same.
    #[serde(default)]
    quiet_hours: Option<Quiet>,
}

/// Say what one is told.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/notification-preferences",
    operation_id = "set_notification_preferences",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = SetWishes,
    responses((status = 200, description = "What holds now.", body = WishesView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<SetWishes>,
) -> Result<Json<WishesView>, Problem> {
    let member = app
        .member(&token, workspace, Permission::ConversationsRead, Vec::new())
        .await?;
    member.belongs()?;
    let entry = &member.entry;
    entry.in_use()?;
    let email = distinct("email", body.email)?;
    let in_app = distinct("in_app", body.in_app)?;
    let push = distinct("push", body.push)?;
    let quiet = body.quiet_hours.map(Quiet::parse).transpose()?;
    let (quiet_hours, time_zone) = quiet.unzip();
    let (before, key) = preferences::found(&app, &member).await?;
    let unassigned = |list: &[NotifyEvent]| list.contains(&NotifyEvent::Unassigned);
    let told = unassigned(&email) || unassigned(&in_app) || unassigned(&push);
    let wishes = NotifyWishes {
        unassigned_since: told.then(|| before.unassigned_since.unwrap_or(entry.now)),
        email,
        in_app,
        push,
        quiet_hours,
        time_zone,
        ..before
    };
    let is_new = wishes.rev == 0;
    let mails = !wishes.email.is_empty();
    let stored = Stored::next(wishes, &entry.policy);
    let mut transaction = Transaction::new(entry.now);
    if is_new {
        transaction.create(&stored, &key)?;
    } else {
        transaction.replace(&stored, &key)?;
    }
    transaction.check_live(keys::membership(workspace, member.id));
    if mails {
        let wanted = MailWanted {
            workspace,
            created_at: entry.now,
        };
        transaction.overwrite(&Stored::new(wanted, &entry.policy), &Unsealed)?;
    }
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Json(WishesView::new(stored.record()))),
        Err(CommitError::Store(error)) => Err(error.into()),
        // Somebody else wrote meanwhile, on another device of theirs.
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// The events, each once, if they can be chosen.
fn distinct(list: &str, events: Vec<NotifyEvent>) -> Result<Vec<NotifyEvent>, Problem> {
    for (place, event) in events.iter().enumerate() {
        if !event.is_choice() {
            let pointer = format!("#/{list}/{place}");
            let detail = "an event that happens";
            return Err(Problem::invalid(&pointer, "not_a_choice", detail));
        }
    }
    let chosen = NotifyEvent::ALL.iter().copied();
    Ok(chosen.filter(|event| events.contains(event)).collect())
}
