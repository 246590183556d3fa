//! The embedded S3: buckets as the template declares them, with versions, in memory or in a folder.
//!
//! The wire is `s3s`: it parses, checks signatures and links, and writes the answers. What is
//! behind it is ours, because `s3s-fs` knows no versions, and an erasure has to delete every one.
//! There is what Sotto uses: put, get, head, delete, and the list of versions. Everything else
//! answers 501 `NotImplemented`, as `s3s` does. Not as on AWS: an object lies here as it was put
//! (on AWS under the bucket's KMS key as well), and the lifecycle runs when the stack sweeps.

mod wire;

use std::collections::{BTreeMap, VecDeque};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use axum::Router;
use bytes::Bytes;
use data_encoding::{BASE64, HEXLOWER};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shared::app::Clock;
use shared::domain::Timestamp;
use shared::domain::time::DAY;
use shared::store::objects::passes;

use crate::folder::{DataFolder, FolderError, create_private, private_file};
use crate::scanner;
use crate::template::Bucket;

/// The folder of the data folder that holds the objects, one file for each version.
pub const FOLDER: &str = "objects";

/// The bucket that had everything before there were two, as the template names it.
const SEALED: &str = "sealed";
/// Where what passes through lies since.
const PASSING: &str = "passing";
/// What the names of mail that came in begin with.
const MAIL: &str = "mail/";

/// The buckets. Clones share them.
#[derive(Clone)]
pub struct Objects(Arc<Inner>);

struct Inner {
    buckets: Vec<Bucket>,
    clock: Clock,
    folder: Option<PathBuf>,
    kept: Mutex<Kept>,
    /// What S3 and the scanner have to say and nobody has heard yet.
    news: Mutex<VecDeque<Value>>,
}

#[derive(Default)]
struct Kept {
    /// How many versions were ever made: their order.
    count: u64,
    /// The versions of a key, the newest last.
    keys: BTreeMap<(String, String), Vec<Version>>,
}

/// What stands before the bytes of a version, in a line of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) at_ms: i64,
    /// Whether it says that there is no object any more.
    pub(crate) is_marker: bool,
    pub(crate) content_type: Option<String>,
    /// SHA-256, in Base64 as on the wire.
    pub(crate) sha256: String,
    pub(crate) size: u64,
}

#[derive(Clone)]
struct Version {
    head: Head,
    body: Body,
}

#[derive(Clone)]
enum Body {
    Memory(Bytes),
    File(PathBuf),
}

impl Body {
    fn read(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::File(path) => read_body(path),
        }
    }
}

/// Why an object is not there.
#[derive(Debug)]
pub(crate) enum Absent {
    Bucket,
    Key,
    Version,
    Io(io::Error),
}

impl From<io::Error> for Absent {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One version as a list shows it.
#[derive(Clone, Debug)]
pub struct Listed {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version.
    pub version: String,
    /// Whether it is a delete marker.
    pub is_marker: bool,
}

impl Objects {
    /// Buckets in memory.
    pub fn ephemeral(buckets: Vec<Bucket>, clock: Clock) -> Self {
        Self::with(buckets, clock, None, Kept::default())
    }

    /// Buckets in a folder of the data folder.
    ///
    /// # Errors
    /// When a file is not a version, or the system refuses.
    pub fn open(
        folder: &DataFolder,
        buckets: Vec<Bucket>,
        clock: Clock,
    ) -> Result<Self, FolderError> {
        let path = folder.file(FOLDER);
        let read = || -> io::Result<Kept> {
            create_private(&path)?;
            read_folder(&path)
        };
        let damaged = |error: io::Error| folder.damaged(FOLDER, error.to_string());
        let kept = read().map_err(damaged)?;
        let objects = Self::with(buckets, clock, Some(path), kept);
        objects.tell_again().map_err(damaged)?;
        Ok(objects)
    }

    /// What was not told when the program ended is told again: of uploads and mail that nobody has read.
    fn tell_again(&self) -> io::Result<()> {
        let mut news = Vec::new();
        for bucket in &self.0.buckets {
            let scanned = bucket.scanned.iter().map(String::as_str);
            for prefix in scanned.chain([MAIL]) {
                let kept = self.lock();
                for ((of, key), versions) in &kept.keys {
                    let last = versions.last().filter(|last| !last.head.is_marker);
                    let told = *of == bucket.name && key.starts_with(prefix);
                    let Some(last) = last.filter(|_| told) else {
                        continue;
                    };
                    news.extend(scanner::events(bucket, &last.head, &last.body.read()?));
                }
            }
        }
        self.news().extend(news);
        Ok(())
    }

    /// The oldest event that nobody has taken yet.
    pub fn next_event(&self) -> Option<Value> {
        self.news().pop_front()
    }

    fn news(&self) -> MutexGuard<'_, VecDeque<Value>> {
        self.0.news.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(buckets: Vec<Bucket>, clock: Clock, folder: Option<PathBuf>, kept: Kept) -> Self {
        Self(Arc::new(Inner {
            buckets,
            clock,
            folder,
            kept: Mutex::new(kept),
            news: Mutex::default(),
        }))
    }

    /// The service as an HTTP application.
    pub fn router(self, access_key: &str) -> Router {
        wire::router(self, access_key)
    }

    /// Every version there is, of every bucket: for tests, and for what looks for leftovers.
    pub fn versions(&self) -> Vec<Listed> {
        let kept = self.lock();
        let all = kept.keys.values().flatten();
        all.map(|version| Listed {
            bucket: version.head.bucket.clone(),
            key: version.head.key.clone(),
            version: version.head.id.clone(),
            is_marker: version.head.is_marker,
        })
        .collect()
    }

    /// The bytes of one version.
    pub fn bytes_of(&self, listed: &Listed) -> Option<Bytes> {
        let found = self.get(&listed.bucket, &listed.key, Some(&listed.version));
        found.ok().map(|(_, bytes)| bytes)
    }

    /// Does what the lifecycle rules of the buckets say; says how many versions went.
    ///
    /// # Errors
    /// When a file cannot be deleted.
    pub fn sweep(&self) -> io::Result<usize> {
        let now = self.0.clock.now();
        let mut kept = self.lock();
        let mut swept = 0;
        for bucket in &self.0.buckets {
            for rule in &bucket.rules {
                let keys: Vec<_> = kept.keys.keys().cloned().collect();
                for place in keys {
                    if place.0 == bucket.name && place.1.starts_with(&rule.prefix) {
                        swept += self.age(&mut kept, &place, rule, now)?;
                    }
                }
            }
        }
        Ok(swept)
    }

    fn age(
        &self,
        kept: &mut Kept,
        place: &(String, String),
        rule: &crate::template::LifecycleRule,
        now: Timestamp,
    ) -> io::Result<usize> {
        let is_over = |since_ms: i64, days: u64| {
            let age = DAY * u32::try_from(days).unwrap_or(u32::MAX);
            Timestamp::from_ms(since_ms).plus(age) <= now
        };
        let versions = kept.keys.get(place).cloned().unwrap_or_default();
        if let (Some(days), Some(last)) = (rule.expiration_days, versions.last())
            && !last.head.is_marker
            && is_over(last.head.at_ms, days)
        {
            self.push(kept, place, None, Bytes::new(), true)?;
        }
        let versions = kept.keys.get(place).cloned().unwrap_or_default();
        let mut swept = 0;
        if let Some(days) = rule.noncurrent_days {
            // A version is noncurrent since the next one came.
            for pair in versions.windows(2) {
                if is_over(pair[1].head.at_ms, days) {
                    self.drop_version(kept, place, &pair[0].head.id)?;
                    swept += 1;
                }
            }
        }
        // A marker over nothing goes as well, as `ExpiredObjectDeleteMarker` says on AWS.
        let left = kept.keys.get(place).map(Vec::as_slice).unwrap_or_default();
        if let [only] = left
            && only.head.is_marker
            && rule.noncurrent_days.is_some()
        {
            let id = only.head.id.clone();
            self.drop_version(kept, place, &id)?;
            swept += 1;
        }
        Ok(swept)
    }

    /// Makes a new version; none when one is there already and `only_new` forbids another.
    pub(crate) fn put(
        &self,
        bucket: &str,
        key: &str,
        content_type: Option<String>,
        bytes: Bytes,
        only: Only,
    ) -> Result<Option<Head>, Absent> {
        self.known(bucket)?;
        let mut kept = self.lock();
        let place = (bucket.to_owned(), key.to_owned());
        let current = kept.keys.get(&place).and_then(|versions| versions.last());
        if only == Only::New && current.is_some_and(|version| !version.head.is_marker) {
            return Ok(None);
        }
        let head = self.push(&mut kept, &place, content_type, bytes.clone(), false)?;
        let own = self.0.buckets.iter().find(|known| known.name == bucket);
        let news = own.map(|bucket| scanner::events(bucket, &head, &bytes));
        self.news().extend(news.into_iter().flatten());
        Ok(Some(head))
    }

    /// The current version, or the one that is named, with its bytes.
    pub(crate) fn get(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<(Head, Bytes), Absent> {
        self.known(bucket)?;
        let kept = self.lock();
        let versions = kept.keys.get(&(bucket.to_owned(), key.to_owned()));
        let mut versions = versions.ok_or(Absent::Key)?.iter();
        let found = match version {
            None => versions.next_back().filter(|found| !found.head.is_marker),
            Some(id) => versions.find(|found| found.head.id == id),
        };
        let found = found.ok_or(match version {
            None => Absent::Key,
            Some(_) => Absent::Version,
        })?;
        let bytes = found.body.read()?;
        Ok((found.head.clone(), bytes))
    }

    /// Deletes one version for good, or hides the object behind a marker. Says which marker that is.
    pub(crate) fn delete(
        &self,
        bucket: &str,
        key: &str,
        version: Option<&str>,
    ) -> Result<Option<Head>, Absent> {
        self.known(bucket)?;
        let mut kept = self.lock();
        let place = (bucket.to_owned(), key.to_owned());
        match version {
            // What is not there was deleted before.
            Some(id) => {
                self.drop_version(&mut kept, &place, id)?;
                Ok(None)
            }
            None => {
                let marker = self.push(&mut kept, &place, None, Bytes::new(), true)?;
                Ok(Some(marker))
            }
        }
    }

    /// The heads of all versions under a prefix, by key and the newest first, and whether each is
    /// the current one.
    pub(crate) fn list(&self, bucket: &str, prefix: &str) -> Result<Vec<(Head, bool)>, Absent> {
        self.known(bucket)?;
        let kept = self.lock();
        let from = (bucket.to_owned(), prefix.to_owned());
        let under = kept.keys.range(from..);
        let under = under.take_while(|(place, _)| place.0 == bucket && place.1.starts_with(prefix));
        let newest_first = |versions: &Vec<Version>| {
            let heads = versions.iter().rev().enumerate();
            heads
                .map(|(age, version)| (version.head.clone(), age == 0))
                .collect::<Vec<_>>()
        };
        Ok(under
            .flat_map(|(_, versions)| newest_first(versions))
            .collect())
    }

    fn known(&self, bucket: &str) -> Result<(), Absent> {
        let mut buckets = self.0.buckets.iter();
        buckets
            .any(|known| known.name == bucket)
            .then_some(())
            .ok_or(Absent::Bucket)
    }

    fn push(
        &self,
        kept: &mut Kept,
        place: &(String, String),
        content_type: Option<String>,
        bytes: Bytes,
        is_marker: bool,
    ) -> io::Result<Head> {
        let head = Head {
            bucket: place.0.clone(),
            key: place.1.clone(),
            id: crate::seed::random_uuid(),
            at_ms: self.0.clock.now().ms(),
            is_marker,
            content_type,
            sha256: BASE64.encode(digest(&SHA256, &bytes).as_ref()),
            size: bytes.len() as u64,
        };
        kept.count += 1;
        let body = match &self.0.folder {
            None => Body::Memory(bytes),
            Some(folder) => {
                let path = folder.join(file_name(kept.count, &head));
                write_version(folder, &path, &head, &bytes)?;
                Body::File(path)
            }
        };
        let versions = kept.keys.entry(place.clone()).or_default();
        versions.push(Version {
            head: head.clone(),
            body,
        });
        Ok(head)
    }

    fn drop_version(&self, kept: &mut Kept, place: &(String, String), id: &str) -> io::Result<()> {
        let Some(versions) = kept.keys.get_mut(place) else {
            return Ok(());
        };
        if let Some(at) = versions.iter().position(|version| version.head.id == id) {
            if let Body::File(path) = &versions[at].body {
                fs::remove_file(path)?;
            }
            versions.remove(at);
        }
        if versions.is_empty() {
            kept.keys.remove(place);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        // A change is one insertion or one removal at its end: nothing is half done.
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a put may replace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Only {
    /// Only where nothing is.
    New,
    /// Anything.
    Any,
}

fn file_name(order: u64, head: &Head) -> String {
    let place = format!("{}/{}", head.bucket, head.key);
    let place = HEXLOWER.encode(&digest(&SHA256, place.as_bytes()).as_ref()[..8]);
    format!("{order:016}-{place}-{}", head.id)
}

/// After a kill either the whole version is there or nothing.
fn write_version(folder: &Path, path: &Path, head: &Head, bytes: &[u8]) -> io::Result<()> {
    let beside = folder.join("new");
    let mut file = private_file(&beside)?;
    let mut line = serde_json::to_vec(head)?;
    line.push(b'\n');
    file.write_all(&line)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    File::open(folder)?.sync_all()
}

fn read_head(path: &Path) -> io::Result<(Head, BufReader<File>)> {
    let mut reader = BufReader::new(File::open(path)?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok((serde_json::from_str(&line)?, reader))
}

fn read_body(path: &Path) -> io::Result<Bytes> {
    let (_, mut reader) = read_head(path)?;
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

fn read_folder(folder: &Path) -> io::Result<Kept> {
    let mut kept = Kept::default();
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    for name in names.iter().filter(|name| *name != "new") {
        let path = folder.join(name);
        let order = name.split('-').next().and_then(|order| order.parse().ok());
        let order: u64 =
            order.ok_or_else(|| io::Error::other(format!("{name} is not a version")))?;
        let (mut head, _) = read_head(&path)?;
        // A folder of before there were two buckets is read as it is, as if it had had both.
        if head.bucket == SEALED && passes(&head.key) {
            head.bucket = PASSING.to_owned();
        }
        kept.count = kept.count.max(order);
        let place = (head.bucket.clone(), head.key.clone());
        kept.keys.entry(place).or_default().push(Version {
            head,
            body: Body::File(path),
        });
    }
    Ok(kept)
}

#[cfg(test)]
mod tests;
