//! Files in conversations: only what was asked for arrives, only what was looked through is sent, only
//! who may read the message fetches it, and nothing stays (CHAT-04).

mod buckets;
mod ends;
mod photos;
mod room;

use std::io::Cursor;
use std::time::Duration;

use harness::files::{File, follow, put};
use harness::{Conversation, Harness, Member, Visitor, Workspace, random_uuid, text};
use image::{DynamicImage, GrayImage, ImageFormat, Rgb, RgbImage};
use reqwest::Method;
use serde_json::{Value, json};

/// The file that every scanner takes for harmful, in two halves.
const HARMFUL: [&str; 2] = [
    r"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-",
    "ANTIVIRUS-TEST-FILE!$H+H*",
];

/// A team, a visitor and a thread.
struct World {
    harness: Harness,
    owner: Member,
    workspace: Workspace,
    visitor: Visitor,
    conversation: Conversation,
}

impl World {
    async fn new() -> Self {
        let harness = Harness::start().await;
        let owner = harness.sign_up("ada@example.com").await;
        let workspace = owner.workspace("inbox").await;
        let visitor = harness.visitor(&owner.app(&workspace).await).await;
        let conversation = visitor.start("My parcel is broken").await;
        Self {
            harness,
            owner,
            workspace,
            visitor,
            conversation,
        }
    }

    /// The thread as the visitor calls it.
    fn visitors(&self) -> String {
        format!("/v1/widget/conversations/{}", self.conversation.id)
    }

    /// The thread as the team calls it.
    fn teams(&self) -> String {
        format!(
            "{}/conversations/{}",
            self.workspace.path, self.conversation.id
        )
    }

    /// Everything that lies in the bucket.
    fn lies(&self) -> Vec<String> {
        let versions = self.harness.stack.objects.versions();
        versions.into_iter().map(|version| version.key).collect()
    }

    /// The visitor asks for a link.
    async fn asked(&self, file: &File) -> Value {
        let path = format!("{}/attachments", self.visitors());
        self.visitor.post(&path, file.request(), 201).await
    }
}

/// A message with files.
fn with_files(ids: &[&str]) -> Value {
    json!({ "client_message_id": random_uuid(), "attachments": ids })
}

/// A photo that says where it was taken.
pub fn photo() -> File {
    let image = RgbImage::from_fn(640, 480, |x, y| Rgb([x as u8, y as u8, 0]));
    let mut jpeg = Cursor::new(Vec::new());
    let image = DynamicImage::ImageRgb8(image);
    image
        .write_to(&mut jpeg, ImageFormat::Jpeg)
        .expect("a photo");
    let jpeg = jpeg.into_inner();
    let exif = b"Exif\0\0MM\0\x2a\0\0\0\x08\0\0\0\0\0\0GPS 52.5163N 13.3777E";
    let mut bytes = jpeg[..2].to_vec();
    bytes.extend([0xff, 0xe1, 0, u8::try_from(exif.len() + 2).expect("short")]);
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    File::of("Foto vom Paket.jpg", "image/jpeg", &bytes)
}

/// A whole picture of one colour, small as a file and of more pixels than anybody's camera has.
fn bomb() -> File {
    let mut png = Cursor::new(Vec::new());
    let image = DynamicImage::ImageLuma8(GrayImage::new(8_001, 5_000));
    image
        .write_to(&mut png, ImageFormat::Png)
        .expect("a picture");
    let bytes = png.into_inner();
    assert!(bytes.len() < 1024 * 1024, "{} bytes", bytes.len());
    File::of("a.png", "image/png", &bytes)
}

fn has(bytes: &[u8], what: &str) -> bool {
    bytes
        .windows(what.len())
        .any(|part| part == what.as_bytes())
}

/// CHAT-04.
#[tokio::test]
async fn a_photo_goes_from_a_visitor_to_the_team_without_where_it_was_taken() {
    let world = World::new().await;
    let photo = photo();
    assert!(has(&photo.bytes, "52.5163N"));
    let made = world.asked(&photo).await;
    let id = text(&made["attachment"], "id");
    let place = format!("{}/attachments/{id}", world.visitors());
    assert_eq!(made["attachment"]["state"], "pending");
    assert_eq!(put(&made["upload"], &photo.bytes).await, 200);
    let confirm = format!("{place}/confirm");
    for _ in 0..2 {
        let confirmed = world.visitor.post(&confirm, json!({}), 200).await;
        assert_eq!(confirmed["state"], "scanning");
    }
    // Nobody has it before it was looked through, and nothing can be sent.
    let content = format!("{place}/content");
    let early = world
        .visitor
        .refused(Method::GET, &content, None, 409, "scan_pending");
    early.await;
    let messages = format!("{}/messages", world.visitors());
    let body = Some(with_files(&[&id]));
    let early = world
        .visitor
        .refused(Method::POST, &messages, body, 409, "scan_pending");
    early.await;

    world.harness.drain().await;
    let shown = world.visitor.post(&confirm, json!({}), 200).await;
    assert_eq!(
        (&shown["state"], &shown["thumbnail"]),
        (&json!("clean"), &json!(true))
    );
    let sent = world.visitor.post(&messages, with_files(&[&id]), 201).await;
    assert_eq!(sent["text"], Value::Null);
    let seen = world
        .owner
        .read(&world.workspace, &world.conversation)
        .await;
    let file = &seen[1]["attachments"][0];
    let told = (&file["id"], &file["name"], &file["state"]);
    assert_eq!(
        told,
        (&json!(id), &json!("Foto vom Paket.jpg"), &json!("clean"))
    );
    assert!(
        !seen[1].to_string().contains("http"),
        "no address: {}",
        seen[1]
    );
    assert_eq!(seen[1], world.visitor.read(&world.conversation).await[1]);

    let theirs = format!("{}/attachments/{id}", world.teams());
    let (bytes, kind, kept) = follow(&world.owner, &format!("{theirs}/content")).await;
    assert_eq!(kind, "image/jpeg");
    assert_eq!(kept, "attachment; filename=\"Foto vom Paket.jpg\"");
    let (small, kind, _) = follow(&world.visitor, &format!("{place}/thumbnail")).await;
    assert_eq!(kind, "image/jpeg");
    for bytes in [&bytes, &small] {
        assert!(!has(bytes, "Exif") && !has(bytes, "52.5163N"));
    }
    assert_eq!(bytes.len() as u64, file["bytes"].as_u64().expect("a size"));
    let size = |bytes: &[u8]| {
        let image = image::load_from_memory(bytes).expect("a picture");
        (image.width(), image.height())
    };
    assert_eq!((size(&bytes), size(&small)), ((640, 480), (320, 240)));
    // What was uploaded is gone; what is kept is sealed.
    assert!(!world.lies().iter().any(|key| key.starts_with("intake/")));
    let objects = &world.harness.stack.objects;
    for version in objects
        .versions()
        .iter()
        .filter(|v| v.key.starts_with("files/"))
    {
        let sealed = objects.bytes_of(version).expect("there");
        assert!(image::load_from_memory(&sealed).is_err() && !has(&sealed, "JFIF"));
    }
}

#[tokio::test]
async fn what_is_harmful_or_cannot_be_looked_into_or_lies_is_deleted_and_says_so() {
    let world = World::new().await;
    let harmful = HARMFUL.concat();
    let cases = [
        (File::text(&format!("a {harmful}")), "infected", "infected"),
        (
            File::of("a.pdf", "application/pdf", b"%PDF-1.7 /Encrypt 3 0 R"),
            "unscannable",
            "file_refused",
        ),
        (
            File::of("a.png", "image/png", b"MZ\x90\0 a program"),
            "refused",
            "file_refused",
        ),
        (
            File::of("a.txt", "text/plain", b"<svg onload='alert(1)'>"),
            "refused",
            "file_refused",
        ),
        (
            File::of("a.jpg", "image/jpeg", b"\xff\xd8\xff\xe0 broken"),
            "refused",
            "file_refused",
        ),
        (bomb(), "refused", "file_refused"),
    ];
    for (file, state, code) in cases {
        let made = world.asked(&file).await;
        assert_eq!(put(&made["upload"], &file.bytes).await, 200);
        world.harness.drain().await;
        let place = format!(
            "{}/attachments/{}",
            world.visitors(),
            text(&made["attachment"], "id")
        );
        let shown = world.visitor.get(&place, 200).await;
        assert_eq!(shown["state"], state, "{shown}");
        let content = format!("{place}/content");
        let refused = world
            .visitor
            .refused(Method::GET, &content, None, 410, code);
        refused.await;
        let messages = format!("{}/messages", world.visitors());
        let body = Some(with_files(&[&text(&shown, "id")]));
        let refused = world
            .visitor
            .refused(Method::POST, &messages, body, 410, code);
        refused.await;
        assert!(world.lies().is_empty(), "{state}: {:?}", world.lies());
    }
    assert_eq!(world.visitor.read(&world.conversation).await.len(), 1);
}

#[tokio::test]
async fn a_link_takes_the_file_that_it_was_made_for_once_and_nothing_else() {
    let world = World::new().await;
    let file = File::text("Hello");
    let made = world.asked(&file).await;
    let id = text(&made["attachment"], "id");
    let confirm = format!("{}/attachments/{id}/confirm", world.visitors());
    let nothing = world
        .visitor
        .refused(Method::POST, &confirm, None, 409, "upload_missing");
    nothing.await;
    let upload = &made["upload"];
    for other in [b"Hullo".as_slice(), b"Hello, world", b""] {
        let status = put(upload, other).await;
        assert!((400..500).contains(&status), "{status}");
    }
    let mut forged = upload.clone();
    forged["headers"]["content-type"] = "text/html".into();
    assert_eq!(put(&forged, b"Hello").await, 403);
    let mut elsewhere = upload.clone();
    elsewhere["url"] = text(upload, "url").replace("/intake/", "/ledger/").into();
    assert_eq!(put(&elsewhere, b"Hello").await, 403);
    assert!(world.lies().is_empty(), "{:?}", world.lies());
    assert_eq!(put(upload, b"Hello").await, 200);
    assert_eq!(put(upload, b"Hello").await, 412, "a second time");
    assert_eq!(world.lies().len(), 1);
    // The link has its end; the stack's clock is not the one that S3 here looks at.
    assert!(text(upload, "url").contains("X-Amz-Expires=300"));
}

#[tokio::test]
async fn what_cannot_be_a_file_here_is_refused_before_anything_is_written() {
    let world = World::new().await;
    let path = format!("{}/attachments", world.visitors());
    let before = world.harness.items().await.len();
    let good = File::text("Hello").request();
    let plants: [(&str, Value, &str); 9] = [
        ("bytes", json!(0), "out_of_range"),
        ("bytes", json!(20 * 1024 * 1024 + 1), "out_of_range"),
        ("content_type", json!("image/svg+xml"), "unknown_word"),
        ("content_type", json!("text/html"), "unknown_word"),
        ("content_type", json!("video/mp4"), "unknown_word"),
        ("name", json!("../../etc/passwd"), "bad_file_name"),
        ("name", json!("\u{202e}gpj.exe"), "bad_file_name"),
        ("name", json!(""), "empty"),
        ("sha256", json!("abc"), "bad_hash"),
    ];
    for (field, value, code) in plants {
        let mut body = good.clone();
        body[field] = value;
        let problem = world
            .visitor
            .refused(Method::POST, &path, Some(body), 422, "validation_failed")
            .await;
        let error = &problem["errors"][0];
        assert_eq!(error["code"], code, "{field}");
        assert_eq!(error["pointer"], format!("#/{field}"));
    }
    assert_eq!(world.harness.items().await.len(), before);
    // A blocked visitor uploads no more than it writes.
    let block = format!(
        "{}/contacts/{}/block",
        world.workspace.path, world.visitor.contact_id
    );
    world.owner.put(&block, json!({}), 200).await;
    let refused = world
        .visitor
        .refused(Method::POST, &path, Some(good), 403, "blocked");
    refused.await;
}

#[tokio::test]
async fn a_file_is_its_uploaders_until_it_is_sent_and_then_its_readers() {
    let world = World::new().await;
    let file = File::text("Between us");
    let id = world
        .harness
        .upload(&world.owner, &world.teams(), &file)
        .await;
    let (ours, theirs) = (
        format!("{}/attachments/{id}", world.teams()),
        format!("{}/attachments/{id}", world.visitors()),
    );
    let gone = async || {
        for path in [theirs.clone(), format!("{theirs}/content")] {
            world
                .visitor
                .refused(Method::GET, &path, None, 404, "not_found")
                .await;
        }
        let confirm = format!("{theirs}/confirm");
        world
            .visitor
            .refused(Method::POST, &confirm, None, 404, "not_found")
            .await;
    };
    gone().await;
    let messages = format!("{}/messages", world.visitors());
    let stolen = world.visitor.refused(
        Method::POST,
        &messages,
        Some(with_files(&[&id])),
        422,
        "validation_failed",
    );
    assert_eq!(stolen.await["errors"][0]["pointer"], "#/attachments/0");
    // Another thread of the same visitor is another place.
    let other = world.visitor.start("Another matter").await;
    let elsewhere = format!("{}/conversations/{}", world.workspace.path, other.id);
    let path = format!("{elsewhere}/attachments/{id}");
    world
        .owner
        .refused(Method::GET, &path, None, 404, "not_found")
        .await;
    let path = format!("{elsewhere}/messages");
    let body = Some(with_files(&[&id]));
    world
        .owner
        .refused(Method::POST, &path, body, 422, "validation_failed")
        .await;
    // With a note it stays among the team, with a message it does not.
    let mut note = with_files(&[&id]);
    note["kind"] = "note".into();
    world
        .owner
        .post(&format!("{}/messages", world.teams()), note, 201)
        .await;
    gone().await;
    assert_eq!(
        follow(&world.owner, &format!("{ours}/content")).await.0,
        b"Between us"
    );
    let open = world
        .harness
        .send_file(&world.owner, &world.teams(), &File::text("For you"))
        .await;
    let open = text(&open["attachments"][0], "id");
    let open = format!("{}/attachments/{open}/content", world.visitors());
    assert_eq!(follow(&world.visitor, &open).await.0, b"For you");
    let small = format!("{ours}/thumbnail");
    world
        .owner
        .refused(Method::GET, &small, None, 404, "not_found")
        .await;
    let odd = format!("{ours}/raw");
    assert!(world.owner.send(Method::GET, &odd, None).await.status >= 400);
}

#[tokio::test]
async fn a_file_goes_with_one_message_and_a_repeated_send_is_the_same_message() {
    let world = World::new().await;
    let first = world
        .harness
        .upload(&world.visitor, &world.visitors(), &File::text("1"))
        .await;
    let second = world
        .harness
        .upload(&world.visitor, &world.visitors(), &File::text("2"))
        .await;
    let messages = format!("{}/messages", world.visitors());
    let mut body = with_files(&[&first]);
    let sent = world.visitor.post(&messages, body.clone(), 201).await;
    let meter = &world.harness.app_of("messages").meter;
    meter.take();
    assert_eq!(world.visitor.post(&messages, body.clone(), 200).await, sent);
    body["attachments"] = json!([second]);
    let reused = world.visitor.refused(
        Method::POST,
        &messages,
        Some(body),
        409,
        "message_id_reused",
    );
    reused.await;
    let twice = Some(with_files(&[&first]));
    let twice = world
        .visitor
        .refused(Method::POST, &messages, twice, 422, "validation_failed");
    twice.await;
    let both = Some(with_files(&[&second, &second]));
    let both = world
        .visitor
        .refused(Method::POST, &messages, both, 422, "validation_failed");
    both.await;
    let nothing = Some(json!({ "client_message_id": random_uuid() }));
    let nothing = world
        .visitor
        .refused(Method::POST, &messages, nothing, 422, "validation_failed");
    assert_eq!(nothing.await["errors"][0]["code"], "required");
    let many: Vec<&str> = vec![second.as_str(); 11];
    let many = world.visitor.refused(
        Method::POST,
        &messages,
        Some(with_files(&many)),
        422,
        "validation_failed",
    );
    many.await;
    meter.take();
    world
        .visitor
        .post(&messages, with_files(&[&second]), 201)
        .await;
    let done = meter.take();
    assert_eq!(done.operations(), ["BatchGetItem", "TransactWriteItems"]);
    assert_eq!(world.visitor.read(&world.conversation).await.len(), 3);
}

#[tokio::test]
async fn events_that_come_twice_late_or_in_another_order_end_the_same() {
    let world = World::new().await;
    let file = File::text("Hello");
    let made = world.asked(&file).await;
    let id = text(&made["attachment"], "id");
    assert_eq!(put(&made["upload"], &file.bytes).await, 200);
    let objects = &world.harness.stack.objects;
    let mut events: Vec<Value> = std::iter::from_fn(|| objects.next_event()).collect();
    assert_eq!(events.len(), 2, "an arrival and a scan");
    events.reverse();
    events.push(events[0].clone());
    let function = world
        .harness
        .stack
        .function("attachments")
        .expect("a function");
    let tell = async |event: &Value| {
        let answer = function
            .invoke(event.to_string().into_bytes(), "an-event")
            .await;
        serde_json::from_slice::<Value>(&answer.expect("heard")).expect("counts")
    };
    for event in &events {
        tell(event).await;
    }
    let place = format!("{}/attachments/{id}", world.visitors());
    assert_eq!(world.visitor.get(&place, 200).await["state"], "clean");
    let messages = format!("{}/messages", world.visitors());
    world.visitor.post(&messages, with_files(&[&id]), 201).await;
    world.harness.drain().await;
    // Told once more when it was sent: it stays. And what is said of a foreign bucket is nothing.
    tell(&events[0]).await;
    assert_eq!(
        follow(&world.visitor, &format!("{place}/content")).await.0,
        b"Hello"
    );
    // Nor does it go when it is told while the person is set aside.
    let asks = json!({ "contact_id": world.visitor.contact_id, "type": "restrict" });
    let requests = format!("{}/privacy/requests", world.workspace.path);
    let asked = world.owner.post(&requests, asks, 202).await;
    let decision = |request: &Value| format!("{requests}/{}/decision", text(request, "id"));
    let yes = json!({ "decision": "fulfil" });
    world.owner.post(&decision(&asked), yes.clone(), 200).await;
    assert_eq!(tell(&events[0]).await["orphans"], 0);
    let lifts = json!({ "contact_id": world.visitor.contact_id, "type": "unrestrict" });
    let asked = world.owner.post(&requests, lifts, 202).await;
    world.owner.post(&decision(&asked), yes, 200).await;
    let members = format!(
        "{}/conversations/{}/attachments/{id}/content",
        world.workspace.path, world.conversation.id
    );
    assert_eq!(follow(&world.owner, &members).await.0, b"Hello");
    let mut foreign = events[0].clone();
    foreign["detail"]["s3ObjectDetails"]["bucketName"] = "theirs".into();
    let heard = tell(&foreign).await;
    assert_eq!(heard, json!({ "looked_through": 0, "orphans": 0 }));
}

#[tokio::test]
async fn a_workspace_without_the_module_takes_no_files() {
    let harness = Harness::start().await;
    let owner = harness.sign_up("ada@example.com").await;
    let workspace = owner.workspace("flows").await;
    let visitor = harness.visitor(&owner.app(&workspace).await).await;
    let conversation = visitor.start("Hello").await;
    let path = format!("/v1/widget/conversations/{}/attachments", conversation.id);
    let body = Some(File::text("Hello").request());
    visitor
        .refused(Method::POST, &path, body, 403, "module_off")
        .await;
    assert_eq!(harness.stack.objects.versions().len(), 0);
}

#[tokio::test]
async fn uploads_of_one_person_are_limited() {
    let world = World::new().await;
    let path = format!("{}/attachments", world.visitors());
    let quota = shared::app::limit::Act::Upload.limits()[0].quota;
    for n in 0..quota {
        world
            .visitor
            .post(&path, File::text(&n.to_string()).request(), 201)
            .await;
    }
    let body = Some(File::text("One more").request());
    world
        .visitor
        .refused(Method::POST, &path, body, 429, "rate_limited")
        .await;
    world.harness.advance(Duration::from_secs(3600));
}
