//! The privacy policy is written from the code: committed, served, and different as soon as a rule is.

use std::collections::BTreeSet;
use std::fs;

use harness::routes::{Ids, routes};
use harness::{Harness, repository, template};
use local::functions::OPERATOR_NAME;
use local::policy::clauses::{self, Says};
use local::policy::facts::{Deployment, Facts};
use local::policy::promises::{PROMISES, profile_of};
use local::policy::{check, files, hash, history, substance};
use local::template::Template;
use reqwest::Method;
use shared::domain::policy::{Policy, Profile};

fn facts(profile: Profile) -> Facts {
    let deployment = Deployment::read(&template()).expect("the templates");
    Facts::of(profile, &deployment)
}

/// The policy for people under these facts.
fn text(facts: &Facts) -> String {
    let files = files(facts, &[]);
    let policy = files.into_iter().find(|(name, _)| name == "policy.md");
    policy.expect("a policy").1
}

/// FLOW-01: what is committed is what the code says, and of the day it says.
#[test]
fn the_committed_policy_is_what_the_code_says() {
    check(&template()).unwrap_or_else(|faults| panic!("{faults}"));
}

#[test]
fn one_other_number_in_the_code_is_another_sentence_and_another_hash() {
    let said = facts(Profile::Flows);
    let other = Facts {
        policy: Policy {
            conversation_days: 30,
            ..said.policy.clone()
        },
        ..said.clone()
    };
    let sentence = |days: u32| format!("Conversations are kept for {days} days:");
    assert!(text(&said).contains(&sentence(90)) && !text(&said).contains(&sentence(30)));
    assert!(text(&other).contains(&sentence(30)) && !text(&other).contains(&sentence(90)));
    assert_ne!(hash(&said), hash(&other));
    // The committed history does not pass for the other text.
    let committed = repository().join("docs/privacy/flows/history.json");
    let committed = fs::read_to_string(committed).expect("a history");
    let versions: Vec<history::Version> = serde_json::from_str(&committed).expect("versions");
    let fault = |facts: &Facts| {
        let (hash, substance) = (hash(facts), substance(facts));
        let said = history::Said {
            hash: &hash,
            substance: &substance,
        };
        history::fault(&versions, said)
    };
    assert_eq!(fault(&said), None);
    assert!(fault(&other).is_some());
}

#[test]
fn every_promise_has_a_sentence_in_the_policy_of_its_profile() {
    let known: BTreeSet<&str> = PROMISES.iter().map(|(id, _)| *id).collect();
    for clause in clauses::all() {
        for id in clause.ids {
            assert!(known.contains(id), "{id} is no promise");
        }
    }
    for (id, promise) in PROMISES {
        let profile = profile_of(id).expect("a profile");
        let facts = facts(profile);
        let policy = text(&facts);
        let sentences: Vec<Says> = clauses::all()
            .filter(|clause| clause.ids.contains(&id))
            .map(|clause| (clause.says)(&facts))
            .collect();
        assert!(!sentences.is_empty(), "{id} ({promise}) has no sentence");
        for says in sentences {
            let (standing, sentence) = says.parts();
            assert!(
                policy.contains(sentence),
                "{id}: `{sentence}` is not in the policy"
            );
            if standing == "differs" {
                assert!(
                    sentence.contains("because") || sentence.contains("Here"),
                    "{id} differs without a reason"
                );
            }
        }
    }
}

/// FLOW-22, FLOW-39, CHAT-16: every service that is deployed is named, and one that nobody has
/// explained to readers stops the rendering.
#[test]
fn the_policy_names_every_service_of_the_templates_and_a_new_one_must_be_explained() {
    let said = facts(Profile::Inbox);
    let policy = text(&said);
    for service in [
        "Amazon DynamoDB",
        "Amazon SES",
        "AWS KMS",
        "AWS Lambda",
        "Amazon API Gateway",
        "Amazon SQS",
    ] {
        assert!(
            said.deployment.services.contains_key(service),
            "{service} is not found"
        );
        assert!(policy.contains(service), "{service} is not named");
    }
    let folder = tempfile::tempdir().expect("a folder");
    let copy = |name: &str, more: &str| {
        let text = fs::read_to_string(repository().join(name)).expect("a template");
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(
            &path,
            text.replacen("\nResources:\n", &format!("\nResources:\n{more}"), 1),
        )
        .expect("written");
        path
    };
    for nested in ["backup", "data", "watch"] {
        copy(&format!("infra/{nested}.yaml"), "");
    }
    let same = Template::load(&copy("template.yaml", "")).expect("a template");
    assert!(Deployment::read(&same).is_ok());
    let stranger = "  Elsewhere:\n    Type: AWS::RDS::DBInstance\n    Properties: {}\n";
    let other = Template::load(&copy("template.yaml", stranger)).expect("a template");
    let fault = Deployment::read(&other).expect_err("nobody has explained it");
    assert!(
        fault.to_string().contains("AWS::RDS::DBInstance"),
        "{fault}"
    );
}

#[tokio::test]
async fn everybody_reads_the_committed_policy_as_a_page_or_as_markdown() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    for profile in Profile::ALL {
        let path = format!("/policy/{}", profile.word());
        let committed = |name: &str| {
            let file = repository()
                .join("docs/privacy")
                .join(profile.word())
                .join(name);
            let text = fs::read_to_string(file).expect("a committed file");
            // Who operates the deployment, and their contact, are settings.
            for place in ["(name and address)", "(mail address)"] {
                assert!(text.contains(place), "{name} has no {place}");
            }
            text.replace("(name and address)", OPERATOR_NAME)
                .replace("(mail address)", "privacy@example.com")
        };
        let page = anonymous.send(Method::GET, &path, None).await;
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert_eq!(page.text, committed("policy.html"));
        let plain = anonymous.with_header("accept", "text/markdown");
        let plain = plain.send(Method::GET, &path, None).await;
        assert_eq!(plain.header("content-type"), "text/markdown; charset=utf-8");
        assert_eq!(plain.text, committed("policy.md"));
        for version in [&page.text, &plain.text] {
            assert!(version.contains("Last updated 20"), "{path} has no date");
        }
    }
    anonymous
        .refused(Method::GET, "/policy/chat", None, 404, "not_found")
        .await;
}

/// CALL-06, CALL-07, FLOW-40: nobody who has not signed in gets a cookie, and no page loads, runs or
/// sends anything.
#[tokio::test]
async fn no_page_for_anybody_sets_a_cookie_runs_a_script_or_loads_from_elsewhere() {
    let harness = Harness::start().await;
    let anonymous = harness.anonymous();
    let mut pages = 0;
    for route in routes().iter().filter(|route| route.method == Method::GET) {
        let answer = anonymous
            .send(Method::GET, &route.at(&Ids::unknown()), None)
            .await;
        let key = route.key();
        assert_eq!(answer.header("set-cookie"), "", "{key} sets a cookie");
        if !answer.header("content-type").starts_with("text/html") {
            continue;
        }
        pages += 1;
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{key}: {policy}");
        assert!(!policy.contains("script-src"), "{key}: {policy}");
        assert_eq!(fault_of(&answer.text), None, "{key}");
    }
    assert!(pages >= 2, "{pages} pages: this test sees nothing");
    for planted in [
        "<script>1</script>",
        "<img src=\"https://www.google-analytics.com/collect\">",
        "<link rel=\"stylesheet\" href=\"//fonts.example/a.css\">",
        "<style>@import 'https://a.example/x.css'</style>",
    ] {
        assert!(fault_of(planted).is_some(), "nobody saw {planted}");
    }
}

/// What a page would load or run.
fn fault_of(page: &str) -> Option<&'static str> {
    let page = page.to_lowercase();
    let faults = [
        "<script",
        "src=",
        "<link",
        "@import",
        "url(",
        "<iframe",
        "<object",
        "onload=",
        "google-analytics",
        "googletagmanager",
        "googleapis",
        "gstatic",
        "google.com",
    ];
    // An icon that is empty, so that browsers ask for none.
    let page = page.replace("<link rel=\"icon\" href=\"data:,\">", "");
    faults.into_iter().find(|fault| page.contains(fault))
}
