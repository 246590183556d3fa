//! The form of an archive: what an export writes and an import reads.
//!
//! An archive is a manifest and numbered parts. A part is a JSON document of records that can be read
//! alone, or a file that one of the records tells of, as it is. The manifest names every part with its
//! SHA-256, so that nothing can be lost, doubled or altered unseen; it says what was left out and why.
//! Fields are named as in the data map of the policy.

pub mod tables;

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    AttachmentId, Timestamp, WorkspaceId,
    attachment::{MAX_FILE_BYTES, MediaType, Rendition},
    personal::Pseudonymous,
    words::Symbol,
};
use crate::words;

/// The name of the format.
pub const FORMAT: &str = "sotto.archive";
/// Its version; another form of a record or of these documents counts up.
pub const VERSION: u32 = 2;
/// Most bytes of a part, so that one request brings it back in.
pub const PART_BYTES: usize = 512 * 1024;
/// Most records of a part.
pub const PART_RECORDS: usize = 500;
/// Most files that follow one part, so that not much is done twice after a crash.
pub const PART_FILES: usize = 20;

words! {
    /// The kinds of records that have a file.
    pub enum FileKind {
        /// A file of a message.
        Attachment = "Attachment",
        /// The photo of a member.
        Photo = "Photo",
    }
}

/// What an archive holds, and what not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Whose data it holds: `account`, `contact`, `visitor` or `workspace`.
    pub about: String,
    /// The person, by an opaque id; of a whole workspace, who asked for it.
    pub subject: String,
    /// The workspace that it was taken from; none for an account.
    pub workspace: Option<WorkspaceId>,
    /// When it was asked for.
    pub generated_at: Timestamp,
    /// The parts, in order.
    pub parts: Vec<PartEntry>,
    /// How many records of each kind there are.
    pub counts: BTreeMap<String, u64>,
    /// What was left out, and why.
    pub left_out: Vec<LeftOut>,
    /// JSON Schema of a part.
    pub schema: Value,
}

/// A part, as the manifest names it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartEntry {
    /// Counts from 1.
    pub number: u32,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// How many records it holds.
    pub records: u64,
    /// Which file it is; absent for a document of records.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileEntry>,
}

/// Which file a part is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileEntry {
    /// The kind of the record that tells of it.
    pub kind: FileKind,
    /// The id of that record.
    pub id: AttachmentId,
    /// The whole file, or a small picture of it.
    pub rendition: Rendition,
    /// What it is.
    pub content_type: MediaType,
}

impl Symbol for FileEntry {
    fn symbol(&self) -> String {
        let (kind, rendition) = (self.kind.word(), self.rendition.word());
        format!(
            "{kind} {} {rendition} {}",
            self.id,
            self.content_type.word()
        )
    }

    fn from_symbol(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let entry = Self {
            kind: FileKind::parse(words.next()?)?,
            id: words.next()?.parse().ok()?,
            rendition: Rendition::parse(words.next()?)?,
            content_type: MediaType::parse(words.next()?)?,
        };
        words.next().is_none().then_some(entry)
    }
}

impl Pseudonymous for FileEntry {}

/// Something that is kept and not in the archive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The kind of record.
    pub kind: String,
    /// The field; none when it is the whole record.
    pub field: Option<String>,
    /// Why.
    pub reason: String,
}

/// A part of an archive.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Its number in the manifest.
    pub part: u32,
    /// What it holds.
    pub records: Vec<Entry>,
}

/// One record.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its kind, as in the data map.
    pub kind: String,
    /// Its fields.
    pub fields: Map<String, Value>,
}

/// Why something is no archive, or not the one that was meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveFault {
    /// It is not JSON of this form.
    #[error("not a document of this format")]
    Form,
    /// It is of a format or version that this program does not read.
    #[error("a format or version that is not known here")]
    Version,
    /// Its bytes are not those that the manifest names.
    #[error("the checksum is another one")]
    Checksum,
    /// The manifest does not agree with itself, or with the part.
    #[error("the manifest says something else")]
    Manifest,
}

/// SHA-256 of a document, as a manifest writes it.
pub fn checksum(bytes: &[u8]) -> String {
    HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

impl Part {
    /// A part of this version.
    pub fn new(part: u32, records: Vec<Entry>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            part,
            records,
        }
    }

    /// The document and how the manifest names it. Equal parts are equal bytes.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn document(&self) -> Result<(Vec<u8>, PartEntry), ArchiveFault> {
        let bytes = serde_json::to_vec_pretty(self).map_err(|_| ArchiveFault::Form)?;
        let entry = PartEntry {
            number: self.part,
            sha256: checksum(&bytes),
            bytes: bytes.len() as u64,
            records: self.records.len() as u64,
            file: None,
        };
        Ok((bytes, entry))
    }

    /// The part of a document that the manifest names so.
    ///
    /// # Errors
    /// When it is not exactly that document.
    pub fn parse(bytes: &[u8], entry: &PartEntry) -> Result<Self, ArchiveFault> {
        entry.check(bytes)?;
        let part: Self = serde_json::from_slice(bytes).map_err(|_| ArchiveFault::Form)?;
        if (part.format.as_str(), part.version) != (FORMAT, VERSION) {
            return Err(ArchiveFault::Version);
        }
        if part.part != entry.number || part.records.len() as u64 != entry.records {
            return Err(ArchiveFault::Manifest);
        }
        Ok(part)
    }
}

impl PartEntry {
    /// How a manifest names a part that is a file.
    pub fn of_file(number: u32, file: FileEntry, bytes: &[u8]) -> Self {
        Self {
            number,
            sha256: checksum(bytes),
            bytes: bytes.len() as u64,
            records: 0,
            file: Some(file),
        }
    }

    /// Whether these are the bytes that it names.
    ///
    /// # Errors
    /// When they are others.
    pub fn check(&self, bytes: &[u8]) -> Result<(), ArchiveFault> {
        match bytes.len() as u64 == self.bytes && checksum(bytes) == self.sha256 {
            true => Ok(()),
            false => Err(ArchiveFault::Checksum),
        }
    }

    /// Whether it says of itself what can be.
    fn is_sound(&self) -> bool {
        match &self.file {
            None => self.bytes <= 2 * PART_BYTES as u64,
            Some(_) => self.records == 0 && self.bytes <= MAX_FILE_BYTES,
        }
    }
}

impl Manifest {
    /// A manifest that was read.
    ///
    /// # Errors
    /// When it is of another version, or does not agree with itself.
    pub fn parse(bytes: &[u8]) -> Result<Self, ArchiveFault> {
        // The version first: another one may have another form.
        #[derive(Deserialize)]
        struct Opening {
            format: String,
            version: u32,
        }
        let opening: Opening = serde_json::from_slice(bytes).map_err(|_| ArchiveFault::Form)?;
        if (opening.format.as_str(), opening.version) != (FORMAT, VERSION) {
            return Err(ArchiveFault::Version);
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(|_| ArchiveFault::Form)?;
        manifest.check().map(|()| manifest)
    }

    fn check(&self) -> Result<(), ArchiveFault> {
        let numbered = self.parts.iter().zip(1..).all(|(part, n)| part.number == n);
        let records: u64 = self.parts.iter().map(|part| part.records).sum();
        let sound = self.parts.iter().all(PartEntry::is_sound);
        if numbered && sound && records == self.counts.values().sum::<u64>() {
            Ok(())
        } else {
            Err(ArchiveFault::Manifest)
        }
    }

    /// The document.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn document(&self) -> Result<Vec<u8>, ArchiveFault> {
        serde_json::to_vec_pretty(self).map_err(|_| ArchiveFault::Form)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn manifest(parts: &[PartEntry]) -> Manifest {
        let records = parts.iter().map(|part| part.records).sum();
        Manifest {
            format: FORMAT.to_owned(),
            version: VERSION,
            about: "contact".to_owned(),
            subject: "ctc_1".to_owned(),
            workspace: None,
            generated_at: Timestamp::from_ms(1_768_478_400_000),
            parts: parts.to_vec(),
            counts: BTreeMap::from([("Message".to_owned(), records)]),
            left_out: Vec::new(),
            schema: json!({}),
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            prop::collection::vec(".{0,8}".prop_map(Value::from), 0..3).prop_map(Value::from),
        ]
    }

    fn records() -> impl Strategy<Value = Vec<Entry>> {
        let fields = prop::collection::btree_map("[a-z_]{1,8}", value(), 0..6);
        let entry = ("[A-Z][a-z]{1,8}", fields).prop_map(|(kind, fields)| Entry {
            kind,
            fields: fields.into_iter().collect(),
        });
        prop::collection::vec(entry, 0..8)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_and_writing_it_again_is_the_same(records in records()) {
            let part = Part::new(1, records);
            let (bytes, entry) = part.document().expect("a document");
            let manifest = manifest(std::slice::from_ref(&entry));
            let document = manifest.document().expect("a document");
            let read = Manifest::parse(&document).expect("a manifest");
            prop_assert_eq!(&read, &manifest);
            let back = Part::parse(&bytes, &read.parts[0]).expect("a part");
            prop_assert_eq!(&back, &part);
            prop_assert_eq!(back.document().expect("a document"), (bytes, entry));
            prop_assert_eq!(read.document().expect("a document"), document);
        }

        #[test]
        fn a_part_with_any_other_byte_is_refused(records in records(), at in any::<usize>(), with in any::<u8>()) {
            let (mut bytes, entry) = Part::new(1, records).document().expect("a document");
            let at = at % bytes.len();
            prop_assume!(bytes[at] != with);
            bytes[at] = with;
            prop_assert_eq!(Part::parse(&bytes, &entry), Err(ArchiveFault::Checksum));
        }
    }

    #[test]
    fn which_file_a_part_is_comes_back_as_it_was() {
        let file = FileEntry {
            kind: FileKind::Photo,
            id: AttachmentId::new(Timestamp::from_ms(1_768_478_400_000)),
            rendition: Rendition::Content,
            content_type: MediaType::Jpeg,
        };
        assert_eq!(FileEntry::from_symbol(&file.symbol()), Some(file.clone()));
        assert_eq!(
            FileEntry::from_symbol(&format!("{} x", file.symbol())),
            None
        );
        let entry = PartEntry::of_file(3, file, b"JPEG");
        assert_eq!(entry.check(b"JPEG"), Ok(()));
        assert_eq!(entry.check(b"JPEG "), Err(ArchiveFault::Checksum));
        assert_eq!(entry.check(b"jPEG"), Err(ArchiveFault::Checksum));
        // A file is no document of records, however its bytes read.
        let (bytes, part) = Part::new(3, Vec::new()).document().expect("a document");
        assert_eq!(Part::parse(&bytes, &entry), Err(ArchiveFault::Checksum));
        assert!(Part::parse(&bytes, &part).is_ok());
    }

    #[test]
    fn what_does_not_agree_with_itself_is_refused() {
        let (_, entry) = Part::new(1, Vec::new()).document().expect("a document");
        let good = manifest(std::slice::from_ref(&entry));
        let fault = |change: &dyn Fn(&mut Value)| {
            let mut value = serde_json::to_value(&good).expect("JSON");
            change(&mut value);
            Manifest::parse(value.to_string().as_bytes()).err()
        };
        assert_eq!(fault(&|_| {}), None);
        assert_eq!(
            fault(&|m| m["version"] = json!(1)),
            Some(ArchiveFault::Version)
        );
        assert_eq!(
            fault(&|m| m["format"] = json!("x")),
            Some(ArchiveFault::Version)
        );
        assert_eq!(fault(&|m| m["more"] = json!(1)), Some(ArchiveFault::Form));
        assert_eq!(
            fault(&|m| m["parts"][0]["number"] = json!(2)),
            Some(ArchiveFault::Manifest)
        );
        assert_eq!(
            fault(&|m| m["parts"][0]["bytes"] = json!(1_u64 << 40)),
            Some(ArchiveFault::Manifest)
        );
        assert_eq!(
            fault(&|m| m["counts"]["Message"] = json!(7)),
            Some(ArchiveFault::Manifest)
        );
        assert_eq!(Manifest::parse(b"PK\x03\x04"), Err(ArchiveFault::Form));
        // A file holds no records, and is no larger than a file can be.
        let file = json!({
            "kind": "Attachment", "id": AttachmentId::new(Timestamp::from_ms(1_768_478_400_000)),
            "rendition": "content", "content_type": "image/png",
        });
        let of_file = |records: u64, bytes: u64, file: &Value| {
            let (file, counts) = (file.clone(), json!({ "Message": records }));
            fault(&|m| {
                m["parts"][0]["file"] = file.clone();
                m["parts"][0]["records"] = json!(records);
                m["parts"][0]["bytes"] = json!(bytes);
                m["counts"] = counts.clone();
            })
        };
        assert_eq!(of_file(0, MAX_FILE_BYTES, &file), None);
        let odd = Some(ArchiveFault::Manifest);
        assert_eq!(of_file(0, MAX_FILE_BYTES + 1, &file), odd);
        assert_eq!(of_file(1, 7, &file), odd);
        for (field, other) in [("kind", "Profile"), ("content_type", "text/html")] {
            let mut file = file.clone();
            file[field] = json!(other);
            assert_eq!(of_file(0, 7, &file), Some(ArchiveFault::Form));
        }
        let (bytes, entry) = Part::new(2, Vec::new()).document().expect("a document");
        let other = PartEntry { number: 1, ..entry };
        assert_eq!(Part::parse(&bytes, &other), Err(ArchiveFault::Manifest));
    }
}
