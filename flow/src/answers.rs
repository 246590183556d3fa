//! What people type, read by kind. Numbers are read without regard to a locale.

use http::Uri;
use jiff::Timestamp;
use jiff::civil::{Date, Time};
use serde_json::Number;

use crate::variables::tidy;

/// A number: digits with an optional sign and fraction.
pub fn number(text: &str) -> Option<Number> {
    let text = text.trim();
    let plain = |c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+');
    if text.is_empty() || text.len() > 40 || !text.chars().all(plain) {
        return None;
    }
    if let Ok(whole) = text.parse::<i64>()
        && whole.unsigned_abs() <= 1 << 53
    {
        return Some(Number::from(whole));
    }
    Number::from_f64(text.parse::<f64>().ok()?).map(tidy)
}

/// A day: `2026-11-22`.
pub fn date(text: &str) -> Option<String> {
    let day: Date = text.trim().get(..10)?.parse().ok()?;
    (text.trim().len() == 10).then(|| day.to_string())
}

/// A time of day, to the minute: `09:30`, `9:30`.
pub fn time(text: &str) -> Option<String> {
    let text = text.trim();
    let padded = if text.find(':') == Some(1) {
        format!("0{text}")
    } else {
        text.to_owned()
    };
    if !(padded.len() == 5 || padded.len() == 8) {
        return None;
    }
    let time: Time = padded.parse().ok()?;
    Some(format!("{:02}:{:02}", time.hour(), time.minute()))
}

/// A moment, as UTC.
pub fn datetime(text: &str) -> Option<String> {
    let moment: Timestamp = text.trim().parse().ok()?;
    Some(moment.to_string())
}

/// An address of mail, as far as its shape says.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim();
    let (local, domain) = text.rsplit_once('@')?;
    let good_local = !local.is_empty()
        && local.len() <= 64
        && local
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !"@,;:<>()[]\"\\".contains(c));
    (text.len() <= 254 && good_local && is_domain(domain)).then(|| text.to_owned())
}

fn is_domain(domain: &str) -> bool {
    let good = |label: &str| {
        let inner = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        !label.is_empty()
            && label.len() <= 63
            && inner
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.contains('.') && domain.split('.').all(good)
}

/// A telephone number: six to fifteen digits, an optional plus, and what people put between them.
pub fn phone(text: &str) -> Option<String> {
    let text = text.trim();
    let mut kept = String::new();
    for (at, c) in text.chars().enumerate() {
        match c {
            '+' if at == 0 => kept.push(c),
            '0'..='9' => kept.push(c),
            ' ' | '-' | '(' | ')' | '.' | '/' => {}
            _ => return None,
        }
    }
    let digits = kept.trim_start_matches('+').len();
    (6..=15).contains(&digits).then_some(kept)
}

/// An address of the web; `https://` is put before one that names no scheme.
pub fn url(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() || text.len() > 2_000 {
        return None;
    }
    let full = if text.contains("://") {
        text.to_owned()
    } else {
        format!("https://{text}")
    };
    let uri: Uri = full.parse().ok()?;
    let web = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority()?;
    let named = uri.host().is_some_and(is_domain) && !authority.as_str().contains('@');
    (web && named).then_some(full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_without_a_locale() {
        for (text, read) in [
            ("42", "42"),
            (" -3.50 ", "-3.5"),
            ("007", "7"),
            ("5.0", "5"),
        ] {
            assert_eq!(number(text).map(|n| n.to_string()).as_deref(), Some(read));
        }
        for text in ["", "1,5", "1e9", "0x10", "NaN", "inf", "--1", "1 000", "١"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn answers_are_read_by_their_kind_or_not_at_all() {
        assert_eq!(
            email(" ada@example.org ").as_deref(),
            Some("ada@example.org")
        );
        for text in [
            "ada",
            "ada@",
            "@b.org",
            "a b@c.org",
            "a@b",
            "a@-b.org",
            "a@b..org",
        ] {
            assert_eq!(email(text), None, "{text}");
        }
        assert_eq!(phone("+49 (30) 123-456").as_deref(), Some("+4930123456"));
        for text in ["12345", "1+2345678", "call me", "1234567890123456"] {
            assert_eq!(phone(text), None, "{text}");
        }
        assert_eq!(
            url("example.org/a?b=1").as_deref(),
            Some("https://example.org/a?b=1")
        );
        for text in [
            "javascript://example.org",
            "ftp://a.org",
            "https://a@b.org",
            "nothing",
        ] {
            assert_eq!(url(text), None, "{text}");
        }
        assert_eq!(date("2026-02-28").as_deref(), Some("2026-02-28"));
        assert_eq!(date("2026-02-30"), None);
        assert_eq!(date("2026-02-28T00:00"), None);
        assert_eq!(time("9:05").as_deref(), Some("09:05"));
        assert_eq!(time("24:01"), None);
        assert_eq!(
            datetime("2026-11-22T10:00:00+01:00").as_deref(),
            Some("2026-11-22T09:00:00Z")
        );
    }
}
