//! Files: two buckets, and the one door to them.
//!
//! | bucket | what lies there | backed up |
//! |---|---|---|
//! | `sealed` | files, sealed under the key of their root and bound to their own name, as a field is in a table; the ledger, which names nobody | daily, for 30 days |
//! | `passing` | what passes through in minutes, hours or days: uploads, mail, exports and copies that links lead to, some of it open under KMS | never |
//!
//! Which bucket follows from the name alone, so nothing can be put into the one that is backed up by mistake
//! ([`passes`]). Deleting means every version: a delete marker would leave the file where it is, and nobody here ever
//! makes one.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_s3::{error::ProvideErrorMetadata, presigning::PresigningConfig};
use data_encoding::BASE64;

use super::{db::StoreError, meter::Meter, seal::DataKey};
use crate::domain::{Timestamp, attachment::Sha256};

/// How long a link to a file is good for.
pub const LINK: Duration = Duration::from_secs(5 * 60);
/// The layout of what is sealed; another one would take another number.
const LAYOUT: u32 = 1;

/// What the names of files begin with that pass through.
pub const PASSING: [&str; 4] = ["exports/", "intake/", "links/", "mail/"];

/// Whether a file of this name passes through, and so lies where nothing is backed up.
pub fn passes(name: &str) -> bool {
    PASSING.iter().any(|kind| name.starts_with(kind))
}

/// The name of a file. Made in `store/keys/files.rs` only, of ids that tell nothing about anybody.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectKey(String);

impl ObjectKey {
    /// The file with this name; the first part says what kind of file it is.
    pub(super) const fn new(name: String) -> Self {
        Self(name)
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn place(&self) -> String {
        format!("objects|{}|{LAYOUT}", self.0)
    }
}

/// The beginning of the names of files that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectPrefix(String);

impl ObjectPrefix {
    /// All files whose names begin so. It ends where a part of a name ends.
    pub(super) const fn new(beginning: String) -> Self {
        Self(beginning)
    }
}

/// A version of a file, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectVersion {
    /// The file.
    pub key: ObjectKey,
    /// The version; only S3 knows what is in the text.
    pub version: String,
    /// When it was made.
    pub at: Timestamp,
    /// What it is.
    pub standing: Standing,
}

/// What a version of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// What the name leads to.
    Current,
    /// What was there before.
    Old,
    /// A marker that says that there is nothing any more.
    Marker,
}

/// Whether a file was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Made {
    /// It was.
    New,
    /// One of this name is there; it was left alone.
    Before,
}

/// Where, and with which headers, one file may be uploaded.
#[derive(Clone, PartialEq, Eq)]
pub struct UploadLink {
    /// The address, signed.
    pub url: String,
    /// Headers that the signature covers: they must be sent as they are.
    pub headers: BTreeMap<String, String>,
}

/// The names of the two buckets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buckets {
    /// Where files are kept, and backed up.
    pub sealed: String,
    /// Where files pass through.
    pub passing: String,
}

impl Buckets {
    /// Where a file lies whose name is this, or begins so.
    fn of(&self, name: &str) -> &str {
        match passes(name) {
            true => &self.passing,
            false => &self.sealed,
        }
    }
}

/// What may be done to files.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Hands {
    /// They are written and deleted.
    Free,
    /// They are read alone: the tables are of a drill, and the files those of the living.
    Off,
}

/// The two buckets.
#[derive(Clone)]
pub struct Objects {
    config: aws_sdk_s3::Config,
    buckets: Buckets,
    hands: Hands,
    meter: Meter,
    // Built on first use: most functions never see a file.
    client: Arc<OnceLock<aws_sdk_s3::Client>>,
}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Objects({:?})", self.buckets)
    }
}

impl Objects {
    /// The buckets of these names.
    pub fn new(config: aws_sdk_s3::Config, buckets: Buckets, meter: Meter) -> Self {
        Self {
            config,
            buckets,
            hands: Hands::Free,
            meter,
            client: Arc::default(),
        }
    }

    /// The same for a drill: nothing is deleted, though whoever deletes hears that it was done, and to write is an
    /// error.
    #[must_use]
    pub fn hands_off(self) -> Self {
        Self {
            hands: Hands::Off,
            ..self
        }
    }

    fn client(&self) -> &aws_sdk_s3::Client {
        self.client
            .get_or_init(|| aws_sdk_s3::Client::from_conf(self.config.clone()))
    }

    /// Keeps a file sealed under `seal`. What was there becomes an old version.
    ///
    /// # Errors
    /// When S3 did not take it; doing it again is safe.
    pub async fn put(
        &self,
        key: &ObjectKey,
        seal: &DataKey,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        let sealed = seal.seal(&key.place(), bytes)?;
        let sent = self.send(key, sealed, "application/octet-stream", None);
        sent.await.map(|_| ())
    }

    /// Keeps a file as it is: for what tells nothing about anybody, and for the copies that links
    /// lead to.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn put_open(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
        content_type: &'static str,
    ) -> Result<(), StoreError> {
        let sent = self.send(key, bytes, content_type, None);
        sent.await.map(|_| ())
    }

    /// As [`Self::put_open`], unless a file of this name is there already. Whoever asks again after
    /// a lost answer hears [`Made::Before`] of their own file.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub async fn create_open(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
        content_type: &'static str,
    ) -> Result<Made, StoreError> {
        self.send(key, bytes, content_type, Some("*")).await
    }

    async fn send(
        &self,
        key: &ObjectKey,
        bytes: Vec<u8>,
        content_type: &'static str,
        only_new: Option<&'static str>,
    ) -> Result<Made, StoreError> {
        if self.hands == Hands::Off {
            return self.find(key, only_new).await;
        }
        let begun = self.meter.begin("PutObject");
        let answer = self
            .client()
            .put_object()
            .bucket(self.buckets.of(key.as_str()))
            .key(key.as_str())
            .content_type(content_type)
            .checksum_sha256(BASE64.encode(digest(&SHA256, &bytes).as_ref()))
            .set_if_none_match(only_new.map(str::to_owned))
            .body(bytes.into())
            .send()
            .await;
        self.meter.end_free(begun);
        match answer {
            Ok(_) => Ok(Made::New),
            Err(error) if error.code() == Some("PreconditionFailed") => Ok(Made::Before),
            Err(error) => Err(StoreError::s3(&error)),
        }
    }

    /// In place of a write that a drill must not do: what is there already, such as a receipt, was made before.
    async fn find(
        &self,
        key: &ObjectKey,
        only_new: Option<&'static str>,
    ) -> Result<Made, StoreError> {
        match only_new {
            Some(_) if self.get_open(key).await?.is_some() => Ok(Made::Before),
            _ => Err(refused("a drill, in which no file is written")),
        }
    }

    /// A link that takes one upload of exactly these bytes, and nothing else: type, length, hash and
    /// name are signed, and a second one is refused. Made here, without asking S3.
    ///
    /// # Errors
    /// When a part of it cannot be signed.
    pub async fn upload_link(
        &self,
        key: &ObjectKey,
        content_type: &'static str,
        bytes: u64,
        sha256: &Sha256,
    ) -> Result<UploadLink, StoreError> {
        let length = i64::try_from(bytes).map_err(|_| refused("a length"))?;
        let signed = self
            .client()
            .put_object()
            .bucket(self.buckets.of(key.as_str()))
            .key(key.as_str())
            .content_type(content_type)
            .content_length(length)
            .checksum_sha256(BASE64.encode(&sha256.0))
            .if_none_match("*")
            .presigned(link_time()?)
            .await
            .map_err(|_| refused("a link that could not be signed"))?;
        // Whoever sends sets these two by what is sent, and to what.
        let own = |name: &str| ["host", "content-length"].contains(&name);
        let headers = signed.headers().filter(|(name, _)| !own(name));
        let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(UploadLink {
            url: signed.uri().to_owned(),
            headers: headers.collect(),
        })
    }

    /// One version of a file as it lies there: what was looked through is what is read.
    ///
    /// # Errors
    /// When S3 did not give it.
    pub async fn get_version(
        &self,
        key: &ObjectKey,
        version: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.read(key, Some(version)).await?;
        Ok(read.map(|(bytes, _)| bytes))
    }

    /// One version of a file as it lies there, and the second in which it was made, as the list of
    /// versions says it as well.
    ///
    /// # Errors
    /// When S3 did not give it.
    pub async fn get_dated(
        &self,
        key: &ObjectKey,
        version: &str,
    ) -> Result<Option<(Vec<u8>, Timestamp)>, StoreError> {
        self.read(key, Some(version)).await
    }

    /// A file that was sealed under `seal`, if it is there.
    ///
    /// # Errors
    /// Also when it does not open.
    pub async fn get(
        &self,
        key: &ObjectKey,
        seal: &DataKey,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match self.get_open(key).await? {
            None => Ok(None),
            Some(sealed) => seal.open(&key.place(), &sealed).map(Some),
        }
    }

    /// A file as it lies there, if it is.
    ///
    /// # Errors
    /// When S3 did not give it.
    pub async fn get_open(&self, key: &ObjectKey) -> Result<Option<Vec<u8>>, StoreError> {
        let read = self.read(key, None).await?;
        Ok(read.map(|(bytes, _)| bytes))
    }

    async fn read(
        &self,
        key: &ObjectKey,
        version: Option<&str>,
    ) -> Result<Option<(Vec<u8>, Timestamp)>, StoreError> {
        let begun = self.meter.begin("GetObject");
        let request = self.client().get_object();
        let request = request.bucket(self.buckets.of(key.as_str()));
        let request = request.key(key.as_str());
        let request = request.set_version_id(version.map(str::to_owned));
        let answer = request.send().await;
        let read = match answer {
            Ok(object) => match (object.last_modified, object.body.collect().await) {
                (made, Ok(body)) => {
                    let seconds = made.map_or(0, |made| made.secs());
                    Ok(Some((body.to_vec(), Timestamp::from_ms(seconds * 1000))))
                }
                (_, Err(_)) => Err(StoreError::Unavailable {
                    service: "S3",
                    cause: "a body that was cut off".to_owned(),
                }),
            },
            Err(error) if matches!(error.code(), Some("NoSuchKey" | "NoSuchVersion")) => Ok(None),
            Err(error) => Err(StoreError::s3(&error)),
        };
        self.meter.end_free(begun);
        read
    }

    /// Every version of every file under a prefix, the newest of each name first.
    ///
    /// # Errors
    /// When S3 did not list them.
    pub async fn versions(&self, prefix: &ObjectPrefix) -> Result<Vec<ObjectVersion>, StoreError> {
        let mut found = Vec::new();
        let (mut key_marker, mut version_marker) = (None, None);
        loop {
            let begun = self.meter.begin("ListObjectVersions");
            let answer = self
                .client()
                .list_object_versions()
                .bucket(self.buckets.of(&prefix.0))
                .prefix(&prefix.0)
                .set_key_marker(key_marker)
                .set_version_id_marker(version_marker)
                .send()
                .await;
            self.meter.end_free(begun);
            let page = answer.map_err(|error| StoreError::s3(&error))?;
            let mut add = |key: Option<&str>, version: Option<&str>, at_ms, standing| {
                if let (Some(key), Some(version)) = (key, version) {
                    found.push(ObjectVersion {
                        key: ObjectKey(key.to_owned()),
                        version: version.to_owned(),
                        at: Timestamp::from_ms(at_ms),
                        standing,
                    });
                }
            };
            let ms = |time: Option<&aws_sdk_s3::primitives::DateTime>| {
                time.and_then(|time| time.to_millis().ok()).unwrap_or(0)
            };
            for version in page.versions() {
                let standing = match version.is_latest() {
                    Some(true) => Standing::Current,
                    _ => Standing::Old,
                };
                let at = ms(version.last_modified());
                add(version.key(), version.version_id(), at, standing);
            }
            for marker in page.delete_markers() {
                let at = ms(marker.last_modified());
                add(marker.key(), marker.version_id(), at, Standing::Marker);
            }
            if page.is_truncated() != Some(true) {
                found.sort_by(|a, b| a.key.cmp(&b.key).then(b.at.cmp(&a.at)));
                return Ok(found);
            }
            key_marker = page.next_key_marker().map(str::to_owned);
            version_marker = page.next_version_id_marker().map(str::to_owned);
        }
    }

    /// Deletes one version of a file for good. What is not there was deleted before.
    ///
    /// # Errors
    /// When S3 did not do it.
    pub async fn delete_version(&self, version: &ObjectVersion) -> Result<(), StoreError> {
        if self.hands == Hands::Off {
            return Ok(());
        }
        let begun = self.meter.begin("DeleteObject");
        let answer = self
            .client()
            .delete_object()
            .bucket(self.buckets.of(version.key.as_str()))
            .key(version.key.as_str())
            .version_id(&version.version)
            .send()
            .await;
        self.meter.end_free(begun);
        answer.map(|_| ()).map_err(|error| StoreError::s3(&error))
    }

    /// Deletes every version of every file under a prefix; says how many there were.
    ///
    /// # Errors
    /// When S3 did not do all of it; doing it again is safe.
    pub async fn erase(&self, prefix: &ObjectPrefix) -> Result<u64, StoreError> {
        if self.hands == Hands::Off {
            return Ok(0);
        }
        let mut erased = 0;
        for version in self.versions(prefix).await? {
            self.delete_version(&version).await?;
            erased += 1;
        }
        Ok(erased)
    }

    /// A link to what lies sealed under `seal`, as [`Self::link`] makes one; none when nothing does.
    /// No link can open it, so an open copy lies at `copy`, under KMS alone, for some minutes.
    ///
    /// # Errors
    /// As [`Self::get`] and [`Self::put_open`].
    pub async fn lend(
        &self,
        (key, seal): (&ObjectKey, &DataKey),
        copy: &ObjectKey,
        content_type: &'static str,
        file_name: &str,
    ) -> Result<Option<String>, StoreError> {
        let Some(bytes) = self.get(key, seal).await? else {
            return Ok(None);
        };
        self.put_open(copy, bytes, content_type).await?;
        self.link(copy, file_name).await.map(Some)
    }

    /// A link to a file, good for [`LINK`], that a browser keeps under `file_name` instead of
    /// showing it. Made here, without asking S3.
    ///
    /// # Errors
    /// When a part of it cannot be signed.
    pub async fn link(&self, key: &ObjectKey, file_name: &str) -> Result<String, StoreError> {
        let signed = self
            .client()
            .get_object()
            .bucket(self.buckets.of(key.as_str()))
            .key(key.as_str())
            .response_content_disposition(disposition(file_name))
            .presigned(link_time()?)
            .await;
        // The cause may quote the link.
        let signed = signed.map_err(|_| refused("a link that could not be signed"))?;
        Ok(signed.uri().to_owned())
    }
}

fn refused(cause: &str) -> StoreError {
    StoreError::Refused {
        service: "S3",
        cause: cause.to_owned(),
    }
}

fn link_time() -> Result<PresigningConfig, StoreError> {
    PresigningConfig::expires_in(LINK).map_err(|error| refused(&error.to_string()))
}

/// `attachment` with a name (RFC 6266): a plain one, and, where it has other letters, the whole one in
/// UTF-8 as well.
fn disposition(file_name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || " ._-()".contains(c);
    let shown: String = file_name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    if shown == file_name {
        return format!("attachment; filename=\"{shown}\"");
    }
    let mut whole = String::new();
    for byte in file_name.bytes() {
        if byte.is_ascii_alphanumeric() || b"._-".contains(&byte) {
            whole.push(char::from(byte));
        } else {
            whole.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{shown}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_lies_where_nothing_is_backed_up() {
        let buckets = Buckets {
            sealed: "kept".to_owned(),
            passing: "gone".to_owned(),
        };
        for name in [
            "exports/a/b/000001",
            "intake/a",
            "links/a",
            "mail/support/x",
            "mail/",
        ] {
            assert_eq!(buckets.of(name), "gone", "{name}");
        }
        for name in ["files/a/b/c/original", "files/", "ledger/0000000000000001"] {
            assert_eq!(buckets.of(name), "kept", "{name}");
        }
    }

    #[test]
    fn a_name_cannot_get_out_of_its_header() {
        assert_eq!(disposition("a b.pdf"), "attachment; filename=\"a b.pdf\"");
        let odd = disposition("Ü\"; x=1\r\n.pdf");
        assert!(odd.is_ascii() && !odd.contains(['\r', '\n']), "{odd}");
        assert_eq!(odd.matches('"').count(), 2, "{odd}");
        assert!(odd.ends_with("filename*=UTF-8''%C3%9C%22%3B%20x%3D1%0D%0A.pdf"));
    }
}
