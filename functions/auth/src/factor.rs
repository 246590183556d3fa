//! The second factor: what a code is, and what an answer to it does.
//!
//! Every answer, right or wrong, is a write on the version of the factor that was read. So one code
//! of the app counts once however many requests bring it together, and every wrong one is counted
//! before its sender hears of it.

use aws_lc_rs::constant_time;
use data_encoding::BASE32_NOPAD;
use serde::{Deserialize, Deserializer, de::Error as _};
use shared::{
    domain::{AccountId, Timestamp, text::Fault},
    http::{Code, Problem, second_factor::RECOVERY_LENGTH},
    store::{
        KeyedHash, TenantKey, Transaction,
        notice::{Notice, NoticeKind},
        second_factor::{SecondFactor, Seed},
    },
};
use totp_rs::{Builder, Totp};

pub use shared::http::second_factor::{new_recovery_codes, of, proved, wanted};

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

/// Looks at a code at `now`. A code of an app counts where one was confirmed.
pub fn judge(factor: &SecondFactor, code: &Presented, now: Timestamp) -> Verdict {
    let right = match code {
        Presented::App(digits) => {
            if let Some(until) = factor.waits_until(now) {
                return Verdict::Wait(until);
            }
            let step = app(&factor.seed).check(digits, seconds(now));
            let step = step.filter(|_| factor.has_app());
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
        Some(factor) => Verdict::Right(factor.proved()),
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
    use shared::http::second_factor::grouped;

    use super::*;

    const NOW: Timestamp = Timestamp::from_ms(59_000);

    fn factor() -> SecondFactor {
        // RFC 6238, appendix B.
        let seed = Seed::new(*b"12345678901234567890");
        SecondFactor {
            confirmed_at: Some(NOW),
            failures: 3,
            failed_at: Some(NOW),
            ..SecondFactor::new(AccountId::new(NOW), seed, NOW)
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
    fn a_code_of_an_app_that_was_not_confirmed_is_wrong_beside_passkeys_too() {
        let factor = SecondFactor {
            confirmed_at: None,
            ..factor()
        };
        let verdict = judge(&factor, &digits("287082"), NOW);
        assert!(matches!(verdict, Verdict::Wrong(_)));
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
