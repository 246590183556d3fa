//! `POST /v1/workspaces/{workspace}/invitations/{invitation}/resend`: the mail goes out once more.
//!
//! The link stays the same, and so does its end. `outbox` mails it because the count of mails grew.
//! From now on it is an invitation of whoever sent it again, so that what a colleague who has gone
//! began is not lost.

use axum::{extract::State, http::StatusCode};
use shared::{
    app::{App, limit::Act},
    domain::{InvitationId, Permission, WorkspaceId},
    http::{
        AccessToken, Allowance, Client, Code, IdempotencyKey, Json, Path, Problem, Problems,
        idempotent::Ask,
    },
    store::{
        CommitError, Stored, Transaction, keys,
        membership::{Delivery, Invitation},
    },
};

use crate::invitation::{self, InvitationState, InvitationView};

/// The most mails of one invitation: whoever did not get five does not get a sixth.
const MOST_MAILS: u64 = 5;
/// How often a change that lost a race, against the mailer's note mostly, is tried again.
const RACES: u32 = 3;

/// Send an invitation again.
///
/// At most five mails go out for one invitation. It becomes an invitation of whoever sends it again.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/invitations/{invitation}/resend",
    operation_id = "resend_invitation",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("invitation" = InvitationId, Path, description = "The invitation."),
        ("Idempotency-Key" = Option<String>, Header, description = "A repeated request with the same key sends one mail."),
    ),
    responses((status = 202, description = "A mail is on its way.", body = InvitationView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    client: Client,
    token: AccessToken,
    Path((workspace, id)): Path<(WorkspaceId, InvitationId)>,
    idempotency: IdempotencyKey,
) -> Result<(StatusCode, Allowance, Json<InvitationView>), Problem> {
    let wanted = invitation::wanted(workspace, id).to_vec();
    let member = app
        .member(&token, workspace, Permission::MembersManage, wanted.clone())
        .await?;
    let place = workspace.to_string();
    let allowed = app.admit(&client, Act::Invite, &place).await?;
    let entry = &member.entry;
    let content = id.to_string();
    let ask = Ask {
        tenant_key: &entry.tenant_key,
        principal: member.subject(),
        operation: "resend_invitation",
        content: &content,
        now: entry.now,
    };
    let mut read_again = None;
    for _ in 0..RACES {
        let fetched = read_again.as_ref().unwrap_or_else(|| entry.fetched());
        let found = invitation::open(fetched, entry, id)?;
        let (found, key) = found.ok_or_else(Problem::not_found)?;
        invitation::check_grant(&member, found.role)?;
        let view = |found: &Invitation| {
            let view = InvitationView::new(found, InvitationState::Pending, entry, member.role);
            (StatusCode::ACCEPTED, allowed.clone(), Json(view))
        };
        let mails = found.mails.unwrap_or(1) + 1;
        let again = Invitation {
            delivery: Some(Delivery::Queued),
            mails: Some(mails),
            invited_by: member.id,
            ..found.clone()
        };
        let stored = Stored::next(again, &entry.policy);
        let mut transaction = Transaction::new(entry.now);
        let slot = idempotency.remember(&mut transaction, ask, id)?;
        match mails > MOST_MAILS {
            false => transaction.replace(&stored, &key)?,
            true if slot.is_none() => return Err(spent()),
            // A repeated request is answered even when no more go out.
            true => transaction.check_unchanged(keys::invitation(workspace, id), 0),
        };
        match app.store.commit(transaction).await {
            Ok(()) => return Ok(view(stored.record())),
            Err(CommitError::Store(error)) => return Err(error.into()),
            Err(CommitError::Refused(refusal)) => {
                if IdempotencyKey::replayed::<InvitationId>(&refusal, slot, ask)?.is_some() {
                    return Ok(view(&found));
                }
                if mails > MOST_MAILS {
                    return Err(spent());
                }
                read_again = Some(app.store.batch(wanted.clone()).await?);
            }
        }
    }
    Err(Problem::new(Code::Conflict))
}

fn spent() -> Problem {
    let detail = "five mails went out for this invitation; delete it and invite again";
    Problem::new(Code::NotChangeable).with_detail(detail)
}
