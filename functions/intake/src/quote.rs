//! What somebody wrote in a reply, without what it quotes.
//!
//! No program says where the quote begins, and each has a way of its own. What is recognised: the line of
//! ours that asks to write above it, the lines that mail programs put before the original, lines that begin
//! with `>` at the end, and who is said to have written them. What is not recognised stays: too much is
//! read sooner than too little.

use shared::{app::mail::ANSWER_ABOVE, domain::text::Text};

/// What mail programs write between dashes before the original, in lower case.
const ORIGINAL: [&str; 6] = [
    "original message",
    "forwarded message",
    "ursprüngliche nachricht",
    "message d'origine",
    "mensaje original",
    "messaggio originale",
];
/// How Outlook begins to tell of the original, and how it goes on.
const FROM: [&str; 4] = ["from:", "von:", "de :", "de:"];
const SENT: [&str; 6] = [
    "sent:",
    "date:",
    "gesendet:",
    "datum:",
    "envoyé :",
    "enviado:",
];
/// How many lines after the sender the date stands at most.
const HEADERS: usize = 3;
/// The shortest line of underscores that separates something.
const RULE: usize = 20;
/// How many lines the words take that say who wrote what is quoted.
const ATTRIBUTION: usize = 2;

/// A reply without its quote. A reply that is nothing else stays whole.
pub fn without_quote(text: &Text) -> Text {
    let lines: Vec<&str> = text.reveal().lines().collect();
    let begins = (0..lines.len()).find(|at| begins_original(&lines[*at..]));
    let above = lines
        .get(..begins.unwrap_or(lines.len()))
        .unwrap_or_default();
    let is_quote = |line: &&str| line.trim().is_empty() || line.trim_start().starts_with('>');
    let quoted = above.iter().rev().take_while(|line| is_quote(line));
    let mut kept = above.len() - quoted.count();
    if kept < lines.len() {
        let said = above.get(..kept).unwrap_or_default();
        let who = said.iter().rev().take_while(|line| !line.trim().is_empty());
        let who: Vec<&&str> = who.take(ATTRIBUTION).collect();
        if who
            .first()
            .is_some_and(|line| line.trim_end().ends_with(':'))
        {
            kept -= who.len();
        }
    }
    let own = above.get(..kept).unwrap_or_default().join("\n");
    Text::parse(own.trim()).unwrap_or_else(|_| text.clone())
}

/// Whether the original begins with the first of these lines.
fn begins_original(lines: &[&str]) -> bool {
    let Some(first) = lines.first() else {
        return false;
    };
    let bare = first.trim_start_matches(['>', ' ', '\t']).trim_end();
    if bare == ANSWER_ABOVE {
        return true;
    }
    let is_rule = bare.len() >= RULE && bare.bytes().all(|byte| byte == b'_');
    let words = bare
        .trim_matches(|c: char| c == '-' || c == ' ')
        .to_lowercase();
    let is_title = bare.starts_with("--") && ORIGINAL.contains(&words.as_str());
    is_rule || is_title || begins_headers(lines)
}

/// Whether these lines tell of a mail as its headers do: a sender, and soon after a date.
fn begins_headers(lines: &[&str]) -> bool {
    let says = |line: &str, words: &[&str]| {
        let line = line.trim_start_matches(['*', ' ']).to_lowercase();
        words.iter().any(|word| line.starts_with(word))
    };
    let mut lines = lines.iter();
    let sender = lines.next().is_some_and(|line| says(line, &FROM));
    sender && lines.take(HEADERS).any(|line| says(line, &SENT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> String {
        let text = Text::parse(text).expect("a text");
        without_quote(&text).reveal().to_owned()
    }

    #[test]
    fn a_reply_is_read_without_what_it_quotes() {
        let quoting = "Thank you!\n\nOn Monday, 3 May, Support\n<support@example.com> wrote:\n\n> Press\n>\n> the button";
        assert_eq!(read(quoting), "Thank you!");
        assert_eq!(read("Yes\n> really?\nYes"), "Yes\n> really?\nYes");
        assert_eq!(read("Note:\n\nPlease help"), "Note:\n\nPlease help");
        assert_eq!(read("> only\n> quoted"), "> only\n> quoted");
    }

    #[test]
    fn what_stands_below_our_own_line_is_no_answer_however_it_is_quoted() {
        for quoted in [
            format!("{ANSWER_ABOVE}\n\nHello,"),
            format!("> {ANSWER_ABOVE}\n>\n> Hello,"),
            format!("On Monday, Shop wrote:\n> > {ANSWER_ABOVE}\n\nHello,"),
            format!("Am Montag schrieb Shop\n<reply@example.com>:\n\n{ANSWER_ABOVE}\nHello,"),
        ] {
            assert_eq!(read(&format!("Fine.\n\nAda\n\n{quoted}")), "Fine.\n\nAda");
        }
        // Nothing above it: somebody who answers below is read too.
        let below = format!("> {ANSWER_ABOVE}\n> Hello\n\nFine.");
        assert!(read(&below).ends_with("Fine."));
    }

    #[test]
    fn the_originals_of_other_programs_are_left_out_and_words_like_them_stay() {
        for original in [
            "-----Original Message-----\nFrom: Shop",
            "-- Ursprüngliche Nachricht --\nHello",
            "________________________________\nFrom: Shop",
            "From: Shop <reply@example.com>\nSent: Monday\nTo: Ada\n\nHello",
            "*Von:* Shop\n*Gesendet:* Montag\n\nHallo",
        ] {
            assert_eq!(read(&format!("Fine.\n\n{original}")), "Fine.", "{original}");
        }
        for own in [
            "From: Berlin\nTo: Rome\n\nIs that right?",
            "--- really ---\nyes",
            "a_b",
        ] {
            assert_eq!(read(own), own);
        }
    }
}
