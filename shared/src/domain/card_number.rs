//! Numbers of payment cards in texts that people write: taken out before anybody stores or logs them
//! (CALL-12, FLOW-12).
//!
//! A number of a card is 13 to 19 digits whose last one fits the others (ISO/IEC 7812-1, the formula of
//! Luhn) and whose first one is that of a card (2 to 6). People write it in groups, with spaces, hyphens or
//! dots, and in other digits than ASCII's. One of ten other numbers of that length fits too, an order's say:
//! it loses its beginning, which is the price of keeping no card.

/// The fewest and the most digits of a card.
const DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// The most digits of a number of a telephone with its country (ITU-T E.164).
const PHONE_DIGITS: usize = 15;
/// How many digits stay, as on a receipt.
const SHOWN: usize = 4;
/// The most signs between two groups of one number.
const MOST_BETWEEN: usize = 2;
/// What stands in the place of a digit.
const BLOT: char = '\u{2022}';
/// The zeros of the scripts whose digits people type besides ASCII's: Arabic-Indic, Persian, Devanagari,
/// fullwidth.
const ZEROS: [char; 4] = ['\u{660}', '\u{6f0}', '\u{966}', '\u{ff10}'];

/// A digit of a text and where it stands.
struct Digit {
    at: usize,
    value: u32,
    /// Whether no digit stands right before it.
    opens: bool,
    /// Whether no digit stands right after it.
    closes: bool,
    /// Whether it goes on with the number that the digit before it belongs to.
    joined: bool,
    /// Whether a plus sign stands right before it.
    dialled: bool,
}

/// The text with every number of a card in it masked but for its last four digits. It has as many
/// characters as before.
pub fn masked(text: String) -> String {
    let digits = digits(&text);
    let mut hidden = vec![];
    let mut from = 0;
    while from < digits.len() {
        match card_at(&digits[from..]) {
            Some(length) => {
                let number = &digits[from..from + length - SHOWN];
                hidden.extend(number.iter().map(|digit| digit.at));
                from += length;
            }
            None => from += 1,
        }
    }
    if hidden.is_empty() {
        return text;
    }
    let mut hidden = hidden.into_iter().peekable();
    let hide = |(at, char): (usize, char)| match hidden.next_if_eq(&at) {
        Some(_) => BLOT,
        None => char,
    };
    text.char_indices().map(hide).collect()
}

/// The digits of a text; none where there are too few for a card.
fn digits(text: &str) -> Vec<Digit> {
    let few = |text: &str| {
        let many = text.chars().filter(|char| value(*char).is_some());
        many.take(*DIGITS.start()).count() < *DIGITS.start()
    };
    if few(text) {
        return Vec::new();
    }
    let mut found: Vec<Digit> = Vec::new();
    let (mut between, mut dialled, mut joins) = (MOST_BETWEEN + 1, false, false);
    for (at, char) in text.char_indices() {
        let Some(value) = value(char) else {
            joins = (between == 0 || joins) && is_separator(char) && between < MOST_BETWEEN;
            between += 1;
            dialled = char == '+';
            continue;
        };
        let opens = between > 0;
        if let Some(last) = found.last_mut().filter(|_| opens) {
            last.closes = true;
        }
        found.push(Digit {
            at,
            value,
            opens,
            closes: false,
            joined: !opens || joins,
            dialled: opens && dialled,
        });
        (between, dialled, joins) = (0, false, false);
    }
    if let Some(last) = found.last_mut() {
        last.closes = true;
    }
    found
}

fn value(char: char) -> Option<u32> {
    char.to_digit(10).or_else(|| {
        let from = |zero: &char| u32::from(char).checked_sub(u32::from(*zero));
        let mut values = ZEROS.iter().filter_map(from);
        values.find(|value| *value < 10)
    })
}

const fn is_separator(char: char) -> bool {
    matches!(
        char,
        ' ' | '-' | '.' | '/' | '_' | '\t' | '\n' | '\r' | '\u{a0}' | '\u{2000}'
            ..='\u{2014}' | '\u{202f}'
    )
}

/// How many of the first digits are the number of a card: whole groups, the longest that fits.
fn card_at(digits: &[Digit]) -> Option<usize> {
    let first = digits.first()?;
    if !first.opens || !(2..=6).contains(&first.value) {
        return None;
    }
    let joined = digits.iter().skip(1).take_while(|digit| digit.joined);
    let most = (1 + joined.count()).min(*DIGITS.end());
    let fits = |length: &usize| {
        let number = &digits[..*length];
        number.last().is_some_and(|last| last.closes)
            && !(first.dialled && *length <= PHONE_DIGITS)
            && luhn(number.iter().map(|digit| digit.value))
    };
    (*DIGITS.start()..=most).rev().find(fits)
}

/// The formula of Luhn: every second digit from the right is doubled, and all add up to tens.
fn luhn(digits: impl DoubleEndedIterator<Item = u32>) -> bool {
    let doubled = |(place, digit): (usize, u32)| match (place % 2, digit * 2) {
        (0, _) => digit,
        (_, twice) if twice > 9 => twice - 9,
        (_, twice) => twice,
    };
    digits.rev().enumerate().map(doubled).sum::<u32>() % 10 == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn mask(text: &str) -> String {
        masked(text.to_owned())
    }

    /// CALL-12, FLOW-12
    #[test]
    fn the_numbers_of_the_schemes_lose_all_but_their_last_four_digits() {
        for number in [
            "4242424242424242",
            "4000056655665556",
            "5555555555554444",
            "2223003122003222",
            "378282246310005",
            "6011111111111117",
            "3056930009020004",
            "36227206271667",
            "3566002020360505",
            "6200000000000005",
            "6205500000000000004",
            "4222222222222",
        ] {
            let text = format!("my card is {number}, thanks");
            let shown = &number[number.len() - 4..];
            let blots = "\u{2022}".repeat(number.len() - 4);
            assert_eq!(mask(&text), format!("my card is {blots}{shown}, thanks"));
        }
    }

    #[test]
    fn groups_other_digits_and_what_stands_around_them_hide_nothing() {
        for (text, masked) in [
            ("4242 4242 4242 4242", "•••• •••• •••• 4242"),
            ("4242-4242-4242-4242", "••••-••••-••••-4242"),
            ("3782 822463 10005", "•••• •••••• •0005"),
            ("4242\n4242\n4242\n4242", "••••\n••••\n••••\n4242"),
            (
                "12/30 4242 4242 4242 4242 123",
                "12/30 •••• •••• •••• 4242 123",
            ),
            ("card:4242424242424242x", "card:••••••••••••4242x"),
            ("+4242424242424242", "+••••••••••••4242"),
            ("４２４２４２４２４２４２４２４２", "••••••••••••４２４２"),
            ("٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢", "••••••••••••٤٢٤٢"),
        ] {
            assert_eq!(mask(text), masked, "{text}");
        }
    }

    #[test]
    fn what_is_no_card_stays_as_it_is() {
        for text in [
            "",
            "Where is my parcel?",
            "4242424242424241",
            "order 1234567890123",
            "+4915112345679 or 030 1234567",
            "2026-01-15T12:00:00.000Z",
            "42424242424242424242",
            "4242 4242 and then 4242 4242",
            "ws_01kf0a1b2c3d4e5f6g7h8j9k0m",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    fn completed(mut digits: Vec<u32>) -> Vec<u32> {
        let check = (0..10).find(|last| luhn(digits.iter().copied().chain([*last])));
        digits.extend(check);
        digits
    }

    proptest! {
        #[test]
        fn no_number_of_a_card_is_in_a_masked_text(
            first in 2u32..=6, rest in proptest::collection::vec(0u32..10, 11..=17),
            before in "[a-z ,:]{0,9}", after in "[a-z ,:]{0,9}", group in 1usize..20,
        ) {
            let number = completed([vec![first], rest].concat());
            let mut written = String::new();
            for (place, digit) in number.iter().enumerate() {
                if place > 0 && place % group == 0 {
                    written.push(' ');
                }
                written.push_str(&digit.to_string());
            }
            let text = format!("{before}{written}{after}");
            let masked = mask(&text);
            prop_assert_eq!(masked.chars().count(), text.chars().count());
            prop_assert!(masked.chars().filter(char::is_ascii_digit).count() <= SHOWN, "{}", masked);
        }

        #[test]
        fn masking_twice_is_masking_once_and_no_text_is_too_much(text in ".{0,80}|[0-9 .-]{0,80}") {
            let once = mask(&text);
            prop_assert_eq!(&mask(&once), &once);
            prop_assert_eq!(once.chars().count(), text.chars().count());
        }
    }
}
