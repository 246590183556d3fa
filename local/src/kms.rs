//! The KMS wire: the three calls that envelope encryption needs.
//!
//! One master key serves every key ARN of the template. It lives in memory, or in the data folder
//! in a file for this user alone: whoever reads the folder reads everything, as on any laptop.
//! On AWS the master key never leaves the service.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Router, routing::post};
use bytes::Bytes;
use data_encoding::BASE64;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::folder::{DataFolder, FolderError};

/// The file of the data folder that holds the master key, 32 random bytes.
pub const KEY_FILE: &str = "kms.key";

const MASTER_KEY_BYTES: usize = 32;
/// The first byte of every ciphertext; another layout would take another number.
const LAYOUT: u8 = 1;
const JSON: &str = "application/x-amz-json-1.1";

/// The key service.
#[derive(Clone)]
pub struct Kms(Arc<Inner>);

struct Inner {
    master: LessSafeKey,
    keys: Vec<String>,
}

impl Kms {
    /// A service whose master key ends with the process, for the given key ARNs.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn ephemeral(keys: Vec<String>) -> Result<Self, FolderError> {
        Ok(Self::with_master(&random_key()?, keys))
    }

    /// A service whose master key is in the folder; it is made there on first use, unless there
    /// is data already, which a new key could never open.
    ///
    /// # Errors
    /// When the file is damaged, or missing beside data.
    pub fn open(
        folder: &DataFolder,
        keys: Vec<String>,
        has_data: bool,
    ) -> Result<Self, FolderError> {
        let master = match folder.read(KEY_FILE)? {
            Some(bytes) => bytes
                .try_into()
                .map_err(|_| folder.damaged(KEY_FILE, "is not 32 bytes long"))?,
            None if has_data => {
                return Err(folder.damaged(
                    KEY_FILE,
                    "is missing, and without it the data cannot be read",
                ));
            }
            None => {
                let master = random_key()?;
                folder.write(KEY_FILE, &master)?;
                master
            }
        };
        Ok(Self::with_master(&master, keys))
    }

    fn with_master(master: &[u8; MASTER_KEY_BYTES], keys: Vec<String>) -> Self {
        // AES-256 takes any 32 bytes; the type of `master` says that there are 32.
        let key = UnboundKey::new(&AES_256_GCM, master).map(LessSafeKey::new);
        let Ok(master) = key else {
            unreachable!("32 bytes are an AES-256 key")
        };
        Self(Arc::new(Inner { master, keys }))
    }

    /// The service as an HTTP application.
    pub fn router(self) -> Router {
        Router::new().route("/", post(handle)).with_state(self)
    }

    fn answer(&self, operation: &str, request: &Request) -> Result<Value, Refusal> {
        match operation {
            "GenerateDataKey" => {
                let arn = self.arn(request)?;
                let mut plaintext = vec![0; request.data_key_bytes()?];
                rand::fill(&mut plaintext).map_err(|_| Refusal::internal())?;
                let blob = self.seal(&arn, &request.encryption_context, &plaintext)?;
                Ok(json!({
                    "KeyId": arn,
                    "Plaintext": BASE64.encode(&plaintext),
                    "CiphertextBlob": BASE64.encode(&blob),
                }))
            }
            "Encrypt" => {
                let arn = self.arn(request)?;
                let plaintext = decode(request.plaintext.as_deref(), "plaintext")?;
                let blob = self.seal(&arn, &request.encryption_context, &plaintext)?;
                Ok(json!({ "KeyId": arn, "CiphertextBlob": BASE64.encode(&blob) }))
            }
            "Decrypt" => {
                let blob = decode(request.ciphertext_blob.as_deref(), "ciphertextBlob")?;
                let (arn, plaintext) = self.unseal(&blob, &request.encryption_context)?;
                if request.key_id.is_some() && self.arn(request)? != arn {
                    return Err(Refusal::new(
                        "IncorrectKeyException",
                        "another key encrypted this",
                    ));
                }
                Ok(json!({ "KeyId": arn, "Plaintext": BASE64.encode(&plaintext) }))
            }
            unknown => Err(Refusal::new(
                "UnknownOperationException",
                &format!("the embedded KMS has no {unknown}"),
            )),
        }
    }

    /// The ARN that the request's `KeyId` means: an ARN, or its last part.
    fn arn(&self, request: &Request) -> Result<String, Refusal> {
        let id = request.key_id.as_deref().unwrap_or_default();
        let named = |arn: &&String| *arn == id || arn.rsplit('/').next() == Some(id);
        self.0
            .keys
            .iter()
            .find(named)
            .cloned()
            .ok_or_else(|| Refusal::new("NotFoundException", &format!("Key '{id}' does not exist")))
    }

    /// `layout | length of the ARN | ARN | nonce | ciphertext and tag`.
    fn seal(&self, arn: &str, context: &Context, plaintext: &[u8]) -> Result<Vec<u8>, Refusal> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| Refusal::internal())?;
        let mut sealed = plaintext.to_vec();
        let aad = associated_data(arn, context);
        self.0
            .master
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut sealed)
            .map_err(|_| Refusal::internal())?;
        let length = u8::try_from(arn.len()).map_err(|_| Refusal::internal())?;
        Ok([&[LAYOUT, length], arn.as_bytes(), &nonce, &sealed].concat())
    }

    fn unseal(&self, blob: &[u8], context: &Context) -> Result<(String, Vec<u8>), Refusal> {
        let invalid = || Refusal::new("InvalidCiphertextException", "");
        let (head, rest) = blob.split_at_checked(2).ok_or_else(invalid)?;
        let (arn, rest) = rest
            .split_at_checked(usize::from(head[1]))
            .ok_or_else(invalid)?;
        let (nonce, sealed) = rest.split_at_checked(NONCE_LEN).ok_or_else(invalid)?;
        let arn = String::from_utf8(arn.to_vec()).map_err(|_| invalid())?;
        if head[0] != LAYOUT || !self.0.keys.contains(&arn) {
            return Err(invalid());
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| invalid())?;
        let mut plaintext = sealed.to_vec();
        let opened =
            self.0
                .master
                .open_in_place(nonce, associated_data(&arn, context), &mut plaintext);
        let length = opened.map_err(|_| invalid())?.len();
        plaintext.truncate(length);
        Ok((arn, plaintext))
    }
}

/// The encryption context; sorted, so that its order on the wire does not matter, as on AWS.
type Context = BTreeMap<String, String>;

fn associated_data(arn: &str, context: &Context) -> Aad<Vec<u8>> {
    Aad::from(json!([arn, context]).to_string().into_bytes())
}

fn random_key() -> Result<[u8; MASTER_KEY_BYTES], FolderError> {
    let mut key = [0; MASTER_KEY_BYTES];
    rand::fill(&mut key).map_err(|_| FolderError::Io {
        path: KEY_FILE.into(),
        cause: std::io::Error::other("the system gives no random bytes"),
    })?;
    Ok(key)
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Request {
    key_id: Option<String>,
    key_spec: Option<String>,
    number_of_bytes: Option<usize>,
    plaintext: Option<String>,
    ciphertext_blob: Option<String>,
    #[serde(default)]
    encryption_context: Context,
}

impl Request {
    fn data_key_bytes(&self) -> Result<usize, Refusal> {
        match (self.key_spec.as_deref(), self.number_of_bytes) {
            (Some("AES_256"), None) => Ok(32),
            (Some("AES_128"), None) => Ok(16),
            (None, Some(bytes @ 1..=1024)) => Ok(bytes),
            _ => Err(Refusal::new(
                "ValidationException",
                "give KeySpec or NumberOfBytes (1-1024)",
            )),
        }
    }
}

fn decode(text: Option<&str>, name: &str) -> Result<Vec<u8>, Refusal> {
    let bytes = text.and_then(|text| BASE64.decode(text.as_bytes()).ok());
    bytes.ok_or_else(|| {
        Refusal::new(
            "ValidationException",
            &format!("'{name}' must be base64 and not null"),
        )
    })
}

/// An error in the shape of the JSON 1.1 protocol.
struct Refusal {
    status: StatusCode,
    kind: &'static str,
    message: String,
}

impl Refusal {
    fn new(kind: &'static str, message: &str) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            kind,
            message: message.to_owned(),
        }
    }

    fn internal() -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self {
            status,
            ..Self::new("KMSInternalException", "")
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = json!({ "__type": self.kind, "message": self.message });
        (
            self.status,
            [(header::CONTENT_TYPE, JSON)],
            body.to_string(),
        )
            .into_response()
    }
}

async fn handle(State(kms): State<Kms>, headers: HeaderMap, body: Bytes) -> Response {
    let target = headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix("TrentService."));
    let answer = match (operation, serde_json::from_slice(&body)) {
        (Some(operation), Ok(request)) => kms.answer(operation, &request),
        (None, _) => Err(Refusal::new("UnknownOperationException", "")),
        (_, Err(error)) => Err(Refusal::new("SerializationException", &error.to_string())),
    };
    match answer {
        Ok(value) => ([(header::CONTENT_TYPE, JSON)], value.to_string()).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}
