//! What an expression may say, decided on its tokens before anything is compiled.

use super::{FILTERS, Refusal};

/// The most `+` and `~` of an expression: each can copy all that came before it.
const MOST_JOINTS: usize = 32;
/// The most brackets inside one another.
const MOST_DEEP: usize = 32;
/// Filters whose result is a number.
const NUMERIC: [&str; 8] = [
    "abs", "ceil", "default", "floor", "max", "min", "number", "round",
];

/// What was seen.
pub(super) struct Seen<'s> {
    /// It multiplies, so everything in it has to be a number.
    pub multiplies: bool,
    /// Variables that are used as they are, and not as the number that they can be read as.
    pub plain: Vec<&'s str>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Token<'s> {
    Text,
    Name(&'s str),
    Number,
    Sign(char),
}

/// Where the expression of a `{{` ends: the bytes before `}}`, strings left out of account.
pub(super) fn end_of_expression(source: &str) -> Option<usize> {
    let bytes = source.as_bytes();
    let mut at = 0;
    let mut braces = 0_usize;
    while at < bytes.len() {
        match bytes[at] {
            quote @ (b'"' | b'\'') => at = end_of_string(bytes, at, quote)?,
            b'{' => braces += 1,
            b'}' if braces > 0 => braces -= 1,
            b'}' if bytes.get(at + 1) == Some(&b'}') => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

fn end_of_string(bytes: &[u8], open: usize, quote: u8) -> Option<usize> {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            byte if byte == quote => return Some(at),
            _ => {}
        }
        at += 1;
    }
    None
}

/// Looks at an expression.
pub(super) fn look(source: &str) -> Result<Seen<'_>, Refusal> {
    let tokens = tokens(source)?;
    let mut depth = 0_usize;
    let mut joints = 0_usize;
    let mut multiplies = false;
    let mut other_than_numbers = None;
    let mut plain = Vec::new();
    for (n, (token, at)) in tokens.iter().enumerate() {
        let before = n.checked_sub(1).map(|n| tokens[n].0);
        let range = Some(*at..at + 1);
        match token {
            Token::Sign('(' | '[' | '{') => {
                depth += 1;
                if depth > MOST_DEEP {
                    return Err(Refusal::size("The brackets of an expression are too deep."));
                }
                if *token != Token::Sign('(') {
                    other_than_numbers = Some(*at);
                }
                let called = matches!(before, Some(Token::Name(name)) if !is_word(name));
                let filter = n
                    .checked_sub(2)
                    .is_some_and(|n| tokens[n].0 == Token::Sign('|'));
                let called = called || matches!(before, Some(Token::Sign(')' | ']') | Token::Text));
                if *token == Token::Sign('(') && called && !filter {
                    return Err(Refusal::syntax(
                        "There are no functions and no methods.",
                        range,
                    ));
                }
            }
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Sign('*') => {
                if before == Some(Token::Sign('*')) {
                    return Err(Refusal::syntax("There are no powers.", range));
                }
                multiplies = true;
            }
            Token::Sign('+') => joints += 1,
            Token::Sign('~') => {
                joints += 1;
                other_than_numbers = Some(*at);
            }
            Token::Sign(',') | Token::Text => other_than_numbers = Some(*at),
            Token::Name("is") => {
                return Err(Refusal::syntax(
                    "There are no tests; compare instead.",
                    range,
                ));
            }
            Token::Name(name) if before == Some(Token::Sign('|')) => {
                if !FILTERS.contains(name) {
                    let reason = format!("There is no filter {name}.");
                    return Err(Refusal::syntax(reason, Some(*at..at + name.len())));
                }
                if !NUMERIC.contains(name) {
                    other_than_numbers = Some(*at);
                }
            }
            Token::Name(name) if !is_word(name) && !read_as_number(&tokens[n + 1..]) => {
                plain.push(*name)
            }
            Token::Sign(_) | Token::Name(_) | Token::Number => {}
        }
    }
    if joints > MOST_JOINTS {
        return Err(Refusal::size("An expression has 32 signs + and ~ at most."));
    }
    match other_than_numbers {
        Some(at) if multiplies => {
            let reason = "Only numbers can be multiplied, and this is not one.";
            Err(Refusal::syntax(reason, Some(at..at + 1)))
        }
        _ => Ok(Seen { multiplies, plain }),
    }
}

/// Whether what follows on a variable is `|number`, or `|default(0)|number`.
fn read_as_number(rest: &[(Token<'_>, usize)]) -> bool {
    let tokens: Vec<Token<'_>> = rest.iter().take(7).map(|(token, _)| *token).collect();
    matches!(
        tokens.as_slice(),
        [Token::Sign('|'), Token::Name("number"), ..]
            | [
                Token::Sign('|'),
                Token::Name("default"),
                Token::Sign('('),
                Token::Number,
                Token::Sign(')'),
                Token::Sign('|'),
                Token::Name("number"),
            ]
    )
}

fn is_word(name: &str) -> bool {
    matches!(name, "and" | "or" | "not" | "in" | "if" | "else")
}

fn tokens(source: &str) -> Result<Vec<(Token<'_>, usize)>, Refusal> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let start = at;
        match bytes[at] {
            byte if byte.is_ascii_whitespace() => {}
            quote @ (b'"' | b'\'') => {
                at = end_of_string(bytes, at, quote).ok_or_else(|| {
                    Refusal::syntax("A text is not closed.", Some(start..bytes.len()))
                })?;
                tokens.push((Token::Text, start));
            }
            byte if byte.is_ascii_alphabetic() || byte == b'_' => {
                while bytes
                    .get(at + 1)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
                {
                    at += 1;
                }
                tokens.push((Token::Name(&source[start..=at]), start));
            }
            byte if byte.is_ascii_digit() => {
                while bytes
                    .get(at + 1)
                    .is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_' || *b == b'.')
                {
                    at += 1;
                }
                tokens.push((Token::Number, start));
            }
            byte if byte.is_ascii_punctuation() => {
                tokens.push((Token::Sign(char::from(byte)), start))
            }
            _ => {
                return Err(Refusal::syntax(
                    "This sign has no meaning here.",
                    Some(start..start + 1),
                ));
            }
        }
        at += 1;
    }
    Ok(tokens)
}
