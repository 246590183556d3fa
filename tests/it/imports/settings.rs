//! What a workspace set up comes along with its conversations.

use std::path::Path;

use harness::{Harness, Member, Workspace, text};
use local::import::{self, Report};
use reqwest::Method;
use serde_json::{Value, json};

use super::{export, records_of};
use crate::flows::{document, edge};

/// The kinds that tell of a workspace itself.
const SET_UP: [&str; 9] = [
    "App",
    "BusinessHours",
    "CannedReply",
    "Flow",
    "FlowPiece",
    "FlowTests",
    "FlowVersion",
    "SavedView",
    "Team",
];

/// Somebody says another thing in each of them, and what begins with a label begins it.
fn flow(says: &str) -> Value {
    document(
        json!([
            { "id": "s", "type": "start", "data": {} },
            { "id": "r", "type": "start", "data": { "trigger": { "kind": "inbox_rule", "label": "refund" } } },
            { "id": "m", "type": "message", "data": { "parts": [{ "kind": "text", "md": says }] } },
            { "id": "e", "type": "end", "data": {} },
        ]),
        json!([
            edge("s", "next", "m"),
            edge("r", "next", "m"),
            edge("m", "next", "e")
        ]),
    )
}

pub async fn set_up(owner: &Member, workspace: &Workspace) {
    let at = |rest: &str| format!("{}{rest}", workspace.path);
    let hours = json!({
        "time_zone": "Europe/Vienna", "exceptions": [],
        "weekly": [{ "day": "monday", "from": "09:00", "to": "17:00" }],
    });
    let first = owner.with_header("if-match", "\"0\"");
    first.put(&at("/business-hours"), hours, 200).await;
    let team = json!({ "name": "Billing", "assignment": "round_robin", "capacity": 8 });
    let team = text(&owner.post(&at("/teams"), team, 201).await, "id");
    let chosen = json!({
        "locale": "de", "time_zone": "Europe/Vienna", "visitor_mail": "notice", "default_team_id": team,
    });
    change(owner, workspace, chosen).await;
    for kept_for in ["workspace", "me"] {
        let answer =
            json!({ "kept_for": kept_for, "name": "refund", "text": "On its way \u{20ac}." });
        owner.post(&at("/canned-replies"), answer, 201).await;
        let view = json!({
            "kept_for": kept_for, "name": "Waiting",
            "filter": { "view": "team", "team_id": team, "label": "refund" },
        });
        owner.post(&at("/saved-views"), view, 201).await;
    }
    let made = json!({ "name": "Intake", "document": flow("One") });
    let made = owner.post(&at("/flows"), made, 201).await;
    let place = at(&format!("/flows/{}", text(&made, "id")));
    for says in ["One", "Two"] {
        let shown = owner.send(Method::GET, &place, None).await;
        let draft = json!({ "document": flow(says) });
        let same = owner.with_header("if-match", shown.header("etag"));
        same.patch(&place, draft, 200).await;
        let published = owner
            .send(Method::POST, &format!("{place}/versions"), None)
            .await;
        assert!(published.status < 300, "{}", published.text);
    }
    let live = json!({ "version": 1 });
    owner
        .put(&format!("{place}/environments/live"), live, 200)
        .await;
    keep(owner, workspace, 30).await;
}

pub async fn change(owner: &Member, workspace: &Workspace, what: Value) -> Value {
    let now = owner.get(&workspace.path, 200).await;
    let same = owner.with_header("if-match", &format!("\"{}\"", now["rev"]));
    same.patch(&workspace.path, what, 200).await
}

async fn keep(owner: &Member, workspace: &Workspace, days: u32) {
    let path = format!("{}/retention", workspace.path);
    let now = owner.get(&path, 200).await;
    let same = owner.with_header("if-match", &format!("\"{}\"", now["rev"]));
    let days = json!({ "conversation_days": days });
    same.patch(&path, days, 200).await;
}

pub async fn import(harness: &Harness, folder: &Path, to: &Workspace) -> Report {
    let to = to.id.parse().expect("an id");
    let report = import::run(harness.app_of("retention"), folder, to, |_| {}).await;
    report.expect("imported")
}

/// CALL-32, FLOW-51: what was set up is exported, imported and exported again the same.
#[tokio::test]
async fn what_a_workspace_set_up_comes_along_and_what_does_not_is_said_line_by_line() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let from = owner.workspace("inbox").await;
    let app = owner.app(&from).await;
    set_up(&owner, &from).await;
    let visitor = harness.visitor(&app).await;
    visitor.start("How much?").await;
    let first = export(&harness, &owner, &from).await;
    let told = records_of(&first, &SET_UP);
    for kind in SET_UP.iter().filter(|kind| **kind != "FlowTests") {
        let named = format!("\"{kind}\"");
        assert!(told.iter().any(|one| one.contains(&named)), "{kind}");
    }

    let to = owner.workspace("inbox").await;
    let report = import(&harness, first.path(), &to).await;
    let came = |kind: &str| report.settings.get(kind).copied();
    for kind in [
        "App",
        "BusinessHours",
        "CannedReply",
        "Flow",
        "SavedView",
        "Team",
    ] {
        assert_eq!(came(kind), Some(1), "{kind}: {report}");
    }
    for chosen in [
        "WorkspacePolicy",
        "Workspace",
        "visitor_mail",
        "default_team",
    ] {
        assert_eq!(came(chosen), Some(1), "{chosen}: {report}");
    }
    // A line for each kind that stays, and why.
    let said = report.to_string();
    let line = "1 Membership stayed in the archive: members come with accounts of their own";
    assert!(said.contains(line), "{said}");
    let second = export(&harness, &owner, &to).await;
    assert_eq!(records_of(&second, &SET_UP), told);

    // What was chosen there is chosen here, but for the name.
    let (there, here) = (
        owner.get(&from.path, 200).await,
        owner.get(&to.path, 200).await,
    );
    for field in ["locale", "time_zone", "visitor_mail", "default_team_id"] {
        assert_eq!(here[field], there[field], "{field}");
        assert!(!here[field].is_null(), "{field}");
    }
    assert!(said.contains("keeps the name that it has here"), "{said}");
    // What waits for people and gets the label begins the flow here too, in the version that was live.
    let site = owner.app(&to).await;
    let asks = harness.visitor(&site).await;
    let thread = asks.start("My money back").await;
    let labels = format!("{}/conversations/{}/labels", to.path, thread.id);
    owner
        .put(&labels, json!({ "labels": ["refund"] }), 200)
        .await;
    harness.drain().await;
    let heard = asks.read(&thread).await;
    assert!(heard.iter().any(|one| one["text"] == "One"), "{heard:?}");

    // It is in use as what was made here is.
    let shown = owner.get(&format!("{}/retention", to.path), 200).await;
    assert_eq!(shown["conversation_days"], 30);
    let answers = owner.get(&format!("{}/canned-replies", to.path), 200).await;
    assert_eq!(answers["data"][0]["text"], "On its way \u{20ac}.");
    let flows = owner.get(&format!("{}/flows", to.path), 200).await;
    let id = text(&flows["data"][0], "id");
    let place = format!("{}/flows/{id}", to.path);
    let draft = owner.get(&place, 200).await;
    assert!(draft.to_string().contains("Two"), "{draft}");
    let version = owner.get(&format!("{place}/versions/1"), 200).await;
    assert!(version.to_string().contains("One"), "{version}");

    // A second time nothing comes, and hours that are set here stay.
    let report = import(&harness, first.path(), &to).await;
    assert!(report.settings.is_empty(), "{report}");
    let hours = "the workspace has its own business hours, which stay";
    assert!(report.stays.contains(&hours.to_owned()), "{report}");

    // Where somebody is, or chose, the days are its owner's to choose.
    let other = owner.workspace("inbox").await;
    keep(&owner, &other, 400).await;
    change(&owner, &other, json!({ "visitor_mail": "off" })).await;
    let report = import(&harness, first.path(), &other).await;
    let mail = "Visitors who are away are mailed \"off\" here and were mailed \"notice\" there: whoever owns the workspace decides.";
    assert!(report.stays.contains(&mail.to_owned()), "{report}");
    let days = "Conversations are kept for 400 days here and were for 30 there: whoever owns the workspace decides.";
    assert!(report.stays.contains(&days.to_owned()), "{report}");
    let shown = owner.get(&format!("{}/retention", other.path), 200).await;
    assert_eq!(shown["conversation_days"], 400);
}
