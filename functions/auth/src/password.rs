//! Passwords: what may be one, what is stored of one, and how one is checked.
//!
//! Argon2id over a keyed hash of the password (the pepper: a key of the platform that lies in no
//! table), sealed under the key of the account. Whoever copies the tables has nothing to guess at.
//! Every check runs Argon2id once, whether or not there is anything to check against.

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{constant_time, rand};
use data_encoding::BASE64_NOPAD;
use serde::{Deserialize, Deserializer, de::Error as _};
use shared::{
    app::App,
    domain::{password::PasswordHash, text::Fault},
    http::{Code, Problem},
    store::{StoreError, TenantKey},
};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::common_passwords::{self, Context};

/// The fewest characters where the password is all there is (NIST SP 800-63B-4, 3.1.1.2).
pub const MIN_ALONE: usize = 15;
/// The fewest characters where a second factor is asked for, too.
pub const MIN_WITH_SECOND_FACTOR: usize = 8;
/// The most characters.
const MAX: usize = 256;

/// Argon2id as the crate and ASVS 5.0 (appendix C) have it: kibibytes, passes, lanes.
pub const COST: Cost = Cost {
    memory_kib: 19_456,
    passes: 2,
    lanes: 1,
};
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Cost {
    /// Kibibytes, passes and lanes.
    pub const fn parts(self) -> (u32, u32, u32) {
        (self.memory_kib, self.passes, self.lanes)
    }
}

/// A password as somebody typed it, in Unicode's composed form (NFC), so that one password is one
/// on every keyboard. Nothing else is changed or cut.
#[derive(Clone)]
pub struct Typed(Zeroizing<String>);

impl Typed {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        // What could be longer by its bytes alone is not worth normalising.
        let short = text.len() <= MAX * 4;
        let composed = Zeroizing::new(text.chars().take(MAX * 4).nfc().collect::<String>());
        // As RFC 8265 (4.2) has it for passwords: no keyboard types one.
        if composed.chars().any(char::is_control) {
            return Err(Fault::new("bad_character", "no control characters"));
        }
        match composed.chars().count() {
            0 => Err(Fault::new("empty", "at least one character")),
            count if count <= MAX && short => Ok(Self(composed)),
            _ => Err(Fault::new("too_long", "at most 256 characters")),
        }
    }

    /// Refuses what is too short or too common for a password, at `pointer`.
    ///
    /// # Errors
    /// 422 `password_weak`.
    pub fn is_strong(&self, min: usize, address: &str, pointer: &str) -> Result<(), Problem> {
        let weak = |code, detail: &str| {
            Problem::field(Code::PasswordWeak, pointer, Fault::new(code, detail))
        };
        if self.0.chars().count() < min {
            return Err(weak("too_short", &format!("at least {min} characters")));
        }
        if common_passwords::is_common(&self.0, &Context::of(address)) {
            return Err(weak(
                "too_common",
                "something that is not made of common words, rows of keys or your address",
            ));
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Zeroizing::new(String::deserialize(deserializer)?);
        Self::parse(&text).map_err(D::Error::custom)
    }
}

/// What a check found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is, and its hash is of another cost than today's: hash it again.
    RightAndOld,
    /// It is not, or there is none.
    Wrong,
}

/// Hashes a new password. One run of Argon2id.
pub async fn hash(
    app: &App,
    tenant_key: &TenantKey,
    typed: &Typed,
) -> Result<PasswordHash, Problem> {
    let mut salt = [0; SALT_BYTES];
    rand::fill(&mut salt).map_err(|_| StoreError::Random)?;
    let hash = run(app, tenant_key, typed, COST, salt.to_vec()).await?;
    let Cost {
        memory_kib,
        passes,
        lanes,
    } = COST;
    let (salt, hash) = (BASE64_NOPAD.encode(&salt), BASE64_NOPAD.encode(&*hash));
    let phc = format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${hash}");
    Ok(PasswordHash::new(phc))
}

/// Checks a password. One run of Argon2id, also where there is nothing to check against.
pub async fn check(
    app: &App,
    tenant_key: &TenantKey,
    stored: Option<&PasswordHash>,
    typed: &Typed,
) -> Result<Verdict, Problem> {
    let known = match stored {
        Some(stored) => {
            read(stored.phc()).ok_or(StoreError::Corrupt("a password's hash that does not read"))?
        }
        None => (COST, vec![0; SALT_BYTES], vec![0; HASH_BYTES]),
    };
    let (cost, salt, right) = known;
    let hash = run(app, tenant_key, typed, cost, salt).await?;
    let equal = constant_time::verify_slices_are_equal(&*hash, &right).is_ok();
    Ok(match (equal && stored.is_some(), cost == COST) {
        (true, true) => Verdict::Right,
        (true, false) => Verdict::RightAndOld,
        (false, _) => Verdict::Wrong,
    })
}

/// One run, off the threads that answer requests, counted like a call.
async fn run(
    app: &App,
    tenant_key: &TenantKey,
    typed: &Typed,
    cost: Cost,
    salt: Vec<u8>,
) -> Result<Zeroizing<[u8; HASH_BYTES]>, Problem> {
    let peppered = tenant_key.pepper(typed.0.as_bytes());
    let begun = app.meter.begin("Argon2id");
    let ran = tokio::task::spawn_blocking(move || argon2id(&*peppered, &salt, cost)).await;
    app.meter.end_free(begun);
    ran.ok()
        .flatten()
        .ok_or_else(|| Problem::internal("Argon2id did not run"))
}

fn argon2id(input: &[u8], salt: &[u8], cost: Cost) -> Option<Zeroizing<[u8; HASH_BYTES]>> {
    let length = Some(HASH_BYTES);
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, length).ok()?;
    let mut hash = Zeroizing::new([0; HASH_BYTES]);
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into(input, salt, &mut *hash)
        .ok()?;
    Some(hash)
}

/// Takes a hash of ours apart: cost, salt, hash.
fn read(phc: &str) -> Option<(Cost, Vec<u8>, Vec<u8>)> {
    let parts: Vec<&str> = phc.split('$').collect();
    let ["", "argon2id", "v=19", cost, salt, hash] = parts[..] else {
        return None;
    };
    let cost: Vec<&str> = cost.split(',').collect();
    let [memory, passes, lanes] = cost[..] else {
        return None;
    };
    let cost = Cost {
        memory_kib: memory.strip_prefix("m=")?.parse().ok()?,
        passes: passes.strip_prefix("t=")?.parse().ok()?,
        lanes: lanes.strip_prefix("p=")?.parse().ok()?,
    };
    let decode = |text: &str| BASE64_NOPAD.decode(text.as_bytes()).ok();
    Some((cost, decode(salt)?, decode(hash)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_password_is_one_however_its_letters_are_composed() {
        let composed = Typed::parse("caf\u{e9}").expect("a password");
        let decomposed = Typed::parse("cafe\u{301}").expect("a password");
        assert_eq!(*composed.0, *decomposed.0);
        let spaced = Typed::parse(" A b ").expect("a password");
        assert_eq!(spaced.0.as_str(), " A b ");
    }

    #[test]
    fn what_is_empty_or_longer_than_256_characters_is_no_password() {
        let code = |text: &str| Typed::parse(text).err().map(|fault| fault.code);
        assert_eq!(code("").as_deref(), Some("empty"));
        assert_eq!(code("a\0b").as_deref(), Some("bad_character"));
        assert_eq!(code(&"\u{1f511}".repeat(256)), None);
        assert_eq!(code(&"a".repeat(257)).as_deref(), Some("too_long"));
        assert_eq!(
            code(&"e\u{301}".repeat(100_000)).as_deref(),
            Some("too_long")
        );
    }

    #[test]
    fn a_short_or_common_password_is_refused_at_its_field() {
        let refused = |text: &str, min| {
            let typed = Typed::parse(text).expect("a password");
            let problem = typed
                .is_strong(min, "ada@example.com", "#/password")
                .err()?;
            assert_eq!(problem.code(), Code::PasswordWeak);
            assert_eq!(problem.errors()[0].pointer, "#/password");
            Some(problem.errors()[0].code.clone())
        };
        assert_eq!(refused("fourteen chars", 15).as_deref(), Some("too_short"));
        assert_eq!(refused("vexing umbrella 9", 15), None);
        assert_eq!(
            refused("Password123456789", 15).as_deref(),
            Some("too_common")
        );
        assert_eq!(refused("dragonfly", 8).as_deref(), Some("too_common"));
        assert_eq!(refused("wry gnu hums", 8), None);
    }

    #[test]
    fn a_hash_reads_back_and_another_format_does_not() {
        let hash = argon2id(b"password", b"somesaltsomesalt", COST).expect("a hash");
        let phc = format!(
            "$argon2id$v=19$m=19456,t=2,p=1${}${}",
            BASE64_NOPAD.encode(b"somesaltsomesalt"),
            BASE64_NOPAD.encode(&*hash)
        );
        let (cost, salt, read_hash) = read(&phc).expect("a hash");
        assert_eq!(
            (cost, salt.as_slice()),
            (COST, b"somesaltsomesalt".as_slice())
        );
        assert_eq!(read_hash, hash.to_vec());
        for other in [
            "",
            "$2b$10$abc",
            "$argon2i$v=19$m=1,t=1,p=1$YQ$YQ",
            "$argon2id$v=16$m=8,t=1,p=1$YQ$YQ",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
