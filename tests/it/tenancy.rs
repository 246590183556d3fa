//! Of another tenant nothing can be seen, not even that it is there. Generated from the template:
//! a new route is asked too, or fails here until it can be.

use harness::files::File;
use harness::provider::Provider;
use harness::routes::{Ids, Route, routes};
use harness::{Answer, Conversation, Harness, Member, Visitor, WidgetApp, Workspace, text};
use serde_json::{Value, json};

use crate::attachments::photo;

/// A workspace with one of everything.
struct Tenant {
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
    visitor: Visitor,
    /// Another contact that is the same person.
    double: String,
    /// A browser on this machine, to be registered.
    browser: Value,
    conversation: Conversation,
    provider: Provider,
    ids: Ids,
}

impl Tenant {
    async fn new(harness: &Harness, name: &str) -> Self {
        let owner = harness.sign_up(&format!("owner@{name}.example")).await;
        let workspace = owner.workspace("inbox").await;
        let agent = format!("agent@{name}.example");
        let agent = harness.join(&owner, &workspace, &agent, "agent").await;
        for member in [&agent, &owner] {
            harness
                .upload_photo(member, &workspace.path, &photo())
                .await;
        }
        let second = format!("second@{name}.example");
        let second = harness.join(&owner, &workspace, &second, "agent").await;
        let second = text(&second.get(&workspace.path, 200).await, "member_id");
        let members = owner.get(&format!("{}/members", workspace.path), 200).await;
        let others = members["data"].as_array().expect("members").iter();
        let own_photo = others
            .clone()
            .find(|member| member["id"] == workspace.member_id);
        let own_photo = text(own_photo.expect("the owner"), "photo");
        let mut others = others.filter(|member| {
            member["id"] != workspace.member_id.as_str() && member["id"] != second.as_str()
        });
        let app = owner.app(&workspace).await;
        let asks = format!("{}/apps/{}", workspace.path, app.id);
        owner
            .patch(&asks, json!({ "asks_rating": true }), 200)
            .await;
        let visitor = harness.visitor(&app).await;
        let conversation = visitor.start("Hello").await;
        let shorter = json!({ "conversation_days": 700 });
        let retention = format!("{}/retention", workspace.path);
        let retention = owner
            .with_header("if-match", "\"1\"")
            .patch(&retention, shorter, 200)
            .await;
        owner.say(&workspace, &conversation, "Welcome").await;
        let place = format!("/v1/widget/conversations/{}", conversation.id);
        let file = File::text("Hello");
        let file = harness.send_file(&visitor, &place, &file).await;
        let file = text(&file["attachments"][0], "id");
        let draft = format!("{}/conversations/{}/draft", workspace.path, conversation.id);
        owner.put(&draft, json!({ "text": "May I" }), 200).await;
        let hold = format!("{}/conversations/{}/hold", workspace.path, conversation.id);
        owner
            .put(
                &hold,
                json!({ "reason": "Complaint 17", "until": "2026-12-31T00:00:00Z" }),
                200,
            )
            .await;
        let invitation = json!({ "email": format!("kim@{name}.example"), "role": "agent" });
        let invitations = format!("{}/invitations", workspace.path);
        let invitation = owner.post(&invitations, invitation, 202).await;
        let key = json!({ "name": "Shop", "scopes": ["contacts.read"] });
        let key = owner
            .post(&format!("{}/api-keys", workspace.path), key, 201)
            .await;
        let exports = format!("{}/contacts/{}/exports", workspace.path, visitor.contact_id);
        let export = owner.send(harness::method("POST"), &exports, None).await;
        let demand = json!({
            "ground": "legal_demand", "recipient": "A court", "reference": "Order 12",
            "conversations": [conversation.id],
        });
        let disclosures = format!(
            "{}/contacts/{}/disclosures",
            workspace.path, visitor.contact_id
        );
        let admin = format!("admin@{name}.example");
        let admin = harness.join(&owner, &workspace, &admin, "admin").await;
        let disclosure = admin.post(&disclosures, demand, 201).await;
        let erased = harness.visitor(&app).await.contact_id;
        let erased = format!("{}/contacts/{erased}", workspace.path);
        let erased = owner.delete(&erased, 202).await;
        harness.run_schedule("minute").await;
        let provider = Provider::start(&harness.stack.clock).await;
        let team = format!("{}/oidc", workspace.path);
        owner.put(&team, provider.setting(), 200).await;
        let asks = json!({ "contact_id": visitor.contact_id, "type": "access" });
        let request = owner
            .post(&format!("{}/privacy/requests", workspace.path), asks, 202)
            .await;
        let flow = owner.flow(&workspace).await;
        let teams = format!("{}/teams", workspace.path);
        let made = owner.post(&teams, json!({ "name": "Billing" }), 201).await;
        let canned = format!("{}/canned-replies", workspace.path);
        let kept = json!({ "kept_for": "workspace", "name": "refund", "text": "Hello" });
        let kept = owner.post(&canned, kept, 201).await;
        let hook = json!({ "name": "Shop", "url": "http://127.0.0.1:9/hooks", "events": [] });
        let hooks = format!("{}/webhooks", workspace.path);
        let hook = owner.post(&hooks, hook, 201).await;
        let views = format!("{}/saved-views", workspace.path);
        let view = json!({ "kept_for": "workspace", "name": "Urgent", "filter": {} });
        let view = owner.post(&views, view, 201).await;
        let notes = format!("{}/contacts/{}/notes", workspace.path, visitor.contact_id);
        let note = owner
            .post(&notes, json!({ "text": "Likes tea" }), 201)
            .await;
        let double = harness.visitor(&app).await.contact_id;
        let sender = json!({ "contact": "mailto:push@shop.example" });
        let senders = format!("{}/push/webpush", workspace.path);
        owner.put(&senders, sender, 200).await;
        let (_, subscription) = harness.subscription(None);
        let browser = json!({ "provider": "webpush", "subscription": subscription });
        let devices = format!("{}/devices", workspace.path);
        let device = owner.post(&devices, browser.clone(), 201).await;
        let ids = Ids::unknown()
            .with("reply", &text(&kept, "id"))
            .with("view", &text(&view, "id"))
            .with("note", &text(&note, "id"))
            .with("webhook", &text(&hook, "id"))
            .with("device", &text(&device, "id"))
            .with("team", &text(&made, "id"))
            .with("attachment", &file)
            .with("photo", &own_photo)
            .with("flow", &flow)
            .with("export", &text(&export.body, "id"))
            .with("disclosure", &text(&disclosure, "id"))
            .with("erasure", &text(&erased, "erasure_id"))
            .with("request", &text(&request, "id"))
            .with("api_key", &text(&key, "id"))
            .with("invitation", &text(&invitation, "id"))
            .with("colleague", &second)
            .with("job", &text(&retention, "job_id"))
            .with("workspace", &workspace.id)
            .with("member", &text(others.next().expect("the agent"), "id"))
            .with("app", &app.id)
            .with("contact", &visitor.contact_id)
            .with("conversation", &conversation.id);
        Self {
            owner,
            workspace,
            app,
            visitor,
            double,
            browser,
            conversation,
            provider,
            ids,
        }
    }

    /// What a call is about: a disclosure that was approved is not declined, so that call has its own.
    async fn ids_for(&self, route: &Route) -> Ids {
        let (of, declines) = route.path.rsplit_once("/{disclosure}").unwrap_or_default();
        if !of.ends_with("/disclosures") || !declines.is_empty() {
            return self.ids.clone();
        }
        let demand = json!({
            "ground": "terms", "recipient": "A court", "reference": "Order 13",
            "conversations": [self.conversation.id],
        });
        let contact = &self.visitor.contact_id;
        let place = format!("{}/contacts/{contact}/disclosures", self.workspace.path);
        let made = self.owner.post(&place, demand, 201).await;
        self.ids.clone().with("disclosure", &text(&made, "id"))
    }

    /// What the owner sets again, where the document's example names a host that is nobody's.
    fn own_body(&self, route: &Route) -> Option<Value> {
        match route.key().as_str() {
            "PUT /v1/workspaces/{workspace}/oidc" => Some(self.provider.setting()),
            "POST /v1/workspaces/{workspace}/contacts/{contact}/merge" => {
                Some(json!({ "into": self.double }))
            }
            "POST /v1/workspaces/{workspace}/devices" => Some(self.browser.clone()),
            _ => None,
        }
    }
}

/// It answers with what it finds, and never that something is not there.
const SEARCH: &str = "POST /v1/workspaces/{workspace}/search";

/// Routes whose document example is a choice that this test has to make.
fn body(route: &Route, ids: &Ids) -> Option<Value> {
    match route.key().as_str() {
        // A web app has origins, a mobile one a bundle: the example shows both.
        "POST /v1/workspaces/{workspace}/apps" => Some(json!({
            "name": "Site", "platform": "web", "origins": ["https://www.example.com"],
            "identity": "optional",
        })),
        "POST /v1/workspaces/{workspace}/photo" => Some(photo().request_of_photo()),
        // The document's example names a team, which is not the point of every filter.
        "POST /v1/workspaces/{workspace}/saved-views"
        | "PATCH /v1/workspaces/{workspace}/saved-views/{view}" => {
            Some(json!({ "name": "Urgent", "filter": { "priority": "urgent" } }))
        }
        // The document's example has one time for both ends of a span.
        "PUT /v1/workspaces/{workspace}/business-hours" => {
            Some(json!({ "time_zone": "UTC", "weekly": [] }))
        }
        "PUT /v1/workspaces/{workspace}/availability" => Some(json!({ "status": "away" })),
        // The document's example of an end has passed here.
        "POST /v1/workspaces/{workspace}/api-keys" => {
            Some(json!({ "name": "Shop", "scopes": ["contacts.read"] }))
        }
        // The document's example of a time lies in the past of some, here of all.
        "PUT /v1/workspaces/{workspace}/conversations/{conversation}/hold" => {
            Some(json!({ "reason": "Complaint 17", "until": "2026-12-31T00:00:00Z" }))
        }
        "POST /v1/workspaces/{workspace}/contacts/{contact}/disclosures" => {
            let mut body = route.body(ids).expect("an example");
            body["silent_until"] = Value::Null;
            Some(body)
        }
        "POST /v1/workspaces/{workspace}/webhooks" => Some(json!({
            "name": "Shop", "url": "http://127.0.0.1:9/hooks", "events": [],
        })),
        // The document's example has one time for both ends of quiet hours.
        "PUT /v1/workspaces/{workspace}/notification-preferences" => {
            Some(json!({ "email": [], "in_app": [], "push": ["mention"] }))
        }
        "PATCH /v1/workspaces/{workspace}/webhooks/{webhook}" => Some(json!({ "name": "Other" })),
        "POST /v1/workspaces/{workspace}/webhooks/{webhook}/replay" => {
            Some(json!({ "from": "2026-01-15T12:00:00Z", "to": "2026-01-16T12:00:00Z" }))
        }
        "PATCH /v1/workspaces/{workspace}"
        | "PATCH /v1/workspaces/{workspace}/apps/{app}"
        | "PATCH /v1/workspaces/{workspace}/flows/{flow}" => Some(json!({ "name": "Other" })),
        "PUT /v1/workspaces/{workspace}/conversations/{conversation}/read"
        | "PUT /v1/widget/conversations/{conversation}/read" => Some(json!({ "seq": 1 })),
        "POST /v1/workspaces/{workspace}/conversations/{conversation}/snooze" => {
            let until = harness::START.plus(std::time::Duration::from_secs(3600));
            Some(json!({ "until": until }))
        }
        "POST /v1/workspaces/{workspace}/conversations/{conversation}/transcript" => {
            Some(json!({ "to": "me" }))
        }
        SEARCH => Some(json!({ "query": "Hello" })),
        // The document's example of a day is nearer than a month.
        "PUT /v1/workspaces/{workspace}/transfer" => {
            let mut body = route.body(ids)?;
            body["takes_effect_at"] = "2026-06-01T00:00:00.000Z".into();
            Some(body)
        }
        // The document's example says everything that anybody may say.
        "POST /v1/workspaces/{workspace}/privacy/requests" => {
            let mut body = route.body(ids)?;
            for field in ["name", "email"] {
                body.as_object_mut()?.remove(field);
            }
            body["type"] = "export".into();
            Some(body)
        }
        _ => route.body(ids),
    }
}

async fn call(client: &harness::Client, route: &Route, ids: &Ids) -> Answer {
    let client = match route.key().as_str() {
        // The version after the change that `Tenant::new` makes.
        "PATCH /v1/workspaces/{workspace}" => client.with_header("if-match", "\"1\""),
        "PATCH /v1/workspaces/{workspace}/flows/{flow}" => {
            client.with_header("if-match", "\"2\", \"3\"")
        }
        "PATCH /v1/workspaces/{workspace}/webhooks/{webhook}"
        | "POST /v1/workspaces/{workspace}/webhooks/{webhook}/secret" => {
            client.with_header("if-match", "\"1\", \"2\"")
        }
        // Whatever happened to it on the way.
        "DELETE /v1/workspaces/{workspace}/oidc" => client.with_header("if-match", "\"1\", \"2\""),
        "PATCH /v1/workspaces/{workspace}/retention" => {
            client.with_header("if-match", "\"2\", \"3\", \"4\"")
        }
        _ => client.clone(),
    };
    client
        .send(route.method.clone(), &route.at(ids), body(route, ids))
        .await
}

fn of_workspaces() -> impl Iterator<Item = Route> {
    routes()
        .into_iter()
        .filter(|route| route.path.starts_with("/v1/workspaces/{workspace}"))
}

/// Whether the route names something besides the workspace, in its path or in its body.
fn names_more(route: &Route) -> bool {
    // Who brings notifications is a word and no id.
    let named = route.parameters().into_iter();
    named.filter(|name| *name != "provider").count() > 1
        || body(route, &Ids::unknown()) != body(route, &Ids::unknown().with("contact", "ctc_"))
}

fn same_as_unknown(what: &str, foreign: &Answer, unknown: &Answer) {
    assert_eq!(
        unknown.status, 404,
        "{what}: {}; is its body right?",
        unknown.text
    );
    assert_eq!(
        foreign.status, 404,
        "{what} shows another tenant: {}",
        foreign.text
    );
    assert_eq!(foreign.text, unknown.text, "{what}: the answers differ");
    let names = |answer: &Answer| -> Vec<String> {
        let mut names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    };
    assert_eq!(names(foreign), names(unknown), "{what}: the headers differ");
}

#[tokio::test]
async fn another_tenants_ids_are_answered_like_ids_that_nobody_has() {
    let harness = Harness::start().await;
    let ours = Tenant::new(&harness, "ours").await;
    let theirs = Tenant::new(&harness, "theirs").await;
    let before = sorted(harness.items().await);
    let mut asked = 0;
    for route in of_workspaces() {
        let owner = &theirs.owner;
        let foreign = call(owner, &route, &ours.ids).await;
        let unknown = call(owner, &route, &Ids::unknown()).await;
        same_as_unknown(&route.key(), &foreign, &unknown);
        // Foreign parts under one's own roof.
        if names_more(&route) && !route.is_of_calls() {
            let own = &theirs.workspace.id;
            let foreign = call(owner, &route, &ours.ids.clone().with("workspace", own)).await;
            let unknown = call(owner, &route, &Ids::unknown().with("workspace", own)).await;
            same_as_unknown(
                &format!("{} in the own workspace", route.key()),
                &foreign,
                &unknown,
            );
            asked += 1;
        }
    }
    assert!(
        asked >= 10,
        "only {asked} routes name more than the workspace"
    );
    // A search that is narrowed to what somebody else has finds what one finds for an id of nobody.
    let search = of_workspaces().find(|route| route.key() == SEARCH);
    let search = search.expect("a route");
    let mut found = Vec::new();
    for ids in [ours.ids.clone(), Ids::unknown()] {
        let ids = ids.with("workspace", &theirs.workspace.id);
        let (path, body) = (search.at(&ids), search.body(&ids));
        let answer = theirs.owner.send(search.method.clone(), &path, body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.body["data"], json!([]));
        found.push(answer.text);
    }
    assert_eq!(found[0], found[1]);
    assert_eq!(
        sorted(harness.items().await),
        before,
        "a refused call changed something"
    );
}

#[tokio::test]
async fn the_same_calls_are_answered_to_whom_it_belongs_so_the_refusals_mean_something() {
    let harness = Harness::start().await;
    let ours = Tenant::new(&harness, "ours").await;
    // What takes away comes after what needs it, and nobody claims what was given away.
    let rank = |route: &Route| match route.key().as_str() {
        "DELETE /v1/workspaces/{workspace}/conversations/{conversation}"
        | "DELETE /v1/workspaces/{workspace}/contacts/{contact}"
        | "DELETE /v1/workspaces/{workspace}/teams/{team}"
        | "DELETE /v1/workspaces/{workspace}" => 3,
        // The owner becomes an admin, and goes.
        key if key.ends_with("/transfer-ownership") => 4,
        key if key.ends_with("/leave") => 5,
        key if key.starts_with("DELETE") => 2,
        key if key.ends_with("/claim") => 0,
        _ => 1,
    };
    // Nothing is sold here: see `billing`.
    let sells = |route: &Route| {
        let pays = route.path.contains("/billing") && route.method != harness::method("GET");
        pays || route.path.ends_with("/pdf")
    };
    let mut others: Vec<Route> = of_workspaces()
        .filter(|route| !route.is_of_calls() && !sells(route))
        .collect();
    others.sort_by_key(rank);
    let last = others.split_off(others.partition_point(|route| rank(route) < 3));
    for route in others {
        let answer = match ours.own_body(&route) {
            Some(body) => {
                let owner = ours.owner.with_header("if-match", "\"1\"");
                let path = route.at(&ours.ids);
                owner.send(route.method.clone(), &path, Some(body)).await
            }
            None => call(&ours.owner, &route, &ours.ids_for(&route).await).await,
        };
        assert!(
            answer.status < 400,
            "{} has no coverage here: say in `body` what it takes: {}",
            route.key(),
            answer.text
        );
    }
    // A transcript is mailed to an address that was proved.
    let address = "mona@example.com";
    let place = "/v1/widget/email";
    ours.visitor
        .post(place, json!({ "email": address }), 202)
        .await;
    let code = harness.mail_code(address).await;
    ours.visitor.put(place, json!({ "code": code }), 200).await;
    // The contact was blocked and unblocked on the way; the visitor's side comes after it.
    for route in routes()
        .iter()
        .filter(|route| route.path.starts_with("/v1/widget/conversations"))
    {
        let answer = call(&ours.visitor, route, &ours.ids).await;
        assert!(answer.status < 400, "{}: {}", route.key(), answer.text);
    }
    for route in last {
        let answer = call(&ours.owner, &route, &ours.ids).await;
        assert!(answer.status < 300, "{}: {}", route.key(), answer.text);
        if route.key() == "DELETE /v1/workspaces/{workspace}" {
            let undo = format!("{}/undo-deletion", ours.workspace.path);
            ours.owner.send(harness::method("POST"), &undo, None).await;
        }
    }
}

#[tokio::test]
async fn lists_hold_nothing_of_another_tenant() {
    let harness = Harness::start().await;
    let ours = Tenant::new(&harness, "ours").await;
    let theirs = Tenant::new(&harness, "theirs").await;
    let lists: Vec<Route> = routes()
        .into_iter()
        .filter(|route| route.method == harness::method("GET"))
        .collect();
    for route in lists
        .iter()
        .filter(|route| route.path.starts_with("/v1/workspaces"))
        // Asked of a workspace that has them: see `calls::rights`.
        .filter(|route| !route.is_of_calls())
        // It leads somewhere else; see `exports`.
        .filter(|route| !route.path.ends_with("/{part}") && !route.path.ends_with("/{rendition}"))
        .filter(|route| !route.path.ends_with("/members/{member}/photo"))
        .filter(|route| !route.path.ends_with("/pdf"))
    {
        let answer = call(&theirs.owner, route, &theirs.ids).await;
        assert_eq!(answer.status, 200, "{}: {}", route.key(), answer.text);
        for id in ours.ids.all() {
            assert!(!answer.text.contains(id), "{} shows {id}", route.key());
        }
    }
}

#[tokio::test]
async fn a_visitor_sees_only_conversations_of_the_own_contact() {
    let harness = Harness::start().await;
    let ours = Tenant::new(&harness, "ours").await;
    let theirs = Tenant::new(&harness, "theirs").await;
    let neighbour = harness.visitor(&ours.app).await;
    assert_ne!(neighbour.contact_id, ours.visitor.contact_id);
    let before = sorted(harness.items().await);
    for route in routes()
        .iter()
        .filter(|route| route.path.starts_with("/v1/widget/conversations/"))
    {
        for (who, visitor) in [
            ("a neighbour", &neighbour),
            ("a foreigner", &theirs.visitor),
        ] {
            let foreign = call(visitor, route, &ours.ids).await;
            let unknown = call(visitor, route, &Ids::unknown()).await;
            same_as_unknown(&format!("{} as {who}", route.key()), &foreign, &unknown);
        }
    }
    assert_eq!(
        sorted(harness.items().await),
        before,
        "a refused call changed something"
    );
    let list = neighbour.get("/v1/widget/conversations", 200).await;
    assert_eq!(list["data"], json!([]), "a neighbour's list");
    let own = ours.visitor.get("/v1/widget/conversations", 200).await;
    assert_eq!(own["data"][0]["id"], ours.conversation.id.as_str());
}

#[tokio::test]
async fn what_a_visitor_got_from_one_workspace_opens_nothing_in_another() {
    let harness = Harness::start().await;
    let ours = Tenant::new(&harness, "ours").await;
    let theirs = Tenant::new(&harness, "theirs").await;
    let page = harness.anonymous().with_header("origin", harness::ORIGIN);
    let body = json!({ "app_key": theirs.app.key, "resume_token": ours.visitor.resume_token });
    page.refused(
        harness::method("POST"),
        "/v1/widget/sessions",
        Some(body),
        401,
        "token_invalid",
    )
    .await;
    // A second app of the same workspace is another door as well.
    let second = ours.owner.app(&ours.workspace).await;
    let body = json!({ "app_key": second.key, "resume_token": ours.visitor.resume_token });
    page.refused(
        harness::method("POST"),
        "/v1/widget/sessions",
        Some(body),
        401,
        "token_invalid",
    )
    .await;
    // The token itself was not used up by that.
    let body = json!({ "app_key": ours.app.key, "resume_token": ours.visitor.resume_token });
    let again = page.post("/v1/widget/sessions", body, 201).await;
    assert_eq!(
        again["visitor"]["contact_id"],
        ours.visitor.contact_id.as_str()
    );
}

fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items
}
