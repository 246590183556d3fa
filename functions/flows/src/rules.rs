//! Rules of the inbox that begin flows, as versions come into use and go: one row of the workspace that
//! `outbox` reads when a conversation begins.

use shared::{
    domain::FlowId,
    http::{Code, Problem, actor::Entry},
    store::{
        Stored, Transaction, Unsealed,
        flow_rule::{FlowRule, FlowRules, MOST_FLOW_RULES},
        keys,
    },
};

/// Puts the rules of a flow in the place of those it had, on the condition that nobody changed any
/// meanwhile. Writes nothing where they are the same. Flows are asked in the order of their birth.
pub fn place(
    transaction: &mut Transaction,
    entry: &Entry,
    flow: FlowId,
    own: Vec<FlowRule>,
) -> Result<(), Problem> {
    let found = entry.open::<FlowRules>(&keys::flow_rules(entry.workspace))?;
    let before = match &found {
        Some(found) => found.rules(&entry.tenant_key)?,
        None => Vec::new(),
    };
    let mut rules = before.clone();
    rules.retain(|rule| rule.flow != flow);
    rules.extend(own);
    rules.sort_by_key(|rule| rule.flow);
    if rules == before {
        return Ok(());
    }
    if rules.len() > MOST_FLOW_RULES {
        let detail = format!("at most {MOST_FLOW_RULES} rules of the inbox are in use at once");
        return Err(Problem::new(Code::NotChangeable).with_detail(detail));
    }
    let rows = match found {
        Some(found) => found,
        None => FlowRules::none(&entry.tenant_key, entry.workspace, entry.now)?,
    };
    let rows = rows.with(&entry.tenant_key, &rules)?;
    if rows.rev == 0 {
        let first = FlowRules { rev: 1, ..rows };
        transaction.create(&Stored::new(first, &entry.policy), &Unsealed)?;
    } else {
        transaction.replace(&Stored::next(rows, &entry.policy), &Unsealed)?;
    }
    Ok(())
}
