//! What stands beside the policy: tables that a lawyer or a reviewer reads.

mod data_map;
mod records;

pub use data_map::data_map;
pub use records::records;

use std::collections::BTreeSet;

use shared::domain::policy::Module;
use shared::domain::recipient::{ChosenBy, Recipient};
use shared::domain::retention::{
    Class, DATA_PITR_DAYS, SESSION_ABSOLUTE, SESSION_IDLE, erasure_days,
};
use shared::store::record::{Decision, Declaration};
use shared::store::registry;

use super::facts::{Facts, words as length};
use super::promises;
use super::text::Block;
use super::{clauses as said, words};

fn row<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).into()
}

fn heading(level: u8, text: &str) -> Block {
    Block::Heading(level, text.to_owned())
}

fn paragraph(text: &str) -> Block {
    Block::Text(text.to_owned())
}

/// Whether a workspace of the profile holds a record from the beginning, without another module.
pub(super) fn begins_with(facts: &Facts, record: &Declaration) -> bool {
    use shared::domain::personal::Purpose;
    let only_for = |served: Purpose| {
        let mut purposes = record
            .fields
            .iter()
            .filter_map(|field| match field.decision {
                Decision::Personal { purpose, .. } => Some(purpose),
                _ => None,
            })
            .peekable();
        purposes.peek().is_some() && purposes.all(|purpose| purpose == served)
    };
    (!only_for(Purpose::AnswerVisitor) || facts.policy.has(Module::Conversations))
        && (!only_for(Purpose::ConnectCall) || facts.policy.has(Module::Sessions))
}

/// The retention classes that a profile's records have.
fn classes(facts: &Facts) -> BTreeSet<Class> {
    let records = registry::ALL
        .iter()
        .filter(|record| begins_with(facts, record));
    records.map(|record| record.class).collect()
}

/// What ends when.
pub fn ends(facts: &Facts) -> Block {
    let rows = classes(facts).into_iter().map(|class| {
        let mut end = facts.life(class);
        if class == Class::LoginSession {
            end = format!("{end}; {} at the longest", length(SESSION_ABSOLUTE));
        }
        vec![words::class(class).to_owned(), end]
    });
    Block::Table(row(["What", "Kept for"]), rows.collect())
}

/// What ends when, as far as it is about people, in the order of the policy. What only keeps the program in order
/// is told in a sentence; the annex has it line by line.
pub fn ends_for_people(facts: &Facts) -> Vec<Block> {
    let is_here = |class: &Class| match class {
        Class::Device | Class::Notification => facts.policy.has(Module::Push),
        Class::Upload => facts.policy.has(Module::Attachments),
        Class::Analytics | Class::Conversation | Class::Visit => {
            facts.policy.has(Module::Conversations)
        }
        _ => true,
    };
    let mut all: Vec<Class> = classes(facts).into_iter().filter(is_here).collect();
    all.sort_by_key(|class| words::group(*class));
    let (order, told): (Vec<Class>, Vec<Class>) = all
        .into_iter()
        .partition(|class| words::group(*class) == words::Group::Order);
    let rows = told.into_iter().map(|class| {
        let mut end = facts.life(class);
        if class == Class::LoginSession {
            end = format!("{end}; {} at the longest", length(SESSION_ABSOLUTE));
        }
        row([words::class(class), &end])
    });
    let longest = order.into_iter().filter_map(|class| facts.length(class));
    let rest = format!(
        "Besides, there are entries that only keep the program in order, such as counters, live connections and marks against doing something twice. They hold random ids and keyed hashes, and go with the entry that they belong to or after {} at the latest; the retention list beside this policy names each.",
        length(longest.max().unwrap_or_default())
    );
    vec![
        Block::Table(row(["What", "Kept for"]), rows.collect()),
        Block::Text(rest),
    ]
}

/// Every service that data pass.
pub fn services(facts: &Facts) -> Block {
    let rows = facts
        .deployment
        .services
        .iter()
        .map(|(name, what)| row([*name, *what]));
    Block::Table(
        row(["Service of AWS", "What it does for us"]),
        rows.collect(),
    )
}

/// Who processes on our behalf.
pub fn subprocessors(facts: &Facts) -> Vec<Block> {
    vec![
        heading(1, "Subprocessors"),
        paragraph(
            "Amazon Web Services, Inc. or the AWS company of the operator's region, under the AWS data processing addendum. The service runs in the operator's own account, in the region that the operator chose; this list is what the templates deploy.",
        ),
        services(facts),
        paragraph("Companies that take part only where the operator set them up:"),
        chosen_by(ChosenBy::Operator),
        heading(2, "Recipients that a customer chooses"),
        paragraph(
            "What the program connects to because a workspace has set it up: recipients of the customer, under the customer's instruction (GDPR Art. 28(3)(a)), and no subprocessors of ours. One door in the program makes every connection that does not go to AWS, and it knows no kind of recipient but those on this page.",
        ),
        chosen_by(ChosenBy::Customer),
    ]
}

/// What the egress door may send to because somebody says so.
fn chosen_by(whom: ChosenBy) -> Block {
    let chosen = Recipient::ALL.iter().filter(|one| one.chosen_by() == whom);
    let rows = chosen.map(|one| row([one.name(), one.gets()]));
    Block::Table(row(["Recipient", "What for"]), rows.collect())
}

/// Which cookies there are.
pub fn cookies(facts: &Facts) -> Vec<Block> {
    let mut rows = Vec::new();
    if facts.has("POST /sign-in") {
        rows.push(row([
            "__Host-sid",
            "keeps you signed in on our pages",
            "essential",
            &format!(
                "{} after the last use, {} at the longest",
                length(SESSION_IDLE),
                length(SESSION_ABSOLUTE)
            ),
        ]));
    }
    let count = match rows.len() {
        0 => "This version sets no cookie.",
        _ => {
            "One cookie, set at sign-in only. It is readable by no script and sent to no other site."
        }
    };
    vec![
        heading(1, "Cookies"),
        paragraph(count),
        Block::Table(row(["Cookie", "What for", "Kind", "How long"]), rows),
        paragraph(
            "No cookie serves preferences, statistics, security marks or advertising. The chat of a customer's site gets none from us.",
        ),
    ]
}

/// What ends when, and what is left of it where.
pub fn retention(facts: &Facts) -> Vec<Block> {
    let days = |days: u32| format!("{days} days");
    let copies = vec![
        row([
            "Backups of the data and of files (ciphertext without its key)",
            &days(DATA_PITR_DAYS),
        ]),
        row(["Backups of the keys", &days(erasure_days::KEYS_PITR)]),
        row([
            "Old versions of files (ciphertext without its key)",
            &days(erasure_days::OLD_VERSIONS),
        ]),
        row(["Logs, which name nobody", &days(erasure_days::LOGS)]),
        row([
            "Positions of failed work",
            &days(erasure_days::DEAD_LETTERS),
        ]),
        row([
            "Changes on their way to the mailer",
            &days(erasure_days::STREAM),
        ]),
    ];
    vec![
        heading(1, "Retention"),
        ends(facts),
        paragraph(&format!(
            "An entry that has ended is shown to nobody from that millisecond on. It is deleted by the database, and by a sweep that runs every {}.",
            length(facts.deployment.sweep)
        )),
        heading(2, "Copies"),
        Block::Table(row(["Copy", "At the longest"]), copies),
        paragraph(&format!(
            "From the wish to delete until nothing can be read anywhere, the copies add up to {} days at the worst. A larger sum than 30 does not build.",
            erasure_days::WORST
        )),
    ]
}

/// What the policy says about every promise of the profile.
pub fn clauses(facts: &Facts) -> Vec<Block> {
    let profile = facts.policy.profile;
    let mut rows = Vec::new();
    for (id, promise) in promises::of(profile) {
        for clause in said::all().filter(|clause| clause.ids.contains(id)) {
            let says = (clause.says)(facts);
            let (standing, text) = says.parts();
            rows.push(row([*id, *promise, standing, text]));
        }
    }
    vec![
        heading(1, "What the policy says about each promise"),
        Block::Table(row(["ID", "Promise", "Stands", "Sentence"]), rows),
    ]
}
