//! The audit log of a workspace: what is written, that it names nobody, and that nothing in it can
//! be taken away or changed without showing (CHAT-20).

mod chain;

use std::time::Duration;

use harness::{Harness, Member, START, Workspace, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;

const SECOND: Duration = Duration::from_secs(1);

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        Self {
            harness,
            owner,
            workspace,
        }
    }

    fn at(&self, rest: &str) -> String {
        format!("{}{rest}", self.workspace.path)
    }

    /// The whole log, oldest line first.
    async fn log(&self) -> Vec<Value> {
        self.lines("limit=100").await
    }

    async fn lines(&self, query: &str) -> Vec<Value> {
        let page = self
            .owner
            .get(&self.at(&format!("/audit?{query}")), 200)
            .await;
        let mut lines = page["data"].as_array().expect("lines").clone();
        lines.reverse();
        lines
    }

    async fn acts(&self) -> Vec<String> {
        self.log()
            .await
            .iter()
            .map(|line| text(line, "act"))
            .collect()
    }

    /// Gives each of `days` an act of its own, and chains them day by day.
    async fn keep_a_log(&mut self, days: u32) {
        for n in 0..days {
            let key = json!({ "name": format!("{n}"), "scopes": ["contacts.read"] });
            self.owner = self.harness.sign_in("ada@example.com").await;
            self.owner.post(&self.at("/api-keys"), key, 201).await;
            self.chain().await;
            self.harness.advance(DAY);
        }
        self.owner = self.harness.sign_in("ada@example.com").await;
    }

    async fn chain(&self) -> Value {
        self.harness.run_schedule("minute").await
    }

    async fn check(&self) -> Value {
        self.owner.get(&self.at("/audit/chain"), 200).await
    }

    /// What lies in the log's partition under sort keys that open with this.
    async fn stored(&self, sort_key: &str) -> Vec<Value> {
        let partition = format!("AUDIT#{}", self.workspace.id);
        let mut items = self.harness.items_under(&partition).await;
        items.retain(|item| text(&item["sk"], "S").starts_with(sort_key));
        items.sort_by_key(|item| text(&item["sk"], "S"));
        items
    }
}

#[tokio::test]
async fn every_act_that_matters_leaves_a_line_with_its_own_transaction() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
    } = &world;
    let next = || harness.advance(SECOND);
    next();
    let app = owner.app(workspace).await;
    next();
    owner
        .patch(
            &world.at(&format!("/apps/{}", app.id)),
            json!({ "name": "Shop" }),
            200,
        )
        .await;
    next();
    let rotate = json!({ "key": "public_key" });
    owner
        .post(
            &world.at(&format!("/apps/{}/rotate-key", app.id)),
            rotate,
            200,
        )
        .await;
    next();
    let bob = harness
        .join(owner, workspace, "bob@example.com", "agent")
        .await;
    let bob_id = text(&bob.get(&workspace.path, 200).await, "member_id");
    let at_bob = world.at(&format!("/members/{bob_id}"));
    next();
    owner.patch(&at_bob, json!({ "role": "admin" }), 200).await;
    next();
    owner.patch(&at_bob, json!({ "name": "Robert" }), 200).await;
    let key = json!({ "name": "Shop", "scopes": ["contacts.read"] });
    let key = text(&owner.post(&world.at("/api-keys"), key, 201).await, "id");
    next();
    owner
        .delete(&world.at(&format!("/api-keys/{key}")), 204)
        .await;
    next();
    let invitation = json!({ "email": "kim@example.com", "role": "viewer" });
    let invitation = text(
        &owner.post(&world.at("/invitations"), invitation, 202).await,
        "id",
    );
    next();
    owner
        .delete(&world.at(&format!("/invitations/{invitation}")), 204)
        .await;
    next();
    let version = owner.send(Method::GET, &workspace.path, None).await;
    let owner_with = owner.with_header("if-match", version.header("etag"));
    owner_with
        .patch(&workspace.path, json!({ "locale": "en" }), 200)
        .await;
    next();
    let retention = world.at("/retention");
    let version = owner.send(Method::GET, &retention, None).await;
    let owner_with = owner.with_header("if-match", version.header("etag"));
    owner_with
        .patch(&retention, json!({ "conversation_days": 700 }), 200)
        .await;
    next();
    let visitor = harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    let thread = world.at(&format!("/conversations/{}", conversation.id));
    let hold = json!({ "reason": "Complaint 17", "until": START.plus(DAY) });
    owner.put(&format!("{thread}/hold"), hold, 200).await;
    next();
    owner.delete(&format!("{thread}/hold"), 202).await;
    next();
    owner.delete(&thread, 204).await;
    next();
    owner
        .delete(&world.at(&format!("/contacts/{}", visitor.contact_id)), 202)
        .await;
    next();
    owner
        .post(
            &world.at("/transfer-ownership"),
            json!({ "member_id": bob_id }),
            200,
        )
        .await;
    next();
    bob.post(
        &world.at("/transfer-ownership"),
        json!({ "member_id": workspace.member_id }),
        200,
    )
    .await;
    next();
    let leaving = harness
        .join(owner, workspace, "lea@example.com", "agent")
        .await;
    next();
    leaving.send(Method::POST, &world.at("/leave"), None).await;
    next();
    owner.delete(&at_bob, 202).await;
    next();
    owner.delete(&workspace.path, 202).await;
    next();
    owner
        .post(&world.at("/undo-deletion"), json!({}), 200)
        .await;

    let expected = [
        "workspace_made",
        "app_made",
        "app_changed",
        "app_key_rotated",
        "invitation_made",
        "member_joined",
        "member_role_changed",
        "api_key_made",
        "api_key_deleted",
        "invitation_made",
        "invitation_deleted",
        "settings_changed",
        "retention_changed",
        "hold_placed",
        "hold_released",
        "conversation_deleted",
        "contact_erased",
        "ownership_transferred",
        "ownership_transferred",
        "invitation_made",
        "member_joined",
        "member_left",
        "member_removed",
        "workspace_closing",
        "workspace_kept",
    ];
    // What happens within one millisecond has no order.
    let as_a_set = |mut acts: Vec<String>| {
        acts.sort();
        acts
    };
    let expected = as_a_set(expected.map(str::to_owned).to_vec());
    assert_eq!(as_a_set(world.acts().await), expected);
    let chained = world.chain().await;
    assert_eq!(chained["chained_audit_lines"], expected.len());
    let log = world.log().await;
    let numbers: Vec<u64> = log.iter().filter_map(|line| line["seq"].as_u64()).collect();
    assert_eq!(numbers, (1..=expected.len() as u64).collect::<Vec<_>>());
    assert_eq!(as_a_set(world.acts().await), expected);
    let times = log.iter().map(|line| text(line, "at"));
    assert!(times.is_sorted(), "oldest first");
    // The one who made a key is still there, and whoever was removed is a pseudonym.
    let line = |act: &str| log.iter().find(|line| line["act"] == act).expect(act);
    assert_eq!(
        line("api_key_made")["actor"]["id"],
        workspace.member_id.as_str()
    );
    assert_eq!(line("app_made")["target"]["id"], app.id.as_str());
    let removed = line("member_removed");
    assert_eq!(removed["target"]["id"], Value::Null);
    assert_eq!(
        removed["target"]["pseudonym"],
        line("member_role_changed")["target"]["pseudonym"]
    );
    assert_eq!(removed["outcome"], "begun");
}

/// CHAT-20: what outlives a deletion for a while says nothing of anybody.
#[tokio::test]
async fn no_line_names_a_person_and_after_an_erasure_none_leads_to_one() {
    let world = World::new().await;
    let app = world.owner.app(&world.workspace).await;
    let visitor = world.harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    world
        .owner
        .delete(
            &world.at(&format!("/conversations/{}", conversation.id)),
            204,
        )
        .await;
    world
        .owner
        .delete(&world.at(&format!("/contacts/{}", visitor.contact_id)), 202)
        .await;
    world.chain().await;
    let stored = world.stored("").await;
    assert!(stored.len() >= 5, "{stored:?}");
    for item in &stored {
        let item = item.to_string();
        for id in [
            &visitor.contact_id,
            &conversation.id,
            &world.workspace.member_id,
            &world.owner.account_id,
        ] {
            assert!(!item.contains(id.as_str()), "{id} in {item}");
        }
    }
    // Whoever still has the id finds the line, as long as the workspace has its key.
    let about = world.lines(&format!("about={}", visitor.contact_id)).await;
    assert_eq!(about.len(), 1);
    assert_eq!(about[0]["act"], "contact_erased");
    assert_eq!(about[0]["target"]["id"], Value::Null);
    assert_eq!(about[0]["target"]["kind"], "contact");
}

#[tokio::test]
async fn a_filter_finds_the_lines_of_one_member_and_pages_lead_to_every_line_once() {
    let mut world = World::new().await;
    world.keep_a_log(3).await;
    let admin = world
        .harness
        .join(&world.owner, &world.workspace, "bob@example.com", "admin")
        .await;
    let admin_id = text(&admin.get(&world.workspace.path, 200).await, "member_id");
    admin.app(&world.workspace).await;
    let theirs = world.lines(&format!("actor={admin_id}")).await;
    let acts: Vec<&str> = theirs
        .iter()
        .filter_map(|line| line["act"].as_str())
        .collect();
    assert_eq!(acts.len(), 2, "{acts:?}");
    let all = world.log().await;
    assert_eq!(all.len(), 1 + 3 + 3);
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = admin
            .get(&world.at(&format!("/audit?limit=2{cursor}")), 200)
            .await;
        seen.extend(page["data"].as_array().expect("lines").clone());
        match page["page"]["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    seen.reverse();
    assert_eq!(seen, all);
}

#[tokio::test]
async fn a_line_costs_no_round_trip_and_a_refused_act_leaves_none() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
    } = &world;
    let agent = harness
        .join(owner, workspace, "bob@example.com", "agent")
        .await;
    let id = text(&agent.get(&workspace.path, 200).await, "member_id");
    let place = world.at(&format!("/members/{id}"));
    let before = world.acts().await;
    let meter = &harness.app_of("workspaces").meter;
    meter.take();
    owner.patch(&place, json!({ "name": "Robert" }), 200).await;
    let renamed = meter.take();
    owner.patch(&place, json!({ "role": "viewer" }), 200).await;
    assert_eq!(meter.take().operations(), renamed.operations());
    assert_eq!(
        world.acts().await.len(),
        before.len() + 1,
        "a name is no act of the log"
    );

    let stale = owner.with_header("if-match", "\"1\"");
    stale
        .refused(
            Method::PATCH,
            &place,
            Some(json!({ "role": "admin" })),
            409,
            "conflict",
        )
        .await;
    let own = world.at(&format!("/members/{}", workspace.member_id));
    owner
        .refused(
            Method::PATCH,
            &own,
            Some(json!({ "role": "agent" })),
            409,
            "last_owner",
        )
        .await;
    agent
        .refused(
            Method::PATCH,
            &place,
            Some(json!({ "role": "owner" })),
            403,
            "forbidden",
        )
        .await;
    owner.patch(&place, json!({ "role": "viewer" }), 200).await;
    assert_eq!(world.acts().await.len(), before.len() + 1);
}

#[tokio::test]
async fn the_log_refuses_what_it_does_not_know_and_whom_it_is_not_for() {
    let world = World::new().await;
    let World {
        harness,
        owner,
        workspace,
    } = &world;
    for (query, code) in [
        ("limit=0", "validation_failed"),
        ("limit=101", "validation_failed"),
        ("actor=x", "validation_failed"),
        ("about=acc_01kf0a1b2c3d4e5f6g7h8j9k0m", "validation_failed"),
    ] {
        owner
            .refused(
                Method::GET,
                &world.at(&format!("/audit?{query}")),
                None,
                422,
                code,
            )
            .await;
    }
    for (query, code) in [("x=1", "unknown_field"), ("cursor=x", "cursor_invalid")] {
        owner
            .refused(
                Method::GET,
                &world.at(&format!("/audit?{query}")),
                None,
                400,
                code,
            )
            .await;
    }
    let from = world.at("/audit/chain?from_seq=x");
    owner
        .refused(Method::GET, &from, None, 422, "validation_failed")
        .await;
    let nowhere = owner.get(&world.at("/audit/chain?from_seq=0"), 200).await;
    assert_eq!(nowhere["checked"], 0);
    for _ in 0..3 {
        owner.app(workspace).await;
    }
    let page = owner.get(&world.at("/audit?limit=2"), 200).await;
    let cursor = text(&page["page"], "next_cursor");
    let admin = harness
        .join(owner, workspace, "bob@example.com", "admin")
        .await;
    let stolen = world.at(&format!("/audit?cursor={cursor}"));
    admin
        .refused(Method::GET, &stolen, None, 400, "cursor_invalid")
        .await;
    let filtered = world.at(&format!(
        "/audit?cursor={cursor}&actor={}",
        workspace.member_id
    ));
    owner
        .refused(Method::GET, &filtered, None, 400, "cursor_invalid")
        .await;
    let stranger = harness.sign_up("eve@example.com").await;
    for path in ["/audit", "/audit/chain"] {
        stranger
            .refused(Method::GET, &world.at(path), None, 404, "not_found")
            .await;
    }
}
