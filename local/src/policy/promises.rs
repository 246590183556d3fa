//! Every promise that Sotto's three profiles are measured by: its ID, and what it is about in our
//! own words. The policy and `docs/promises.md` are held against this list.

use shared::domain::policy::Profile;

/// ID and promise, in the order of the profiles.
pub const PROMISES: [(&str, &str); 126] = [
    (
        "CALL-01",
        "serves live video between a team and its users; no needless data, no watching of behaviour",
    ),
    (
        "CALL-02",
        "speaks to customers and to their users, wherever the company sits",
    ),
    (
        "CALL-03",
        "offers live video, screen sharing and calls inside an app",
    ),
    ("CALL-04", "keeps what is essential and nothing beyond it"),
    ("CALL-05", "one cookie, to stay signed in"),
    (
        "CALL-06",
        "no cookies for statistics, tracking or advertising",
    ),
    ("CALL-07", "no scripts of others"),
    ("CALL-08", "builds no profiles of people"),
    ("CALL-09", "keeps a customer's name and mail address"),
    ("CALL-10", "keeps details of the customer's organisation"),
    (
        "CALL-11",
        "app identifiers tie calls of the SDK to a customer",
    ),
    ("CALL-12", "payments are handled by Stripe"),
    ("CALL-13", "people in calls never need an account"),
    (
        "CALL-14",
        "a call needs session, role, device and network data for a while",
    ),
    (
        "CALL-15",
        "such data serve to set the call up and to watch its quality",
    ),
    (
        "CALL-16",
        "data about calls are kept until the customer asks for deletion",
    ),
    ("CALL-17", "sound and picture are never stored or recorded"),
    ("CALL-18", "data are never sold"),
    ("CALL-19", "no advertising, no trackers of others"),
    (
        "CALL-20",
        "what is said or written in a call is never stored",
    ),
    ("CALL-21", "collects nothing that calls do not need"),
    ("CALL-22", "uses data to set sessions up"),
    ("CALL-23", "uses data for reliability and fault finding"),
    ("CALL-24", "uses data to answer support questions"),
    ("CALL-25", "uses data for billing"),
    ("CALL-26", "mail to support is kept for later questions"),
    (
        "CALL-27",
        "account data are kept while the organisation has an account",
    ),
    (
        "CALL-28",
        "a closed account is removed, except what law requires",
    ),
    ("CALL-29", "right of access"),
    ("CALL-30", "right to correction"),
    ("CALL-31", "right to deletion"),
    ("CALL-32", "right to take the data along"),
    ("CALL-33", "right to object"),
    ("CALL-34", "right to restriction"),
    (
        "CALL-35",
        "rights can be used by mail, and somebody sees to it",
    ),
    ("CALL-36", "rights hold where the local law gives them"),
    ("CALL-37", "owners are told of significant changes"),
    ("CALL-38", "small changes may come without notice"),
    ("CALL-39", "a person can be reached"),
    (
        "FLOW-01",
        "the policy bears its date and says what is collected, used, given away and protected",
    ),
    (
        "FLOW-02",
        "an account is an address and an organisation's name",
    ),
    ("FLOW-03", "keeps preferences and settings of the account"),
    ("FLOW-04", "keeps the flows that were built"),
    ("FLOW-05", "keeps messages and answers of conversations"),
    ("FLOW-06", "keeps how people went through a flow"),
    ("FLOW-07", "keeps the values that a flow asked for"),
    ("FLOW-08", "counts use: flows, conversations"),
    ("FLOW-09", "measures performance and errors"),
    ("FLOW-10", "keeps device and browser"),
    ("FLOW-11", "handles network address and region"),
    ("FLOW-12", "card numbers stay with Stripe"),
    (
        "FLOW-13",
        "of a card: last four digits, brand and expiry only",
    ),
    ("FLOW-14", "keeps a billing address"),
    ("FLOW-15", "keeps payments and invoices"),
    (
        "FLOW-16",
        "uses data to provide, maintain and improve the service",
    ),
    ("FLOW-17", "uses data for payments and subscriptions"),
    (
        "FLOW-18",
        "sends service notices, security alerts and support mail",
    ),
    ("FLOW-19", "uses figures about use to improve"),
    ("FLOW-20", "uses data against fraud and abuse"),
    ("FLOW-21", "uses data to obey the law and enforce the terms"),
    ("FLOW-22", "names where the database is"),
    ("FLOW-23", "encrypts at rest"),
    ("FLOW-24", "encrypts in transit"),
    ("FLOW-25", "access by role"),
    ("FLOW-26", "a second factor for team members"),
    ("FLOW-27", "backups every day"),
    ("FLOW-28", "backups are kept for 30 days"),
    ("FLOW-29", "regular security checks"),
    ("FLOW-30", "a sound cloud, up 99.9 % of the time"),
    ("FLOW-31", "keeps data while active or needed"),
    ("FLOW-32", "keeps account data until the account is deleted"),
    ("FLOW-33", "keeps conversations for 90 days by default"),
    ("FLOW-34", "the customer can change how long"),
    ("FLOW-35", "keeps billing records for 7 years"),
    ("FLOW-36", "figures about use are anonymous after 12 months"),
    (
        "FLOW-37",
        "an account and all its data can be deleted from the settings",
    ),
    ("FLOW-38", "everything is gone 30 days after a deletion"),
    ("FLOW-39", "names the other companies"),
    ("FLOW-40", "Google Analytics may be used"),
    ("FLOW-41", "a mail service sends codes and notices"),
    ("FLOW-42", "never sells, trades or rents data"),
    ("FLOW-43", "shares with consent"),
    ("FLOW-44", "shares with the listed companies only"),
    ("FLOW-45", "gives data away where law demands it"),
    ("FLOW-46", "data may go along with the business"),
    ("FLOW-47", "gives data away to protect rights and safety"),
    ("FLOW-48", "right to a copy"),
    ("FLOW-49", "right to correction"),
    ("FLOW-50", "right to deletion"),
    ("FLOW-51", "right to a portable export in JSON"),
    ("FLOW-52", "marketing can be refused"),
    ("FLOW-53", "right to restriction"),
    ("FLOW-54", "right to object"),
    ("FLOW-55", "requests are answered within 30 days"),
    ("FLOW-56", "a cookie for the session"),
    (
        "FLOW-57",
        "cookies for preferences, statistics and security",
    ),
    ("FLOW-58", "people control cookies"),
    ("FLOW-59", "transfers across borders are safeguarded"),
    ("FLOW-60", "not for people under 18"),
    ("FLOW-61", "a report about a child is acted on at once"),
    (
        "FLOW-62",
        "changes are published with a new date and mailed when they matter",
    ),
    ("FLOW-63", "who goes on using it accepts the change"),
    (
        "CHAT-01",
        "data serve the inbox, notifications and answers to visitors only",
    ),
    (
        "CHAT-02",
        "name and address serve set-up, sign-in, profile and support",
    ),
    (
        "CHAT-03",
        "keeps replies, visitors' messages, transcripts and their particulars",
    ),
    ("CHAT-04", "keeps files and pictures"),
    ("CHAT-05", "keeps memberships and internal ids"),
    ("CHAT-06", "keeps push tokens and devices"),
    (
        "CHAT-07",
        "keeps status, assignment, preferences and availability",
    ),
    (
        "CHAT-08",
        "uses data to sign people in and keep workspaces safe",
    ),
    (
        "CHAT-09",
        "uses data for inbox, threads, assignment, visitor context and history",
    ),
    ("CHAT-10", "mails links to reset a password"),
    ("CHAT-11", "sends mail about the account"),
    ("CHAT-12", "notifies mobile devices"),
    (
        "CHAT-13",
        "uses data for reliability, against abuse and to improve the core",
    ),
    ("CHAT-14", "never sells personal data"),
    ("CHAT-15", "no use for other companies' advertising"),
    ("CHAT-16", "names the kinds of providers"),
    ("CHAT-17", "gives data away for law, terms and safety"),
    ("CHAT-18", "keeps data as long as needed"),
    (
        "CHAT-19",
        "owners can correct and remove records in the product",
    ),
    (
        "CHAT-20",
        "a little backup and audit data outlives a deletion for a while",
    ),
    (
        "CHAT-21",
        "access, correction and deletion through the workspace's owner or by mail",
    ),
    ("CHAT-22", "questions about privacy are answered"),
    (
        "CHAT-23",
        "notifications come and go with what they tell of",
    ),
    ("CHAT-24", "keeps profile pictures"),
];

/// The profile that a promise belongs to.
pub fn profile_of(id: &str) -> Option<Profile> {
    Some(match id.split_once('-')?.0 {
        "CALL" => Profile::Calls,
        "CHAT" => Profile::Inbox,
        "FLOW" => Profile::Flows,
        _ => return None,
    })
}

/// The promises of a profile.
pub fn of(profile: Profile) -> impl Iterator<Item = &'static (&'static str, &'static str)> {
    PROMISES
        .iter()
        .filter(move |(id, _)| profile_of(id) == Some(profile))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_three_profiles_have_39_63_and_24_promises_and_none_is_listed_twice() {
        let count = |profile| of(profile).count();
        let counts = [Profile::Calls, Profile::Flows, Profile::Inbox].map(count);
        assert_eq!(counts, [39, 63, 24]);
        let ids: BTreeSet<&str> = PROMISES.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids.len(), PROMISES.len());
    }
}
