//! The OpenAPI document as a page that people would rather look at than read.

use std::fmt::Write as _;

use serde_json::Value;
use shared::http::Code;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1d2433;--soft:#5c667a;--line:#dfe3ea;--paper:#fff;--wash:#f5f7fa;--accent:#0b6e6e}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#9aa5b8;--line:#2c3442;--paper:#12161e;--wash:#1a202b;--accent:#4fc3c3}}
*{box-sizing:border-box}body{margin:0;font:16px/1.55 system-ui,sans-serif;color:var(--ink);background:var(--paper)}
header,main{max-width:60rem;margin:0 auto;padding:1.5rem 1.5rem 0}h1{margin:0}h2{margin:2rem 0 .5rem;text-transform:capitalize}
nav{display:flex;flex-wrap:wrap;gap:.5rem 1rem;margin-top:1rem}a{color:var(--accent)}
details{border:1px solid var(--line);border-radius:.5rem;margin:.6rem 0;background:var(--paper)}
summary{cursor:pointer;padding:.7rem 1rem;display:flex;gap:.8rem;align-items:baseline;flex-wrap:wrap}
summary:hover{background:var(--wash)}summary code{font-weight:600;overflow-wrap:anywhere}summary span{color:var(--soft)}
.verb{font:700 .75rem/1.4 ui-monospace,monospace;min-width:4.2rem;text-align:center;border-radius:.3rem;padding:.15rem .4rem;background:var(--accent);color:var(--paper)}
.inside{padding:0 1rem 1rem;border-top:1px solid var(--line)}h4{margin:1rem 0 .3rem;color:var(--soft);font-size:.85rem;text-transform:uppercase;letter-spacing:.05em}
table{border-collapse:collapse;width:100%;font-size:.92rem}td,th{text-align:left;vertical-align:top;padding:.35rem .6rem;border-top:1px solid var(--line)}
code{font:.9em ui-monospace,monospace}pre{background:var(--wash);padding:.8rem;border-radius:.4rem;overflow:auto;font-size:.85rem}
";

/// The page; `None` when the document is not JSON.
pub fn page(document: &str) -> Option<String> {
    let api: Value = serde_json::from_str(document).ok()?;
    let mut html = String::with_capacity(64 * 1024);
    let title = text(&api["info"]["title"]);
    let _ = write!(
        html,
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\
         <meta name=\"viewport\" content=\"width=device-width\"><style>{STYLE}</style></head><body>\
         <header><h1>{title}</h1><p>{}</p><nav>",
        text(&api["info"]["description"])
    );
    let groups = groups(&api);
    for (tag, _) in &groups {
        let _ = write!(html, "<a href=\"#{tag}\">{tag}</a>");
    }
    html.push_str("<a href=\"#problems\">problems</a><a href=\"/openapi.json\">openapi.json</a></nav></header><main>");
    for (tag, operations) in &groups {
        let _ = write!(html, "<h2 id=\"{tag}\">{tag}</h2>");
        for (method, path, operation) in operations {
            render_operation(&mut html, &api, method, path, operation);
        }
    }
    render_problems(&mut html);
    html.push_str("</main></body></html>");
    Some(html)
}

type Operations<'a> = Vec<(&'static str, &'a str, &'a Value)>;

/// The operations by their first tag, in the order of their paths.
fn groups(api: &Value) -> Vec<(String, Operations<'_>)> {
    let mut groups: Vec<(String, Operations<'_>)> = Vec::new();
    for (path, item) in api["paths"].as_object().into_iter().flatten() {
        for method in METHODS {
            let operation = &item[method];
            if operation.is_null() {
                continue;
            }
            let tag = text(&operation["tags"][0]);
            let entry = (method, path.as_str(), operation);
            match groups.iter_mut().find(|(name, _)| *name == tag) {
                Some((_, operations)) => operations.push(entry),
                None => groups.push((tag, vec![entry])),
            }
        }
    }
    groups.sort_by(|a, b| a.0.cmp(&b.0));
    groups
}

fn render_operation(html: &mut String, api: &Value, method: &str, path: &str, operation: &Value) {
    let id = text(&operation["operationId"]);
    let summary = text(&operation["summary"]);
    let _ = write!(
        html,
        "<details id=\"{id}\"><summary><span class=\"verb\">{}</span><code>{}</code><span>{summary}</span></summary><div class=\"inside\">",
        method.to_uppercase(),
        escape(path)
    );
    if let Some(description) = operation["description"].as_str() {
        let _ = write!(html, "<p>{}</p>", escape(description));
    }
    let who: Vec<String> = operation["security"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|scheme| scheme.as_object()?.keys().next().map(|name| escape(name)))
        .collect();
    let who = if who.is_empty() {
        "anybody".to_owned()
    } else {
        who.join(", ")
    };
    let _ = write!(html, "<h4>Who</h4><p>{who}</p>");
    render_parameters(html, &operation["parameters"]);
    let body = &operation["requestBody"]["content"]["application/json"]["schema"];
    if !body.is_null() {
        html.push_str("<h4>Body</h4>");
        render_schema(html, api, body);
    }
    if let Some(responses) = operation["responses"].as_object() {
        for (status, response) in responses
            .iter()
            .filter(|(status, _)| status.starts_with('2'))
        {
            let _ = write!(
                html,
                "<h4>{status}</h4><p>{}</p>",
                text(&response["description"])
            );
            render_schema(
                html,
                api,
                &response["content"]["application/json"]["schema"],
            );
        }
    }
    html.push_str("</div></details>");
}

fn render_parameters(html: &mut String, parameters: &Value) {
    let Some(parameters) = parameters.as_array().filter(|list| !list.is_empty()) else {
        return;
    };
    html.push_str("<h4>Parameters</h4><table>");
    for parameter in parameters {
        let _ = write!(
            html,
            "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
            text(&parameter["name"]),
            text(&parameter["in"]),
            text(&parameter["description"])
        );
    }
    html.push_str("</table>");
}

/// An object as a table of its fields and an example.
fn render_schema(html: &mut String, api: &Value, schema: &Value) {
    let schema = resolve(api, schema);
    if let Some(properties) = schema["properties"].as_object() {
        let required = |name: &str| {
            schema["required"]
                .as_array()
                .is_some_and(|list| list.iter().any(|item| item == name))
        };
        html.push_str("<table>");
        for (name, field) in properties {
            let mark = if required(name) { "" } else { " (optional)" };
            let described = resolve(api, field);
            let note = field["description"]
                .as_str()
                .or(described["description"].as_str());
            let _ = write!(
                html,
                "<tr><td><code>{}</code>{mark}</td><td>{}</td><td>{}</td></tr>",
                escape(name),
                escape(&kind(api, field)),
                escape(note.unwrap_or_default())
            );
        }
        html.push_str("</table>");
    }
    let example = example(api, schema, 0);
    if !example.is_null()
        && let Ok(pretty) = serde_json::to_string_pretty(&example)
    {
        let _ = write!(html, "<pre>{}</pre>", escape(&pretty));
    }
}

fn resolve<'a>(api: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema["$ref"]
        .as_str()
        .and_then(|name| name.rsplit('/').next());
    target.map_or(schema, |name| &api["components"]["schemas"][name])
}

/// The variant of a schema that says something: not `null`.
fn variant(schema: &Value) -> Option<&Value> {
    ["oneOf", "anyOf", "allOf"].iter().find_map(|word| {
        schema[*word]
            .as_array()?
            .iter()
            .find(|option| option["type"] != "null")
    })
}

fn kind(api: &Value, schema: &Value) -> String {
    let schema = resolve(api, schema);
    if let Some(words) = schema["enum"].as_array() {
        let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
        return words.join(" | ");
    }
    if let Some(variant) = variant(schema) {
        return kind(api, variant);
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => {
            format!("list of {}", kind(api, &schema["items"]))
        }
        Value::String(name) => schema["format"].as_str().unwrap_or(name).to_owned(),
        Value::Array(names) => {
            let names: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            names.join(" or ")
        }
        _ => String::new(),
    }
}

/// How deep examples go.
const DEPTH: usize = 6;

fn example(api: &Value, schema: &Value, depth: usize) -> Value {
    let schema = resolve(api, schema);
    if depth > DEPTH {
        return Value::Null;
    }
    let given = schema.get("example").or_else(|| schema["examples"].get(0));
    if let Some(given) = given {
        return given.clone();
    }
    if let Some(word) = schema["enum"].get(0) {
        return word.clone();
    }
    if let Some(properties) = schema["properties"].as_object() {
        let fields = properties
            .iter()
            .map(|(name, field)| (name.clone(), example(api, field, depth + 1)));
        return Value::Object(fields.collect());
    }
    if let Some(variant) = variant(schema) {
        return example(api, variant, depth + 1);
    }
    match schema["type"].as_str() {
        Some("array") => match example(api, &schema["items"], depth + 1) {
            Value::Null => Value::Array(Vec::new()),
            item => Value::Array(vec![item]),
        },
        Some("boolean") => Value::Bool(false),
        Some("integer") => Value::from(0),
        _ => Value::Null,
    }
}

fn render_problems(html: &mut String) {
    html.push_str(
        "<h2 id=\"problems\">Problems</h2><p>Everything that goes wrong is \
         <code>application/problem+json</code> (RFC 9457) with one of these codes.</p><table>",
    );
    for code in Code::ALL {
        let _ = write!(
            html,
            "<tr id=\"problem-{0}\"><td><code>{0}</code></td><td>{1}</td><td>{2}</td></tr>",
            code.word(),
            code.status(),
            code.title()
        );
    }
    html.push_str("</table>");
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_names_every_operation_and_every_problem_and_escapes_what_it_shows() {
        let document = serde_json::json!({
            "info": {"title": "A <b>", "description": ""},
            "paths": {"/v1/x/{id}": {"get": {"operationId": "show_x", "tags": ["x"], "summary": "Show x",
                "responses": {"200": {"description": "An x"}}}}},
        });
        let page = page(&document.to_string()).expect("a page");
        assert!(page.contains("A &lt;b&gt;") && !page.contains("<b>"));
        assert!(page.contains("id=\"show_x\"") && page.contains("/v1/x/{id}"));
        for code in Code::ALL {
            assert!(page.contains(&format!("problem-{}", code.word())));
        }
        assert!(!page.contains("<script"));
    }
}
