//! `POST /v1/workspaces/{workspace}/flows/{flow}/versions`: the draft becomes a version, which never
//! changes.
//!
//! It has to be free of errors, and where the flow says so its tests have to hold. The same document
//! is the same version: publishing it again answers 200 with the one there is, so a retry is safe.

use axum::{
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use shared::{
    app::App,
    domain::{FlowId, Permission, WorkspaceId},
    http::{Code, Credential, IfMatch, Json, Path, Problem, Problems, problem::FieldError},
    store::{
        CommitError, KeyedHash, Query, Stored, Transaction, Unsealed,
        audit::Deed,
        flow::{FlowVersion, document_hash},
        keys,
        record::read_item,
    },
};

use crate::{
    desk::{Desk, place},
    document, tests,
    view::VersionView,
};

/// The most versions of a flow.
const MOST_VERSIONS: u64 = 1_000;
/// How many versions are looked at with one read.
const LOOKED_AT: u16 = 250;

/// Publish the draft as a version.
#[utoipa::path(
    post,
    path = "/v1/workspaces/{workspace}/flows/{flow}/versions",
    operation_id = "publish_flow",
    params(
        ("workspace" = WorkspaceId, Path, description = "The workspace."),
        ("flow" = FlowId, Path, description = "The flow."),
        ("If-Match" = Option<String>, Header, description = "The `ETag` of the draft to publish."),
    ),
    responses(
        (status = 201, description = "Published.", body = VersionView),
        (status = 200, description = "The same document had been published before.", body = VersionView),
        Problems,
    ),
    security(("member" = []), ("api_key" = [])),
)]
pub async fn handle(
    State(app): State<App>,
    credential: Credential,
    Path((workspace, id)): Path<(WorkspaceId, FlowId)>,
    if_match: IfMatch,
) -> Result<Response, Problem> {
    let draft = place(workspace, id, None).keys();
    let more = draft.chain([keys::flow_tests(workspace, id)]);
    let at = (workspace, id);
    let desk = Desk::open(&app, &credential, at, Permission::FlowsManage, more).await?;
    if_match.check(desk.flow.rev)?;
    let text = desk.document(None)?;
    let nodes = approved(&app, &desk, &text).await?;
    let entry = &desk.caller.entry;
    let hash = document_hash(&entry.tenant_key, &text);
    if let Some(same) = same_as(&app, &desk, hash).await? {
        return Ok(reply(StatusCode::OK, &same));
    }
    if desk.flow.last_version >= MOST_VERSIONS {
        let detail = format!("a flow has {MOST_VERSIONS} versions at most");
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    let mut next = desk.flow.clone();
    next.last_version += 1;
    next.updated_at = entry.now;
    let version = FlowVersion {
        workspace,
        flow: id,
        number: next.last_version,
        hash,
        bytes: text.len() as u64,
        nodes,
        published_by: desk.caller.subject,
        published_at: entry.now,
    };
    let stored = Stored::new(version, &entry.policy);
    let number = stored.record().number;
    let mut transaction = Transaction::new(entry.now);
    transaction.replace(&Stored::next(next, &entry.policy), &desk.key)?;
    transaction.create(&stored, &Unsealed)?;
    place(workspace, id, Some(number)).write(
        &mut transaction,
        &text,
        &desk.key,
        (&entry.policy, entry.now),
    )?;
    let line = entry.line(desk.caller.subject, Deed::FlowPublished);
    transaction.audit(line.about(id))?;
    match app.store.commit(transaction).await {
        Ok(()) => Ok(reply(StatusCode::CREATED, stored.record())),
        Err(CommitError::Store(error)) => Err(error.into()),
        Err(CommitError::Refused(_)) => Err(Problem::new(Code::Conflict)),
    }
}

fn reply(status: StatusCode, version: &FlowVersion) -> Response {
    (status, Json(VersionView::new(version))).into_response()
}

/// How many nodes the draft has, if it may be published.
async fn approved(app: &App, desk: &Desk, text: &str) -> Result<u64, Problem> {
    let examined = document::examine(app, &desk.caller.entry, text).await?;
    let (document, found) = (examined.document, examined.found);
    let errors: Vec<FieldError> = document::errors(&found)
        .map(|error| FieldError {
            pointer: format!("#/document{}", error.pointer.as_str()),
            code: error.code.name().to_owned(),
            detail: error.message.clone(),
        })
        .collect();
    let Some(document) = document.filter(|_| errors.is_empty()) else {
        return Err(Problem::of_all(Code::FlowHasErrors, errors));
    };
    if desk.flow.tests_required {
        let unplayable = |_| Problem::new(Code::FlowHasErrors);
        let program = flow::compile_draft(&document, &examined.subflows).map_err(unplayable)?;
        let failed = tests::run((&document, &program), &desk.tests()?)?
            .into_iter()
            .enumerate()
            .filter(|(_, result)| !result.passed);
        let errors: Vec<FieldError> = failed
            .map(|(n, _)| FieldError {
                pointer: format!("#/tests/{n}"),
                code: "failed".to_owned(),
                detail: "a test that holds".to_owned(),
            })
            .collect();
        if !errors.is_empty() {
            return Err(Problem::of_all(Code::FlowHasErrors, errors));
        }
    }
    Ok(document.nodes.len() as u64)
}

/// The version with the same document, if there is one.
async fn same_as(app: &App, desk: &Desk, hash: KeyedHash) -> Result<Option<FlowVersion>, Problem> {
    let partition = keys::flow_partition(desk.flow.workspace, desk.flow.id);
    let mut high = desk.flow.last_version;
    while high > 0 {
        let query = Query::partition(partition.clone())
            .between(keys::flow_version_sort(0), keys::flow_version_sort(high))
            .newest_first()
            .limit(LOOKED_AT);
        let mut lowest = 0;
        for item in app.store.query(query).await? {
            let version = read_item::<FlowVersion>(&item, &Unsealed, desk.caller.entry.lens())?;
            let Some(version) = version else { continue };
            if version.hash == hash {
                return Ok(Some(version));
            }
            lowest = version.number;
        }
        high = lowest.saturating_sub(1);
    }
    Ok(None)
}
