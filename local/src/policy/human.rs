//! The policy for people.

use shared::domain::policy::Profile;

use super::annexes;
use super::clauses::{self, Says, Section};
use super::facts::Facts;
use super::history::Version;
use super::text::Block;

/// What stands for the company that operates an installation: the function that serves the policy puts the
/// deployment's own settings here, which are none of the text that the checksum covers.
pub const OPERATOR: &str = "(name and address)";
/// What stands for the address of its contact for privacy.
pub const CONTACT: &str = "(mail address)";

/// The title of a profile's policy.
pub const fn title(profile: Profile) -> &'static str {
    match profile {
        Profile::Calls => "Privacy policy for live calls",
        Profile::Flows => "Privacy policy for conversational flows",
        Profile::Inbox => "Privacy policy for the team inbox",
    }
}

/// What the product of a profile is: the first sentence.
const fn product(profile: Profile) -> &'static str {
    match profile {
        Profile::Calls => "Sotto lets companies build live calls into their sites and apps.",
        Profile::Flows => "Sotto lets companies build conversations for their visitors.",
        Profile::Inbox => {
            "Sotto lets companies answer the visitors of their sites and apps, as a team."
        }
    }
}

/// The policy of a profile, without its date.
pub fn policy(facts: &Facts) -> Vec<Block> {
    let profile = facts.policy.profile;
    let mut blocks = vec![
        Block::Heading(1, title(profile).to_owned()),
        Block::Text(format!(
            "{} This policy says what the service keeps about people, why and for how long, who else handles it, and what you can ask for. It holds for workspaces of the profile \"{}\".",
            product(profile),
            profile.word()
        )),
        Block::Text(
            "\"We\" are the company that operates this installation; its name and address are at the end. \"Customers\" are the companies that use it, \"members\" the people in their teams, and \"visitors\" and \"guests\" the people who talk with them.".to_owned(),
        ),
    ];
    let said: Vec<(Section, Says)> = clauses::all()
        .filter(|clause| clause.is_of(profile))
        .map(|clause| (clause.section, (clause.says)(facts)))
        .collect();
    for section in Section::ALL {
        let holds: Vec<String> = said
            .iter()
            .filter_map(|(of, says)| match says {
                Says::Holds(text) if *of == section => Some(text.clone()),
                _ => None,
            })
            .collect();
        if holds.is_empty() {
            continue;
        }
        blocks.push(Block::Heading(section.level(), section.title().to_owned()));
        blocks.extend(holds.into_iter().map(Block::Text));
        match section {
            Section::Sharing => blocks.push(annexes::services(facts)),
            Section::Keeping => blocks.extend(annexes::ends_for_people(facts)),
            _ => {}
        }
    }
    let rest = |pick: fn(&Says) -> Option<&String>| -> Vec<String> {
        said.iter()
            .filter_map(|(_, says)| pick(says).cloned())
            .collect()
    };
    let differs = rest(|says| match says {
        Says::Differs(text) => Some(text),
        _ => None,
    });
    if !differs.is_empty() {
        let title = "Where we differ from what you may expect";
        blocks.push(Block::Heading(2, title.to_owned()));
        blocks.extend(differs.into_iter().map(Block::Text));
    }
    let not_yet = rest(|says| match says {
        Says::NotYet(text) => Some(text),
        _ => None,
    });
    if !not_yet.is_empty() {
        let title = "What this version does not offer yet";
        blocks.push(Block::Heading(2, title.to_owned()));
        blocks.push(Block::Text(
            "A policy should not promise what a program cannot do. This is planned and not here today:".to_owned(),
        ));
        blocks.push(Block::List(not_yet));
    }
    blocks.push(Block::Heading(2, "Who answers for this".to_owned()));
    blocks.push(Block::Text(
        "The company that operates this installation answers for all of this. This is its name and address, and where a person reads what you write about privacy:".to_owned(),
    ));
    blocks.push(Block::Table(
        vec!["Operator".to_owned(), "Contact for privacy".to_owned()],
        vec![vec![OPERATOR.to_owned(), CONTACT.to_owned()]],
    ));
    blocks
}

/// From when a document is, and its hash.
pub fn dated(versions: &[Version]) -> Vec<Block> {
    let line = |version: &Version| {
        Block::Text(format!(
            "Last updated {}. Checksum (SHA-256) {}.",
            version.date, version.hash
        ))
    };
    versions.last().map(line).into_iter().collect()
}

/// The versions before the present one, newest first.
pub fn earlier(versions: &[Version]) -> Vec<Block> {
    let rows: Vec<Vec<String>> = versions
        .iter()
        .rev()
        .map(|version| {
            let change = version.change.word().to_owned();
            vec![version.date.clone(), change, version.hash.clone()]
        })
        .collect();
    vec![
        Block::Heading(2, "Versions".to_owned()),
        Block::Text("The checksum covers this policy and the documents beside it: records of processing, data map, subprocessors, cookies, retention and clauses.".to_owned()),
        Block::Table(
            vec![
                "Date".to_owned(),
                "Change".to_owned(),
                "Checksum".to_owned(),
            ],
            rows,
        ),
    ]
}
