//! `PUT /v1/workspaces/{workspace}/push/{provider}`: from now on this provider brings notifications of the
//! workspace, with what the workspace gave us for it.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::{
        App,
        push::{Credentials, WebCredentials},
    },
    domain::{Permission, WorkspaceId, policy::Module, push::PushProvider, text::Setting},
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, audit::Deed, keys, notification::PushSender,
    },
};
use utoipa::ToSchema;

use crate::sender::SenderView;

/// What a provider wants from the workspace.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetSender {
    /// Where push services of browsers may write to, with `webpush`: `mailto:` and an address, or `https:`.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, format = "uri", max_length = 500, example = "mailto:push@shop.example.com")]
    contact: Option<Setting>,
}

/// Let a provider bring notifications.
///
/// With `webpush` a key is made the first time and stays the same from then on, because browsers bind
/// subscriptions to it. Takes a factor that was proved in the last ten minutes.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/push/{provider}",
    operation_id = "set_push",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("provider" = PushProvider, Path, description = "The provider."),
    ),
    request_body = SetSender,
    responses((status = 200, description = "It does.", body = SenderView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, provider)): Path<(WorkspaceId, PushProvider)>,
    Json(body): Json<SetSender>,
) -> Result<Json<SenderView>, Problem> {
    let place = keys::push_sender(workspace, provider);
    let member = app
        .member(
            &token,
            workspace,
            Permission::WorkspaceManage,
            vec![place.clone()],
        )
        .await?;
    member.proved()?;
    let entry = &member.entry;
    entry.require(Module::Push)?;
    let before = entry.open::<PushSender>(&place)?;
    let known = match &before {
        Some(sender) => Some(Credentials::read(&sender.open(&entry.tenant_key)?)?),
        None => None,
    };
    let PushProvider::Webpush = provider;
    let contact = contact(body.contact)?;
    let credentials = Credentials::Webpush(match known {
        Some(Credentials::Webpush(own)) => own.with_contact(contact),
        None => WebCredentials::generate(contact)?,
    });
    let sealed = PushSender::seal(
        &entry.tenant_key,
        workspace,
        provider,
        &credentials.write()?,
    )?;
    let mut transaction = Transaction::new(entry.now);
    let (stored, is_new) = match before {
        Some(sender) => {
            let next = PushSender {
                credentials: sealed,
                ..sender
            };
            (Stored::next(next, &entry.policy), false)
        }
        None => {
            let sender = PushSender {
                workspace,
                provider,
                credentials: sealed,
                created_at: entry.now,
                rev: 1,
            };
            (Stored::new(sender, &entry.policy), true)
        }
    };
    if is_new {
        transaction.create(&stored, &Unsealed)?;
    } else {
        transaction.replace(&stored, &Unsealed)?;
    }
    transaction.check_live(keys::policy(workspace));
    transaction.audit(entry.line(member.id, Deed::SettingsChanged))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(Json(SenderView::new(stored.record(), entry)?)),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

/// Whom a push service may write to (RFC 8292, 2.1).
fn contact(given: Option<Setting>) -> Result<String, Problem> {
    let Some(given) = given else {
        let detail = "whom push services may write to";
        return Err(Problem::invalid("#/contact", "required", detail));
    };
    let text = given.as_str();
    let is_mail = text
        .strip_prefix("mailto:")
        .is_some_and(|to| to.contains('@'));
    let is_page = text.starts_with("https://");
    if (!is_mail && !is_page) || text.contains(' ') {
        let detail = "mailto: and an address, or https: and a page";
        return Err(Problem::invalid("#/contact", "bad_contact", detail));
    }
    Ok(text.to_owned())
}
