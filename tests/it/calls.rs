//! Calls: who calls whom, how a call goes, and what is known of it afterwards.

mod blocked;
mod deleting;
mod offered;
mod quality;
mod recorded;
mod rights;
mod signals;

use std::time::Duration;

use harness::{Client, Harness, Member, ORIGIN, Socket, WidgetApp, Workspace, random_uuid, text};
use reqwest::Method;
use serde_json::{Value, json};

pub const SECOND: Duration = Duration::from_secs(1);

/// A workspace of calls with somebody who takes them.
pub struct World {
    pub harness: Harness,
    pub owner: Member,
    pub agent: Member,
    pub agent_id: String,
    pub workspace: Workspace,
    pub app: WidgetApp,
}

/// Somebody who calls without an account.
#[derive(Clone)]
pub struct Guest {
    pub client: Client,
    pub id: String,
}

impl World {
    pub async fn new() -> Self {
        Self::of(Harness::start().await).await
    }

    pub async fn of(harness: Harness) -> Self {
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("calls").await;
        let agent = harness
            .join(&owner, &workspace, "bob@example.com", "agent")
            .await;
        let agent_id = text(&agent.get(&workspace.path, 200).await, "member_id");
        let app = owner.app(&workspace).await;
        Self {
            harness,
            owner,
            agent,
            agent_id,
            workspace,
            app,
        }
    }

    pub fn calls(&self) -> String {
        format!("{}/calls", self.workspace.path)
    }

    pub fn call(&self, id: &str) -> String {
        format!("{}/{id}", self.calls())
    }

    /// The page of the app.
    pub fn page(&self) -> Client {
        self.harness.anonymous().with_header("origin", ORIGIN)
    }

    pub async fn guest(&self) -> Guest {
        self.guest_with(json!({ "app_key": self.app.key })).await
    }

    pub async fn guest_with(&self, body: Value) -> Guest {
        let page = self.page();
        let session = page.post("/v1/guest/sessions", body, 201).await;
        let token = text(&session, "guest_token");
        Guest {
            client: page.with_token(&token),
            id: text(&session, "guest_id"),
        }
    }

    /// Lets a device in by the token of a beginning, or of another answer.
    pub async fn join(&self, answer: &Value) -> Value {
        let token = match &answer["join"] {
            Value::Null => text(answer, "join_token"),
            join => text(join, "join_token"),
        };
        let device = self.harness.anonymous().with_token(&token);
        device.post("/v1/calls/join", Value::Null, 201).await
    }

    /// A guest's call that rings: its id, and what the guest's device got.
    pub async fn ringing(&self, guest: &Guest) -> (String, Value) {
        let begun = guest.begin(201).await;
        let joined = self.join(&begun).await;
        assert_eq!(joined["call"]["state"], "ringing");
        (text(&begun["call"], "id"), joined)
    }

    pub async fn act(&self, member: &Client, call: &str, act: &str, status: u16) -> Value {
        let path = format!("{}/{act}", self.call(call));
        member.post(&path, Value::Null, status).await
    }

    /// What a member's device gets in a call of theirs.
    pub async fn agent_joins(&self, call: &str) -> Value {
        let path = format!("{}/join-token", self.call(call));
        let pass = self.agent.post(&path, Value::Null, 201).await;
        self.join(&pass).await
    }

    pub async fn show(&self, call: &str) -> Value {
        self.owner.get(&self.call(call), 200).await
    }
}

impl Guest {
    pub async fn begin(&self, status: u16) -> Value {
        self.begin_as(&random_uuid(), status).await
    }

    pub async fn begin_as(&self, client_id: &str, status: u16) -> Value {
        let body = json!({ "kind": "video", "client_id": client_id });
        self.client.post("/v1/guest/calls", body, status).await
    }

    pub async fn act(&self, call: &str, act: &str, status: u16) -> Value {
        let path = format!("/v1/guest/calls/{call}/{act}");
        self.client.post(&path, Value::Null, status).await
    }
}

/// The socket of a device that joined.
pub async fn socket(joined: &Value) -> Socket {
    Socket::open(&text(&joined["socket"], "url")).await
}

/// CALL-03
#[tokio::test]
async fn a_guest_calls_somebody_takes_it_and_both_hang_up() {
    let world = World::new().await;
    let guest = world.guest().await;
    let begun = guest.begin(201).await;
    assert_eq!(begun["call"]["state"], "created");
    let call = text(&begun["call"], "id");
    // Nothing rings before the caller's device is there.
    let accept = format!("{}/accept", world.call(&call));
    world
        .agent
        .refused(Method::POST, &accept, None, 409, "call_state")
        .await;
    let joined = world.join(&begun).await;
    assert_eq!(
        (&joined["side"], &joined["polite"], &joined["call"]["state"]),
        (&json!("guest"), &json!(true), &json!("ringing"))
    );
    let open = world
        .agent
        .get(&format!("{}?state=open", world.calls()), 200)
        .await;
    assert_eq!(open["data"][0]["id"], call.as_str());
    world.harness.advance(SECOND);
    let taken = world.act(&world.agent, &call, "accept", 200).await;
    assert_eq!(taken["state"], "connecting");
    assert_eq!(taken["member_id"], world.agent_id.as_str());
    let joined = world.agent_joins(&call).await;
    assert_eq!(
        (&joined["side"], &joined["polite"]),
        (&json!("agent"), &json!(false))
    );
    let ended = guest.act(&call, "end", 200).await;
    assert_eq!(
        (&ended["state"], &ended["reason"]),
        (&json!("ended"), &json!("cancelled"))
    );
    assert_eq!(
        guest.act(&call, "end", 200).await,
        ended,
        "a retry changes nothing"
    );
    let path = format!("/v1/guest/calls/{call}");
    assert_eq!(guest.client.get(&path, 200).await, ended);
    let listed = world.owner.get(&world.calls(), 200).await;
    assert_eq!(listed["data"][0], ended);
    assert_eq!(listed["page"]["has_more"], false);
}

#[tokio::test]
async fn of_two_who_take_a_call_at_once_one_gets_it() {
    let world = World::new().await;
    for _ in 0..3 {
        let guest = world.guest().await;
        let (call, _) = world.ringing(&guest).await;
        let path = format!("{}/accept", world.call(&call));
        let (one, other) = tokio::join!(
            world.agent.send(Method::POST, &path, None),
            world.owner.send(Method::POST, &path, None),
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", one.text, other.text);
        let (winner, won, lost) = match one.status {
            200 => (&world.agent, one, other),
            _ => (&world.owner, other, one),
        };
        assert_eq!(lost.body["code"], "call_taken");
        let again = winner.send(Method::POST, &path, None).await;
        assert_eq!(again.body["member_id"], won.body["member_id"]);
        guest.act(&call, "end", 200).await;
    }
}

#[tokio::test]
async fn what_nobody_takes_stops_ringing_after_45_seconds_whoever_notices() {
    let mut world = World::new().await;
    let guest = world.guest().await;
    for noticed_by in ["nobody", "knock", "schedule", "accept"] {
        let (call, _) = world.ringing(&guest).await;
        world.harness.advance(44 * SECOND);
        let knocked = guest.act(&call, "knock", 200).await;
        assert_eq!(knocked["state"], "ringing", "{noticed_by}");
        world.harness.advance(SECOND);
        match noticed_by {
            "knock" => {
                guest.act(&call, "knock", 200).await;
            }
            "schedule" => {
                let report = world.harness.run_schedule("minute").await;
                assert!(report["ended_calls"].as_u64() >= Some(1), "{report}");
            }
            "accept" => {
                let path = format!("{}/accept", world.call(&call));
                world
                    .agent
                    .refused(Method::POST, &path, None, 409, "call_over")
                    .await;
            }
            _ => {}
        }
        let shown = world.show(&call).await;
        assert_eq!(
            (&shown["state"], &shown["reason"]),
            (&json!("ended"), &json!("no_answer")),
            "{noticed_by}"
        );
        // As long as it should, not as long as somebody needed to notice.
        world.harness.advance(600 * SECOND);
        world.owner = world.owner.refresh().await;
        world.agent = world.agent.refresh().await;
        assert_eq!(world.show(&call).await["ended_at"], shown["ended_at"]);
    }
}

#[tokio::test]
async fn a_repeated_beginning_makes_one_call_and_a_guest_is_in_one_at_a_time() {
    let world = World::new().await;
    let guest = world.guest().await;
    let id = random_uuid();
    let first = guest.begin_as(&id, 201).await;
    let again = guest.begin_as(&id, 200).await;
    assert_eq!(first["call"], again["call"]);
    let body = json!({ "kind": "video", "client_id": random_uuid() });
    guest
        .client
        .refused(
            Method::POST,
            "/v1/guest/calls",
            Some(body),
            409,
            "call_live",
        )
        .await;
    // A server may hand either token to the device; each is good once.
    world.join(&first).await;
    world.join(&again).await;
}

/// CALL-03
#[tokio::test]
async fn a_member_calls_a_guest_and_of_two_calls_against_each_other_the_first_goes_on() {
    let world = World::new().await;
    let guest = world.guest().await;
    let wanted =
        |kind: &str| json!({ "guest_id": guest.id, "kind": kind, "client_id": random_uuid() });
    let begun = world.agent.post(&world.calls(), wanted("audio"), 201).await;
    let call = text(&begun["call"], "id");
    world.join(&begun).await;
    // The guest calls at the same time: the member's call is there already.
    world.harness.advance(SECOND);
    let other = guest.begin(201).await;
    assert_eq!(
        (
            &other["call"]["state"],
            &other["call"]["reason"],
            &other["instead"]
        ),
        (&json!("ended"), &json!("superseded"), &json!(call))
    );
    assert_eq!(other["join"], Value::Null);
    assert_eq!(guest.act(&call, "accept", 200).await["state"], "connecting");
    // Somebody else calls meanwhile: the guest talks.
    let busy = world.owner.post(&world.calls(), wanted("audio"), 201).await;
    assert_eq!(busy["call"]["reason"], "busy");
    world.act(&world.agent, &call, "end", 200).await;
    let next = world.owner.post(&world.calls(), wanted("audio"), 201).await;
    assert_eq!(next["call"]["state"], "created");
    world.join(&next).await;
    let next = text(&next["call"], "id");
    assert_eq!(guest.act(&next, "decline", 200).await["reason"], "declined");
    // The other way round: a guest's call to the team that rings, and a member who calls.
    let (call, _) = world.ringing(&guest).await;
    world.harness.advance(SECOND);
    let other = world.agent.post(&world.calls(), wanted("video"), 201).await;
    assert_eq!(
        (&other["call"]["reason"], &other["instead"]),
        (&json!("superseded"), &json!(call))
    );
}

#[tokio::test]
async fn a_join_token_lets_one_device_in_once_within_a_minute() {
    let world = World::new().await;
    let guest = world.guest().await;
    let begun = guest.begin(201).await;
    let token = text(&begun["join"], "join_token");
    let device = world.harness.anonymous().with_token(&token);
    device.post("/v1/calls/join", Value::Null, 201).await;
    device
        .refused(Method::POST, "/v1/calls/join", None, 401, "token_invalid")
        .await;
    let call = text(&begun["call"], "id");
    let late = guest.act(&call, "join-token", 201).await;
    world.harness.advance(60 * SECOND);
    let device = world
        .harness
        .anonymous()
        .with_token(&text(&late, "join_token"));
    device
        .refused(Method::POST, "/v1/calls/join", None, 401, "token_invalid")
        .await;
    // A member who has not taken the call, and another guest, get none.
    let (call, _) = world.ringing(&world.guest().await).await;
    let path = format!("{}/join-token", world.call(&call));
    world
        .agent
        .refused(Method::POST, &path, None, 403, "forbidden")
        .await;
    for path in [
        format!("/v1/guest/calls/{call}"),
        format!("/v1/guest/calls/{call}/end"),
        format!("/v1/guest/calls/{call}/ice"),
    ] {
        let method = if path.ends_with(&call) {
            Method::GET
        } else {
            Method::POST
        };
        guest
            .client
            .refused(method, &path, None, 404, "not_found")
            .await;
    }
}

#[tokio::test]
async fn a_link_lets_one_device_call_one_member() {
    let world = World::new().await;
    let links = format!("{}/call-links", world.workspace.path);
    let link = world
        .agent
        .post(&links, json!({ "kind": "audio" }), 201)
        .await;
    let token = text(&link, "token");
    assert!(text(&link, "url").ends_with(&format!("/call#{token}")));
    let device = random_uuid();
    let body = json!({ "link": token, "client_id": device });
    let anybody = world.harness.anonymous();
    let session = anybody.post("/v1/guest/sessions", body.clone(), 201).await;
    assert_eq!(session["call_kind"], "audio");
    // A lost answer costs nothing; another device gets nothing.
    let again = anybody.post("/v1/guest/sessions", body, 201).await;
    assert_eq!(session, again);
    let other = json!({ "link": token, "client_id": random_uuid() });
    anybody
        .refused(
            Method::POST,
            "/v1/guest/sessions",
            Some(other),
            401,
            "token_invalid",
        )
        .await;
    let guest = Guest {
        client: anybody.with_token(&text(&session, "guest_token")),
        id: text(&session, "guest_id"),
    };
    let (call, _) = world.ringing(&guest).await;
    let path = format!("{}/accept", world.call(&call));
    world
        .owner
        .refused(Method::POST, &path, None, 403, "forbidden")
        .await;
    world.act(&world.agent, &call, "accept", 200).await;
    // A link is good for a day.
    let link = world
        .agent
        .post(&links, json!({ "kind": "audio" }), 201)
        .await;
    world.harness.advance(24 * 3600 * SECOND);
    let late = json!({ "link": text(&link, "token"), "client_id": random_uuid() });
    anybody
        .refused(
            Method::POST,
            "/v1/guest/sessions",
            Some(late),
            401,
            "token_invalid",
        )
        .await;
    let path = format!("/v1/guest/calls/{call}");
    guest
        .client
        .refused(Method::GET, &path, None, 401, "token_invalid")
        .await;
}

/// CALL-11: an app's key leads to one workspace, from its own pages and bundles only.
#[tokio::test]
async fn guests_come_from_where_the_app_says_and_a_reference_counts_when_it_is_signed() {
    let world = World::new().await;
    let body = json!({ "app_key": world.app.key });
    let elsewhere = world
        .harness
        .anonymous()
        .with_header("origin", "https://evil.example");
    for client in [&elsewhere, &Client::clone(&world.harness.anonymous())] {
        client
            .refused(
                Method::POST,
                "/v1/guest/sessions",
                Some(body.clone()),
                403,
                "origin_refused",
            )
            .await;
    }
    let sign = |reference: &str| {
        use aws_lc_rs::hmac;
        let key = hmac::Key::new(hmac::HMAC_SHA256, world.app.identity_secret.as_bytes());
        data_encoding::HEXLOWER.encode(hmac::sign(&key, reference.as_bytes()).as_ref())
    };
    let signed = |reference: &str, signature: &str| json!({ "app_key": world.app.key, "user_ref": reference, "user_signature": signature });
    world.guest_with(signed("user-1", &sign("user-1"))).await;
    for bad in [sign("user-2"), "00".to_owned(), "xyz".to_owned()] {
        world
            .page()
            .refused(
                Method::POST,
                "/v1/guest/sessions",
                Some(signed("user-1", &bad)),
                401,
                "token_invalid",
            )
            .await;
    }
    let unsigned = json!({ "app_key": world.app.key, "user_ref": "user-1" });
    world
        .page()
        .refused(
            Method::POST,
            "/v1/guest/sessions",
            Some(unsigned),
            422,
            "validation_failed",
        )
        .await;
    // A mobile app says its bundle.
    let ios = json!({ "platform": "ios", "bundle_id": "com.example.shop", "identity": "off" });
    let ios = world.owner.app_with(&world.workspace, ios).await;
    let phone = world.harness.anonymous();
    let body = json!({ "app_key": ios.key });
    phone
        .with_header("x-bundle-id", "com.example.shop")
        .post("/v1/guest/sessions", body.clone(), 201)
        .await;
    phone
        .with_header("x-bundle-id", "com.example.other")
        .refused(
            Method::POST,
            "/v1/guest/sessions",
            Some(body),
            403,
            "origin_refused",
        )
        .await;
}

#[tokio::test]
async fn a_guest_calls_three_times_in_ten_minutes_and_five_calls_of_an_app_ring_at_once() {
    let world = World::new().await;
    let guest = world.guest().await;
    for _ in 0..3 {
        let begun = guest.begin(201).await;
        guest.act(&text(&begun["call"], "id"), "cancel", 200).await;
    }
    let body = json!({ "kind": "video", "client_id": random_uuid() });
    guest
        .client
        .refused(
            Method::POST,
            "/v1/guest/calls",
            Some(body.clone()),
            429,
            "rate_limited",
        )
        .await;
    for _ in 0..5 {
        world.guest().await.begin(201).await;
    }
    let sixth = world.guest().await;
    sixth
        .client
        .refused(
            Method::POST,
            "/v1/guest/calls",
            Some(body),
            409,
            "calls_ring",
        )
        .await;
    world.harness.advance(60 * SECOND);
    sixth.begin(201).await;
}

#[tokio::test]
async fn credentials_of_the_relay_are_made_fresh_and_end_by_themselves() {
    let world = World::of(Harness::with_relay("north").await).await;
    let guest = world.guest().await;
    let (call, joined) = world.ringing(&guest).await;
    let servers = joined["ice"]["servers"].as_array().expect("servers");
    assert_eq!(servers.len(), 2);
    assert_eq!(servers[0]["urls"], json!(["stun:turn.example.com"]));
    let ends = (world.harness.now().ms() / 1000) + 2 * 3600;
    assert_eq!(servers[1]["username"], format!("{ends}:{call}-guest"));
    world.harness.advance(SECOND);
    let fresh = guest.act(&call, "ice", 200).await;
    assert_ne!(fresh["servers"][1]["credential"], servers[1]["credential"]);
    assert_eq!(world.harness.items_with("north").await, 0);
    guest.act(&call, "end", 200).await;
    let path = format!("/v1/guest/calls/{call}/ice");
    guest
        .client
        .refused(Method::POST, &path, None, 409, "call_over")
        .await;
}

/// CALL-13, CALL-16: after a day nothing is left of a guest but the opaque id in their calls; those are
/// kept until somebody asks.
#[tokio::test]
async fn a_guest_is_gone_after_a_day_and_a_call_is_there_after_ten_years() {
    let world = World::new().await;
    let guest = world.guest().await;
    let (call, _) = world.ringing(&guest).await;
    guest.act(&call, "end", 200).await;
    world.harness.advance(25 * 3600 * SECOND);
    world.harness.run_schedule("sweep").await;
    assert_eq!(world.harness.items_with("GUEST#").await, 0);
    world.harness.advance(10 * 365 * 24 * 3600 * SECOND);
    world.harness.run_schedule("sweep").await;
    world.harness.sweep_ttl().await;
    let owner = world.harness.sign_in("ada@example.com").await;
    let shown = owner.get(&world.call(&call), 200).await;
    assert_eq!(shown["guest_id"], guest.id.as_str());
    assert_eq!(world.harness.items_with("CONTACT#").await, 0);
}
