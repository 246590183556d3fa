//! `POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures`: proposes to hand something over
//! to somebody outside (FLOW-45, FLOW-47, CHAT-17).

use std::collections::BTreeSet;

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;
use shared::{
    app::App,
    domain::{
        ContactId, ConversationId, DisclosureId, Permission, Timestamp, WorkspaceId, text::Text,
        time::DAY,
    },
    http::{AccessToken, Json, Path, Problem, Problems, actor::Entry},
    store::{
        CommitError, Key, RootRef, Stored, Transaction,
        audit::Deed,
        contact::Contact,
        conversation::Conversation,
        disclosure::{DisclosedPart, Disclosure, DisclosureState, Ground},
        keys,
        subject::State as Liveness,
    },
};
use utoipa::ToSchema;

use crate::disclosure::DisclosureView;

/// How many conversations one disclosure holds: it is meant to be narrow.
const MOST_CONVERSATIONS: usize = 20;
/// For how many days at most somebody may not be told.
const MOST_SILENT_DAYS: u32 = 730;

/// What is to be handed over.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ProposeDisclosure {
    /// Why.
    ground: Ground,
    /// Who gets it.
    #[schema(example = "District court of Springfield")]
    recipient: Text,
    /// What the demand is known by, and what it says.
    #[schema(example = "Order 12 C 34/26: what was written on 3 March")]
    reference: Text,
    /// The conversations that the demand is about: 1 to 20, and no others are handed over.
    #[schema(min_items = 1, max_items = 20, value_type = Vec<ConversationId>)]
    conversations: Vec<ConversationId>,
    /// Until when the law forbids to tell the person; at most two years. Without it they are told
    /// by mail when it is approved, and find the disclosure in their next copy of their data.
    #[schema(example = "2026-12-31T00:00:00.000Z")]
    silent_until: Option<Timestamp>,
}

/// Propose a disclosure.
///
/// For owners and admins. Nothing is handed over before a second one has approved it.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/contacts/{contact}/disclosures",
    operation_id = "propose_disclosure",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("contact" = ContactId, Path, description = "The contact."),
    ),
    request_body = ProposeDisclosure,
    responses((status = 201, description = "It waits for a second person.", body = DisclosureView), Problems),
    security(("member" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    token: AccessToken,
    Path((workspace, contact)): Path<(WorkspaceId, ContactId)>,
    Json(body): Json<ProposeDisclosure>,
) -> Result<(StatusCode, Json<DisclosureView>), Problem> {
    let conversations: BTreeSet<ConversationId> = body.conversations.iter().copied().collect();
    let count = conversations.len();
    if count == 0 || count > MOST_CONVERSATIONS || count != body.conversations.len() {
        let expected = "1 to 20 conversations, each named once";
        return Err(Problem::invalid(
            "#/conversations",
            "out_of_range",
            expected,
        ));
    }
    let at_contact = keys::contact(workspace, contact);
    let at_workspace = keys::workspace(workspace);
    let threads: Vec<Key> = conversations
        .iter()
        .map(|id| keys::conversation(workspace, *id))
        .collect();
    let mut wanted = vec![
        at_contact.clone(),
        keys::data_key(&RootRef::of(&at_contact)),
        keys::data_key(&RootRef::of(&at_workspace)),
    ];
    wanted.extend(threads.iter().cloned());
    let member = app
        .member(&token, workspace, Permission::DataExport, wanted)
        .await?;
    let entry = &member.entry;
    check_silence(body.silent_until, entry.now)?;
    if body.ground == Ground::BusinessTransfer {
        let expected = "a whole workspace changes hands by `PUT …/transfer`";
        return Err(Problem::invalid("#/ground", "forbidden", expected));
    }
    let person = entry.open::<Contact>(&at_contact)?;
    let person = person.filter(|person| person.state == Liveness::Live);
    let person = person.ok_or_else(Problem::not_found)?;
    check_threads(entry, &threads, person.id)?;

    let disclosure = Disclosure {
        id: DisclosureId::new(entry.now),
        workspace,
        about: Disclosure::pseudonym(&entry.tenant_key, contact),
        ground: body.ground,
        recipient: body.recipient,
        reference: body.reference,
        conversations: count as u64,
        disclosure_state: DisclosureState::Proposed,
        proposed_by: member.id,
        proposed_at: entry.now,
        decided_by: None,
        decided_at: None,
        export: None,
        silent_until: body.silent_until,
        told_at: None,
        rev: 1,
    };
    let part = DisclosedPart {
        id: disclosure.id,
        workspace,
        contact,
        ground: disclosure.ground,
        recipient: disclosure.recipient.clone(),
        conversations: conversations.into_iter().collect(),
        proposed_at: entry.now,
        approved_at: None,
        silent_until: disclosure.silent_until,
        tell_at: None,
        told_at: None,
        rev: 1,
    };
    let view = DisclosureView::of(&disclosure);
    let missing = || Problem::internal("a root without a key");
    let own_key = entry.data_key(&at_workspace)?.ok_or_else(missing)?;
    let contact_key = entry.data_key(&at_contact)?.ok_or_else(missing)?;
    let mut transaction = Transaction::new(entry.now);
    transaction.check_live(keys::subject(workspace.into(), contact.into()));
    transaction.create(&Stored::new(disclosure, &entry.policy), &own_key)?;
    transaction.create(&Stored::new(part, &entry.policy), &contact_key)?;
    let line = entry.line(member.id, Deed::DisclosureProposed);
    transaction.audit(line.about(contact))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok((StatusCode::CREATED, Json(view))),
        // The contact is being erased.
        Err(CommitError::Refused(_)) => Err(Problem::not_found()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

/// Refuses a silence that is over, or has no end in sight.
fn check_silence(until: Option<Timestamp>, now: Timestamp) -> Result<(), Problem> {
    let most = now.plus(DAY * MOST_SILENT_DAYS);
    if until.is_none_or(|until| until > now && until <= most) {
        return Ok(());
    }
    let expected = format!("after now, and not after {most}");
    Err(Problem::invalid(
        "#/silent_until",
        "out_of_range",
        &expected,
    ))
}

/// Refuses conversations that are not there, or are somebody else's.
fn check_threads(entry: &Entry, threads: &[Key], contact: ContactId) -> Result<(), Problem> {
    for thread in threads {
        let head = entry.open::<Conversation>(thread)?;
        head.filter(|head| head.state == Liveness::Live && head.contact == contact)
            .ok_or_else(Problem::not_found)?;
    }
    Ok(())
}
