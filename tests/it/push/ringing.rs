//! A call rings: on what can ring, for as long as it does, and whatever the hour.

use shared::app::push::{Called, Ring};
use shared::domain::{CallId, Timestamp};

use harness::{ORIGIN, random_uuid};

use super::providers::{ANDROID, EXPO, PHONE, phone};
use super::*;

const ALERTED: &str = "11fc13adff785122b4ad28809a3420982341241421348097878e577c991de8f0";

impl World {
    fn now(&self) -> Timestamp {
        self.harness.stack.clock.now()
    }

    async fn ring(&self, called: Called<'_>, until: Timestamp) -> CallId {
        let call = CallId::new(self.now());
        self.ring_again(call, called, until).await;
        call
    }

    async fn ring_again(&self, call: CallId, called: Called<'_>, until: Timestamp) {
        let workspace = self.workspace.id.parse().expect("a workspace");
        let ring = Ring {
            workspace,
            call,
            called,
            until,
        };
        let app = self.harness.app_of("outbox");
        app.ring(ring).await.expect("rung");
        self.harness.drain().await;
    }
}

#[tokio::test]
async fn a_call_rings_once_in_quiet_hours_too_and_is_kept_for_as_long_as_it_rings() {
    let world = World::with_all().await;
    world.add(phone("voip", PHONE)).await;
    world.add(phone("alert", ALERTED)).await;
    world
        .add(json!({ "provider": "fcm", "token": ANDROID }))
        .await;
    world
        .add(json!({ "provider": "expo", "token": EXPO }))
        .await;
    let browser = world.register(&world.owner).await;
    let whole_day = json!({
        "email": [], "in_app": [], "push": ["call", "message"],
        "quiet_hours": {
            "time_zone": "UTC", "from": "00:00", "to": "24:00",
            "days": ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
        },
    });
    world.wish(&world.owner, whole_day).await;
    let until = world.now().plus(Duration::from_secs(45));
    let call = world.ring(Called::Team, until).await;
    world.ring_again(call, Called::Team, until).await;
    let data = json!({
        "event": "call", "workspace_id": world.workspace.id, "call_id": call,
        "rings_until": until,
    });

    // A phone that can ring shows nothing beside.
    let told = world.told_by("apns").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    assert_eq!((one.device.as_str(), &one.data), (PHONE, &data));
    assert_eq!(one.headers["apns-topic"], "com.example.shop.voip");
    assert_eq!(one.headers["apns-priority"], "10");
    assert_eq!(one.headers["apns-expiration"], until.seconds().to_string());
    assert!(!one.headers.contains_key("apns-collapse-id"));

    let told = world.told_by("fcm").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    let android = json!({ "priority": "high", "ttl": "45s" });
    assert_eq!(one.data["android"], android);
    assert_eq!(one.data["data"]["call_id"], call.to_string());
    assert_eq!(one.data["notification"], Value::Null);

    let told = world.told_by("expo").await;
    assert_eq!((told.len(), &told[0].data["ttl"]), (1, &json!(45)));
    let told = world.told(&browser).await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    let how = (&*one.headers["ttl"], &*one.headers["urgency"]);
    assert_eq!(how, ("45", "high"));
    assert!(!one.headers.contains_key("topic"));
    assert_eq!(one.data, data);
}

#[tokio::test]
async fn nothing_rings_when_it_is_over_or_for_whom_it_is_not_or_who_wants_none() {
    let world = World::with_all().await;
    let grace = world.colleague("grace@example.com", "agent").await;
    let her_id = world.member_id(&grace).await;
    world.add(phone("alert", ALERTED)).await;
    let hers = json!({ "provider": "fcm", "token": ANDROID });
    grace.post(&world.at("/devices"), hers, 201).await;
    let until = |seconds| world.now().plus(Duration::from_secs(seconds));
    let only_her = Called::Member(her_id.parse().expect("a member"));
    world.ring(only_her, until(45)).await;
    assert_eq!(world.told_by("fcm").await.len(), 1);
    assert_eq!(world.told_by("apns").await.len(), 0);
    // What a provider did not take is asked again at once, and not when the call is over.
    let pushes = &world.harness.stack.pushes;
    pushes.plan(&[503]);
    world.ring(only_her, until(45)).await;
    assert_eq!(world.told_by("fcm").await.len(), 2);
    pushes.plan(&[503, 503]);
    world.ring(only_her, until(45)).await;
    world.harness.advance(MINUTE * 2);
    world.harness.run_schedule("minute").await;
    world.ring(only_her, world.now()).await;
    assert_eq!(world.told_by("fcm").await.len(), 2);
    // Whoever wants no call gets none.
    let nothing = json!({ "email": [], "in_app": [], "push": ["message"] });
    world.wish(&grace, nothing).await;
    world.ring(Called::Team, until(45)).await;
    assert_eq!(world.told_by("fcm").await.len(), 2);
    // A phone of Apple's that cannot ring shows that somebody calls.
    let told = world.told_by("apns").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    assert_eq!(one.data["aps"]["interruption-level"], "time-sensitive");
    assert_eq!(one.data["aps"]["alert"]["title"], "Somebody calls");
}

#[tokio::test]
async fn a_guest_who_calls_rings_on_the_phones_of_the_team() {
    let world = World::with_all().await;
    let shown = world.owner.get(&world.workspace.path, 200).await;
    let known = world
        .owner
        .with_header("if-match", &format!("\"{}\"", shown["rev"]));
    known
        .patch(&world.workspace.path, json!({ "calls": true }), 200)
        .await;
    world
        .add(json!({ "provider": "fcm", "token": ANDROID }))
        .await;
    let page = world.harness.anonymous().with_header("origin", ORIGIN);
    let come = json!({ "app_key": world.app.key });
    let session = page.post("/v1/guest/sessions", come, 201).await;
    let guest = page.with_token(&text(&session, "guest_token"));
    let wanted = json!({ "kind": "video", "client_id": random_uuid() });
    let begun = guest.post("/v1/guest/calls", wanted, 201).await;
    assert_eq!(world.told_by("fcm").await.len(), 0, "nothing rings yet");
    let device = page.with_token(&text(&begun["join"], "join_token"));
    device.post("/v1/calls/join", Value::Null, 201).await;
    let told = world.told_by("fcm").await;
    let [one] = told.as_slice() else {
        panic!("one push, not {told:?}");
    };
    assert_eq!(one.data["data"]["call_id"], begun["call"]["id"]);
    // Given up, it rings no more, and the phone hears that once.
    let end = format!("/v1/guest/calls/{}/end", text(&begun["call"], "id"));
    guest.post(&end, Value::Null, 200).await;
    guest.post(&end, Value::Null, 200).await;
    let told = world.told_by("fcm").await;
    let [_, over] = told.as_slice() else {
        panic!("two pushes, not {told:?}");
    };
    assert_eq!(over.data["data"]["event"], "ring_ended");
    assert_eq!(over.data["data"]["call_id"], begun["call"]["id"]);
    // What is over by its time, the phone knows.
    let wanted = json!({ "kind": "video", "client_id": random_uuid() });
    let begun = guest.post("/v1/guest/calls", wanted, 201).await;
    let device = page.with_token(&text(&begun["join"], "join_token"));
    device.post("/v1/calls/join", Value::Null, 201).await;
    assert_eq!(world.told_by("fcm").await.len(), 3);
    world.harness.advance(Duration::from_secs(46));
    world.harness.run_schedule("minute").await;
    assert_eq!(world.told_by("fcm").await.len(), 3);
}

/// No VoIP push but for a real ring: the system ends an app that is woken by one and does not ring.
#[tokio::test]
async fn what_rings_no_more_is_told_by_a_push_that_lets_nothing_ring() {
    let world = World::with_all().await;
    world.add(phone("voip", PHONE)).await;
    world.add(phone("alert", ALERTED)).await;
    world
        .add(json!({ "provider": "fcm", "token": ANDROID }))
        .await;
    world
        .add(json!({ "provider": "expo", "token": EXPO }))
        .await;
    let browser = world.register(&world.owner).await;
    let until = world.now().plus(Duration::from_secs(45));
    let call = world.ring(Called::Team, until).await;
    let workspace = world.workspace.id.parse().expect("a workspace");
    let ring = Ring {
        workspace,
        call,
        called: Called::Team,
        until,
    };
    for _ in 0..2 {
        let app = world.harness.app_of("outbox");
        app.silence(ring).await.expect("told");
    }
    let data = json!({
        "event": "ring_ended", "workspace_id": world.workspace.id, "call_id": call,
        "rings_until": until,
    });
    let told = world.told_by("apns").await;
    let [rang, over] = told.as_slice() else {
        panic!("two pushes, not {told:?}");
    };
    assert_eq!(rang.headers["apns-push-type"], "voip");
    assert_eq!(over.device, ALERTED);
    assert_eq!(
        (
            &*over.headers["apns-push-type"],
            &*over.headers["apns-priority"]
        ),
        ("background", "5")
    );
    assert_eq!(over.headers["apns-topic"], "com.example.shop");
    assert_eq!(over.headers["apns-expiration"], until.seconds().to_string());
    assert_eq!(over.data["aps"], json!({ "content-available": 1 }));
    assert_eq!(over.data["event"], "ring_ended");
    let told = world.told_by("fcm").await;
    assert_eq!(told.len(), 2);
    assert_eq!(told[1].data["data"]["event"], "ring_ended");
    assert_eq!(told[1].data["notification"], Value::Null);
    let told = world.told_by("expo").await;
    assert_eq!(told.len(), 2);
    assert_eq!(
        (&told[1].data["title"], &told[1].data["_contentAvailable"]),
        (&Value::Null, &json!(true))
    );
    let told = world.told(&browser).await;
    assert_eq!((told.len(), &told[1].data), (2, &data));
    // After its time nobody has to be told.
    world.harness.advance(Duration::from_secs(46));
    let app = world.harness.app_of("outbox");
    app.silence(ring).await.expect("nothing to tell");
    assert_eq!(world.told_by("fcm").await.len(), 2);
}
