//! A password as it is stored.

use std::fmt;

use super::personal::Personal;

/// What Argon2id made of a password, with its salt and parameters (PHC string format).
///
/// Personal: it has no `Display` and no `Serialize`, and `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash in the PHC string format.
    pub const fn new(phc: String) -> Self {
        Self(phc)
    }

    /// The hash in the PHC string format.
    pub fn phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(**)")
    }
}

impl Personal for PasswordHash {
    fn to_bytes(&self) -> Vec<u8> {
        self.0.clone().into_bytes()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        String::from_utf8(bytes).ok().map(Self)
    }
}
