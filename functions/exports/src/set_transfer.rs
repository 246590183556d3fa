//! `PUT /v1/workspaces/{workspace}/transfer`: somebody else answers for the workspace, because the
//! business that it belongs to changes hands (FLOW-46).
//!
//! Two owners say the same. With the second one, in one transaction: the entry of the register is
//! approved, a copy of the whole workspace is begun, the new controller stands with the workspace, and
//! every owner is told by mail, whatever mails they refused.

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{DisclosureId, Permission, TenantId, Timestamp, WorkspaceId, text::Text, time::DAY},
    http::{AccessToken, Code, Json, Member, Path, Problem, Problems},
    store::{
        CommitError, DataKey, Stored, Transaction,
        audit::Deed,
        disclosure::{Disclosure, DisclosureState, Ground},
        export::{Export, ExportKind},
        keys,
        notice::{Notice, NoticeKind},
        transfer::Transfer as Record,
    },
};
use utoipa::ToSchema;

use crate::{
    export,
    transfer::{self, TransferView},
};

/// How many days before it takes effect everybody is told at the latest.
const NOTICE_DAYS: u32 = 30;
/// How many days ahead it may lie.
const MOST_DAYS: u32 = 730;
/// How many owners one transaction tells (DynamoDB takes 100 actions).
const MOST_TOLD: usize = 80;

/// Who is to answer for a workspace.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SetTransfer {
    /// Who: a name, and where they are reached.
    #[schema(example = "Example Holding Ltd, 1 Example Street, Springfield")]
    controller: Text,
    /// What the transfer is known by.
    #[schema(example = "Purchase of the shop, 3 March")]
    reference: Text,
    /// From when: in 30 days at the earliest, counted from when the second owner agrees.
    #[schema(example = "2027-06-01T00:00:00.000Z")]
    takes_effect_at: Timestamp,
}

impl SetTransfer {
    fn says(&self, transfer: &Record) -> bool {
        self.controller.reveal() == transfer.controller.reveal()
            && self.reference.reveal() == transfer.reference.reveal()
            && self.takes_effect_at == transfer.takes_effect_at
    }

    fn check(&self, now: Timestamp) -> Result<(), Problem> {
        let (first, last) = (now.plus(DAY * NOTICE_DAYS), now.plus(DAY * MOST_DAYS));
        if (first..=last).contains(&self.takes_effect_at) {
            return Ok(());
        }
        let expected = format!("not before {first}, and not after {last}");
        let pointer = "#/takes_effect_at";
        Err(Problem::invalid(pointer, "out_of_range", &expected))
    }
}

/// Hand the workspace over to somebody else who answers for it.
///
/// For owners, with a factor that was proved in the last ten minutes. The first owner proposes; when a
/// second one says the same words, it is agreed: a copy of the whole workspace is made, and every owner
/// is told by mail. Other words propose anew. What was agreed stays until its day.
#[utoipa::path(
    put,
    path = "/v1/workspaces/{workspace}/transfer",
    operation_id = "set_transfer",
    params(("workspace" = WorkspaceId, Path, description = "The workspace.")),
    request_body = SetTransfer,
    responses(
        (status = 200, description = "It was said before.", body = TransferView),
        (status = 201, description = "It waits for a second owner.", body = TransferView),
        (status = 202, description = "It is agreed, and the copy is being made.", body = TransferView),
        Problems,
    ),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path(workspace): Path<WorkspaceId>,
    Json(body): Json<SetTransfer>,
) -> Result<(StatusCode, Json<TransferView>), Problem> {
    let member = app
        .member(
            &token,
            workspace,
            Permission::WorkspaceOwn,
            transfer::wanted(workspace),
        )
        .await?;
    member.proved()?;
    let now = member.entry.now;
    let (before, key) = transfer::read(&member.entry)?;
    let (open, over) = match before {
        Some(agreed) if agreed.agreed_at.is_some() => {
            if body.says(&agreed) {
                return Ok((StatusCode::OK, Json(TransferView::of(&agreed))));
            }
            if agreed.takes_effect_at > now {
                let detail = "another transfer was agreed, and its day has not come";
                return Err(Problem::new(Code::Conflict).with_detail(detail));
            }
            (None, Some(agreed))
        }
        open => (open, None),
    };
    body.check(now)?;
    match open {
        Some(same) if body.says(&same) && same.proposed_by == member.id => {
            Ok((StatusCode::OK, Json(TransferView::of(&same))))
        }
        Some(same) if body.says(&same) => agree(&app, &member, &key, same).await,
        other => propose(&app, &member, &key, body, (other, over)).await,
    }
}

/// The entry of the register that a proposal has.
async fn entry_of(
    app: &App,
    member: &Member,
    key: &DataKey,
    transfer: &Record,
) -> Result<Disclosure, Problem> {
    let place = keys::disclosure(transfer.workspace, transfer.disclosure);
    let fetched = app.store.batch(vec![place.clone()]).await?;
    let found = fetched.get::<Disclosure>(&place, key, member.entry.lens())?;
    found.ok_or_else(|| Problem::internal("a transfer that is in no register"))
}

async fn propose(
    app: &App,
    member: &Member,
    key: &DataKey,
    body: SetTransfer,
    (open, over): (Option<Record>, Option<Record>),
) -> Result<(StatusCode, Json<TransferView>), Problem> {
    let entry = &member.entry;
    let mut transaction = Transaction::new(entry.now);
    if let Some(other) = &open {
        let declined = Disclosure {
            disclosure_state: DisclosureState::Declined,
            decided_by: Some(member.id),
            decided_at: Some(entry.now),
            ..entry_of(app, member, key, other).await?
        };
        transaction.replace(&Stored::next(declined, &entry.policy), key)?;
    }
    let disclosure = Disclosure {
        id: DisclosureId::new(entry.now),
        workspace: entry.workspace,
        about: Disclosure::pseudonym_of_all(&entry.tenant_key, entry.workspace),
        ground: Ground::BusinessTransfer,
        recipient: body.controller.clone(),
        reference: body.reference.clone(),
        conversations: 0,
        disclosure_state: DisclosureState::Proposed,
        proposed_by: member.id,
        proposed_at: entry.now,
        decided_by: None,
        decided_at: None,
        export: None,
        silent_until: None,
        told_at: None,
        rev: 1,
    };
    let before = open.or(over);
    let transfer = Record {
        workspace: entry.workspace,
        disclosure: disclosure.id,
        controller: body.controller,
        reference: body.reference,
        takes_effect_at: body.takes_effect_at,
        proposed_by: member.id,
        proposed_at: entry.now,
        agreed_by: None,
        agreed_at: None,
        export: None,
        rev: before.as_ref().map_or(1, |before| before.rev),
    };
    let view = TransferView::of(&transfer);
    transaction.create(&Stored::new(disclosure, &entry.policy), key)?;
    match before {
        Some(_) => transaction.replace(&Stored::next(transfer, &entry.policy), key)?,
        None => transaction.create(&Stored::new(transfer, &entry.policy), key)?,
    };
    transaction.audit(entry.line(member.id, Deed::DisclosureProposed))?;
    done(app, transaction).await?;
    Ok((StatusCode::CREATED, Json(view)))
}

async fn agree(
    app: &App,
    member: &Member,
    key: &DataKey,
    transfer: Record,
) -> Result<(StatusCode, Json<TransferView>), Problem> {
    let entry = &member.entry;
    let tenant = TenantId::Workspace(entry.workspace);
    let export = Export::new(tenant, member.subject(), ExportKind::Workspace, entry.now);
    export::room_for(app, &export).await?;
    let approved = Disclosure {
        disclosure_state: DisclosureState::Approved,
        decided_by: Some(member.id),
        decided_at: Some(entry.now),
        export: Some(export.id),
        ..entry_of(app, member, key, &transfer).await?
    };
    let agreed = Record {
        agreed_by: Some(member.id),
        agreed_at: Some(entry.now),
        export: Some(export.id),
        ..transfer
    };
    let view = TransferView::of(&agreed);
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&Stored::next(approved, &entry.policy), key)?;
    transaction.replace(&Stored::next(agreed, &entry.policy), key)?;
    transaction.begin_export(export, &entry.tenant_key)?;
    let owners = app
        .store
        .accounts_that_may(entry.workspace, Permission::WorkspaceOwn, entry.now)
        .await?;
    for owner in owners.into_iter().take(MOST_TOLD) {
        let notice = Notice::new(owner, NoticeKind::WorkspaceTransferred, entry.now);
        transaction.notify(notice.in_workspace(entry.workspace))?;
    }
    let line = entry.line(member.id, Deed::DisclosureApproved);
    transaction.audit(line.begun())?;
    done(app, transaction).await?;
    Ok((StatusCode::ACCEPTED, Json(view)))
}

async fn done(app: &App, transaction: Transaction) -> Result<(), Problem> {
    match app.store.commit(transaction).await {
        Ok(()) => Ok(()),
        // Somebody else said something meanwhile.
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}
