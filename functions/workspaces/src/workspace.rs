//! A workspace as its members see it.

use serde::Serialize;
use shared::{
    domain::{
        ErasureId, MemberId, Policy, Profile, Role, TeamId, Timestamp, WorkspaceId,
        policy::{Lens, Module, VisitorMail},
    },
    http::Problem,
    store::{
        Fetched, Key, RootRef, TenantKey, account::LoginSession, erasure::Erasure, keys,
        workspace::Workspace,
    },
};
use utoipa::ToSchema;

/// A workspace, and what the reader is in it.
#[derive(Serialize, ToSchema)]
pub struct WorkspaceView {
    /// Its id.
    id: WorkspaceId,
    /// Its name; `null` to a session without the second factor that it asks for.
    #[schema(example = "Example Ltd")]
    name: Option<String>,
    /// The language its members write in.
    #[schema(example = "en")]
    locale: Option<String>,
    /// The time zone of its working days.
    #[schema(example = "Europe/Berlin")]
    time_zone: Option<String>,
    /// Which family of promises it made.
    profile: Profile,
    /// What it can do.
    modules: Vec<Module>,
    /// Whether members come in with a second factor only.
    second_factor_required: bool,
    /// What of a conversation is mailed to visitors who are away and whose address was proved.
    visitor_mail: VisitorMail,
    /// The team that gets what visitors begin where no app names another.
    default_team_id: Option<TeamId>,
    /// Whether devices of every call speak through a relay only.
    calls_relay_only: bool,
    /// How long it keeps what.
    retention: WorkspaceRetention,
    /// What the reader may do here.
    role: Role,
    /// As which member the reader is known here.
    member_id: MemberId,
    /// When it will be erased, if its owner ended it; until then that can be undone.
    closes_at: Option<Timestamp>,
    /// Its erasure, if its owner ended it: when it has begun, `GET …/erasures/{erasure}` tells its
    /// owners how far it is.
    erasure_id: Option<ErasureId>,
    /// When it was made.
    created_at: Timestamp,
    /// Counts changes of the settings.
    #[schema(example = 1)]
    pub rev: u64,
}

/// How long a workspace keeps what.
#[derive(Serialize, ToSchema)]
pub struct WorkspaceRetention {
    /// Days that a message, and a thread after its last activity, is kept.
    #[schema(example = 90, minimum = 1, maximum = 3650)]
    conversation_days: u32,
}

impl WorkspaceView {
    /// The view of a workspace for `member`, who is `role` there.
    pub fn new(workspace: &Workspace, policy: &Policy, member: MemberId, role: Role) -> Self {
        Self {
            id: workspace.id,
            name: Some(workspace.name.reveal().to_owned()),
            locale: workspace
                .locale
                .as_ref()
                .map(|locale| locale.reveal().to_owned()),
            time_zone: workspace
                .time_zone
                .as_ref()
                .map(|zone| zone.reveal().to_owned()),
            profile: policy.profile,
            modules: policy.modules.clone(),
            second_factor_required: policy.second_factor_required,
            visitor_mail: policy.visitor_mail,
            default_team_id: policy.default_team,
            calls_relay_only: policy.calls_relay_only,
            retention: WorkspaceRetention {
                conversation_days: policy.conversation_days,
            },
            role,
            member_id: member,
            closes_at: policy.closes_at,
            erasure_id: policy
                .closes_at
                .map(|_| Erasure::of_workspace(workspace.id)),
            created_at: workspace.created_at,
            rev: workspace.rev,
        }
    }
}

impl WorkspaceView {
    /// Its name, for a page; none where it is not shown.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The same as a session may see it: without what somebody wrote, where a second factor is
    /// missing (FLOW-26). The rest is enough to learn that.
    pub fn seen_in(self, session: &LoginSession, policy: &Policy) -> Self {
        if is_inside(session, policy) {
            return self;
        }
        Self {
            name: None,
            locale: None,
            time_zone: None,
            ..self
        }
    }
}

/// Whether a session proved the factors that a workspace asks for (FLOW-26).
pub const fn is_inside(session: &LoginSession, policy: &Policy) -> bool {
    session.second_factor_at.is_some() || !policy.second_factor_required
}

/// What reading a workspace's name takes: its head and the key that its name is sealed with.
pub fn wanted(workspace: WorkspaceId) -> [Key; 2] {
    let head = keys::workspace(workspace);
    let key = keys::data_key(&RootRef::of(&head));
    [head, key]
}

/// The workspace out of a batch that asked for [`wanted`].
pub fn open(
    fetched: &Fetched,
    tenant_key: &TenantKey,
    workspace: WorkspaceId,
    lens: Lens<'_>,
) -> Result<Option<Workspace>, Problem> {
    let head = keys::workspace(workspace);
    let Some(key) = fetched.data_key(&head, tenant_key)? else {
        return Ok(None);
    };
    Ok(fetched.get::<Workspace>(&head, &key, lens)?)
}
