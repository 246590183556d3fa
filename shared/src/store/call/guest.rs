//! Those who call without an account, the links that they come by, and what lets their devices in.

use shared_derive::Record;

use crate::{
    domain::{
        AppId, CallId, CallLinkId, ConversationId, GuestId, JoinId, MemberId, TeamId, Timestamp,
        WorkspaceId,
        call::CallKind,
        retention::GUEST_LIFETIME,
        token::{self, Secret, SecretHash},
    },
    store::{seal::KeyedHash, socket::Holder},
};

/// What the token of a guest opens with.
pub const GUEST_PREFIX: &str = "gt";
/// What the token of a link opens with.
pub const LINK_PREFIX: &str = "cl";
/// What a join token opens with.
pub const JOIN_PREFIX: &str = "cj";

/// Somebody who calls without an account: a token of a day, and nobody behind it (CALL-13).
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = guest(workspace, id), tenant = workspace,
    no_subject = "a token of a day: nobody knows whose, and it ends by itself",
    class = Guest, anchor = created_at,
)]
pub struct Guest {
    /// Its id.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub id: GuestId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// Through which app they came, if not by a link.
    #[non_personal(reason = "the id of an app")]
    pub app: Option<AppId>,
    /// The hash of the token's secret.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub token: SecretHash,
    /// What recognises whom the app calls for, where the app signed for it.
    #[personal(category = Identifier, purpose = ConnectCall, erase = Delete, keyed)]
    pub user_ref: Option<KeyedHash>,
    /// The member whom the link is to, if they came by one.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Pseudonymise, open)]
    pub asks: Option<MemberId>,
    /// The team that the link is to, if to a certain one.
    #[non_personal(reason = "the id of a team")]
    pub asks_team: Option<TeamId>,
    /// The conversation that the link was offered in, if in one.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub conversation: Option<ConversationId>,
    /// The last call that they were in.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub call: Option<CallId>,
    /// What recognises the request that it began with.
    #[personal(category = Identifier, purpose = ConnectCall, erase = Delete, keyed)]
    pub call_request: Option<KeyedHash>,
    /// When they came.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

impl Guest {
    /// The token, as a client brings it.
    pub fn token(workspace: WorkspaceId, id: GuestId, secret: &Secret) -> String {
        token::write(GUEST_PREFIX, &[workspace.uuid(), id.uuid()], secret)
    }

    /// When the token ends.
    pub fn ends_at(&self) -> Timestamp {
        self.created_at.plus(GUEST_LIFETIME)
    }
}

/// A link that lets somebody call a member or the team, once, within a day.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = call_link(workspace, id), tenant = workspace,
    no_subject = "whose it is stands in `member`; it ends after a day",
    class = Guest, anchor = created_at,
)]
pub struct CallLink {
    /// Its id.
    #[non_personal(reason = "the id of a link")]
    pub id: CallLinkId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The hash of its secret.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub token: SecretHash,
    /// Whom it lets call; the whole team where a flow offered it.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub member: Option<MemberId>,
    /// The team that it lets call, where a flow offered it and named one.
    #[non_personal(reason = "the id of a team")]
    pub team: Option<TeamId>,
    /// The conversation that it is offered in, if in one.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub conversation: Option<ConversationId>,
    /// As what a call by it begins.
    #[non_personal(reason = "a closed word")]
    pub call_kind: CallKind,
    /// What recognises the one device that used it.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub used_by: Option<KeyedHash>,
    /// When it was made.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub created_at: Timestamp,
    /// Counts changes.
    #[non_personal(reason = "a version counter")]
    pub rev: u64,
}

/// What lets one device into a call, once, within a minute.
#[derive(Clone, Debug, Record)]
#[record(
    table = Data, key = join_pass(workspace, id), tenant = workspace,
    no_subject = "whose it is stands in `holder`; gone in sixty seconds, or with its one use",
    class = Ticket, anchor = created_at,
)]
pub struct JoinPass {
    /// Its id.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub id: JoinId,
    /// In which workspace.
    #[non_personal(reason = "the id of a workspace")]
    pub workspace: WorkspaceId,
    /// The hash of its secret.
    #[personal(category = Identifier, purpose = Authenticate, erase = Delete, keyed)]
    pub token: SecretHash,
    /// Into which call.
    #[non_personal(reason = "the id of a call")]
    pub call: CallId,
    /// Whom, and by which sign-in.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub holder: Holder,
    /// When it was asked for.
    #[personal(category = Pseudonym, purpose = ConnectCall, erase = Delete, open)]
    pub created_at: Timestamp,
}

impl JoinPass {
    /// The token, as a client brings it.
    pub fn token(workspace: WorkspaceId, id: JoinId, secret: &Secret) -> String {
        token::write(JOIN_PREFIX, &[workspace.uuid(), id.uuid()], secret)
    }

    /// Which pass a token names, and the secret it brings.
    pub fn read_token(text: &str) -> Option<(WorkspaceId, JoinId, Secret)> {
        let ([workspace, id], secret) = token::read::<2>(JOIN_PREFIX, text)?;
        Some((
            WorkspaceId::from_uuid(workspace),
            JoinId::from_uuid(id),
            secret,
        ))
    }
}
