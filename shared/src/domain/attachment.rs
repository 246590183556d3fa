//! Files in conversations: of which types, how large, and how far one is.

use data_encoding::HEXLOWER;
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Value, json};

use super::{
    AttachmentId,
    personal::Personal,
    text::{Fault, FileName},
    words::Symbol,
};

/// The largest file, in bytes.
pub const MAX_FILE_BYTES: u64 = 20 * 1024 * 1024;
/// The most files of one message.
pub const MAX_FILES: usize = 10;

crate::words! {
    /// What a file is. A closed list: images, PDF and plain text; nothing that a browser
    /// runs, such as SVG and HTML.
    pub enum MediaType {
        /// A picture that may move.
        Gif = "image/gif",
        /// A photo.
        Jpeg = "image/jpeg",
        /// A document.
        Pdf = "application/pdf",
        /// A picture.
        Png = "image/png",
        /// Plain text in UTF-8.
        Text = "text/plain",
        /// A picture.
        Webp = "image/webp",
    }
}

impl MediaType {
    /// How the names of such files end.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Gif => "gif",
            Self::Jpeg => "jpg",
            Self::Pdf => "pdf",
            Self::Png => "png",
            Self::Text => "txt",
            Self::Webp => "webp",
        }
    }

    /// Whether it is a picture.
    pub const fn is_image(self) -> bool {
        matches!(self, Self::Gif | Self::Jpeg | Self::Png | Self::Webp)
    }
}

crate::words! {
    /// Which form of a file.
    pub enum Rendition {
        /// The whole file.
        Content = "content",
        /// A small picture of it.
        Thumbnail = "thumbnail",
    }
}

crate::words! {
    /// How far a file is.
    pub enum FileState {
        /// Asked for; nothing has arrived.
        Pending = "pending",
        /// It arrived, and is being looked through.
        Scanning = "scanning",
        /// It was looked through, and may be sent and fetched.
        Clean = "clean",
        /// Something harmful is in it; it was deleted.
        Infected = "infected",
        /// It is not what it was said to be, or does not open; it was deleted.
        Refused = "refused",
        /// The scanner could not look into it, for example because it is encrypted; it was deleted.
        Unscannable = "unscannable",
    }
}

/// What a file must hash to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sha256(pub [u8; 32]);

impl<'de> Deserialize<'de> for Sha256 {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        let fault = || Fault::new("bad_hash", "SHA-256 as 64 hexadecimal digits in lower case");
        bytes.map(Self).ok_or_else(|| D::Error::custom(fault()))
    }
}

impl utoipa::PartialSchema for Sha256 {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("SHA-256, 64 hexadecimal digits in lower case."))
            .pattern(Some("^[0-9a-f]{64}$"))
            .examples([json!(
                "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
            )])
            .into()
    }
}

impl utoipa::ToSchema for Sha256 {}

/// A file of a message, as the message tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachedFile {
    /// Its id.
    pub id: AttachmentId,
    /// What its sender calls it.
    pub name: FileName,
    /// What it is.
    pub media: MediaType,
    /// How large it is.
    pub bytes: u64,
    /// Whether there is a small picture of it.
    pub thumbnail: bool,
}

/// The files of a message, in the order of their sender. Personal, as their names are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Files(Vec<AttachedFile>);

impl Files {
    /// These files.
    pub const fn new(files: Vec<AttachedFile>) -> Self {
        Self(files)
    }

    /// One after another.
    pub fn iter(&self) -> impl Iterator<Item = &AttachedFile> {
        self.0.iter()
    }

    /// How large they are together.
    pub fn bytes(&self) -> u64 {
        self.0.iter().map(|file| file.bytes).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Their ids.
    pub fn ids(&self) -> Vec<AttachmentId> {
        self.iter().map(|file| file.id).collect()
    }
}

impl Personal for Files {
    fn to_bytes(&self) -> Vec<u8> {
        let one = |file: &AttachedFile| {
            json!({
                "id": file.id, "name": file.name.reveal(), "type": file.media.word(),
                "bytes": file.bytes, "thumbnail": file.thumbnail,
            })
        };
        Value::Array(self.iter().map(one).collect())
            .to_string()
            .into_bytes()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let files: Vec<Value> = serde_json::from_slice(&bytes).ok()?;
        let one = |file: &Value| {
            Some(AttachedFile {
                id: AttachmentId::from_symbol(file["id"].as_str()?)?,
                name: FileName::parse(file["name"].as_str()?).ok()?,
                media: MediaType::parse(file["type"].as_str()?)?,
                bytes: file["bytes"].as_u64()?,
                thumbnail: file["thumbnail"].as_bool()?,
            })
        };
        files.iter().map(one).collect::<Option<_>>().map(Self)
    }

    fn unwritten() -> Option<Self> {
        Some(Self::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Timestamp;

    #[test]
    fn files_come_back_as_they_were_and_older_messages_have_none() {
        let file = AttachedFile {
            id: AttachmentId::new(Timestamp::from_ms(1_768_478_400_000)),
            name: FileName::parse("Foto \"vom\" Paket.jpg").expect("a name"),
            media: MediaType::Jpeg,
            bytes: 4711,
            thumbnail: true,
        };
        let files = Files::new(vec![file]);
        assert_eq!(Files::from_bytes(files.to_bytes()), Some(files.clone()));
        assert_eq!(Files::retell(files.tell().as_deref()), Some(files.clone()));
        assert_eq!(Files::unwritten(), Some(Files::default()));
        assert_eq!(Files::from_bytes(b"[{}]".to_vec()), None);
        assert!(!format!("{files:?}").contains("Paket"));
    }

    #[test]
    fn a_name_has_no_folders_and_no_ending_that_hides() {
        for bad in [
            "",
            " ",
            "..",
            "a/b",
            "a\\b",
            "a\nb",
            "\u{202e}gpj.exe",
            &"x".repeat(201),
        ] {
            assert!(FileName::parse(bad).is_err(), "{bad:?}");
        }
        for good in ["parcel.jpg", " Ünïcode 图.png ", ".hidden"] {
            assert_eq!(FileName::parse(good).expect(good).reveal(), good.trim());
        }
    }
}
