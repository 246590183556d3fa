//! The second factor: what a code is, and what an answer to it does.
//!
//! Every answer, right or wrong, is a write on the version of the factor that was read. So one code
//! of the app counts once however many requests bring it together, and every wrong one is counted
//! before its sender hears of it.

use aws_lc_rs::{constant_time, rand};
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, de::Error as _};
use shared::{
    domain::{AccountId, Timestamp, text::Fault},
    http::{Code, Problem},
    store::{
        DataKey, KeyedHash, StoreError, TenantKey, Transaction,
        account::LoginSession,
        keys,
        notice::{Notice, NoticeKind},
        second_factor::{SEED_LENGTH, SecondFactor, Seed},
    },
};
use totp_rs::{Builder, Totp};

use crate::platform::{self, Platform};

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// Bytes of a recovery code: 120 bits, which nobody guesses, so a fast hash is enough to store
/// (ASVS 5.0, 6.5.2 asks for 112).
const RECOVERY_LENGTH: usize = 15;
/// Seconds that a code of the app is good, plus one step before and one after (RFC 6238, 5.2).
const STEP_SECONDS: u64 = 30;
/// What authenticator apps show beside the address.
const ISSUER: &str = "Sotto";

/// What somebody proves the second factor with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FactorCode {
    /// Six digits of the app.
    App(String),
    /// A recovery code, as it is hashed.
    Recovery(String),
}

impl FactorCode {
    /// Reads one; `None` when it is neither.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(Self::App(text.to_owned()));
        }
        if text.len() > 64 {
            return None;
        }
        let plain: String = text.chars().filter(|c| !matches!(c, '-' | ' ')).collect();
        let plain = plain.to_ascii_uppercase();
        let decoded = BASE32_NOPAD.decode(plain.as_bytes()).ok()?;
        (decoded.len() == RECOVERY_LENGTH).then_some(Self::Recovery(plain))
    }
}

/// What is neither is no guess: it is refused before anything is read or counted.
impl<'de> Deserialize<'de> for FactorCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fault = || Fault::new("bad_code", "six digits of the app, or a recovery code");
        Self::parse(&text).ok_or_else(|| D::Error::custom(fault()))
    }
}

impl FactorCode {
    /// The code as an account's factor is asked about it.
    pub fn presented(&self, tenant_key: &TenantKey, account: AccountId) -> Presented {
        match self {
            Self::App(digits) => Presented::App(digits.clone()),
            Self::Recovery(code) => {
                Presented::Recovery(SecondFactor::recovery_hash(tenant_key, account, code))
            }
        }
    }
}

/// A code that is put to a factor.
#[derive(Clone, Debug)]
pub enum Presented {
    /// Six digits of the app.
    App(String),
    /// A recovery code, hashed for the account.
    Recovery(KeyedHash),
}

/// What an answer does to the factor.
#[derive(Debug)]
pub enum Verdict {
    /// Right: this is the factor from now on.
    Right(SecondFactor),
    /// Wrong: so is this.
    Wrong(SecondFactor),
    /// Not looked at.
    Wait(Timestamp),
}

/// Looks at a code for a confirmed or a new factor at `now`.
pub fn judge(factor: &SecondFactor, code: &Presented, now: Timestamp) -> Verdict {
    let right = match code {
        Presented::App(digits) => {
            if let Some(until) = factor.waits_until(now) {
                return Verdict::Wait(until);
            }
            let step = app(&factor.seed).check(digits, seconds(now));
            step.filter(|step| *step > factor.last_step)
                .map(|step| SecondFactor {
                    last_step: step,
                    ..factor.clone()
                })
        }
        Presented::Recovery(hash) => {
            without(&factor.recovery_codes, hash).map(|recovery_codes| SecondFactor {
                recovery_codes,
                ..factor.clone()
            })
        }
    };
    match right {
        Some(factor) => Verdict::Right(SecondFactor {
            failures: 0,
            failed_at: None,
            ..factor
        }),
        None => Verdict::Wrong(SecondFactor {
            failures: factor.failures.saturating_add(1),
            failed_at: Some(now),
            ..factor.clone()
        }),
    }
}

/// The codes that are left after `used`; `None` when it is none of them.
fn without(codes: &[KeyedHash], used: &KeyedHash) -> Option<Vec<KeyedHash>> {
    let equal = |code: &KeyedHash| {
        constant_time::verify_slices_are_equal(code.as_bytes(), used.as_bytes()).is_ok()
    };
    let left: Vec<KeyedHash> = codes.iter().filter(|code| !equal(code)).copied().collect();
    (left.len() < codes.len()).then_some(left)
}

const fn seconds(now: Timestamp) -> u64 {
    now.seconds().unsigned_abs()
}

/// SHA-1, six digits, thirty seconds, one step of skew: what every authenticator app can do.
fn app(seed: &Seed) -> Totp {
    Builder::new()
        .with_secret(*seed.bits())
        .with_step_duration(STEP_SECONDS)
        .with_skew(1)
        .build_noncompliant()
}

/// A new seed.
pub fn new_seed() -> Result<Seed, Problem> {
    let mut bits = [0; SEED_LENGTH];
    rand::fill(&mut bits).map_err(|_| StoreError::Random)?;
    Ok(Seed::new(bits))
}

/// The seed as apps take it when it is typed.
pub fn written(seed: &Seed) -> String {
    BASE32_NOPAD.encode(seed.bits())
}

/// The link that apps read from a QR code (Key URI format).
pub fn uri(seed: &Seed, address: &str) -> String {
    let label: String = address.bytes().map(escaped).collect();
    format!(
        "otpauth://totp/{ISSUER}:{label}?secret={}&issuer={ISSUER}&algorithm=SHA1&digits=6&period={STEP_SECONDS}",
        written(seed)
    )
}

fn escaped(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(byte).to_string()
        }
        _ => format!("%{byte:02X}"),
    }
}

/// New recovery codes, as they are shown and as they are stored.
pub fn new_recovery_codes(
    tenant_key: &TenantKey,
    account: AccountId,
) -> Result<(Vec<String>, Vec<KeyedHash>), Problem> {
    let mut shown = Vec::with_capacity(RECOVERY_CODES);
    let mut stored = Vec::with_capacity(RECOVERY_CODES);
    for _ in 0..RECOVERY_CODES {
        let mut bits = [0; RECOVERY_LENGTH];
        rand::fill(&mut bits).map_err(|_| StoreError::Random)?;
        let code = BASE32_NOPAD.encode(&bits);
        stored.push(SecondFactor::recovery_hash(tenant_key, account, &code));
        shown.push(grouped(&code));
    }
    Ok((shown, stored))
}

/// Four by four, as people copy it.
fn grouped(code: &str) -> String {
    let lower = code.to_ascii_lowercase();
    let groups: Vec<&str> = lower
        .as_bytes()
        .chunks(4)
        .filter_map(|group| std::str::from_utf8(group).ok())
        .collect();
    groups.join("-")
}

/// What reading an account with its second factor takes.
pub fn wanted(account: AccountId) -> Vec<shared::store::Key> {
    let mut wanted = vec![keys::second_factor(account)];
    wanted.extend(platform::root(&keys::account(account)));
    wanted
}

/// The second factor out of a batch that asked for [`wanted`], with the key that seals it.
pub fn of(read: &Platform, account: AccountId) -> Result<(Option<SecondFactor>, DataKey), Problem> {
    let gone = || Problem::new(Code::TokenInvalid);
    let key = read.key_of(&keys::account(account))?.ok_or_else(gone)?;
    let factor = read.sealed::<SecondFactor>(&keys::second_factor(account), &key)?;
    Ok((factor, key))
}

/// The confirmed factor, for a session that has proved it.
///
/// # Errors
/// 404 when there is none; 403 `step_up_required` when the session is older than the factor.
pub fn proved(
    found: Option<SecondFactor>,
    session: &LoginSession,
) -> Result<SecondFactor, Problem> {
    let factor = found
        .filter(|factor| factor.is_active())
        .ok_or_else(Problem::not_found)?;
    match session.second_factor_at {
        Some(_) => Ok(factor),
        None => Err(Problem::new(Code::StepUpRequired)),
    }
}

/// Tells an account when a recovery code took the place of its app.
pub fn tell_of_recovery(
    transaction: &mut Transaction,
    code: &FactorCode,
    account: AccountId,
    now: Timestamp,
) -> Result<(), Problem> {
    if matches!(code, FactorCode::Recovery(_)) {
        transaction.notify(Notice::new(account, NoticeKind::RecoveryCodeUsed, now))?;
    }
    Ok(())
}

/// The answer while wrong codes in a row are paid for.
pub fn wait(until: Timestamp, now: Timestamp) -> Problem {
    let seconds = (until.ms().saturating_sub(now.ms()) + 999) / 1000;
    Problem::new(Code::RateLimited).with_detail(format!("try again in {seconds} seconds"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(59_000);

    fn factor() -> SecondFactor {
        SecondFactor {
            account: AccountId::new(NOW),
            // RFC 6238, appendix B.
            seed: Seed::new(*b"12345678901234567890"),
            confirmed_at: Some(NOW),
            last_step: 0,
            failures: 3,
            failed_at: Some(NOW),
            recovery_codes: Vec::new(),
            created_at: NOW,
            rev: 1,
        }
    }

    fn digits(code: &str) -> Presented {
        Presented::App(code.to_owned())
    }

    // RFC 6238, appendix B: the last six of its eight digits.
    #[test]
    fn a_code_of_the_rfc_is_right_once_one_step_early_or_late_and_no_more() {
        for (at, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (20_000_000_000, "353130"),
        ] {
            for (offset, right) in [
                (-61, false),
                (-29, true),
                (0, true),
                (30, true),
                (61, false),
            ] {
                // There is no step before the first one.
                if at + offset < 0 {
                    continue;
                }
                let now = Timestamp::from_ms((at + offset) * 1000);
                let verdict = judge(&factor(), &digits(code), now);
                match verdict {
                    Verdict::Right(next) => {
                        assert!(right, "{at} {offset}");
                        assert_eq!((next.failures, next.failed_at), (0, None));
                        let again = judge(&next, &digits(code), now);
                        assert!(matches!(again, Verdict::Wrong(_)), "a step was replayed");
                    }
                    Verdict::Wrong(next) => {
                        assert!(!right, "{at} {offset}");
                        assert_eq!((next.failures, next.failed_at), (4, Some(now)));
                    }
                    Verdict::Wait(_) => panic!("nothing to wait for"),
                }
            }
        }
    }

    #[test]
    fn a_recovery_code_is_good_once_even_while_the_app_has_to_wait() {
        let hash = |byte| KeyedHash::from_code([byte; 32]);
        let mut factor = factor();
        factor.recovery_codes = (0..10).map(hash).collect();
        factor.failures = 50;
        let wait = judge(&factor, &digits("000000"), NOW);
        assert!(matches!(wait, Verdict::Wait(_)));
        let code = Presented::Recovery(hash(3));
        let Verdict::Right(next) = judge(&factor, &code, NOW) else {
            panic!("a right code")
        };
        assert_eq!((next.recovery_codes.len(), next.failures), (9, 0));
        for code in [code, Presented::Recovery(hash(10))] {
            assert!(matches!(judge(&next, &code, NOW), Verdict::Wrong(_)));
        }
    }

    #[test]
    fn a_recovery_code_reads_back_as_it_was_shown_however_it_is_typed() {
        let code = BASE32_NOPAD.encode(&[7; RECOVERY_LENGTH]);
        let shown = grouped(&code);
        assert_eq!(shown, "a4dq-obyh-a4dq-obyh-a4dq-obyh");
        for typed in [shown.clone(), shown.to_uppercase(), shown.replace('-', " ")] {
            let read = FactorCode::parse(&typed);
            assert_eq!(read, Some(FactorCode::Recovery(code.clone())), "{typed}");
        }
    }

    #[test]
    fn what_is_no_code_is_no_guess() {
        for bad in [
            "",
            "12345",
            "1234567",
            "+12345",
            "١٢٣٤٥٦",
            "aaaa-bbbb",
            "a",
            &"a".repeat(200),
        ] {
            assert_eq!(FactorCode::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_link_names_product_and_address_and_lets_no_address_add_parameters() {
        let link = uri(&factor().seed, "ada+x&secret=a@example.com");
        assert_eq!(
            link,
            "otpauth://totp/Sotto:ada%2Bx%26secret%3Da%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Sotto&algorithm=SHA1&digits=6&period=30"
        );
    }
}
