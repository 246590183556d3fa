use std::collections::BTreeMap;

use serde_json::json;

use super::*;
use crate::variables::Scalar;

struct Known(BTreeMap<&'static str, (Type, Value)>);

impl Names for Known {
    fn value(&self, name: &str) -> Option<&Value> {
        self.0
            .get(name)
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }
}

impl Types for Known {
    fn kind(&self, name: &str) -> Option<Type> {
        self.0.get(name).map(|(kind, _)| *kind)
    }
}

fn known() -> Known {
    Known(BTreeMap::from([
        ("name", (Type::One(Scalar::Text), json!("Ada"))),
        ("blank", (Type::One(Scalar::Text), json!(null))),
        ("n", (Type::One(Scalar::Number), json!(4))),
        ("day", (Type::One(Scalar::Date), json!("2026-11-22"))),
        ("tags", (Type::List(Scalar::Text), json!(["a", "b"]))),
        ("long", (Type::One(Scalar::Text), json!("x".repeat(8_000)))),
        (
            "deep",
            (Type::One(Scalar::Json), json!({"a": {"b": [1, 2]}})),
        ),
    ]))
}

fn rendered(source: &str) -> String {
    let known = known();
    let template = Template::read(source, &known).expect("the template reads");
    template.render(&known).expect("the template renders")
}

#[test]
fn a_text_shows_its_variables_and_leaves_empty_what_is_not_set() {
    for (source, text) in [
        ("Hi {{ name }}!", "Hi Ada!"),
        ("Hi {{blank}}!", "Hi !"),
        ("Hi {{ blank|default('there') }}!", "Hi there!"),
        ("{{ n * 2 + 0.5 }}", "8.5"),
        ("{{ n / 2 }}", "2"),
        ("{{ tags|join('; ') }} {{ tags }}", "a; b a, b"),
        ("{{ tags|first }}{{ tags|last }}{{ tags|length }}", "ab2"),
        ("{{ name|upper }} {{ name|lower|trim }}", "ADA ada"),
        ("{{ 'a-b'|split('-')|last }}", "b"),
        ("{{ day|date('%d.%m.%Y') }}", "22.11.2026"),
        ("{{ deep.a.b[1] }}", "2"),
        ("{{ 2.345|round(2) }}", "2.35"),
        ("{{ '}}' ~ \"{{\" }}", "}}{{"),
        ("a { b } c", "a { b } c"),
        ("{{ 'yes' if n > 3 and not blank else 'no' }}", "yes"),
    ] {
        assert_eq!(rendered(source), text, "{source}");
    }
}

/// The hostile inputs of the measured peers: refused before they are compiled, or bounded.
#[test]
fn hostile_templates_are_refused() {
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(200), ")".repeat(200));
    let deeper = format!("{{{{ {}1{} }}}}", "(".repeat(900), ")".repeat(900));
    let much = format!("{{{{ {} }}}}", vec!["long"; 200].join("~"));
    let huge = format!("{{{{ '{}' }}}}", "x".repeat(3_000));
    for source in [
        "{{ \"x\"|indent(2000000000) }}",
        "{{ \"%2000000000d\"|format(1) }}",
        "{% set a=a~a %}",
        "{% for i in range(1000000) %}x{% endfor %}",
        "{% include 'x' %}",
        "{# note #}",
        "{{ \"x\" * 99999999 }}",
        "{{ 99999999 * name }}",
        "{{ (1, 2) * 99999999 }}",
        "{{ [1] * 99999999 == [1] * 99999999 }}",
        "{{ n|upper * 99999999 }}",
        "{{ (name ~ name) * 99999999 }}",
        "{{ 9 ** 999999999 }}",
        "{{ range(1000000000) }}",
        "{{ name.upper() }}",
        "{{ ''.__class__.__mro__() }}",
        "{{ name is defined }}",
        "{{ name|safe }}",
        "{{ name",
        "{{ 'abc }}",
        "{{ }}",
        "{{ name name }}",
        "{{ ünï }}",
        "{{- name }}x{{ -}}",
        &deep,
        &deeper,
        &much,
        &huge,
    ] {
        let refused = Template::read(source, &known());
        assert!(refused.is_err(), "{}", &source[..source.len().min(60)]);
    }
}

#[test]
fn deep_brackets_of_any_size_are_refused_and_do_not_end_the_process() {
    for depth in [33, 20_000, 200_000] {
        for (open, close) in [
            ("(", ")"),
            ("[", "]"),
            ("{", "}"),
            ("-(", ")"),
            ("not (", ")"),
        ] {
            let source = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            assert!(Formula::read(&source, Missing::Fails, &known()).is_err());
        }
    }
    let minus = "-".repeat(2_000) + "1";
    let nots = "not ".repeat(500) + "n";
    for source in [minus, nots] {
        let _ = Formula::read(&source, Missing::Fails, &known())
            .map(|formula| formula.evaluate(&known()));
    }
}

#[test]
fn what_a_template_makes_is_bounded() {
    let known = known();
    let source = "{{ long }}".repeat(9);
    let template = Template::read(&source, &known).expect("it reads");
    assert_eq!(template.render(&known), Err(Trouble::TooLarge));
    let source = format!("{{{{ {} }}}}", vec!["long"; 33].join("~"));
    let template = Template::read(&source, &known).expect("it reads");
    assert_eq!(template.render(&known), Err(Trouble::TooLarge));
    let source = "{{ day|date('%2000000000d') }}x";
    let template = Template::read(source, &known).expect("it reads");
    assert_eq!(template.render(&known).as_deref(), Ok("x"));
}

#[test]
fn an_expression_fails_on_what_is_not_set_and_a_text_does_not() {
    let known = known();
    let strict = Formula::read("blank ~ 'x'", Missing::Fails, &known).expect("it reads");
    assert_eq!(strict.evaluate(&known), Err(Trouble::Failed));
    assert_eq!(rendered("{{ blank ~ 'x' }}"), "x");
    let by_zero = Formula::read("n / 0", Missing::Fails, &known).expect("it reads");
    assert_eq!(by_zero.evaluate(&known), Err(Trouble::Failed));
}

#[test]
fn a_refusal_says_which_bytes() {
    let refusal = Template::read("Hi {{ name|nope }}", &known()).expect_err("it is refused");
    assert_eq!(refusal.range, Some(11..15));
    assert_eq!(refusal.kind, RefusalKind::Syntax);
}
