//! Whether a password is one of those that everybody tries first. Nothing is asked of anybody: the
//! list is our own and short, and the rules know how people stretch a common word.
//!
//! What is left of a password when its common parts are taken out says how much there is to guess:
//! a common word counts as two characters, a row of keys, a run of digits or a repetition as one,
//! and everything else as itself. Fewer than eight is too few.

/// Words that passwords are made of, lower case, one a line.
const WORDS: &str = include_str!("common_words.txt");
/// Rows of keys and of the alphabet, forwards; three characters of one are a row.
const ROWS: [&str; 9] = [
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
    "yxcvbnm",
    "azertyuiop",
    "qsdfghjklm",
    "wxcvbn",
];
/// Columns of keys that are typed downwards.
const COLUMNS: [&str; 4] = ["1qaz", "2wsx", "3edc", "4rfv"];
/// What a password has to be worth.
const ENOUGH: usize = 8;
/// What a common word is worth.
const WORTH_OF_WORD: usize = 2;

/// Words that are common only for this account.
#[derive(Debug)]
pub struct Context(Vec<String>);

impl Context {
    /// The parts of an address.
    pub fn of(address: &str) -> Self {
        let parts = address.split(|c: char| !c.is_alphanumeric());
        let words = parts.filter(|part| part.chars().count() >= 3);
        Self(words.map(str::to_lowercase).collect())
    }
}

/// Whether a password is too common.
pub fn is_common(password: &str, context: &Context) -> bool {
    let lower: Vec<char> = password.to_lowercase().chars().collect();
    let plain: Vec<char> = lower.iter().copied().map(plain).collect();
    let mut words: Vec<Vec<char>> = WORDS
        .lines()
        .chain(context.0.iter().map(String::as_str))
        .filter(|word| !word.is_empty())
        .map(|word| word.chars().collect())
        .collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    worth(&lower, &plain, &words) < ENOUGH
}

/// The letter that a digit or a sign stands for.
const fn plain(c: char) -> char {
    match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    }
}

/// What is left of a password.
fn worth(lower: &[char], plain: &[char], words: &[Vec<char>]) -> usize {
    let (mut at, mut worth) = (0, 0);
    let mut seen: Vec<&[char]> = Vec::new();
    while at < lower.len() {
        let (length, kind) = part(&lower[at..], &plain[at..], words);
        let text = &plain[at..at + length];
        // The same again is nothing new.
        let again = length > 1 && seen.contains(&text);
        worth += match kind {
            Part::Nothing => 0,
            _ if again => 1,
            Part::Word => WORTH_OF_WORD,
            Part::Row | Part::Letter => 1,
        };
        seen.push(text);
        at += length;
    }
    // A few characters over and over are worth no more than those.
    let mut distinct = plain.to_vec();
    distinct.sort_unstable();
    distinct.dedup();
    worth.min(distinct.len() * 2)
}

enum Part {
    /// A blank or a sign between others.
    Nothing,
    /// A common word.
    Word,
    /// A row of keys, a run of digits, a repetition.
    Row,
    /// Anything else, one character.
    Letter,
}

/// The longest common part that a text begins with.
fn part(lower: &[char], plain: &[char], words: &[Vec<char>]) -> (usize, Part) {
    let begins = |word: &&Vec<char>| plain.starts_with(word) || lower.starts_with(word);
    let word = words.iter().find(begins).map_or(0, Vec::len);
    let run = [row(lower), repetition(lower), digits(lower)];
    let run = run.into_iter().max().unwrap_or(0);
    match (word, run) {
        (0, 0) if lower.first().is_some_and(|c| !c.is_alphanumeric()) => (1, Part::Nothing),
        (0, 0) => (1, Part::Letter),
        (word, run) if word >= run => (word, Part::Word),
        (_, run) => (run, Part::Row),
    }
}

/// The length of a row of keys at the beginning, either way; 0 when it is shorter than three.
fn row(text: &[char]) -> usize {
    let longest = ROWS.iter().chain(&COLUMNS).map(|row| {
        let forwards: Vec<char> = row.chars().collect();
        let backwards: Vec<char> = row.chars().rev().collect();
        along(text, &forwards).max(along(text, &backwards))
    });
    longest.max().filter(|length| *length >= 3).unwrap_or(0)
}

/// How long a text follows a row from wherever its first character stands.
fn along(text: &[char], row: &[char]) -> usize {
    let Some(start) = text
        .first()
        .and_then(|first| row.iter().position(|c| c == first))
    else {
        return 0;
    };
    let pairs = text.iter().zip(&row[start..]);
    pairs.take_while(|(a, b)| a == b).count()
}

/// The length of one character three times or more; otherwise 0.
fn repetition(text: &[char]) -> usize {
    let first = text.first();
    let length = text.iter().take_while(|c| Some(*c) == first).count();
    if length >= 3 { length } else { 0 }
}

/// The length of two to four digits, or of ones that count up or down: a year, a date, a count.
fn digits(text: &[char]) -> usize {
    let all: Vec<u32> = text.iter().map_while(|c| c.to_digit(10)).collect();
    let counted = |step: i64| {
        let follows =
            |pair: &&[u32]| i64::from(pair[1]) == (i64::from(pair[0]) + step).rem_euclid(10);
        all.windows(2).take_while(follows).count() + 1
    };
    let length = counted(1).max(counted(-1));
    match all.len() {
        0 | 1 => 0,
        _ if length >= 3 => length,
        length => length.min(4),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn common(password: &str) -> bool {
        is_common(password, &Context::of("ada.lovelace@analytical.example"))
    }

    #[test]
    fn common_words_however_they_are_stretched_are_common() {
        for password in [
            "password",
            "Password123456789",
            "P@ssw0rdP@ssw0rd!",
            "passwordpasswordpassword",
            "qwertyuiopasdfghjkl",
            "QWERTZuiop12345678",
            "1qaz2wsx3edc4rfv",
            "123456789012345",
            "987654321987654321",
            "aaaaaaaaaaaaaaaa",
            "abababababababab",
            "abcabcabcabcabcabc",
            "letmein-letmein-2026",
            "iloveyou iloveyou",
            "Welcome2Sotto2026!",
            "sottosottosotto1",
            "ada.lovelace.2026",
            "Analytical-Lovelace!",
            "Sommer2026Sommer2026",
        ] {
            assert!(common(password), "{password} was accepted");
        }
    }

    #[test]
    fn words_that_nobody_tries_first_and_chance_are_not() {
        for password in [
            "vexing umbrella 9",
            "correct horse battery staple",
            "kj3-Wq9z-mm4T-xx0p",
            "der Zug um halb elf",
            "Zwölf Boxkämpfer jagen",
            "\u{5bc6}\u{7801}\u{6bd4}\u{8f83}\u{957f}\u{7684}\u{53e5}\u{5b50}\u{4e5f}\u{53ef}\u{4ee5}\u{7528}\u{6765}\u{767b}\u{5f55}",
        ] {
            assert!(!common(password), "{password} was refused");
        }
    }

    #[test]
    fn the_list_is_lower_case_without_doubles_and_its_own_words_are_common() {
        let mut words: Vec<&str> = WORDS.lines().collect();
        assert!(words.len() > 200);
        for word in &words {
            assert!(
                word.chars().count() >= 3 && *word == word.to_lowercase(),
                "{word}"
            );
            assert!(common(&format!("{word}123")), "{word}");
        }
        words.sort_unstable();
        let count = words.len();
        words.dedup();
        assert_eq!(words.len(), count);
    }
}
