//! Which events come to a function: the patterns of EventBridge's rules, and those that a stream is
//! filtered with. Both are written alike (AWS Lambda, "Filter rule syntax").

use serde_json::Value;

/// A pattern of the template: every field that it names has one of the values it lists, or begins as
/// `{"prefix": …}` says.
#[derive(Clone, Debug)]
pub struct Pattern(Value);

impl Pattern {
    /// A pattern that consists of what is understood here: fields, values and prefixes.
    ///
    /// # Errors
    /// What is not understood.
    pub fn new(pattern: Value) -> Result<Self, String> {
        understood(&pattern)?;
        Ok(Self(pattern))
    }

    /// Whether an event fits.
    #[must_use]
    pub fn fits(&self, event: &Value) -> bool {
        fits(&self.0, event)
    }
}

fn understood(pattern: &Value) -> Result<(), String> {
    match pattern {
        Value::Object(fields) => fields.values().try_for_each(understood),
        Value::Array(wanted) => wanted.iter().try_for_each(|wanted| match wanted {
            Value::Object(rule) if rule.len() == 1 && wanted["prefix"].is_string() => Ok(()),
            Value::Object(_) | Value::Array(_) => Err(wanted.to_string()),
            _ => Ok(()),
        }),
        other => Err(other.to_string()),
    }
}

fn fits(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(fields) => fields
            .iter()
            .all(|(name, wanted)| fits(wanted, &event[name])),
        Value::Array(wanted) => match event {
            Value::Array(values) => values.iter().any(|value| is_wanted(wanted, value)),
            value => is_wanted(wanted, value),
        },
        _ => false,
    }
}

fn is_wanted(wanted: &[Value], value: &Value) -> bool {
    let begins = |rule: &Value| {
        let prefix = rule["prefix"].as_str();
        prefix
            .zip(value.as_str())
            .is_some_and(|(prefix, text)| text.starts_with(prefix))
    };
    wanted.contains(value) || wanted.iter().any(begins)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pattern_wants_every_field_it_names() {
        let pattern = json!({ "source": ["aws.ses"], "detail": { "a": { "b": ["c"] } } });
        let pattern = Pattern::new(pattern).expect("a pattern");
        let good = json!({ "source": "aws.ses", "detail": { "a": { "b": ["x", "c"] } }, "x": 1 });
        assert!(pattern.fits(&good));
        for (path, value) in [("/source", json!("aws.s3")), ("/detail/a/b", json!(["d"]))] {
            let mut bad = good.clone();
            *bad.pointer_mut(path).expect("a place") = value;
            assert!(!pattern.fits(&bad), "{path}");
        }
        assert!(!pattern.fits(&json!({})));
    }

    #[test]
    fn a_prefix_fits_what_begins_so() {
        let pattern = Pattern::new(json!({ "pk": { "S": [{ "prefix": "SEAT#" }, "HEAD"] } }));
        let pattern = pattern.expect("a pattern");
        let key = |pk: &str| json!({ "pk": { "S": pk } });
        assert!(pattern.fits(&key("SEAT#platform#1")) && pattern.fits(&key("HEAD")));
        assert!(!pattern.fits(&key("SEATED#1")) && !pattern.fits(&key("HEAD#1")));
    }

    #[test]
    fn what_is_not_understood_is_refused_and_not_passed_over() {
        for pattern in [
            json!({ "a": [{ "suffix": "x" }] }),
            json!({ "a": [{ "prefix": "x", "exists": true }] }),
            json!({ "a": "x" }),
        ] {
            assert!(Pattern::new(pattern.clone()).is_err(), "{pattern}");
        }
    }
}
