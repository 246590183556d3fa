//! Who may do what: the matrix in `shared::domain::Role` is what the API does, for every role and
//! every member route of the template.

mod closed;
mod made;
mod raising;

use std::collections::BTreeMap;

use harness::files::File;
use harness::provider::Provider;
use harness::routes::{Ids, Route, routes};
use harness::{Client, Harness, Member, START, message, text};
use reqwest::Method;
use serde_json::{Value, json};
use shared::domain::time::DAY;
use shared::domain::{Permission, Role};

use crate::attachments::photo;

use made::{
    ask, demand, device, fresh, hook, invite, make_hook, make_key, make_team, propose, sender,
    stage,
};

const OF_A_WORKSPACE: &str = "/v1/workspaces/{workspace}";

/// What a route asks for. A new route has to be entered here.
fn permission(route: &Route) -> Permission {
    use Permission as P;
    let rest = route.path.strip_prefix(OF_A_WORKSPACE).unwrap_or_default();
    match (route.method.as_str(), rest) {
        ("GET", "" | "/business-hours" | "/jobs/{job}" | "/retention") => P::WorkspaceRead,
        ("PUT" | "DELETE", "/business-hours") => P::WorkspaceManage,
        ("GET", "/availability") => P::MembersRead,
        ("GET", "/figures" | "/usage") => P::UsageRead,
        ("PUT", "/availability") => P::ConversationsWrite,
        (_, path) if path.starts_with("/saved-views") => P::ConversationsRead,
        ("GET", "/canned-replies") => P::ConversationsRead,
        (_, path) if path.starts_with("/canned-replies") => P::ConversationsWrite,
        ("GET", "/teams" | "/teams/{team}") => P::MembersRead,
        (_, path) if path.starts_with("/teams") => P::MembersManage,
        ("GET", path) if path.starts_with("/billing") => P::BillingRead,
        (_, path) if path.starts_with("/billing") => P::BillingManage,
        ("GET", "/audit" | "/audit/chain" | "/break-glass") => P::AuditRead,
        ("DELETE", "/break-glass") => P::WorkspaceOwn,
        ("PATCH", "/retention") => P::RetentionManage,
        ("PATCH", "") => P::WorkspaceManage,
        ("GET", "/members" | "/invitations") => P::MembersRead,
        (_, "/members/{member}") | ("DELETE", "/members/{member}/photo") => P::MembersManage,
        ("GET", "/members/{member}/photo") => P::MembersRead,
        ("POST", "/photo") | ("GET", "/photo/{photo}") => P::WorkspaceRead,
        (_, "/oidc") => P::WorkspaceOwn,
        ("POST", "/leave") => P::WorkspaceRead,
        ("POST", "/transfer-ownership" | "/undo-deletion") | ("DELETE", "") => P::WorkspaceOwn,
        (_, path) if path.starts_with("/invitations") => P::MembersManage,
        ("POST", "/exports") | ("PUT", "/transfer") => P::WorkspaceOwn,
        ("GET", "/transfer") => P::WorkspaceRead,
        (_, path) if path.contains("/exports") || path.contains("/disclosures") => P::DataExport,
        (_, path) if path.starts_with("/privacy/") => P::PrivacyManage,
        (_, path) if path.starts_with("/api-keys") => P::ApiKeysManage,
        (_, path) if path.starts_with("/devices") => P::ConversationsRead,
        (_, "/notification-preferences" | "/notifications") | ("GET", "/push") => {
            P::ConversationsRead
        }
        (_, "/push/{provider}") => P::WorkspaceManage,
        (_, path) if path.starts_with("/webhooks") => P::WorkspaceManage,
        ("GET", path) if route.is_of_calls() && path.starts_with("/call") => P::CallsRead,
        ("DELETE", "/calls/{call}") | ("POST", "/call-deletions") => P::CallsDelete,
        ("POST" | "DELETE", path) if route.is_of_calls() && path.starts_with("/call") => {
            P::CallsTake
        }
        ("GET", path) if path.starts_with("/flows") => P::FlowsRead,
        (
            "POST",
            "/flows/{flow}/validate"
            | "/flows/{flow}/simulate"
            | "/flows/{flow}/explore"
            | "/flows/{flow}/test-runs",
        ) => P::FlowsRead,
        (_, path) if path.starts_with("/flows") => P::FlowsManage,
        ("GET", "/apps") => P::AppsRead,
        ("POST", _) | ("PATCH", "/apps/{app}") if rest.starts_with("/apps") => P::AppsManage,
        ("DELETE", "/contacts/{contact}")
        | ("GET", "/erasures/{erasure}")
        | ("POST", "/contacts/{contact}/merge") => P::ContactsDelete,
        ("GET", "/contacts" | "/contacts/{contact}" | "/contacts/{contact}/timeline") => {
            P::ContactsRead
        }
        ("GET", "/contacts/{contact}/notes") => P::PersonalDataRead,
        ("PATCH", "/contacts/{contact}")
        | ("POST", "/contacts" | "/contacts/{contact}/notes")
        | ("PUT" | "DELETE", "/contacts/{contact}/block")
        | ("DELETE", "/contacts/{contact}/notes/{note}") => P::ContactsManage,
        (
            "GET",
            "/conversations"
            | "/conversations/{conversation}"
            | "/conversations/{conversation}/flow"
            | "/conversations/{conversation}/messages"
            | "/conversations/{conversation}/transcript",
        )
        | (
            "GET",
            "/conversations/{conversation}/attachments/{attachment}"
            | "/conversations/{conversation}/attachments/{attachment}/{rendition}"
            | "/conversations/counts"
            | "/sync",
        )
        | ("POST", "/realtime/tickets" | "/search")
        | ("PUT", "/conversations/{conversation}/read") => P::ConversationsRead,
        ("DELETE", "/conversations/{conversation}") => P::ConversationsDelete,
        (_, "/conversations/{conversation}/hold") => P::ConversationsHold,
        (_, path) if path.starts_with("/conversations") => P::ConversationsWrite,
        _ => panic!(
            "{} asks for which permission? Enter it in permissions.rs",
            route.key()
        ),
    }
}

/// A body that is accepted from whoever may send it, and that changes as little as it can.
fn body(route: &Route, contact_id: &str, member_id: &str) -> Option<Value> {
    let rest = route.path.strip_prefix(OF_A_WORKSPACE).unwrap_or_default();
    match (route.method.as_str(), rest) {
        ("PATCH", "/members/{member}") => Some(json!({ "role": "agent" })),
        ("PATCH", "/billing") => Some(json!({ "seats": 3 })),
        ("POST", "/billing/checkout") => Some(json!({ "plan": "team" })),
        ("POST", "/billing/portal") => Some(json!({})),
        ("PUT", "/business-hours") => Some(json!({ "time_zone": "UTC", "weekly": [] })),
        ("PUT", "/availability") => Some(json!({ "status": "online" })),
        ("PATCH", "/flows/servers") => Some(json!({ "personal_hosts": [] })),
        ("POST", "/canned-replies") => Some(json!({ "name": "refund", "text": "Hello" })),
        ("PATCH", "/canned-replies/{reply}") => Some(json!({ "name": "money" })),
        ("POST", "/saved-views") => Some(json!({ "name": "Urgent", "filter": {} })),
        ("PATCH", "/saved-views/{view}") => Some(json!({ "name": "Soon" })),
        ("POST", "/teams") => Some(json!({ "name": "Billing" })),
        ("PATCH", "/teams/{team}") => Some(json!({ "name": "Payments" })),
        ("PUT", "/push/{provider}") => Some(sender()),
        // Whoever may is given a browser of this machine.
        ("POST", "/devices") => {
            let keys = json!({ "p256dh": "a", "auth": "a" });
            let subscription = json!({ "endpoint": "https://push.example.com/a", "keys": keys });
            Some(json!({ "provider": "webpush", "subscription": subscription }))
        }
        ("PUT", "/notification-preferences") => {
            Some(json!({ "email": [], "in_app": [], "push": ["mention"] }))
        }
        ("POST", "/webhooks") => Some(hook()),
        ("PATCH", "/webhooks/{webhook}") => Some(json!({ "name": "Shop" })),
        ("POST", "/webhooks/{webhook}/secret") => Some(json!({})),
        ("POST", "/webhooks/{webhook}/replay") => {
            Some(json!({ "from": START, "to": START.plus(DAY) }))
        }
        ("POST", "/transfer-ownership") => Some(json!({ "member_id": member_id })),
        ("POST", "/invitations") => Some(json!({ "email": "kim@example.com", "role": "viewer" })),
        ("POST", "/api-keys") => Some(json!({ "name": "Shop", "scopes": ["contacts.read"] })),
        ("POST", "/apps") => Some(json!({
            "name": "App", "platform": "android", "bundle_id": "com.example.shop",
        })),
        ("PATCH", "/apps/{app}" | "/flows/{flow}" | "") => Some(json!({ "name": "Shop" })),
        ("POST", "/flows") => Some(json!({ "name": "Intake" })),
        ("POST", "/flows/import") => Some(json!({ "format": "flow1", "file": {} })),
        ("POST", "/flows/{flow}/simulate") => Some(json!({ "script": {} })),
        ("POST", "/flows/{flow}/explore") => Some(json!({ "walks": 1 })),
        ("PUT", "/flows/{flow}/environments/{environment}") => Some(json!({ "version": 1 })),
        ("POST", "/conversations/{conversation}/flows/{flow}") => {
            Some(json!({ "client_id": harness::random_uuid(), "version": 1 }))
        }
        ("POST", "/apps/{app}/rotate-key") => Some(json!({ "key": "public_key" })),
        ("POST", "/privacy/requests") => {
            Some(json!({ "contact_id": contact_id, "type": "export" }))
        }
        ("POST", "/privacy/requests/{request}/decision") => {
            Some(json!({ "decision": "fulfil", "explanation": "Here you are." }))
        }
        ("PUT", "/conversations/{conversation}/team") => {
            Some(json!({ "team_id": "team_01kf0a1b2c3d4e5f6g7h8j9k0m" }))
        }
        ("PATCH", "/contacts/{contact}") => Some(json!({ "name": "Grace" })),
        ("POST", "/contacts") => Some(json!({ "external_id": "user-4711" })),
        ("POST", "/contacts/{contact}/notes") => Some(json!({ "text": "Likes tea" })),
        ("POST", "/contacts/{contact}/merge") => Some(json!({ "into": contact_id })),
        ("PUT", "/conversations/{conversation}/read") => Some(json!({ "seq": 1 })),
        ("POST", "/conversations") => {
            Some(json!({ "contact_id": contact_id, "first_message": message("Hello") }))
        }
        ("POST", "/photo") => Some(photo().request_of_photo()),
        ("POST", "/search") => Some(json!({ "query": "hello" })),
        ("POST", "/conversations/{conversation}/attachments") => {
            Some(File::text("Hello").request())
        }
        ("POST", "/conversations/{conversation}/messages") => Some(message("Hello")),
        ("POST", "/conversations/{conversation}/messages/{seq}/redact") => {
            Some(json!({ "ranges": [{ "start": 0, "end": 1 }] }))
        }
        ("POST", "/conversations/{conversation}/snooze")
        | ("PUT", "/conversations/{conversation}/hold") => {
            let mut body = json!({ "until": START.plus(DAY) });
            if rest.ends_with("hold") {
                body["reason"] = "Complaint 17".into();
            }
            Some(body)
        }
        ("PUT", "/conversations/{conversation}/draft")
        | ("PATCH", "/conversations/{conversation}/messages/{seq}") => {
            Some(json!({ "text": "Hullo" }))
        }
        ("POST", "/conversations/{conversation}/transcript") => Some(json!({ "to": "me" })),
        ("PATCH", "/conversations/{conversation}") => Some(json!({ "priority": "high" })),
        ("PUT", "/conversations/{conversation}/labels") => Some(json!({ "labels": ["urgent"] })),
        ("PUT", "/conversations/{conversation}/assignee") => {
            Some(json!({ "member_id": member_id }))
        }
        ("POST", "/contacts/{contact}/disclosures") => {
            Some(demand("cnv_01kf0a1b2c3d4e5f6g7h8j9k0m"))
        }
        ("PUT", "/transfer") => Some(json!({
            "controller": "Example Holding Ltd", "reference": "Purchase",
            "takes_effect_at": START.plus(DAY * 60),
        })),
        ("PATCH", "/retention") => Some(json!({ "conversation_days": 700 })),
        _ => None,
    }
}

#[tokio::test]
async fn every_role_may_on_every_member_route_exactly_what_the_matrix_says() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("owner@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let app = owner.app(&workspace).await;
    let visitor = harness.visitor(&app).await;
    let conversation = visitor.start("Hello").await;
    let shown = harness
        .join(&owner, &workspace, "target@example.com", "agent")
        .await;
    let target = text(&shown.get(&workspace.path, 200).await, "member_id");
    let retention = format!("{}/retention", workspace.path);
    let version = owner.send(Method::GET, &retention, None).await;
    let shorter = owner
        .with_header("if-match", version.header("etag"))
        .patch(&retention, json!({ "conversation_days": 700 }), 200)
        .await;
    let job = text(&shorter, "job_id");
    let other = harness.visitor(&app).await;
    let exports = format!("{}/contacts/{}/exports", workspace.path, other.contact_id);
    let export = owner.send(Method::POST, &exports, None).await;
    let export = text(&export.body, "id");
    let erased = harness.visitor(&app).await.contact_id;
    let erased = format!("{}/contacts/{erased}", workspace.path);
    let erasure = text(&owner.delete(&erased, 202).await, "erasure_id");
    harness.run_schedule("minute").await;
    let provider = Provider::start(&harness.stack.clock).await;
    let oidc = format!("{}/oidc", workspace.path);
    let mut members: BTreeMap<Role, Member> = BTreeMap::new();
    for role in Role::ALL {
        let member = match role {
            Role::Owner => owner.clone(),
            other => {
                let address = format!("{}@example.com", other.word());
                harness
                    .join(&owner, &workspace, &address, other.word())
                    .await
            }
        };
        members.insert(*role, member);
    }
    let ids = Ids::unknown()
        .with("workspace", &workspace.id)
        .with("member", &target)
        .with("app", &app.id)
        .with("contact", &visitor.contact_id)
        .with("conversation", &conversation.id)
        .with("export", &export)
        .with("erasure", &erasure)
        .with("job", &job);

    let all = routes();
    let all: Vec<&Route> = all
        .iter()
        .filter(|route| route.path.starts_with(OF_A_WORKSPACE) && !route.is_of_calls())
        .collect();
    let (mut allowed, mut denied) = (0, 0);
    for (role, member) in &members {
        let (mine, others): (Vec<&Route>, Vec<&Route>) = all
            .iter()
            .copied()
            .partition(|route| role.may(permission(route)));
        let before = sorted(&harness).await;
        for route in others {
            let (path, body) = (route.at(&ids), body(route, &visitor.contact_id, &target));
            let body = body.or_else(|| (path == oidc).then(|| provider.setting()));
            let what = format!("{} as {}", route.key(), role.word());
            let answer = member.send(route.method.clone(), &path, body).await;
            let seen = (
                answer.status,
                answer.body["code"].as_str().unwrap_or_default(),
            );
            assert_eq!(seen, (403, "forbidden"), "{what}: {}", answer.text);
            denied += 1;
        }
        assert_eq!(
            sorted(&harness).await,
            before,
            "a refused call of {} changed something",
            role.word()
        );
        for route in mine {
            let mut ids = ids.clone();
            if route.method == Method::DELETE && route.path.ends_with("/{contact}") {
                let other = harness.visitor(&app).await;
                ids = ids.with("contact", &other.contact_id);
            }
            if route.path.contains("{conversation}") {
                let staged = stage(route, &workspace.path, &owner, member, &visitor).await;
                ids = ids.with("conversation", &staged);
            }
            if route.path.contains("{attachment}") {
                let conversation = ids.all().find(|id| id.starts_with("cnv_"));
                let place = format!("/v1/widget/conversations/{}", conversation.expect("one"));
                let file = File::text("Hello");
                let sent = harness.send_file(&visitor, &place, &file).await;
                ids = ids.with("attachment", &text(&sent["attachments"][0], "id"));
            }
            if route.path.ends_with("/photo/{photo}") {
                let file = photo();
                let made = harness.upload_photo(member, &workspace.path, &file);
                ids = ids.with("photo", &made.await);
            }
            if route.path.ends_with("/members/{member}/photo") {
                harness
                    .upload_photo(&shown, &workspace.path, &photo())
                    .await;
            }
            if route.path.contains("{flow}") {
                ids = ids.with("flow", &owner.flow(&workspace).await);
            }
            if route.path.contains("{webhook}") {
                ids = ids.with("webhook", &make_hook(&workspace.path, &owner).await);
            }
            if route.path.contains("/devices") || route.path.contains("/push/") {
                let place = format!("{}/push/webpush", workspace.path);
                owner.put(&place, sender(), 200).await;
            }
            if route.path.contains("{device}") {
                let place = format!("{}/devices", workspace.path);
                let made = member.post(&place, device(&harness), 201).await;
                ids = ids.with("device", &text(&made, "id"));
            }
            if route.path.contains("{api_key}") {
                ids = ids.with("api_key", &make_key(&workspace.path, &owner).await);
            }
            if route.path.contains("{request}") {
                let other = harness.visitor(&app).await;
                let asked = ask(&workspace.path, &owner, &other).await;
                ids = ids.with("request", &asked);
            }
            let mut demanded = None;
            if route.path.contains("/contacts/{contact}/disclosures") {
                let proposer = match role {
                    Role::Owner => &members[&Role::Admin],
                    _ => &owner,
                };
                let about = harness.visitor(&app).await;
                let (asked, proposed) = propose(&workspace.path, proposer, &about).await;
                ids = ids
                    .with("contact", &about.contact_id)
                    .with("disclosure", &proposed);
                demanded = route.path.ends_with("disclosures").then(|| demand(&asked));
            }
            if route.path.contains("{note}") {
                let place = format!("{}/contacts/{}/notes", workspace.path, visitor.contact_id);
                let note = json!({ "text": "Likes tea" });
                let note = member.post(&place, note, 201).await;
                ids = ids.with("note", &text(&note, "id"));
            }
            if route.path.ends_with("/merge") {
                ids = ids.with("contact", &harness.visitor(&app).await.contact_id);
            }
            if route.path.contains("/team") {
                let made = make_team(&workspace.path, &owner).await;
                let puts = route.path.ends_with("/team") && route.method == Method::PUT;
                demanded = puts.then(|| json!({ "team_id": made }));
                ids = ids.with("team", &made);
            }
            if route.path.contains("{view}") {
                let place = format!("{}/saved-views", workspace.path);
                let own = json!({ "name": "Urgent", "filter": {} });
                ids = ids.with("view", &text(&member.post(&place, own, 201).await, "id"));
            }
            if route.path.contains("{reply}") {
                let place = format!("{}/canned-replies", workspace.path);
                let own = json!({ "name": "refund", "text": "Hello" });
                ids = ids.with("reply", &text(&member.post(&place, own, 201).await, "id"));
            }
            if route.path.ends_with("/participants/{member}") {
                ids = ids.with("member", &workspace.member_id);
            }
            if route.path.contains("{invitation}") {
                ids = ids.with("invitation", &invite(&workspace.path, &owner).await);
            }
            let mut target = target.clone();
            let goes = route.path.ends_with("/leave");
            let rises = route.path.ends_with("/transfer-ownership");
            if rises
                || (route.method == Method::DELETE
                    && route.path.ends_with("{workspace}/members/{member}"))
            {
                let other = fresh(&harness, &owner, &workspace, Role::Agent).await;
                target = text(&other.get(&workspace.path, 200).await, "member_id");
                ids = ids.with("member", &target);
            }
            let member = match goes || rises {
                true => &fresh(&harness, &owner, &workspace, *role).await,
                false => member,
            };
            let (path, body) = (route.at(&ids), body(route, &visitor.contact_id, &target));
            let registers = route.method == Method::POST && path.ends_with("/devices");
            let body = demanded.or(body);
            let body = registers.then(|| device(&harness)).or(body);
            let body = body.or_else(|| (path == oidc).then(|| provider.setting()));
            if path == oidc && member.send(Method::GET, &oidc, None).await.status == 404 {
                member.put(&oidc, provider.setting(), 200).await;
            }
            let what = format!("{} as {}", route.key(), role.word());
            let versioned = [&retention, &workspace.path, &oidc].contains(&&path);
            let version = match path == retention || path == oidc {
                true => member.send(Method::GET, &path, None).await,
                false => member.send(Method::GET, &workspace.path, None).await,
            };
            let client = match versioned {
                true => member.with_header("if-match", version.header("etag")),
                // As it was made.
                false if path.contains("/flows/flw_") => member.with_header("if-match", "\"2\""),
                false if path.contains("/webhooks/whk_") => member.with_header("if-match", "\"1\""),
                false => Client::clone(member),
            };
            let answer = client.send(route.method.clone(), &path, body).await;
            // Here nothing is sold, and there are no invoices: see `billing`.
            let unsold = answer.body["code"] == "billing_off" || path.ends_with("/pdf");
            assert!(answer.status < 400 || unsold, "{what}: {}", answer.text);
            if path == workspace.path && route.method == Method::DELETE {
                let undo = format!("{path}/undo-deletion");
                owner.send(Method::POST, &undo, None).await;
            }
            allowed += 1;
        }
    }
    assert_eq!(allowed + denied, Role::ALL.len() * all.len());
    assert!(
        denied >= 20 && allowed >= 50,
        "{denied} denied, {allowed} allowed"
    );
}

#[tokio::test]
async fn only_who_may_read_personal_data_sees_any_of_it() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("owner@example.com").await;
    let workspace = owner.workspace("inbox").await;
    let context = json!({
        "page_url": "https://www.example.com/canary-page", "referrer": "https://canary-host.example/",
        "locale": "de-canary", "timezone": "canary/zone",
    });
    let app = owner.app(&workspace).await;
    let visitor = harness
        .visitor_with(&app, json!({ "context": context }))
        .await;
    let place = format!("{}/contacts/{}", workspace.path, visitor.contact_id);
    let known = json!({ "name": "canary-name", "email": "canary-address@example.com" });
    owner.patch(&place, known, 200).await;
    let list = format!("{}/contacts", workspace.path);
    for role in Role::ALL
        .iter()
        .filter(|role| role.may(Permission::ContactsRead))
    {
        let address = format!("{}@example.org", role.word());
        let member = harness
            .join(&owner, &workspace, &address, role.word())
            .await;
        let allowed = role.may(Permission::PersonalDataRead);
        for path in [&place, &list] {
            let answer = member.send(reqwest::Method::GET, path, None).await;
            assert_eq!(answer.status, 200);
            assert_eq!(
                answer.text.matches("canary").count(),
                if allowed { 6 } else { 0 },
                "{role:?}"
            );
        }
        let one = member.get(&place, 200).await;
        assert_eq!(one["masked"], !allowed, "{role:?}");
    }
}

async fn sorted(harness: &Harness) -> Vec<String> {
    let mut items = harness.items().await;
    items.sort();
    items
}
