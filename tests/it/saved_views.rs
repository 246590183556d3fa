//! Views of conversations that are kept under a name: what is looked for, and never what is seen.

use harness::{Harness, Member, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};

async fn ids(member: &Member, path: &str) -> Vec<String> {
    let page = member.get(path, 200).await;
    let data = page["data"].as_array().expect("a list");
    data.iter().map(|one| text(one, "id")).collect()
}

async fn agent(harness: &Harness, owner: &Member, workspace: &Workspace, name: &str) -> Member {
    let address = format!("{name}@example.com");
    harness.join(owner, workspace, &address, "agent").await
}

fn asked(workspace: &Workspace, view: &Value) -> String {
    let id = text(view, "id");
    format!("{}/conversations?saved_view_id={id}", workspace.path)
}

#[tokio::test]
async fn a_saved_view_finds_what_its_reader_sees_and_not_what_its_author_saw() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let bob = agent(&harness, &owner, &workspace, "bob").await;
    let me = text(&bob.get(&workspace.path, 200).await, "member_id");
    let narrow = json!({ "visibility": "assigned" });
    let place = format!("{}/members/{me}", workspace.path);
    owner.patch(&place, narrow, 200).await;
    let visitor = harness.visitor(&app).await;
    let (mut urgent, mut calm) = (Vec::new(), Vec::new());
    for n in 0..4 {
        let id = visitor.start("Hello").await.id;
        let place = format!("{}/conversations/{id}", workspace.path);
        if n < 2 {
            owner
                .patch(&place, json!({ "priority": "urgent" }), 200)
                .await;
            urgent.push(id);
        } else {
            calm.push(id);
        }
        harness.advance(std::time::Duration::from_millis(1));
    }
    let to_bob = format!("{}/conversations/{}/assignee", workspace.path, urgent[0]);
    owner.put(&to_bob, json!({ "member_id": me }), 200).await;

    let views = format!("{}/saved-views", workspace.path);
    let all =
        json!({ "kept_for": "workspace", "name": "Urgent", "filter": { "priority": "urgent" } });
    let once = owner.with_header("idempotency-key", "\"one\"");
    let all = once.post(&views, all.clone(), 201).await;
    let again =
        json!({ "kept_for": "workspace", "name": "Urgent", "filter": { "priority": "urgent" } });
    assert_eq!(once.post(&views, again, 200).await["id"], all["id"]);
    let mut found = ids(&owner, &asked(&workspace, &all)).await;
    found.sort();
    let mut both = urgent.clone();
    both.sort();
    assert_eq!(found, both);
    // The same view, seen by who sees less.
    assert_eq!(
        ids(&bob, &asked(&workspace, &all)).await,
        [urgent[0].clone()]
    );

    // "Mine" is the reader's.
    let mine = json!({ "kept_for": "workspace", "name": "My own", "filter": { "view": "mine" } });
    let mine = owner.post(&views, mine, 201).await;
    assert_eq!(
        ids(&bob, &asked(&workspace, &mine)).await,
        [urgent[0].clone()]
    );
    assert_eq!(
        ids(&owner, &asked(&workspace, &mine)).await,
        Vec::<String>::new()
    );
    // In pages, as any list.
    let path = format!("{}&limit=1", asked(&workspace, &all));
    let page = owner.get(&path, 200).await;
    let cursor = page["page"]["next_cursor"].as_str().expect("a cursor");
    let next = owner.get(&format!("{path}&cursor={cursor}"), 200).await;
    assert_ne!(page["data"][0]["id"], next["data"][0]["id"]);
    // What it says, the query does not say again; and a view that is none is not there.
    for more in ["view=mine", "status=open", "priority=low", "sort=oldest"] {
        let path = format!("{}&{more}", asked(&workspace, &all));
        owner
            .refused(Method::GET, &path, None, 422, "validation_failed")
            .await;
    }
    let none = json!({ "id": "view_01kf0a1b2c3d4e5f6g7h8j9k0m" });
    owner
        .refused(
            Method::GET,
            &asked(&workspace, &none),
            None,
            404,
            "not_found",
        )
        .await;
}

#[tokio::test]
async fn ones_own_views_are_nobody_elses_and_the_workspaces_are_changed_by_who_runs_it() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let bob = agent(&harness, &owner, &workspace, "bob").await;
    let eve = agent(&harness, &owner, &workspace, "eve").await;
    let views = format!("{}/saved-views", workspace.path);
    let at = |view: &Value| format!("{views}/{}", text(view, "id"));
    let shared = json!({ "kept_for": "workspace", "name": "Open", "filter": { "status": "open" } });
    bob.refused(Method::POST, &views, Some(shared.clone()), 403, "forbidden")
        .await;
    let shared = owner.post(&views, shared, 201).await;
    let own = bob
        .post(&views, json!({ "name": "Own", "filter": {} }), 201)
        .await;
    assert_eq!(
        ids(&bob, &views).await,
        [text(&shared, "id"), text(&own, "id")]
    );
    assert_eq!(ids(&eve, &views).await, [text(&shared, "id")]);
    let change = Some(json!({ "name": "Other" }));
    eve.refused(Method::PATCH, &at(&own), change.clone(), 404, "not_found")
        .await;
    eve.refused(Method::DELETE, &at(&own), None, 404, "not_found")
        .await;
    eve.refused(
        Method::GET,
        &asked(&workspace, &own),
        None,
        404,
        "not_found",
    )
    .await;
    bob.refused(Method::PATCH, &at(&shared), change, 403, "forbidden")
        .await;
    bob.refused(Method::DELETE, &at(&shared), None, 403, "forbidden")
        .await;
    let stale = bob.with_header("if-match", "\"7\"");
    let refused = stale.patch(&at(&own), json!({ "name": "hi" }), 409).await;
    assert_eq!(refused["code"], "conflict");
    let filter = json!({ "filter": { "view": "unassigned", "sort": "priority" } });
    let changed = bob.patch(&at(&own), filter, 200).await;
    assert_eq!(
        (
            &changed["name"],
            &changed["filter"]["sort"],
            &changed["rev"]
        ),
        (&json!("Own"), &json!("priority"), &json!(2))
    );
    let before = harness.items().await.len();
    for (filter, pointer) in [
        (json!({ "view": "team" }), "#/filter/team_id"),
        (
            json!({ "team_id": "team_01kf0a1b2c3d4e5f6g7h8j9k0m" }),
            "#/filter/team_id",
        ),
        (
            json!({ "view": "team", "team_id": "team_01kf0a1b2c3d4e5f6g7h8j9k0m" }),
            "#/filter/team_id",
        ),
        (
            json!({ "app_id": "app_01kf0a1b2c3d4e5f6g7h8j9k0m" }),
            "#/filter/app_id",
        ),
        (json!({ "label": "" }), "#/filter/label"),
        (json!({ "sort": "priority" }), "#/filter/sort"),
        (
            json!({ "view": "mentions", "sort": "priority" }),
            "#/filter/sort",
        ),
        (json!({ "view": "everything" }), "#/filter/view"),
    ] {
        let body = json!({ "name": "a", "filter": filter });
        let refused = bob.post(&views, body, 422).await;
        assert_eq!(refused["errors"][0]["pointer"], pointer, "{refused}");
    }
    assert_eq!(harness.items().await.len(), before);

    // A team that goes leaves a view that says so, and finds nothing.
    let teams = format!("{}/teams", workspace.path);
    let team = text(
        &owner.post(&teams, json!({ "name": "Billing" }), 201).await,
        "id",
    );
    let of_team = json!({ "name": "Billing", "filter": { "view": "team", "team_id": team } });
    let of_team = bob.post(&views, of_team, 201).await;
    let shown = async || {
        let all = bob.get(&views, 200).await["data"].clone();
        let mut all = all.as_array().expect("a list").iter();
        let one = all
            .find(|one| one["id"] == of_team["id"])
            .expect("the view");
        one["team_is_gone"].clone()
    };
    assert_eq!(shown().await, false);
    owner.delete(&format!("{teams}/{team}"), 204).await;
    assert_eq!(shown().await, true);
    assert_eq!(
        ids(&bob, &asked(&workspace, &of_team)).await,
        Vec::<String>::new()
    );

    // Who leaves takes their own along.
    let id = text(&bob.get(&workspace.path, 200).await, "member_id");
    owner
        .delete(&format!("{}/members/{id}", workspace.path), 202)
        .await;
    harness.run_schedule("jobs").await;
    let items = harness.items().await;
    let kept = items.iter().filter(|item| item.contains("\"SavedView\""));
    assert_eq!(kept.count(), 1);
    owner.delete(&at(&shared), 204).await;
    assert_eq!(ids(&owner, &views).await, Vec::<String>::new());
}
