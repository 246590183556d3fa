//! Codes that are mailed: eight digits, which somebody types.

use aws_lc_rs::constant_time;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::text::Fault;

/// The eight digits of a mail. What is none is no guess: it is refused before anything is read or
/// counted.
pub struct MailedCode(String);

impl MailedCode {
    /// Reads one; `None` when it is anything else.
    pub fn parse(text: String) -> Option<Self> {
        let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then_some(Self(text))
    }

    /// Whether it is the one that was mailed, in the same time whatever it is.
    pub fn is(&self, right: &str) -> bool {
        constant_time::verify_slices_are_equal(right.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

impl<'de> Deserialize<'de> for MailedCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let fault = || D::Error::custom(Fault::new("bad_code", "eight digits"));
        Self::parse(text).ok_or_else(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_eight_digits_are_a_guess() {
        let read = |text: &str| serde_json::from_value::<MailedCode>(serde_json::json!(text));
        assert_eq!(
            read("01234567").map(|code| code.0).ok().as_deref(),
            Some("01234567")
        );
        for bad in [
            "",
            "1234567",
            "123456789",
            "1234567a",
            " 1234567",
            "1234 567",
            "١٢٣٤",
            "+1234567",
        ] {
            let error = read(bad)
                .err()
                .map(|error| error.to_string())
                .unwrap_or_default();
            let fault = Fault::parse(&error).expect("a fault");
            assert_eq!(fault.code, "bad_code", "{bad}");
        }
        assert!(serde_json::from_str::<MailedCode>("12345678").is_err());
    }

    #[test]
    fn a_guess_is_right_when_all_of_it_is() {
        let guess = MailedCode::parse("01234567".to_owned()).expect("eight digits");
        assert!(guess.is("01234567"));
        assert!(!guess.is("01234568") && !guess.is("0123456") && !guess.is(""));
    }
}
