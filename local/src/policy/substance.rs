//! What a policy is about, without its words: every field with what it is kept for, every end, and
//! everybody who handles any of it. Two policies with the same lines here differ in wording only.

use shared::domain::recipient::Recipient;
use shared::store::record::{Decision, Declaration};
use shared::store::registry;

use super::annexes::begins_with;
use super::facts::Facts;

/// The lines, in an order that does not depend on that of the code.
pub fn lines(facts: &Facts) -> Vec<String> {
    let mut lines: Vec<String> = registry::ALL
        .iter()
        .filter(|record| begins_with(facts, record))
        .flat_map(|record| of_record(facts, record))
        .collect();
    let deployment = &facts.deployment;
    lines.extend(
        deployment
            .services
            .keys()
            .map(|name| format!("service {name}")),
    );
    lines.extend(
        Recipient::ALL
            .iter()
            .map(|kind| format!("recipient {}", kind.word())),
    );
    lines.extend(
        deployment
            .backup_days
            .iter()
            .map(|(table, days)| format!("backup {table} {days}")),
    );
    lines.push(format!(
        "daily copies of data and sealed files {}",
        deployment.vault_days
    ));
    lines.push(format!("logs {}", deployment.log_days));
    lines.push(format!("failures {}", deployment.failure_days));
    let policy = &facts.policy;
    lines.extend(
        policy
            .modules
            .iter()
            .map(|module| format!("module {}", module.word())),
    );
    lines.sort();
    lines
}

fn of_record(facts: &Facts, record: &Declaration) -> Vec<String> {
    let end = facts.life(record.class);
    let mut lines = vec![format!("record {} {:?} {end}", record.name, record.owner)];
    for field in record.fields {
        let decision = match field.decision {
            Decision::Personal {
                category,
                purpose,
                erase,
                form,
            } => format!("{category:?} {purpose:?} {erase:?} {form:?}"),
            // Its reason is wording.
            Decision::NonPersonal { .. } => "about nobody".to_owned(),
        };
        lines.push(format!("field {}.{} {decision}", record.name, field.name));
    }
    lines
}
