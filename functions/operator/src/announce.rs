//! `POST /v1/operator/announcements`: one text to many accounts. Nobody is written to by this call:
//! the schedule walks the accounts and writes the letters, and `outbox` sends them.

use std::time::Duration;

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        AnnouncementId, Policy, Profile, Timestamp, WorkspaceId,
        announcement::AnnouncementClass,
        day::Day,
        text::{Headline, Text},
    },
    http::{AccessToken, Code, IdempotencyKey, Json, Problem, Problems, idempotent::Ask},
    store::{
        CommitError, Stored, SubjectId, Transaction, Unsealed,
        acceptance::{AnnouncedVersion, AnnouncedVersions},
        announcement::{Announcement, AnnouncementMode, AnnouncementState},
        keys,
        operator::{OperatorAct, OperatorDeed},
    },
};
use utoipa::ToSchema;

use crate::{announcement::AnnouncementView, show_announcement, versions};

/// How long before a change that matters takes effect, at the least, its owners are to hear of it:
/// time to ask, to object, or to leave.
const NOTICE: Duration = Duration::from_secs(14 * 24 * 60 * 60);
/// Most workspaces that one announcement names.
const MOST_WORKSPACES: usize = 100;

/// A text to many.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// What it is about, which decides whom it reaches.
    class: AnnouncementClass,
    /// The subject of the mail.
    subject: Headline,
    /// The text of the mail. An empty line begins a paragraph.
    text: Text,
    /// Only to members of these workspaces; to everybody without it.
    #[serde(default)]
    #[schema(max_items = 100)]
    workspaces: Vec<WorkspaceId>,
    /// Whether letters are written, or only counted.
    #[serde(default = "send")]
    mode: AnnouncementMode,
    /// The version of the policy, for a change that matters and for nothing else.
    version: Option<Day>,
    /// From when on that version holds: at least 14 days from now.
    effective_at: Option<Timestamp>,
}

const fn send() -> AnnouncementMode {
    AnnouncementMode::Send
}

/// Announce something to many accounts.
///
/// For the operator of the deployment, with a fresh proof. `marketing` reaches those who asked for
/// offers and whose every workspace allows them; `service` those who have not refused it;
/// `material_change` every owner of a workspace, once for each version of the policy.
#[utoipa::path(
    post,
    path = "/v1/operator/announcements",
    operation_id = "announce",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes a retry safe for 24 hours.")),
    request_body = Announce,
    responses((status = 202, description = "It goes on from here.", body = AnnouncementView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    key: IdempotencyKey,
    Json(body): Json<Announce>,
) -> Result<(StatusCode, Json<AnnouncementView>), Problem> {
    let wanted = vec![keys::announced_versions()];
    let operator = app.operator(&token, wanted).await?;
    operator.proved()?;
    let now = operator.now;
    let policy = Policy::platform();
    let profiles = concerned(&body, now)?;
    let content = content(&body);
    let ask = Ask {
        tenant_key: &operator.platform_key,
        principal: SubjectId::Account(token.account()),
        operation: "announce",
        content: &content,
        now,
    };
    let announcement = announcement(body, profiles, now);
    let at_announcement = keys::announcement(announcement.id);
    let data_key = operator.platform_key.new_data_key(&at_announcement, now)?;
    let mut transaction = Transaction::new(now);
    let stored = Stored::new(announcement, &policy);
    transaction.create_root(&stored, &data_key.key, &data_key)?;
    let known = operator.open::<AnnouncedVersions>(&keys::announced_versions())?;
    versions_with(&mut transaction, stored.record(), known, now)?;
    transaction.deed(OperatorDeed {
        announcement: Some(stored.record().id),
        ..operator.deed(OperatorAct::Announced)
    })?;
    let slot = key.remember(&mut transaction, ask, stored.record().id)?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((
            StatusCode::ACCEPTED,
            Json(AnnouncementView::new(stored.record())),
        )),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(refusal)) => {
            match IdempotencyKey::replayed::<AnnouncementId>(&refusal, slot, ask)? {
                Some(id) => {
                    let view = show_announcement::view(&app, &operator, id).await?;
                    Ok((StatusCode::ACCEPTED, Json(view)))
                }
                None => Err(Problem::new(Code::Conflict)),
            }
        }
    }
}

/// The profiles that a change concerns; none of anything else.
fn concerned(body: &Announce, now: Timestamp) -> Result<Vec<Profile>, Problem> {
    if body.workspaces.len() > MOST_WORKSPACES {
        return Err(Problem::invalid(
            "#/workspaces",
            "too_many",
            "at most 100 workspaces",
        ));
    }
    if body.class != AnnouncementClass::MaterialChange {
        let refused = |pointer| {
            let detail = "only of a change that matters";
            Err(Problem::invalid(pointer, "not_here", detail))
        };
        return match (body.version, body.effective_at) {
            (Some(_), _) => refused("#/version"),
            (None, Some(_)) => refused("#/effective_at"),
            (None, None) => Ok(Vec::new()),
        };
    }
    // All owners hear of a change, or none was told.
    if !body.workspaces.is_empty() {
        return Err(Problem::invalid(
            "#/workspaces",
            "not_here",
            "a change that matters is told to every owner",
        ));
    }
    let Some(version) = body.version else {
        return Err(Problem::invalid("#/version", "required", "this field"));
    };
    let profiles = versions::profiles_of(version);
    if profiles.is_empty() {
        return Err(Problem::invalid(
            "#/version",
            "unknown_version",
            "the day of a version that this deployment serves",
        ));
    }
    match body.effective_at {
        None => Err(Problem::invalid("#/effective_at", "required", "this field")),
        Some(at) if at < now.plus(NOTICE) => Err(Problem::invalid(
            "#/effective_at",
            "too_soon",
            "at least 14 days from now",
        )),
        Some(_) => Ok(profiles),
    }
}

/// What the request says, equal for equal requests.
fn content(body: &Announce) -> String {
    let workspaces: Vec<String> = body.workspaces.iter().map(ToString::to_string).collect();
    [
        body.class.word(),
        body.mode.word(),
        body.subject.reveal(),
        body.text.reveal(),
        &workspaces.join(","),
        &body.version.map(|day| day.to_string()).unwrap_or_default(),
        &body
            .effective_at
            .map(|at| at.to_string())
            .unwrap_or_default(),
    ]
    .join("\u{1}")
}

fn announcement(body: Announce, profiles: Vec<Profile>, now: Timestamp) -> Announcement {
    Announcement {
        id: AnnouncementId::new(now),
        announcement_class: body.class,
        mode: body.mode,
        subject_line: body.subject,
        text: body.text,
        workspaces: body.workspaces,
        policy_version: body.version,
        profiles,
        effective_at: body.effective_at,
        announcement_state: AnnouncementState::Queued,
        list: 0,
        after: None,
        again_at: None,
        looked_at: 0,
        letters: 0,
        created_at: now,
        updated_at: now,
        finished_at: None,
        rev: 1,
    }
}

/// From now on accounts are shown the version, and accept it by going on once it holds.
fn versions_with(
    transaction: &mut Transaction,
    announcement: &Announcement,
    known: Option<AnnouncedVersions>,
    now: Timestamp,
) -> Result<(), Problem> {
    let (Some(version), Some(effective_at)) =
        (announcement.policy_version, announcement.effective_at)
    else {
        return Ok(());
    };
    if announcement.mode == AnnouncementMode::Rehearse {
        return Ok(());
    }
    let policy = Policy::platform();
    let announced = AnnouncedVersion {
        version,
        effective_at,
    };
    let is_new = known.is_none();
    let before = known.unwrap_or(AnnouncedVersions {
        versions: Vec::new(),
        announcement: announcement.id,
        created_at: now,
        rev: 0,
    });
    let next = Stored::next(before.with(announced, announcement.id), &policy);
    if is_new {
        transaction.create(&next, &Unsealed)?;
    } else {
        transaction.replace(&next, &Unsealed)?;
    }
    Ok(())
}
