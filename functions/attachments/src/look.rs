//! What a file really is: its first bytes are held against what was said of it.
//!
//! Nothing but the listed types passes, and a picture passes only as one that we made anew, without
//! whatever else was in it.

use shared::domain::attachment::MediaType;

use crate::picture;

/// What is kept of a file.
pub struct Kept {
    /// The file.
    pub content: Vec<u8>,
    /// A small picture of it, as JPEG.
    pub thumbnail: Option<Vec<u8>>,
}

/// What is kept of a portrait that was said to be `media`; none when it is something else.
pub fn into_portrait(media: MediaType, bytes: &[u8]) -> Option<Vec<u8>> {
    let seen = infer::get(bytes).map(|kind| kind.mime_type());
    (seen == Some(media.word()))
        .then(|| picture::portrait(media, bytes))
        .flatten()
}

/// What is kept of a file that was said to be `media`; none when it is something else.
pub fn into_kept(media: MediaType, bytes: Vec<u8>) -> Option<Kept> {
    let seen = infer::get(&bytes).map(|kind| kind.mime_type());
    if media.is_image() {
        if seen != Some(media.word()) {
            return None;
        }
        let made = picture::anew(media, &bytes)?;
        return Some(Kept {
            content: made.content,
            thumbnail: Some(made.thumbnail),
        });
    }
    let fits = match media {
        MediaType::Pdf => seen == Some(media.word()),
        _ => seen.is_none_or(|seen| seen == media.word()) && is_plain(&bytes),
    };
    fits.then_some(Kept {
        content: bytes,
        thumbnail: None,
    })
}

/// Whether it is text in UTF-8 without control characters, and no markup that a browser would run
/// whatever its type says.
fn is_plain(bytes: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return false;
    };
    let control = |c: char| c.is_control() && !['\n', '\r', '\t', '\u{c}'].contains(&c);
    let begins = text.trim_start_matches(['\u{feff}', ' ', '\n', '\r', '\t', '\u{c}']);
    let begins: String = begins.chars().take(10).collect::<String>().to_lowercase();
    let markup = ["<!doctype", "<html", "<?xml", "<svg", "<script", "<!--"];
    !text.contains(control) && !markup.iter().any(|tag| begins.starts_with(tag))
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, ImageFormat};
    use proptest::prelude::*;

    use super::*;

    /// What somebody hid in a picture.
    const HIDDEN: &[u8] = b"hidden-in-a-picture";

    const PICTURES: [(MediaType, ImageFormat); 4] = [
        (MediaType::Gif, ImageFormat::Gif),
        (MediaType::Jpeg, ImageFormat::Jpeg),
        (MediaType::Png, ImageFormat::Png),
        (MediaType::Webp, ImageFormat::WebP),
    ];

    fn picture(format: ImageFormat) -> Vec<u8> {
        let mut out = std::io::Cursor::new(Vec::new());
        let image = DynamicImage::new_rgb8(7, 5);
        image.write_to(&mut out, format).expect("a picture");
        out.into_inner()
    }

    proptest! {
        /// Nothing panics, what is kept is of the type that was said, and nothing that stood in it is left.
        #[test]
        fn a_picture_that_was_tampered_with_is_refused_or_made_anew(
            which in 0..PICTURES.len(),
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..12),
            at in any::<prop::sample::Index>(),
            cut in any::<prop::sample::Index>(),
        ) {
            let (media, format) = PICTURES[which];
            let mut bytes = picture(format);
            let place = at.index(bytes.len() + 1);
            bytes.splice(place..place, HIDDEN.iter().copied());
            for (index, value) in changes {
                let index = index.index(bytes.len());
                bytes[index] = value;
            }
            let whole = into_kept(media, bytes.clone());
            bytes.truncate(cut.index(bytes.len()));
            for kept in [whole, into_kept(media, bytes)].into_iter().flatten() {
                let of = infer::get(&kept.content).map(|kind| kind.mime_type());
                prop_assert_eq!(of, Some(media.word()));
                let left = |bytes: &[u8]| bytes.windows(HIDDEN.len()).any(|part| part == HIDDEN);
                prop_assert!(!left(&kept.content));
                prop_assert!(!kept.thumbnail.is_some_and(|small| left(&small)));
            }
        }

        #[test]
        fn no_bytes_make_looking_panic(which in 0..6_usize, bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            let all = [MediaType::Gif, MediaType::Jpeg, MediaType::Png, MediaType::Webp, MediaType::Pdf, MediaType::Text];
            let _ = into_kept(all[which], bytes.clone());
            let _ = into_portrait(all[which], &bytes);
        }
    }

    #[test]
    fn what_is_no_text_and_what_a_browser_would_run_is_not_taken_for_text() {
        let taken = |bytes: &[u8]| into_kept(MediaType::Text, bytes.to_vec()).is_some();
        assert!(taken("Grüße\r\n\tvom 1 < 2 > 0 Paket".as_bytes()));
        for bad in [
            b"<svg onload=alert(1)>".as_slice(),
            b"\xef\xbb\xbf  <!DOCTYPE html>",
            b"<HTML><script>",
            b"<?xml version='1.0'?><svg/>",
            b"\x0c<script>",
            b"<!-- --><script>",
            b"%PDF-1.7",
            b"\x7fELF\x02\x01\x01",
            b"PK\x03\x04",
            b"a\0b",
            b"\xff\xfe",
        ] {
            assert!(!taken(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_document_is_one_by_its_first_bytes() {
        assert!(into_kept(MediaType::Pdf, b"%PDF-1.7\n%".to_vec()).is_some());
        for bad in [b"MZ\x90\x00".as_slice(), b"", b"plain"] {
            assert!(into_kept(MediaType::Pdf, bad.to_vec()).is_none());
        }
    }
}
