//! Files in copies: what a record tells of lies in the archive as it is, and nothing of others.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::time::Duration;

use harness::files::{File, follow};
use harness::{Client, Fault, Kind, random_uuid, text};
use image::{DynamicImage, ImageFormat, RgbImage};
use reqwest::Method;
use serde_json::json;
use shared::domain::archive::{FileKind, Manifest};

use super::{World, fetch};

/// A picture that is made anew with a small one beside it.
fn picture() -> File {
    let mut bytes = Cursor::new(Vec::new());
    let image = DynamicImage::ImageRgb8(RgbImage::new(640, 480));
    image
        .write_to(&mut bytes, ImageFormat::Png)
        .expect("a picture");
    File::of("canary-of-a-file.png", "image/png", &bytes.into_inner())
}

/// The files of an archive: kind, form and type, with what is in each.
async fn files(by: &Client, place: &str) -> (Manifest, BTreeMap<String, Vec<u8>>) {
    let manifest = Manifest::parse(&fetch(by, place, 0).await).expect("a manifest");
    let mut files = BTreeMap::new();
    for entry in &manifest.parts {
        let Some(file) = &entry.file else { continue };
        let (bytes, kind, kept) = follow(by, &format!("{place}/parts/{}", entry.number)).await;
        assert_eq!(entry.check(&bytes), Ok(()));
        assert_eq!(kind, file.content_type.word());
        assert!(kept.ends_with(&format!(
            "-{:06}.{}\"",
            entry.number,
            file.content_type.ending()
        )));
        let name = format!("{} {} {kind}", file.kind.word(), file.rendition.word());
        assert!(files.insert(name, bytes).is_none());
    }
    (manifest, files)
}

/// CALL-29, CALL-32, FLOW-48: the files of messages are in the copy, notes' only in the team's.
#[tokio::test]
async fn a_copy_holds_the_files_of_messages_and_a_visitors_own_none_of_the_teams() {
    let world = World::new().await;
    let theirs = format!("/v1/widget/conversations/{}", world.conversation);
    let ours = format!(
        "{}/conversations/{}",
        world.workspace.path, world.conversation
    );
    world
        .harness
        .send_file(&world.visitor, &theirs, &picture())
        .await;
    let note = File::text("canary-of-a-note");
    let id = world.harness.upload(&world.owner, &ours, &note).await;
    let note = json!({
        "client_message_id": random_uuid(), "text": "See", "kind": "note", "attachments": [id],
    });
    let messages = format!("{ours}/messages");
    world.owner.post(&messages, note, 201).await;

    let teams = world.make(&world.owner, &world.contact_exports()).await;
    let (manifest, all) = files(&world.owner, &teams).await;
    let names: Vec<&str> = all.keys().map(String::as_str).collect();
    let expected = [
        "Attachment content image/png",
        "Attachment content text/plain",
        "Attachment thumbnail image/jpeg",
    ];
    assert_eq!(names, expected);
    assert_eq!(all["Attachment content text/plain"], b"canary-of-a-note");
    assert_eq!(manifest.counts["Attachment"], 2);
    // It is what the route of the file itself gives.
    let said = world.owner.get(&messages, 200).await;
    let said = said["data"].as_array().expect("a list").clone();
    let sent = said
        .iter()
        .find(|one| one["attachments"][0]["content_type"] == "image/png");
    let id = text(&sent.expect("the picture")["attachments"][0], "id");
    let (bytes, ..) = follow(&world.owner, &format!("{ours}/attachments/{id}/content")).await;
    assert_eq!(bytes, all["Attachment content image/png"]);

    let own = world.make(&world.visitor, "/v1/widget/exports").await;
    let (manifest, own) = files(&world.visitor, &own).await;
    let names: Vec<&str> = own.keys().map(String::as_str).collect();
    assert_eq!(names, [expected[0], expected[2]]);
    assert_eq!(manifest.counts["Attachment"], 1);
    // Sealed as every part is, and gone with the person.
    let place = format!("{}/hold", ours);
    world.owner.delete(&place, 202).await;
    let contact = &world.visitor.contact_id;
    let contact = format!("{}/contacts/{contact}", world.workspace.path);
    world.owner.delete(&contact, 202).await;
    for _ in 0..3 {
        world.harness.advance(Duration::from_secs(60));
        world.harness.run_schedule("minute").await;
        world.harness.drain().await;
    }
    let mut left = world.harness.stack.objects.versions();
    left.retain(|file| !file.key.starts_with("ledger/"));
    let left: Vec<&String> = left.iter().map(|file| &file.key).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// CHAT-24: the photo of a member is in their own copy and in that of the workspace.
#[tokio::test]
async fn a_members_photo_is_in_their_copy_and_in_the_workspaces() {
    let world = World::new().await;
    let path = &world.workspace.path;
    world
        .harness
        .upload_photo(&world.owner, path, &picture())
        .await;
    let member = text(&world.owner.get(path, 200).await, "member_id");
    let photo = format!("{path}/members/{member}/photo");
    let (photo, ..) = follow(&world.owner, &photo).await;
    for at in ["/v1/account/exports", &format!("{path}/exports")] {
        let place = world.make(&world.owner, at).await;
        let (manifest, files) = files(&world.owner, &place).await;
        let of_photo = manifest.parts.iter().filter_map(|part| part.file.as_ref());
        assert!(of_photo.map(|file| file.kind).eq([FileKind::Photo]));
        assert_eq!(files["Photo content image/jpeg"], photo, "{at}");
    }
}

#[tokio::test]
async fn a_copy_with_files_is_whole_whatever_fails_at_whichever_call() {
    let world = World::new().await;
    let theirs = format!("/v1/widget/conversations/{}", world.conversation);
    world
        .harness
        .send_file(&world.visitor, &theirs, &picture())
        .await;
    let whole = world.make(&world.owner, &world.contact_exports()).await;
    let (whole, _) = files(&world.owner, &whole).await;
    for (kind, call) in [(Kind::ServerError, 9), (Kind::TimeoutAfter, 11)] {
        let asked = world
            .owner
            .send(Method::POST, &world.contact_exports(), None)
            .await;
        let place = format!(
            "{path}/exports/{}",
            text(&asked.body, "id"),
            path = world.workspace.path
        );
        let fault = Fault::new(kind).after(call).times(3);
        world.harness.faults().plan(fault);
        let _ = world.harness.try_schedule("minute").await;
        world.harness.faults().reset();
        world.harness.run_schedule("minute").await;
        let (made, _) = files(&world.owner, &place).await;
        assert_eq!(made.parts, whole.parts, "{kind:?} at {call}");
    }
}
