//! Photos of members: looked through and made anew as files are, one at a time, seen by colleagues, and
//! gone with whatever takes their place or with the member.

use std::collections::BTreeSet;

use harness::files::put_photo;
use harness::{Answer, Client, Fault, Kind};
use shared::domain::time::DAY;

use super::{File, Harness, Member, Method, Value, Workspace, follow, json, text};

/// A team of an owner, an admin and an agent.
struct Team {
    harness: Harness,
    owner: Member,
    admin: Member,
    agent: Member,
    workspace: Workspace,
    /// The agent's id.
    id: String,
}

impl Team {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let admin = harness.join(&owner, &workspace, "kim@example.com", "admin");
        let admin = admin.await;
        let agent = harness.join(&owner, &workspace, "bob@example.com", "agent");
        let agent = agent.await;
        let id = text(&agent.get(&workspace.path, 200).await, "member_id");
        Self {
            harness,
            owner,
            admin,
            agent,
            workspace,
            id,
        }
    }

    /// Where the agent's photo is.
    fn place(&self) -> String {
        format!("{}/members/{}/photo", self.workspace.path, self.id)
    }

    /// What colleagues are told: the id of the agent's photo.
    async fn listed(&self) -> Value {
        let path = format!("{}/members", self.workspace.path);
        let members = self.owner.get(&path, 200).await;
        let members = members["data"].as_array().cloned().unwrap_or_default();
        let agent = members.into_iter().find(|member| member["id"] == self.id);
        agent.expect("the agent")["photo"].clone()
    }

    /// The agent has a photo: its id.
    async fn shown(&self) -> String {
        let path = &self.workspace.path;
        self.harness
            .upload_photo(&self.agent, path, &super::photo())
            .await
    }

    /// Everything that lies in the bucket, proofs of erasures aside.
    fn lies(&self) -> Vec<String> {
        let versions = self.harness.stack.objects.versions();
        let keys = versions.into_iter().map(|version| version.key);
        keys.filter(|key| !key.starts_with("ledger/")).collect()
    }

    async fn rows(&self) -> usize {
        let photos = self.harness.items_with(r#""kind":{"S":"Photo"}"#).await;
        let uploads = self.harness.items_with(r#""kind":{"S":"PhotoUpload"}"#);
        photos + uploads.await
    }
}

/// Asks for a photo, and gets another answer than a link.
async fn asked(client: &Client, workspace: &Workspace, body: Value) -> Answer {
    let path = format!("{}/photo", workspace.path);
    client.send(Method::POST, &path, Some(body)).await
}

/// CHAT-24: of a photo that another one replaced, every version is gone.
#[tokio::test]
async fn a_photo_is_made_anew_and_shown_to_colleagues_until_another_takes_its_place() {
    let team = Team::new().await;
    assert_eq!(team.listed().await, Value::Null);
    let place = team.place();
    let owner = &team.owner;
    owner
        .refused(Method::GET, &place, None, 404, "not_found")
        .await;
    let file = super::photo();
    let path = format!("{}/photo", team.workspace.path);
    let made = team.agent.post(&path, file.request_of_photo(), 201).await;
    let own = format!("{path}/{}", text(&made["photo"], "id"));
    assert_eq!(team.agent.get(&own, 200).await["state"], "pending");
    assert_eq!(put_photo(&made, &file).await, 200);
    // Not before it was looked through, and nobody else learns how far it is.
    assert_eq!(team.listed().await, Value::Null);
    owner
        .refused(Method::GET, &own, None, 404, "not_found")
        .await;
    team.harness.drain().await;
    assert_eq!(team.agent.get(&own, 200).await["state"], "clean");
    let first = text(&made["photo"], "id");
    assert_eq!(team.listed().await, json!(first));

    for colleague in [owner, &team.admin, &team.agent] {
        let (bytes, kind, kept) = follow(colleague, &place).await;
        assert_eq!(kind, "image/jpeg");
        assert_eq!(kept, format!("attachment; filename=\"{}.jpg\"", team.id));
        assert!(!super::has(&bytes, "Exif") && !super::has(&bytes, "52.5163N"));
        let image = image::load_from_memory(&bytes).expect("a picture");
        assert_eq!((image.width(), image.height()), (512, 384));
    }
    let objects = &team.harness.stack.objects;
    let sealed = objects.versions().into_iter();
    let sealed = sealed.filter(|version| version.key.starts_with("files/"));
    for version in sealed {
        let bytes = objects.bytes_of(&version).expect("there");
        assert!(image::load_from_memory(&bytes).is_err(), "in clear");
    }

    // The next one takes its place, and what could be fetched of the first is gone for good.
    let second = team.shown().await;
    assert_eq!(team.listed().await, json!(second));
    let left = team.lies();
    assert!(!left.iter().any(|key| key.contains(&first)), "{left:?}");
    assert_eq!(left.len(), 1, "{left:?}");
    team.agent
        .refused(Method::GET, &own, None, 404, "not_found")
        .await;
    team.harness.stack.redeliver().await.expect("delivered");
    follow(&team.agent, &place).await;
    assert_eq!(team.rows().await, 1);
}

/// CHAT-19: by the member, and by whoever manages members.
#[tokio::test]
async fn a_photo_is_taken_away_by_its_member_or_who_manages_members_and_by_nobody_else() {
    let team = Team::new().await;
    let place = team.place();
    let viewer = team
        .harness
        .join(&team.owner, &team.workspace, "lea@example.com", "viewer")
        .await;
    for able in [&team.agent, &team.admin, &team.owner] {
        let before = team.shown().await;
        viewer
            .refused(Method::DELETE, &place, None, 403, "forbidden")
            .await;
        assert_eq!(team.listed().await, json!(before));
        // Doing it twice does it once.
        for _ in 0..2 {
            able.delete(&place, 204).await;
        }
        assert_eq!(team.listed().await, Value::Null);
        viewer
            .refused(Method::GET, &place, None, 404, "not_found")
            .await;
        team.harness.drain().await;
        assert!(team.lies().is_empty(), "{:?}", team.lies());
        assert_eq!(team.rows().await, 0);
    }
}

#[tokio::test]
async fn a_photo_leaves_with_the_member_and_what_comes_after_them_is_nobodys() {
    let team = Team::new().await;
    team.shown().await;
    let path = format!("{}/photo", team.workspace.path);
    let file = super::photo();
    let late = team.agent.post(&path, file.request_of_photo(), 201).await;
    let member = format!("{}/members/{}", team.workspace.path, team.id);
    team.owner.delete(&member, 202).await;
    team.owner
        .refused(Method::GET, &team.place(), None, 404, "not_found")
        .await;
    team.harness.drain().await;
    assert!(team.lies().is_empty(), "{:?}", team.lies());
    assert_eq!(team.rows().await, 0);
    // A link that is still good leads to nothing that stays.
    assert_eq!(put_photo(&late, &file).await, 200);
    team.harness.drain().await;
    assert!(team.lies().is_empty(), "{:?}", team.lies());
    assert_eq!(team.rows().await, 0);
}

/// FLOW-37: with the account, and with the workspace.
#[tokio::test]
async fn a_photo_leaves_with_the_account_and_with_the_workspace() {
    for whole in [false, true] {
        let team = Team::new().await;
        team.shown().await;
        follow(&team.owner, &team.place()).await;
        assert_eq!(team.lies().len(), 2, "sealed, and the copy of a link");
        let (who, path) = match whole {
            true => (&team.owner, format!("{}?when=now", team.workspace.path)),
            false => (&team.agent, "/v1/account?when=now".to_owned()),
        };
        who.delete(&path, 202).await;
        for _ in 0..3 {
            team.harness.advance(std::time::Duration::from_secs(61));
            team.harness.run_schedule("Erasures").await;
        }
        // Files go with the erasure itself, and not with what is heard of it.
        assert!(team.lies().is_empty(), "{:?}", team.lies());
        team.harness.drain().await;
        assert_eq!(team.rows().await, 0);
    }
}

#[tokio::test]
async fn what_is_no_photo_is_refused_and_the_one_before_stays() {
    let team = Team::new().await;
    let before = team.shown().await;
    let rows = team.harness.items().await.len();
    let good = super::photo().request_of_photo();
    let plants: [(&str, Value, &str); 5] = [
        ("bytes", json!(0), "out_of_range"),
        ("bytes", json!(20 * 1024 * 1024 + 1), "out_of_range"),
        ("content_type", json!("application/pdf"), "unknown_word"),
        ("content_type", json!("image/svg+xml"), "unknown_word"),
        ("sha256", json!("abc"), "bad_hash"),
    ];
    for (field, value, code) in plants {
        let mut body = good.clone();
        body[field] = value;
        let answer = asked(&team.agent, &team.workspace, body).await;
        assert_eq!(answer.status, 422, "{field}: {}", answer.text);
        let error = &answer.body["errors"][0];
        assert_eq!(error["code"], code, "{field}");
        assert_eq!(error["pointer"], format!("#/{field}"));
    }
    assert_eq!(team.harness.items().await.len(), rows);
    let harmful = super::HARMFUL.concat();
    let kinds: [(&[u8], &str); 4] = [
        (harmful.as_bytes(), "infected"),
        (b"%PDF-1.7 /Encrypt 3 0 R", "unscannable"),
        (b"MZ\x90\0 a program", "refused"),
        (b"\xff\xd8\xff\xe0 broken", "refused"),
    ];
    for (bytes, state) in kinds {
        let file = File::of("me.jpg", "image/jpeg", bytes);
        let path = format!("{}/photo", team.workspace.path);
        let made = team.agent.post(&path, file.request_of_photo(), 201).await;
        assert_eq!(put_photo(&made, &file).await, 200);
        team.harness.drain().await;
        let own = format!("{path}/{}", text(&made["photo"], "id"));
        assert_eq!(team.agent.get(&own, 200).await["state"], state);
        assert_eq!(team.listed().await, json!(before));
        assert_eq!(team.lies().len(), 1, "{state}: {:?}", team.lies());
    }
    // What was refused is forgotten after a day.
    team.harness
        .advance(DAY + std::time::Duration::from_secs(1));
    team.harness.run_schedule("sweep").await;
    team.harness.drain().await;
    assert_eq!((team.rows().await, team.lies().len()), (1, 1));
}

/// FLOW-02: where members have no names they have no photos.
#[tokio::test]
async fn a_workspace_whose_profile_has_no_photos_takes_none() {
    for profile in ["flows", "calls"] {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace(profile).await;
        let before = harness.items().await.len();
        let answer = asked(&owner, &workspace, super::photo().request_of_photo()).await;
        let seen = (answer.status, &answer.body["code"]);
        assert_eq!(seen, (403, &json!("module_off")), "{profile}");
        let detail = text(&answer.body, "detail");
        assert!(detail.contains("no photos"), "{detail}");
        assert_eq!(harness.items().await.len(), before, "{profile}");
    }
}

/// CALL-29: whose photo it is finds it in their copy, with the picture.
#[tokio::test]
async fn the_copy_of_an_account_tells_of_its_photo_and_holds_the_picture() {
    let team = Team::new().await;
    let id = team.shown().await;
    let (picture, ..) = follow(&team.agent, &team.place()).await;
    let exports = "/v1/account/exports";
    let asked = team.agent.send(Method::POST, exports, None).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    team.harness.run_schedule("minute").await;
    let place = format!("{exports}/{}", text(&asked.body, "id"));
    let part = async |number: u64| {
        let path = format!("{place}/parts/{number}");
        follow(&team.agent, &path).await.0
    };
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).expect("JSON");
    let manifest = read(&part(0).await);
    let (mut records, mut files) = (Vec::new(), Vec::new());
    for entry in manifest["parts"].as_array().expect("parts") {
        let bytes = part(entry["number"].as_u64().expect("a number")).await;
        if entry["file"].is_null() {
            let mut more = read(&bytes)["records"].take();
            records.append(more.as_array_mut().expect("records"));
        } else {
            files.push(bytes);
        }
    }
    let photo = records.iter().find(|record| record["kind"] == "Photo");
    assert_eq!(photo.expect("a photo")["fields"]["id"], json!(id));
    assert_eq!(files, [picture]);
}

#[tokio::test]
async fn whatever_fails_while_a_photo_is_looked_through_or_replaced_is_made_good() {
    for kind in [Kind::ServerError, Kind::TimeoutAfter] {
        for operation in [
            "BatchGetItem",
            "GetObject",
            "PutObject",
            "TransactWriteItems",
            "ListObjectVersions",
            "DeleteObject",
        ] {
            let team = Team::new().await;
            team.shown().await;
            let path = format!("{}/photo", team.workspace.path);
            let file = super::photo();
            let made = team.agent.post(&path, file.request_of_photo(), 201).await;
            assert_eq!(put_photo(&made, &file).await, 200);
            let fault = Fault::new(kind).on(operation).times(3);
            team.harness.faults().plan(fault);
            team.harness.drain().await;
            team.harness.faults().reset();
            let what = format!("{kind:?} at {operation}");
            assert_eq!(team.listed().await, made["photo"]["id"], "{what}");
            follow(&team.owner, &team.place()).await;
            // What was kept once more is another version of the same; of the first nothing is left.
            let left: BTreeSet<String> = team.lies().into_iter().collect();
            assert_eq!(left.len(), 2, "{what}: {left:?}");
            assert_eq!(team.rows().await, 1, "{what}");
        }
    }
}
