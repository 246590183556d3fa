//! The records of processing activities: GDPR Art. 30(1) as controller, Art. 30(2) as processor.

use std::collections::BTreeSet;
use std::time::Duration;

use shared::domain::personal::{Category, Purpose};
use shared::domain::retention::Class;
use shared::store::record::Decision;
use shared::store::registry;

use super::{begins_with, heading, paragraph, row};
use crate::policy::facts::{Facts, words as length};
use crate::policy::text::Block;
use crate::policy::words;

/// What the registry says about one purpose.
struct Activity {
    purpose: Purpose,
    categories: BTreeSet<Category>,
    classes: BTreeSet<Class>,
}

/// Every purpose that a profile's records name.
fn activities(facts: &Facts) -> Vec<Activity> {
    let mut found: Vec<Activity> = Vec::new();
    for record in registry::ALL
        .iter()
        .filter(|record| begins_with(facts, record))
    {
        for field in record.fields {
            let Decision::Personal {
                category, purpose, ..
            } = field.decision
            else {
                continue;
            };
            let at = found
                .iter()
                .position(|activity| activity.purpose == purpose);
            let at = at.unwrap_or_else(|| {
                found.push(Activity {
                    purpose,
                    categories: BTreeSet::new(),
                    classes: BTreeSet::new(),
                });
                found.len() - 1
            });
            found[at].categories.insert(category);
            found[at].classes.insert(record.class);
        }
    }
    found.sort_by_key(|activity| activity.purpose);
    found
}

/// Whether we decide about a purpose ourselves; otherwise we act for a customer.
const fn is_ours(purpose: Purpose) -> bool {
    match purpose {
        Purpose::AnswerVisitor | Purpose::ConnectCall | Purpose::Improve => false,
        Purpose::AnswerRequests
        | Purpose::Authenticate
        | Purpose::ProveErasure
        | Purpose::RunWorkspace
        | Purpose::Support
        | Purpose::TakePayments => true,
    }
}

const fn people(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::AnswerRequests => "whoever makes a request, or for whom one is made",
        Purpose::AnswerVisitor => "visitors, and members in what they write to them",
        Purpose::Authenticate => "holders of accounts, visitors with a session",
        Purpose::ConnectCall => {
            "guests by an opaque id of a day, and members who call or are called"
        }
        Purpose::Improve => "visitors, by a pseudonym that changes every week",
        Purpose::ProveErasure => {
            "whoever was erased, by opaque ids and counts; holders of accounts, for one last mail"
        }
        Purpose::RunWorkspace => "members, and whoever was invited",
        Purpose::Support => "whoever writes to the operator, with an account or without one",
        Purpose::TakePayments => "whoever pays for a workspace",
    }
}

/// The records of a profile.
pub fn records(facts: &Facts) -> Vec<Block> {
    let all = activities(facts);
    let measures = paragraph(
        "Security (Art. 32), the same for every activity: encryption of content, names and addresses under a key of each conversation, contact and account; encryption of tables and logs as a whole; TLS; roles with nothing allowed by default; a role of its own for each part of the program; sign-in by mailed code, with a second factor where it is set up or required; no network addresses stored; logs that name nobody; deletion watched by alarms.",
    );
    let recipients = paragraph(&format!(
        "Recipients: Amazon Web Services as processor ({}); and those that the list of subprocessors names, as far as the operator or a customer has set them up. Transfers to a third country: what is stored stays in the region of the deployment. Stripe, and the recipients that a customer has chosen, may handle what they get elsewhere; the safeguard is in the contract with each.",
        facts
            .deployment
            .services
            .keys()
            .copied()
            .collect::<Vec<_>>()
            .join(", ")
    ));
    let mut blocks = vec![
        heading(1, "Records of processing activities"),
        heading(2, "As controller, Art. 30(1)"),
        paragraph(
            "Controller: the operator of this installation (name, contact and representative, as in the policy).",
        ),
        table(facts, &all, true),
        recipients.clone(),
        measures.clone(),
        heading(2, "As processor, Art. 30(2)"),
        paragraph(
            "Processor: the operator. Controllers: the customers, each for its own workspace; their list is the list of workspaces.",
        ),
    ];
    if all.iter().any(|activity| !is_ours(activity.purpose)) {
        blocks.push(table(facts, &all, false));
    } else {
        blocks.push(paragraph(
            "Nothing is processed on behalf of customers by what this profile begins with.",
        ));
    }
    blocks.push(recipients);
    blocks.push(measures);
    blocks
}

fn table(facts: &Facts, all: &[Activity], ours: bool) -> Block {
    let rows = all
        .iter()
        .filter(|activity| is_ours(activity.purpose) == ours)
        .map(|activity| {
            let categories: Vec<&str> = activity
                .categories
                .iter()
                .map(|it| words::category(*it))
                .collect();
            row([
                words::purpose(activity.purpose),
                people(activity.purpose),
                &categories.join("; "),
                &ends(facts, &activity.classes),
            ])
        });
    Block::Table(
        row(["Purpose", "People", "Categories of data", "Erased after"]),
        rows.collect(),
    )
}

/// When data of these classes are erased: the shortest time and the longest, and what they go with. The
/// retention list has each of them.
fn ends(facts: &Facts, classes: &BTreeSet<Class>) -> String {
    let lasting = classes.iter().filter(|class| **class != Class::Billing);
    let timed: Vec<Duration> = lasting.filter_map(|class| facts.length(*class)).collect();
    let span = timed.iter().min().zip(timed.iter().max());
    let span = span.map(|(least, most)| match least == most {
        true => length(*least),
        false => format!("{} to {}, by kind", length(*least), length(*most)),
    });
    let with = classes
        .iter()
        .filter(|class| facts.length(**class).is_none() || **class == Class::Billing)
        .map(|class| facts.life(*class));
    let with: BTreeSet<String> = with.collect();
    span.into_iter().chain(with).collect::<Vec<_>>().join("; ")
}
