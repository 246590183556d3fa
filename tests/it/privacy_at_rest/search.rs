//! A search for a text in every form that somebody might have stored it in.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::{
    BASE32_NOPAD, BASE32HEX_NOPAD, BASE64, BASE64_NOPAD, BASE64URL_NOPAD, Encoding, HEXLOWER,
};
use serde_json::Value;

/// Everything that lies somewhere, ready to be searched.
pub struct Haystack {
    /// Byte by byte as characters, so that text and binary values are searched alike.
    exact: String,
    folded: String,
}

/// A form to look for.
pub struct Needle {
    /// What it is, for the message of a failure.
    pub form: String,
    /// Its bytes as characters.
    text: String,
    /// Whether upper and lower case are told apart.
    exact: bool,
}

impl Haystack {
    /// Items in DynamoDB's JSON, with their binary values decoded beside them.
    pub fn of_items(items: &[String]) -> Self {
        let mut bytes = Vec::new();
        for item in items {
            bytes.extend_from_slice(item.as_bytes());
            bytes.push(b'\n');
            decode(&serde_json::from_str(item).expect("an item"), &mut bytes);
        }
        Self::of(&bytes)
    }

    /// Any bytes.
    pub fn of(bytes: &[u8]) -> Self {
        let exact = characters(bytes);
        let folded = exact.to_ascii_lowercase();
        Self { exact, folded }
    }

    /// The first form in which any of the needles lies here.
    pub fn find<'n>(&self, needles: &'n [Needle]) -> Option<&'n str> {
        let lies_here = |needle: &&Needle| match needle.exact {
            true => self.exact.contains(&needle.text),
            false => self.folded.contains(&needle.text),
        };
        needles
            .iter()
            .find(lies_here)
            .map(|needle| needle.form.as_str())
    }
}

impl Needle {
    fn folded(form: &str, bytes: &[u8]) -> Self {
        let text = characters(bytes).to_ascii_lowercase();
        Self {
            form: form.to_owned(),
            text,
            exact: false,
        }
    }

    fn exact(form: &str, bytes: &[u8]) -> Self {
        Self {
            form: form.to_owned(),
            text: characters(bytes),
            exact: true,
        }
    }
}

fn characters(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// Appends every binary value within an item.
fn decode(value: &Value, bytes: &mut Vec<u8>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| decode(item, bytes)),
        Value::Object(map) => {
            for (name, value) in map {
                let binary = value.as_str().filter(|_| name == "B");
                if let Some(binary) = binary.and_then(|text| BASE64.decode(text.as_bytes()).ok()) {
                    bytes.extend_from_slice(&binary);
                    bytes.push(b'\n');
                }
                decode(value, bytes);
            }
        }
        _ => {}
    }
}

/// What of an encoding does not depend on what stands before and after, at every offset.
fn encoded(name: &str, encoding: &Encoding, bytes: &[u8], exact: bool) -> Vec<Needle> {
    let bits = encoding.bit_width();
    // After so many bytes a group of characters is full.
    let group = if bits == 6 { 3 } else { 5 };
    let at_offset = |offset: usize| {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(bytes);
        let whole = encoding.encode(&padded);
        let first = (offset * 8).div_ceil(bits);
        let last = (offset + bytes.len()) * 8 / bits;
        let form = format!("{name} at {offset}");
        match exact {
            true => Needle::exact(&form, &whole.as_bytes()[first..last]),
            false => Needle::folded(&form, &whole.as_bytes()[first..last]),
        }
    };
    (0..group).map(at_offset).collect()
}

/// Every form of some bytes.
fn forms_of_bytes(bytes: &[u8]) -> Vec<Needle> {
    let mut needles = vec![
        Needle::exact("bytes", bytes),
        Needle::folded("hex", HEXLOWER.encode(bytes).as_bytes()),
    ];
    needles.extend(encoded("base64", &BASE64_NOPAD, bytes, true));
    needles.extend(encoded("base64url", &BASE64URL_NOPAD, bytes, true));
    needles.extend(encoded("base32", &BASE32_NOPAD, bytes, false));
    needles.extend(encoded("base32hex", &BASE32HEX_NOPAD, bytes, false));
    needles
}

/// Every form of a text, in whatever case.
pub fn forms(text: &str) -> Vec<Needle> {
    let mut needles = vec![Needle::folded("text", text.as_bytes())];
    for spelled in [text.to_owned(), text.to_lowercase(), text.to_uppercase()] {
        needles.extend(forms_of_bytes(spelled.as_bytes()));
        let wide: Vec<u8> = spelled.encode_utf16().flat_map(u16::to_le_bytes).collect();
        needles.push(Needle::exact("UTF-16", &wide));
    }
    needles
}

/// The plain SHA-256 of a text, by which whoever guesses the text would recognise it: whole, and
/// as short as our keyed hashes stand in keys.
pub fn hashes(text: &str) -> Vec<Needle> {
    let mut needles = Vec::new();
    for spelled in [text.to_owned(), text.to_lowercase()] {
        let hash = digest(&SHA256, spelled.as_bytes());
        needles.extend(forms_of_bytes(hash.as_ref()));
        needles.extend(forms_of_bytes(&hash.as_ref()[..16]));
    }
    needles
}

/// Items that hold a text in each of its forms: what the search must find.
pub fn planted(bytes: &[u8]) -> BTreeMap<&'static str, String> {
    let hidden = [b"ab".as_slice(), bytes, b"yz"].concat();
    let of =
        |attribute: Value| serde_json::json!({ "pk": { "S": "X" }, "x": attribute }).to_string();
    let text = |text: String| of(serde_json::json!({ "S": text }));
    let binary = |bytes: &[u8]| of(serde_json::json!({ "B": BASE64.encode(bytes) }));
    BTreeMap::from([
        ("a binary value", binary(&hidden)),
        ("base32", text(BASE32_NOPAD.encode(&hidden).to_lowercase())),
        ("base32 from the start", text(BASE32_NOPAD.encode(bytes))),
        ("base32hex", text(BASE32HEX_NOPAD.encode(&hidden))),
        ("base64", text(BASE64.encode(&hidden))),
        (
            "base64 in a binary value",
            binary(BASE64.encode(&hidden).as_bytes()),
        ),
        ("base64 from the start", text(BASE64_NOPAD.encode(bytes))),
        ("base64url", text(BASE64URL_NOPAD.encode(&hidden[1..]))),
        ("hex", text(HEXLOWER.encode(&hidden))),
        ("HEX", text(HEXLOWER.encode(&hidden).to_uppercase())),
        (
            "hex in a list",
            of(serde_json::json!({ "L": [{ "M": { "y": { "S": HEXLOWER.encode(bytes) } } }] })),
        ),
    ])
}
