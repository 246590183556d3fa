//! Files as a client uploads and fetches them: by signed links, past the API.

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{Client, Harness, text};

/// A file as a test sends it.
#[derive(Clone, Debug)]
pub struct File {
    /// Its name.
    pub name: String,
    /// What it is said to be.
    pub content_type: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

impl File {
    /// Plain text.
    pub fn text(words: &str) -> Self {
        Self::of("note.txt", "text/plain", words.as_bytes())
    }

    /// Any file.
    pub fn of(name: &str, content_type: &'static str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            content_type,
            bytes: bytes.to_vec(),
        }
    }

    /// The request for a link that takes it.
    pub fn request(&self) -> Value {
        json!({
            "name": self.name, "content_type": self.content_type, "bytes": self.bytes.len(),
            "sha256": HEXLOWER.encode(digest(&SHA256, &self.bytes).as_ref()),
        })
    }

    /// The request for a link that takes it as a photo of whoever asks.
    pub fn request_of_photo(&self) -> Value {
        let mut request = self.request();
        request.as_object_mut().map(|fields| fields.remove("name"));
        request
    }
}

/// Sends a photo to the link that was made for it; the status that S3 answers.
pub async fn put_photo(made: &Value, file: &File) -> u16 {
    put(&made["upload"], &file.bytes).await
}

/// Sends bytes to a link as it wants them; the status that S3 answers.
pub async fn put(target: &Value, bytes: &[u8]) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build();
    let mut request = client
        .expect("an HTTP client")
        .put(text(target, "url"))
        .body(bytes.to_vec());
    for (name, value) in target["headers"].as_object().into_iter().flatten() {
        request = request.header(name, value.as_str().unwrap_or_default());
    }
    let answer = request.send().await.expect("an answer of S3");
    answer.status().as_u16()
}

/// Where a route leads, as a browser follows it: the bytes, their type, and how they are to be kept.
pub async fn follow(client: &Client, path: &str) -> (Vec<u8>, String, String) {
    let answer = client.send(Method::GET, path, None).await;
    assert_eq!(answer.status, 302, "{path}: {}", answer.text);
    let http = reqwest::Client::builder().no_proxy().build();
    let link = http
        .expect("an HTTP client")
        .get(answer.header("location"))
        .send();
    let answer = link.await.expect("an answer of S3");
    assert_eq!(answer.status().as_u16(), 200, "the link of {path}");
    let header = |name: &str| {
        let value = answer.headers().get(name);
        let value = value.and_then(|value| value.to_str().ok());
        value.unwrap_or_default().to_owned()
    };
    let (kind, kept) = (header("content-type"), header("content-disposition"));
    let bytes = answer.bytes().await.expect("a body");
    (bytes.to_vec(), kind, kept)
}

impl Harness {
    /// Uploads a file to a conversation, whose path is `place`, and has it looked through: its id.
    pub async fn upload(&self, client: &Client, place: &str, file: &File) -> String {
        let path = format!("{place}/attachments");
        let made = client.post(&path, file.request(), 201).await;
        assert_eq!(put(&made["upload"], &file.bytes).await, 200, "the upload");
        self.drain().await;
        let id = text(&made["attachment"], "id");
        let shown = client.get(&format!("{path}/{id}"), 200).await;
        assert_eq!(shown["state"], "clean", "{shown}");
        id
    }

    /// Gives a member of a workspace, whose path is `workspace`, a photo: its id.
    pub async fn upload_photo(&self, member: &Client, workspace: &str, file: &File) -> String {
        let path = format!("{workspace}/photo");
        let made = member.post(&path, file.request_of_photo(), 201).await;
        assert_eq!(put_photo(&made, file).await, 200, "the upload");
        self.drain().await;
        let id = text(&made["photo"], "id");
        let shown = member.get(&format!("{path}/{id}"), 200).await;
        assert_eq!(shown["state"], "clean", "{shown}");
        id
    }

    /// Uploads a file and sends it with a message: the message.
    pub async fn send_file(&self, client: &Client, place: &str, file: &File) -> Value {
        let id = self.upload(client, place, file).await;
        let message = json!({
            "client_message_id": crate::random_uuid(), "text": "See there", "attachments": [id],
        });
        client
            .post(&format!("{place}/messages"), message, 201)
            .await
    }
}
