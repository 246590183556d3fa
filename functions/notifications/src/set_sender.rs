//! `PUT /v1/workspaces/{workspace}/push/{provider}`: from now on this provider brings notifications of the
//! workspace, with what the workspace gave us for it.

use axum::extract::State;
use serde::Deserialize;
use shared::{
    app::{
        App,
        push::{ApnsCredentials, Credentials, ExpoCredentials, FcmCredentials, WebCredentials},
    },
    domain::{
        Permission, WorkspaceId,
        policy::Module,
        push::PushProvider,
        text::{BundleId, Setting, Text},
    },
    http::{AccessToken, Code, Json, Path, Problem, Problems},
    store::{
        CommitError, Stored, Transaction, Unsealed, audit::Deed, keys, notification::PushSender,
    },
};
use utoipa::ToSchema;

use crate::sender::SenderView;

/// The most apps of a team at Apple.
const MOST_TOPICS: usize = 20;

/// What a provider wants from the workspace.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "contact": "mailto:push@shop.example.com" }))]
pub struct SetSender {
    /// Where push services of browsers may write to, with `webpush`: `mailto:` and an address, or `https:`.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, format = "uri", max_length = 500, example = "mailto:push@shop.example.com")]
    contact: Option<Setting>,
    /// The project, with `fcm`: `project_id` of the file of a service account.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, max_length = 500, example = "shop-4711")]
    project_id: Option<Setting>,
    /// The account, with `fcm`: `client_email` of that file.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, format = "email", max_length = 500, example = "push@shop-4711.iam.example.com")]
    client_email: Option<Setting>,
    /// The key, with `fcm` (`private_key` of that file) and with `apns` (what is in `AuthKey_….p8`): PKCS #8 as
    /// PEM.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, format = "password", max_length = 10000)]
    private_key: Option<Text>,
    /// The team, with `apns`.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, max_length = 500, example = "DEF123GHIJ")]
    team_id: Option<Setting>,
    /// The id of the key, with `apns`.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, max_length = 500, example = "ABC123DEFG")]
    key_id: Option<Setting>,
    /// The bundle ids of the apps, with `apns`.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(min_items = 1, max_items = 20)]
    topics: Option<Vec<BundleId>>,
    /// The access token of the project, with `expo`, where it asks for one.
    #[serde(default, deserialize_with = "shared::http::json::given")]
    #[schema(value_type = String, format = "password", max_length = 500)]
    access_token: Option<Setting>,
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
    let credentials = body.credentials(provider, known)?;
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

impl SetSender {
    /// What is kept: everything that the provider wants, and nothing else.
    fn credentials(
        self,
        provider: PushProvider,
        known: Option<Credentials>,
    ) -> Result<Credentials, Problem> {
        let wanted: &[&str] = match provider {
            PushProvider::Apns => &["key_id", "private_key", "team_id", "topics"],
            PushProvider::Expo => &["access_token"],
            PushProvider::Fcm => &["client_email", "private_key", "project_id"],
            PushProvider::Webpush => &["contact"],
        };
        let given = [
            ("access_token", self.access_token.is_some()),
            ("client_email", self.client_email.is_some()),
            ("contact", self.contact.is_some()),
            ("key_id", self.key_id.is_some()),
            ("private_key", self.private_key.is_some()),
            ("project_id", self.project_id.is_some()),
            ("team_id", self.team_id.is_some()),
            ("topics", self.topics.is_some()),
        ];
        let unwanted = |(name, is_there): &&(&str, bool)| *is_there && !wanted.contains(name);
        if let Some((name, _)) = given.iter().find(unwanted) {
            let detail = "nothing: another provider takes it";
            return Err(Problem::invalid(
                &format!("#/{name}"),
                "not_for_provider",
                detail,
            ));
        }
        match provider {
            PushProvider::Apns => {
                let topics = self.topics.unwrap_or_default();
                if topics.is_empty() || topics.len() > MOST_TOPICS {
                    let detail = "one to twenty bundle ids";
                    return Err(Problem::invalid("#/topics", "required", detail));
                }
                let own = ApnsCredentials {
                    team_id: required("team_id", self.team_id)?,
                    key_id: required("key_id", self.key_id)?,
                    private_key: key(self.private_key)?,
                    topics,
                };
                match own.is_good() {
                    true => Ok(Credentials::Apns(own)),
                    false => Err(bad_key("a key of P-256, PKCS #8, as PEM")),
                }
            }
            PushProvider::Expo => Ok(Credentials::Expo(ExpoCredentials {
                access_token: self.access_token.map(|token| token.as_str().to_owned()),
            })),
            PushProvider::Fcm => {
                let project_id = required("project_id", self.project_id)?;
                let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | ':' | '.');
                if !project_id.chars().all(plain) {
                    let detail = "the id of a project";
                    return Err(Problem::invalid("#/project_id", "bad_character", detail));
                }
                let own = FcmCredentials {
                    project_id,
                    client_email: required("client_email", self.client_email)?,
                    private_key: key(self.private_key)?,
                };
                match own.is_good() {
                    true => Ok(Credentials::Fcm(own)),
                    false => Err(bad_key("a key of RSA, PKCS #8, as PEM")),
                }
            }
            PushProvider::Webpush => {
                let contact = contact(self.contact)?;
                Ok(Credentials::Webpush(match known {
                    Some(Credentials::Webpush(own)) => own.with_contact(contact),
                    _ => WebCredentials::generate(contact)?,
                }))
            }
        }
    }
}

fn required(name: &str, given: Option<Setting>) -> Result<String, Problem> {
    let missing = || {
        Problem::invalid(
            &format!("#/{name}"),
            "required",
            "what the provider gave out",
        )
    };
    given
        .map(|given| given.as_str().to_owned())
        .ok_or_else(missing)
}

fn key(given: Option<Text>) -> Result<String, Problem> {
    let missing = || {
        Problem::invalid(
            "#/private_key",
            "required",
            "the key that the provider gave out",
        )
    };
    given.map(|key| key.reveal().to_owned()).ok_or_else(missing)
}

fn bad_key(detail: &str) -> Problem {
    Problem::invalid("#/private_key", "bad_key", detail)
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
