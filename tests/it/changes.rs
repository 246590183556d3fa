//! Which changes of the policy owners have to hear of: that follows from what is kept, not from what
//! anybody calls it.

use harness::template;
use local::policy::facts::{Deployment, Facts};
use local::policy::history::{Change, Said, with};
use local::policy::{hash, substance};
use shared::domain::policy::{Module, Policy, Profile};

fn facts() -> Facts {
    let deployment = Deployment::read(&template()).expect("the templates");
    Facts::of(Profile::Flows, &deployment)
}

/// What kind of change leads from one policy to another.
fn change(from: &Facts, to: &Facts) -> Change {
    let mut history = Vec::new();
    for (facts, day) in [(from, "2026-01-01"), (to, "2026-01-02")] {
        let (hash, substance) = (hash(facts), substance(facts));
        let said = Said {
            hash: &hash,
            substance: &substance,
        };
        history = with(history, said, day);
    }
    history.last().expect("a version").change
}

/// CALL-38, CALL-37: a change of substance is told from one of wording by what the policy is about.
#[test]
fn a_field_a_purpose_an_end_or_a_recipient_is_never_a_change_of_wording() {
    let now = facts();
    let with_policy = |change: fn(&mut Policy)| {
        let mut next = now.clone();
        change(&mut next.policy);
        next
    };
    let with_deployment = |change: fn(&mut Deployment)| {
        let mut next = now.clone();
        change(&mut next.deployment);
        next
    };
    for (what, next) in [
        (
            "an end",
            with_policy(|policy| policy.conversation_days = 91),
        ),
        (
            "a module",
            with_policy(|policy| policy.modules.push(Module::Push)),
        ),
        (
            "fields",
            with_policy(|policy| {
                policy
                    .modules
                    .retain(|module| *module != Module::Conversations)
            }),
        ),
        (
            "a service",
            with_deployment(|deployment| {
                deployment
                    .services
                    .insert("Amazon Rekognition", "looks at faces");
            }),
        ),
        (
            "backups",
            with_deployment(|deployment| {
                deployment.backup_days.insert("DataTable".to_owned(), 35);
            }),
        ),
        (
            "logs",
            with_deployment(|deployment| deployment.log_days = 30),
        ),
    ] {
        assert_eq!(change(&now, &next), Change::Material, "{what}");
    }
    // Another sentence about the same: a route that has come or gone.
    let other_words = with_deployment(|deployment| {
        deployment.routes.remove("DELETE /v1/account");
    });
    assert_ne!(hash(&now), hash(&other_words));
    assert_eq!(change(&now, &other_words), Change::Minor);
}
