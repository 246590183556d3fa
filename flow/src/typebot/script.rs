//! The few shapes of JavaScript that "Set variable" mostly is, as expressions of ours. It is read,
//! never run: what is not one of these shapes is not translated.

use crate::nodes::Source;

/// What a script comes to.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Script {
    /// A value of ours.
    Value(Source),
    /// Something that only running it could tell.
    Unknown,
}

/// Tells the name of ours for a variable of theirs.
pub(super) type Named<'n> = &'n dyn Fn(&str) -> Option<String>;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Variable(String),
    Number(String),
    Text(String),
    Name(String),
    Sign(char),
}

/// What part of an expression is known to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Number,
    Text,
    /// A variable: either.
    Open,
}

struct Term {
    ours: String,
    kind: Kind,
}

/// The most tokens of a script that is looked at.
const MOST_TOKENS: usize = 200;
/// The most brackets inside one another.
const DEEP: usize = 16;

/// Reads a script. `template` is the text with the variables of ours, which an unknown word comes to.
pub(super) fn read(source: &str, template: &str, named: Named<'_>) -> Script {
    let source = source.trim();
    let source = source
        .strip_prefix("return")
        .filter(|rest| !rest.starts_with(char::is_alphanumeric))
        .unwrap_or(source);
    let source = source.trim().trim_end_matches(';').trim();
    if source.is_empty() {
        return Script::Value(Source::Clear {});
    }
    if let Ok(value) = serde_json::from_str::<serde_json::Value>(source)
        && !value.is_object()
    {
        return Script::Value(Source::Lit(value));
    }
    let Some(tokens) = tokens(source, named) else {
        return words(source, template);
    };
    if let [Token::Text(text)] = tokens.as_slice() {
        return Script::Value(Source::Lit(serde_json::Value::String(text.clone())));
    }
    let mut reader = Reader {
        tokens: &tokens,
        at: 0,
        deep: 0,
    };
    match reader.sum() {
        Some(term) if reader.at == tokens.len() => Script::Value(Source::Expr(term.ours)),
        _ => words(source, template),
    }
}

/// Words that are no script: Typebot falls back to them as they are.
fn words(source: &str, template: &str) -> Script {
    const CODE: [&str; 16] = [
        "=>", "function", "const ", "let ", "var ", "return ", "if (", "if(", "new ", "await ",
        "JSON.", ");", "(){", "() {", "${", "===",
    ];
    let calls = source.contains('(') && source.contains(')') && source.contains('.');
    let object = source.starts_with('{') && !source.starts_with("{{");
    let code = CODE.iter().any(|code| source.contains(code));
    if calls || code || object || source.starts_with(['[', '`']) {
        return Script::Unknown;
    }
    Script::Value(Source::Template(template.to_owned()))
}

fn tokens(source: &str, named: Named<'_>) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        if tokens.len() > MOST_TOKENS {
            return None;
        }
        let length = match first {
            c if c.is_whitespace() => c.len_utf8(),
            '{' => {
                let inner = rest.strip_prefix("{{")?;
                let end = inner.find("}}")?;
                tokens.push(Token::Variable(named(inner[..end].trim())?));
                end + 4
            }
            '"' | '\'' => {
                let inner = &rest[1..];
                let end = inner.find(first)?;
                let text = &inner[..end];
                // A place inside a text, or an escape, is more than a text.
                if text.contains("{{") || text.contains('\\') || text.contains('\n') {
                    return None;
                }
                tokens.push(Token::Text(text.to_owned()));
                end + 2
            }
            c if c.is_ascii_digit() => {
                let end = rest
                    .find(|c: char| !(c.is_ascii_digit() || c == '.'))
                    .unwrap_or(rest.len());
                rest[..end].parse::<f64>().ok()?;
                tokens.push(Token::Number(rest[..end].to_owned()));
                end
            }
            c if c.is_ascii_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len());
                tokens.push(Token::Name(rest[..end].to_owned()));
                end
            }
            c @ ('+' | '-' | '*' | '/' | '(' | ')' | '[' | ']' | '.' | ',') => {
                tokens.push(Token::Sign(c));
                1
            }
            _ => return None,
        };
        rest = &rest[length..];
    }
    Some(tokens)
}

struct Reader<'t> {
    tokens: &'t [Token],
    at: usize,
    deep: usize,
}

impl Reader<'_> {
    fn take(&mut self, sign: char) -> bool {
        let there = self.tokens.get(self.at) == Some(&Token::Sign(sign));
        self.at += usize::from(there);
        there
    }

    fn sum(&mut self) -> Option<Term> {
        let mut terms = vec![('+', self.product()?)];
        while let Some(Token::Sign(sign @ ('+' | '-'))) = self.tokens.get(self.at) {
            self.at += 1;
            terms.push((*sign, self.product()?));
        }
        if terms.len() == 1 {
            return terms.pop().map(|(_, term)| term);
        }
        // A text anywhere makes every plus a joint, as it does there; two variables alone are joined when
        // nothing says that they are numbers.
        let text = terms.iter().any(|(_, term)| term.kind == Kind::Text);
        let minus = terms.iter().any(|(sign, _)| *sign == '-');
        let numbers = minus || terms.iter().any(|(_, term)| term.kind == Kind::Number);
        if text || !numbers {
            if minus {
                return None;
            }
            let ours: Vec<String> = terms.into_iter().map(|(_, term)| joined(term)).collect();
            return Some(Term {
                ours: format!("({})", ours.join(" ~ ")),
                kind: Kind::Text,
            });
        }
        let mut ours = String::new();
        for (n, (sign, term)) in terms.into_iter().enumerate() {
            if n > 0 {
                ours.push_str(&format!(" {sign} "));
            }
            ours.push_str(&counted(term));
        }
        Some(Term {
            ours: format!("({ours})"),
            kind: Kind::Number,
        })
    }

    fn product(&mut self) -> Option<Term> {
        let first = self.factor()?;
        let mut ours = None;
        let mut first = Some(first);
        while let Some(Token::Sign(sign @ ('*' | '/'))) = self.tokens.get(self.at) {
            self.at += 1;
            let right = counted(self.factor()?);
            let left = match (ours.take(), first.take()) {
                (Some(ours), _) => ours,
                (None, Some(term)) => counted(term),
                (None, None) => return None,
            };
            ours = Some(format!("{left} {sign} {right}"));
        }
        match (ours, first) {
            (Some(ours), _) => Some(Term {
                ours,
                kind: Kind::Number,
            }),
            (None, first) => first,
        }
    }

    fn factor(&mut self) -> Option<Term> {
        self.deep += 1;
        if self.deep > DEEP {
            return None;
        }
        let token = self.tokens.get(self.at)?.clone();
        self.at += 1;
        let mut term = match token {
            Token::Number(number) => Term {
                ours: number,
                kind: Kind::Number,
            },
            Token::Text(text) => Term {
                ours: format!("'{}'", text.replace('\'', "\\'")),
                kind: Kind::Text,
            },
            Token::Variable(name) => Term {
                ours: name,
                kind: Kind::Open,
            },
            Token::Sign('-') => {
                let inner = self.factor()?;
                Term {
                    ours: format!("(0 - {})", counted(inner)),
                    kind: Kind::Number,
                }
            }
            Token::Sign('(') => {
                let inner = self.sum()?;
                if !self.take(')') {
                    return None;
                }
                inner
            }
            Token::Name(name) if name == "Math" => self.math()?,
            Token::Name(name) if name == "Number" || name == "parseInt" || name == "parseFloat" => {
                let inner = self.argument()?;
                Term {
                    ours: counted(inner),
                    kind: Kind::Number,
                }
            }
            Token::Name(name) if name == "String" => {
                let inner = self.argument()?;
                Term {
                    ours: joined(inner),
                    kind: Kind::Text,
                }
            }
            Token::Name(_) | Token::Sign(_) => return None,
        };
        while self.take('.') {
            term = self.method(term)?;
        }
        self.deep -= 1;
        Some(term)
    }

    fn argument(&mut self) -> Option<Term> {
        let open = self.take('(');
        let inner = self.sum()?;
        (open && self.take(')')).then_some(inner)
    }

    fn name(&mut self) -> Option<String> {
        match self.tokens.get(self.at)? {
            Token::Name(name) => {
                self.at += 1;
                Some(name.clone())
            }
            _ => None,
        }
    }

    fn math(&mut self) -> Option<Term> {
        let (true, function, true) = (self.take('.'), self.name()?, self.take('(')) else {
            return None;
        };
        let first = counted(self.sum()?);
        let ours = match function.as_str() {
            "round" | "floor" | "ceil" | "abs" => format!("({first})|{function}"),
            "min" | "max" => {
                let true = self.take(',') else { return None };
                format!("({first})|{function}({})", counted(self.sum()?))
            }
            _ => return None,
        };
        self.take(')').then_some(Term {
            ours: format!("({ours})"),
            kind: Kind::Number,
        })
    }

    fn method(&mut self, on: Term) -> Option<Term> {
        let name = self.name()?;
        if name == "length" {
            return Some(Term {
                ours: format!("({}|length)", on.ours),
                kind: Kind::Number,
            });
        }
        if !self.take('(') {
            return None;
        }
        let filter = match name.as_str() {
            "toUpperCase" => "upper",
            "toLowerCase" => "lower",
            "trim" => "trim",
            "toString" => "trim",
            "toFixed" => {
                let digits = match self.tokens.get(self.at) {
                    Some(Token::Number(digits)) => digits.clone(),
                    _ => "0".to_owned(),
                };
                self.at += usize::from(
                    digits != "0" || matches!(self.tokens.get(self.at), Some(Token::Number(_))),
                );
                let ours = format!("({}|round({digits}))", counted(on));
                return self.take(')').then_some(Term {
                    ours,
                    kind: Kind::Number,
                });
            }
            "split" => {
                let Some(Token::Text(between)) = self.tokens.get(self.at) else {
                    return None;
                };
                let ours = format!("({}|split('{}'))", on.ours, between.replace('\'', "\\'"));
                self.at += 1;
                if !(self.take(')') && self.take('[')) {
                    return None;
                }
                let Some(Token::Number(place)) = self.tokens.get(self.at) else {
                    return None;
                };
                let place: usize = place.parse().ok()?;
                self.at += 1;
                return self.take(']').then_some(Term {
                    ours: format!("{ours}[{place}]"),
                    kind: Kind::Text,
                });
            }
            _ => return None,
        };
        let ours = format!("({}|{filter})", on.ours);
        self.take(')').then_some(Term {
            ours,
            kind: Kind::Text,
        })
    }
}

/// A part as a number: what a variable holds is read as one, and nothing counts as 0.
fn counted(term: Term) -> String {
    match term.kind {
        Kind::Number => term.ours,
        Kind::Text => format!("{}|number", term.ours),
        Kind::Open => format!("{}|default(0)|number", term.ours),
    }
}

/// A part as a text: nothing is empty.
fn joined(term: Term) -> String {
    match term.kind {
        Kind::Number | Kind::Text => term.ours,
        Kind::Open => format!("{}|default('')", term.ours),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ours(source: &str) -> Script {
        let named = |name: &str| {
            ["a", "b", "Score"]
                .contains(&name)
                .then(|| name.to_lowercase())
        };
        read(source, source, &named)
    }

    #[test]
    fn known_shapes_become_expressions() {
        for (source, expression) in [
            ("{{Score}} + 1", "(score|default(0)|number + 1)"),
            (
                "return {{a}} * 2 - {{b}};",
                "(a|default(0)|number * 2 - b|default(0)|number)",
            ),
            ("{{a}} + {{b}}", "(a|default('') ~ b|default(''))"),
            ("\"Hi \" + {{a}} + '!'", "('Hi ' ~ a|default('') ~ '!')"),
            ("{{a}}.toUpperCase()", "(a|upper)"),
            ("{{a}}.split(\" \")[0]", "(a|split(' '))[0]"),
            ("Math.round({{a}} / 3)", "((a|default(0)|number / 3)|round)"),
            ("Math.max({{a}}, 10)", "((a|default(0)|number)|max(10))"),
            ("Number({{a}}) + 1", "(a|default(0)|number + 1)"),
        ] {
            assert_eq!(
                ours(source),
                Script::Value(Source::Expr(expression.to_owned())),
                "{source}"
            );
        }
    }

    #[test]
    fn literals_and_words_are_values() {
        assert_eq!(ours(""), Script::Value(Source::Clear {}));
        assert_eq!(ours("5"), Script::Value(Source::Lit(json!(5))));
        assert_eq!(ours("\"x\""), Script::Value(Source::Lit(json!("x"))));
        assert_eq!(ours("return ['a', 1]"), Script::Unknown);
        assert_eq!(
            ours("return [\"a\", 1]"),
            Script::Value(Source::Lit(json!(["a", 1])))
        );
        assert_eq!(
            ours("Promoter"),
            Script::Value(Source::Template("Promoter".to_owned()))
        );
        assert_eq!(
            ours("Hello {{a}}, you"),
            Script::Value(Source::Template("Hello {{a}}, you".to_owned()))
        );
        assert_eq!(ours("{{a}}"), Script::Value(Source::Expr("a".to_owned())));
    }

    #[test]
    fn everything_else_is_unknown_and_nothing_is_run() {
        for source in [
            "(() => { while (true) {} })()",
            "const x = 1; return x",
            "fetch('https://a.org').then(r => r.json())",
            "JSON.parse({{a}}).b",
            "{{a}}.map(x => x.y)",
            "new Date().toISOString()",
            "`${1}`",
            "{{a}} === 'x' ? 1 : 2",
        ] {
            assert_eq!(ours(source), Script::Unknown, "{source}");
        }
        let deep = format!("{}1{}", "(".repeat(10_000), ")".repeat(10_000));
        let _ = ours(&deep);
        let _ = ours(&"-".repeat(10_000));
    }
}
