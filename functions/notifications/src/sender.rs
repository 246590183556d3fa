//! Who brings notifications of a workspace, as its team sees it.

use serde::Serialize;
use shared::{
    app::push::Credentials,
    domain::{Timestamp, push::PushProvider, text::BundleId},
    http::{Problem, actor::Entry},
    store::{keys, notification::PushSender},
};
use utoipa::ToSchema;

/// Who brings notifications, without what is secret.
#[derive(Serialize, ToSchema)]
pub struct SenderView {
    /// Who.
    #[schema(example = "webpush")]
    provider: PushProvider,
    /// What browsers bind subscriptions to (`applicationServerKey`), with `webpush`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        nullable = false,
        example = "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"
    )]
    public_key: Option<String>,
    /// The project, with `fcm`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = "shop-4711")]
    project_id: Option<String>,
    /// The bundle ids of the apps, with `apns`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, example = json!(["com.example.shop"]))]
    topics: Option<Vec<BundleId>>,
    /// Since when.
    created_at: Timestamp,
}

impl SenderView {
    /// The view of one.
    pub fn new(sender: &PushSender, entry: &Entry) -> Result<Self, Problem> {
        let credentials = Credentials::read(&sender.open(&entry.tenant_key)?)?;
        let mut view = Self {
            provider: sender.provider,
            public_key: None,
            project_id: None,
            topics: None,
            created_at: sender.created_at,
        };
        match credentials {
            Credentials::Apns(own) => view.topics = Some(own.topics),
            Credentials::Expo(_) => {}
            Credentials::Fcm(own) => view.project_id = Some(own.project_id),
            Credentials::Webpush(own) => view.public_key = Some(own.public_key),
        }
        Ok(view)
    }
}

/// Everybody who brings notifications of a workspace.
#[derive(Serialize, ToSchema)]
pub struct Senders {
    /// Those that were set up.
    data: Vec<SenderView>,
}

impl Senders {
    /// The places that are read for it.
    pub fn places(workspace: shared::domain::WorkspaceId) -> Vec<shared::store::Key> {
        let all = PushProvider::ALL.iter();
        all.map(|provider| keys::push_sender(workspace, *provider))
            .collect()
    }

    /// Those that were read.
    pub fn found(entry: &Entry) -> Result<Self, Problem> {
        let mut data = Vec::new();
        for place in Self::places(entry.workspace) {
            if let Some(sender) = entry.open::<PushSender>(&place)? {
                data.push(SenderView::new(&sender, entry)?);
            }
        }
        Ok(Self { data })
    }
}
