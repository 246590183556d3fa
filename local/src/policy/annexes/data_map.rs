//! Every record there is, with every field and its decision.

use shared::store::record::{Decision, Declaration, Owner};
use shared::store::registry;

use super::{begins_with, heading, paragraph, row};
use crate::policy::facts::Facts;
use crate::policy::text::Block;
use crate::policy::words;

/// The data map of a profile.
pub fn data_map(facts: &Facts) -> Vec<Block> {
    let mut blocks = vec![
        heading(1, "Data map"),
        paragraph(
            "Every kind of entry that the database can hold, from the program's own registry. What is not here is not stored. \"Encrypted\" means under the key of the entry's root, which is deleted with it; a keyed hash recognises a value and does not give it back.",
        ),
    ];
    let (own, added): (Vec<&Declaration>, Vec<&Declaration>) = registry::ALL
        .iter()
        .partition(|record| begins_with(facts, record));
    for record in own {
        blocks.extend(record_of(facts, record));
    }
    if !added.is_empty() {
        blocks.push(heading(2, "Only where more is switched on"));
        blocks.push(paragraph("A workspace of this profile begins without what these entries belong to, and stores none of them until it is switched on, where the profile allows that."));
        for record in added {
            blocks.extend(record_of(facts, record));
        }
    }
    blocks
}

fn record_of(facts: &Facts, record: &Declaration) -> Vec<Block> {
    let owner = match record.owner {
        Owner::Subject(field) => format!("belongs to the person in {field}"),
        Owner::Within(root) => format!("part of {root}, and gone with it"),
        Owner::Nobody(reason) => format!("belongs to no person: {reason}"),
    };
    let fields = record.fields.iter().map(|field| match field.decision {
        Decision::Personal {
            category,
            purpose,
            erase,
            form,
        } => row([
            field.name,
            words::category(category),
            words::purpose(purpose),
            words::form(form),
            words::erase(erase),
        ]),
        Decision::NonPersonal { reason } => row([
            field.name,
            reason,
            "not personal",
            "",
            "goes with its entry",
        ]),
    });
    vec![
        heading(3, record.name),
        Block::Text(format!(
            "Class {:?}, kept for {}; {owner}.",
            record.class,
            facts.life(record.class)
        )),
        Block::Table(
            row(["Field", "About", "For", "Stored", "At erasure"]),
            fields.collect(),
        ),
    ]
}
