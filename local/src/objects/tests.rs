use std::time::Duration;

use aws_sdk_s3::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_s3::error::ProvideErrorMetadata;
use aws_sdk_s3::presigning::PresigningConfig;
use shared::domain::Timestamp;

use super::*;
use crate::data::Data;
use crate::kms::Kms;
use crate::mail::Mailbox;
use crate::template::LifecycleRule;
use crate::wires::Wires;

const BUCKET: &str = "files";

fn buckets() -> Vec<Bucket> {
    let rule = |prefix: &str, expiration_days, noncurrent_days| LifecycleRule {
        prefix: prefix.into(),
        expiration_days,
        noncurrent_days: Some(noncurrent_days),
    };
    vec![Bucket {
        name: BUCKET.into(),
        rules: vec![rule("", None, 7), rule("links/", Some(1), 1)],
        events: false,
        scanned: Vec::new(),
    }]
}

fn start(objects: &Objects) -> (Wires, aws_sdk_s3::Client) {
    let data = Data::ephemeral(&Clock::system()).expect("memory");
    let kms = Kms::ephemeral(Vec::new()).expect("a key");
    let mailbox = Mailbox::new(Clock::system());
    let wires = Wires::start(
        &data,
        kms,
        mailbox,
        objects.clone(),
        crate::pushes::Pushes::new(Clock::system()),
    )
    .expect("ports");
    let client = client(&wires, "embedded");
    (wires, client)
}

fn client(wires: &Wires, secret: &str) -> aws_sdk_s3::Client {
    aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static(crate::REGION))
            .credentials_provider(Credentials::new("embedded", secret, None, None, "test"))
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url(&wires.objects)
            .force_path_style(true)
            .build(),
    )
}

async fn put(s3: &aws_sdk_s3::Client, key: &str, text: &str) -> String {
    let put = s3.put_object().bucket(BUCKET).key(key);
    let put = put.body(text.as_bytes().to_vec().into()).send().await;
    let id = put.expect("kept").version_id.expect("a version");
    assert!(!id.is_empty());
    id
}

#[tokio::test]
async fn a_file_has_versions_until_each_is_deleted_by_its_id() {
    let objects = Objects::ephemeral(buckets(), Clock::system());
    let (wires, s3) = start(&objects);
    let first = put(&s3, "a/b", "one").await;
    let second = put(&s3, "a/b", "two").await;
    put(&s3, "a/c", "three").await;
    let read = async |version: Option<String>| {
        let get = s3.get_object().bucket(BUCKET).key("a/b");
        let object = get.set_version_id(version).send().await?;
        let body = object.body.collect().await.expect("a body");
        Ok::<_, aws_sdk_s3::Error>(String::from_utf8(body.to_vec()).expect("text"))
    };
    assert_eq!(read(None).await.expect("there"), "two");
    assert_eq!(read(Some(first.clone())).await.expect("there"), "one");

    // A marker hides it, and no more than that.
    let hidden = s3.delete_object().bucket(BUCKET).key("a/b").send().await;
    let marker = hidden.expect("hidden");
    assert_eq!(marker.delete_marker(), Some(true));
    assert_eq!(
        read(None).await.expect_err("hidden").code(),
        Some("NoSuchKey")
    );
    assert_eq!(read(Some(second.clone())).await.expect("there"), "two");

    let page = async |key: Option<&str>, version: Option<&str>| {
        let list = s3.list_object_versions().bucket(BUCKET).prefix("a/b");
        let list = list.max_keys(2);
        let list = list.set_key_marker(key.map(Into::into));
        let list = list.set_version_id_marker(version.map(Into::into));
        list.send().await.expect("a page")
    };
    let one = page(None, None).await;
    assert_eq!((one.versions().len(), one.delete_markers().len()), (1, 1));
    assert_eq!(one.is_truncated(), Some(true));
    let two = page(one.next_key_marker(), one.next_version_id_marker()).await;
    assert_eq!(two.versions()[0].version_id(), Some(first.as_str()));
    assert_eq!(two.is_truncated(), Some(false));

    for id in [
        first,
        second,
        marker.version_id().expect("an id").to_owned(),
    ] {
        let delete = s3.delete_object().bucket(BUCKET).key("a/b").version_id(&id);
        delete.clone().send().await.expect("deleted");
        delete.send().await.expect("again");
    }
    let left: Vec<_> = objects.versions().into_iter().map(|v| v.key).collect();
    assert_eq!(left, ["a/c"]);
    wires.stop().await;
}

/// A folder that a release left which knew one bucket.
#[test]
fn what_passed_through_the_one_bucket_of_before_is_found_in_its_own() {
    let place = tempfile::tempdir().expect("a folder");
    let of = |name: &str, scanned: &[&str]| Bucket {
        name: name.into(),
        rules: Vec::new(),
        events: false,
        scanned: scanned.iter().map(|&kind| kind.to_owned()).collect(),
    };
    let sealed_key = "files/a/b/c/original";
    let folder = DataFolder::open(place.path()).expect("a folder");
    let before = vec![of(SEALED, &["intake/"])];
    let objects = Objects::open(&folder, before, Clock::system()).expect("opened");
    for key in ["exports/a/b/1", "intake/a/b/c", sealed_key, "ledger/1"] {
        let put = objects.put(SEALED, key, None, Bytes::from(key), Only::Any);
        put.expect("kept");
    }
    drop((objects, folder));

    let folder = DataFolder::open(place.path()).expect("a folder");
    let now = vec![of(SEALED, &[]), of(PASSING, &["intake/"])];
    let objects = Objects::open(&folder, now, Clock::system()).expect("opened");
    let mut found: Vec<(String, String)> = Vec::new();
    for version in objects.versions() {
        let bytes = objects.bytes_of(&version).expect("there");
        assert_eq!(bytes, version.key, "what it was");
        found.push((version.bucket, version.key));
    }
    let expected = [
        (PASSING, "exports/a/b/1"),
        (PASSING, "intake/a/b/c"),
        (SEALED, sealed_key),
        (SEALED, "ledger/1"),
    ];
    assert_eq!(
        found,
        expected.map(|(of, key)| (of.to_owned(), key.to_owned()))
    );
    // What waits for the scanner is told of once more, as lying where it is.
    let told = objects.next_event().expect("an event");
    let detail = &told["detail"]["s3ObjectDetails"];
    assert_eq!(
        (&detail["bucketName"], &detail["objectKey"]),
        (&PASSING.into(), &"intake/a/b/c".into())
    );
    assert_eq!(objects.next_event(), None, "once");
    // It goes for good, whatever the line before its bytes says.
    let upload = objects.list(PASSING, "intake/").expect("a list");
    let (head, _) = &upload[0];
    objects
        .delete(PASSING, &head.key, Some(&head.id))
        .expect("deleted");
    drop((objects, folder));
    let folder = DataFolder::open(place.path()).expect("a folder");
    let objects = Objects::open(&folder, vec![of(PASSING, &[])], Clock::system()).expect("opened");
    assert_eq!(objects.versions().len(), 3);
}

#[tokio::test]
async fn a_damaged_body_a_second_first_and_a_wrong_signature_change_nothing() {
    let objects = Objects::ephemeral(buckets(), Clock::system());
    let (wires, s3) = start(&objects);
    put(&s3, "a", "good").await;
    let put = |s3: &aws_sdk_s3::Client| {
        let put = s3.put_object().bucket(BUCKET).key("a");
        put.body(b"bad".to_vec().into())
    };
    let damaged = put(&s3).checksum_sha256(BASE64.encode(&[0; 32]));
    let damaged = damaged.send().await.expect_err("damaged");
    assert_eq!(damaged.code(), Some("BadDigest"));
    let second = put(&s3).if_none_match("*").send().await;
    assert_eq!(
        second.expect_err("there").code(),
        Some("PreconditionFailed")
    );
    let stranger = put(&client(&wires, "guessed")).send().await;
    assert_eq!(
        stranger.expect_err("a stranger").code(),
        Some("SignatureDoesNotMatch")
    );
    let elsewhere = s3.get_object().bucket("other").key("a").send().await;
    assert_eq!(
        elsewhere.expect_err("elsewhere").code(),
        Some("NoSuchBucket")
    );
    let versions = objects.versions();
    assert_eq!(versions.len(), 1);
    assert_eq!(
        objects.bytes_of(&versions[0]).as_deref(),
        Some(b"good".as_slice())
    );
    wires.stop().await;
}

#[tokio::test]
async fn a_link_gives_one_file_as_an_attachment_and_nothing_else() {
    let objects = Objects::ephemeral(buckets(), Clock::system());
    let (wires, s3) = start(&objects);
    put(&s3, "a", "mine").await;
    put(&s3, "b", "not for you").await;
    let until = PresigningConfig::expires_in(Duration::from_secs(300)).expect("five minutes");
    let get = s3.get_object().bucket(BUCKET).key("a");
    let get = get.response_content_disposition("attachment; filename=\"a.zip\"");
    let signed = get.presigned(until).await.expect("signed");
    let link = signed.uri();
    let (status, headers, body) = fetch(link).await;
    assert_eq!((status, body.as_str()), (200, "mine"));
    assert!(
        headers.contains("content-disposition: attachment; filename=\"a.zip\""),
        "{headers}"
    );
    let (status, ..) = fetch(&link.replacen("/a?", "/b?", 1)).await;
    assert_eq!(status, 403, "another file by the same signature");
    let (status, ..) = fetch(&link.replacen("Expires=300", "Expires=3000", 1)).await;
    assert_eq!(status, 403, "a link that lasts longer");
    let (status, ..) = fetch(link.split('?').next().expect("a place")).await;
    assert_eq!(status, 403, "no signature");
    wires.stop().await;
}

/// A GET without an SDK: what a browser does with a link.
async fn fetch(link: &str) -> (u16, String, String) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let uri: http::Uri = link.parse().expect("a link");
    let host = uri.authority().expect("a host").as_str();
    let mut stream = tokio::net::TcpStream::connect(host)
        .await
        .expect("connected");
    let path = uri.path_and_query().expect("a path");
    let request = format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok());
    (
        status.expect("a status"),
        head.to_lowercase(),
        body.to_owned(),
    )
}

#[test]
fn the_lifecycle_takes_old_versions_and_what_links_led_to() {
    let clock = Clock::manual(Timestamp::from_ms(1_768_478_400_000));
    let objects = Objects::ephemeral(buckets(), clock.clone());
    let put = |key: &str| {
        let put = objects.put(BUCKET, key, None, Bytes::from_static(b"x"), Only::Any);
        put.expect("kept");
    };
    for key in ["exports/a", "exports/a", "links/a"] {
        put(key);
    }
    let left = || {
        let versions = objects.versions();
        let mut keys: Vec<_> = versions
            .into_iter()
            .map(|version| version.key + if version.is_marker { "!" } else { "" })
            .collect();
        keys.sort();
        keys
    };
    clock.advance(DAY);
    objects.sweep().expect("swept");
    assert_eq!(
        left(),
        ["exports/a", "exports/a", "links/a", "links/a!"],
        "hidden"
    );
    clock.advance(DAY);
    objects.sweep().expect("swept");
    assert_eq!(left(), ["exports/a", "exports/a"], "gone");
    clock.advance(DAY * 5);
    objects.sweep().expect("swept");
    assert_eq!(left(), ["exports/a"]);
}

#[test]
fn a_folder_keeps_every_version_in_order_and_in_private() {
    let parent = tempfile::tempdir().expect("a temporary folder");
    let folder = DataFolder::open(&parent.path().join("data")).expect("open");
    let open = || Objects::open(&folder, buckets(), Clock::system()).expect("objects");
    let objects = open();
    let put = |objects: &Objects, text: &'static str| {
        let put = objects.put(BUCKET, "a", None, Bytes::from(text), Only::Any);
        put.expect("kept").expect("made")
    };
    let first = put(&objects, "one");
    put(&objects, "two");
    drop(objects);
    let objects = open();
    let (_, bytes) = objects.get(BUCKET, "a", None).expect("there");
    assert_eq!(bytes, "two");
    let (head, bytes) = objects.get(BUCKET, "a", Some(&first.id)).expect("there");
    assert_eq!((head, bytes), (first.clone(), Bytes::from_static(b"one")));
    put(&objects, "three");
    objects
        .delete(BUCKET, "a", Some(&first.id))
        .expect("deleted");
    let files = || std::fs::read_dir(folder.file(FOLDER)).expect("a folder");
    assert_eq!(files().count(), 2);
    #[cfg(unix)]
    for file in files() {
        use std::os::unix::fs::PermissionsExt;
        let mode = file.expect("a file").metadata().expect("a mode");
        assert_eq!(mode.permissions().mode() & 0o077, 0);
    }
    let (_, bytes) = open().get(BUCKET, "a", None).expect("there");
    assert_eq!(bytes, "three");
    std::fs::write(folder.file(FOLDER).join("stray"), b"x").expect("written");
    assert!(Objects::open(&folder, buckets(), Clock::system()).is_err());
}
