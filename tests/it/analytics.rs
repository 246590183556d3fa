//! Figures about use: what is kept of a beacon, who is in none, and what a week comes to.

mod refusal;
mod residue;
mod weeks;

use harness::{Answer, Harness, Member, Visitor, WidgetApp, Workspace, random_uuid};
use reqwest::Method;
use serde_json::{Value, json};

const BEACONS: &str = "/v1/widget/beacons";
const FIGURES: &str = "/v1/widget/figures";
/// What CloudFront proves itself by in these tests.
const SECRET: &str = "the-secret-of-the-origin";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15";

struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    app: WidgetApp,
}

impl World {
    async fn new(profile: &str) -> Self {
        let harness = Harness::behind_the_edge(SECRET).await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace(profile).await;
        let app = owner.app(&workspace).await;
        Self {
            harness,
            owner,
            workspace,
            app,
        }
    }

    async fn visitor(&self) -> Visitor {
        self.harness.visitor(&self.app).await
    }

    /// The beacons that are kept, each as DynamoDB has it.
    async fn beacons(&self) -> Vec<Value> {
        self.of_kind("Beacon").await
    }

    async fn of_kind(&self, kind: &str) -> Vec<Value> {
        let items = self.harness.items().await.into_iter();
        let items = items.map(|item| serde_json::from_str::<Value>(&item).expect("an item"));
        items.filter(|item| item["kind"]["S"] == kind).collect()
    }

    async fn figures(&self, by: &Member) -> Value {
        let path = format!("{}/figures", self.workspace.path);
        by.get(&path, 200).await
    }
}

/// Sends a beacon as a browser behind the edge does.
async fn send(visitor: &Visitor, headers: &[(&str, &str)], body: Value) -> Answer {
    let mut client = harness::Client::clone(visitor);
    for (name, value) in headers {
        client = client.with_header(name, value);
    }
    client.send(Method::POST, BEACONS, Some(body)).await
}

/// A beacon of its own.
fn loaded(ms: u64) -> Value {
    json!({ "client_beacon_id": random_uuid(), "load_ms": ms })
}

const EDGE: [(&str, &str); 3] = [
    ("user-agent", FIREFOX),
    ("x-origin-secret", SECRET),
    ("cloudfront-viewer-country", "DE"),
];

/// FLOW-09, FLOW-10: a load time or a word for what failed, a family of browsers and the first number
/// of its version, a country that the edge names; under a pseudonym, and without a cookie.
#[tokio::test]
async fn of_a_beacon_closed_words_and_counts_are_kept_under_a_pseudonym_of_the_week() {
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    let body = loaded(840);
    for _ in 0..2 {
        let answer = send(&visitor, &EDGE, body.clone()).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
        assert_eq!(answer.header("set-cookie"), "");
    }
    let kept = world.beacons().await;
    assert_eq!(kept.len(), 1, "a repeated beacon counts once");
    let beacon = &kept[0];
    for (field, value) in [
        ("browser", json!({ "S": "firefox" })),
        ("browser_major", json!({ "N": "140" })),
        ("country", json!({ "S": "DE" })),
        ("load_ms", json!({ "N": "840" })),
        ("week", json!({ "S": "2026-01-12" })),
        ("error", Value::Null),
    ] {
        assert_eq!(beacon[field], value, "{field}");
    }
    assert!(!beacon.to_string().contains(&visitor.contact_id));
    assert_eq!(world.of_kind("BeaconLink").await.len(), 1);

    // Without its header there is no country, and without a proof of the edge none is believed.
    let other = world.visitor().await;
    send(&other, &EDGE[..2], loaded(1)).await;
    send(&other, &[EDGE[0], EDGE[2]], loaded(2)).await;
    let failed = json!({ "client_beacon_id": random_uuid(), "error": "network" });
    send(
        &other,
        &[EDGE[1], ("cloudfront-viewer-country", "XX")],
        failed,
    )
    .await;
    let kept = world.beacons().await;
    let told = kept.iter().filter(|one| !one["country"].is_null());
    assert_eq!((kept.len(), told.count()), (4, 1));
    let errors = kept.iter().filter(|one| one["error"]["S"] == "network");
    assert_eq!(errors.count(), 1);
}

/// FLOW-11: where a profile has no figures about use, of the sender nothing at all is kept.
#[tokio::test]
async fn elsewhere_a_beacon_is_about_the_widget_alone() {
    let world = World::new("inbox").await;
    let visitor = world.visitor().await;
    let answer = send(&visitor, &EDGE, loaded(840)).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    let kept = world.beacons().await;
    assert_eq!(kept[0]["load_ms"]["N"], "840");
    for field in ["browser", "browser_major", "country"] {
        assert_eq!(kept[0][field], Value::Null, "{field}");
    }
}

#[tokio::test]
async fn another_week_is_another_pseudonym_and_none_tells_a_time() {
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    send(&visitor, &EDGE, loaded(1)).await;
    let pseudonym = |beacon: &Value| harness::text(&beacon["pseudonym"], "S");
    let first = pseudonym(&world.beacons().await[0]);
    world.harness.advance(shared::domain::time::DAY * 7);
    let resume = json!({ "resume_token": visitor.resume_token });
    let again = world.harness.visitor_with(&world.app, resume).await;
    assert_eq!(again.contact_id, visitor.contact_id);
    send(&again, &EDGE, loaded(2)).await;
    let all: Vec<String> = world.beacons().await.iter().map(pseudonym).collect();
    assert_eq!(all.len(), 2);
    assert!(all.iter().any(|one| *one != first));
    assert_eq!(all.iter().filter(|one| **one == first).count(), 1);
}

#[tokio::test]
async fn a_bad_beacon_is_a_problem_and_changes_nothing() {
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    let before = world.harness.items().await;
    let id = random_uuid();
    for (body, pointer, code) in [
        (json!({ "client_beacon_id": id }), "#/load_ms", "required"),
        (
            json!({ "client_beacon_id": id, "load_ms": 600_001 }),
            "#/load_ms",
            "out_of_range",
        ),
        (
            json!({ "client_beacon_id": id, "error": "TypeError: ada@example.com" }),
            "#/error",
            "unknown_word",
        ),
    ] {
        let answer = send(&visitor, &EDGE, body).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer);
        assert_eq!(answer.body["errors"][0]["code"], code);
        assert!(!answer.text.contains("ada@example.com"));
    }
    let more = json!({ "client_beacon_id": id, "load_ms": 1, "url": "https://example.com" });
    assert_eq!(send(&visitor, &EDGE, more).await.status, 400);
    let nobody = world.harness.anonymous();
    let answer = nobody.send(Method::POST, BEACONS, Some(loaded(1))).await;
    assert_eq!(answer.status, 401);
    assert_eq!(world.harness.items().await, before);
}

#[tokio::test]
async fn a_visitor_sends_sixty_beacons_an_hour_and_each_is_three_round_trips_and_its_counts() {
    let world = World::new("flows").await;
    let visitor = world.visitor().await;
    send(&visitor, &EDGE, loaded(0)).await;
    let meter = &world.harness.app_of("visitors").meter;
    meter.take();
    send(&visitor, &EDGE, loaded(1)).await;
    let reading = meter.take();
    assert_eq!(
        reading.operations(),
        ["UpdateItem", "BatchGetItem", "TransactWriteItems"]
    );
    // Session, contact, policy, key, link and week; beacon with its index entry, check of the contact.
    assert!(reading.read_units() <= 7.0, "{}", reading.read_units());
    assert!(reading.write_units() <= 6.0, "{}", reading.write_units());
    for n in 2..60 {
        assert_eq!(send(&visitor, &EDGE, loaded(n)).await.status, 204);
    }
    let answer = send(&visitor, &EDGE, loaded(60)).await;
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (429, Some("rate_limited"))
    );
    assert_eq!(world.beacons().await.len(), 60);
    let other = world.visitor().await;
    assert_eq!(send(&other, &EDGE, loaded(1)).await.status, 204);
}
