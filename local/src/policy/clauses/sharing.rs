//! Who else handles the data, and under which conditions.

use shared::domain::policy::Module;

use super::{Clause, Section, holds};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["FLOW-39", "FLOW-44", "CHAT-16"], Section::Sharing, |f| {
        let services: Vec<&str> = f.deployment.services.keys().copied().collect();
        let (last, first) = services.split_last().unwrap_or((&"", &[]));
        let pushes = if f.policy.has(Module::Push) {
            ", and the services of Apple, Google, Expo and browsers that bring notifications"
        } else {
            ""
        };
        holds(format!(
            "The service runs on Amazon Web Services, in the operator's own account. AWS handles data for us with {} and {last}; the table below says what each of them does. Stripe handles payments, where the operator sells plans. Beyond that, data reach only what a customer has chosen and told us to use: the sign-in service of its team, its own servers that are told what happens or that a flow asks{pushes}. The list of subprocessors beside this policy says what each of them gets. Each has a privacy policy of its own.",
            first.join(", ")
        ))
    }).everywhere(),
    Clause::new(&["FLOW-22"], Section::Sharing, |_| {
        holds("The database is Amazon DynamoDB, in the region that the operator has chosen.")
    }).everywhere(),
    Clause::new(&["FLOW-59"], Section::Sharing, |_| {
        holds("What we store stays in one region of AWS: nothing in the program copies it to another. Stripe, and the services that a customer has chosen, may handle what they get in other countries, under the contracts that the operator or the customer has with them. AWS may give technical support from other countries, under its data processing terms.")
    }).everywhere(),
    Clause::new(&["FLOW-41"], Section::Sharing, |_| {
        holds("Mail goes out through Amazon SES. A mail with a code holds the code and how long it is good for. Once a mail has been delivered, the copy in the mailbox is out of our reach.")
    }).everywhere(),
    Clause::new(&[], Section::Sharing, |_| {
        holds("The operator's staff see neither your visitors' names nor your conversations. If a fault cannot be found otherwise, an operator can enter a workspace as somebody who only reads, for a stated reason and a limited time. Its owners are told by mail and can end it at once, and every thread or person that was opened stands in the workspace's audit log.")
    }).everywhere(),
    Clause::new(&["FLOW-43"], Section::Sharing, |_| {
        holds("We share nothing on the strength of a consent. The one thing you can consent to is mail about offers: it is off until you turn it on, we keep when you did so and to which sentence, and you can take it back at any time.")
    }),
    Clause::new(&["FLOW-45", "FLOW-47", "CHAT-17"], Section::Sharing, |_| {
        holds("We hand data to somebody outside on three grounds only: the law demands it, our terms have to be enforced, or somebody's rights or safety would otherwise be harmed. Two people have to decide it. What is handed over is a copy of the conversations that were named, without the team's notes, and a register keeps for 36 months who got it and why, without naming whom it was about. You are told by mail, if you have proved an address, and find it in the copy of your data. If the law forbids us to tell you for a time, that is noted, and you are told when the time is over. Data of accounts are handed over only on a binding demand of an authority, by hand, and no more than it demands.")
    }).everywhere(),
    Clause::new(&["FLOW-46"], Section::Sharing, |_| {
        holds("When a customer's business changes hands, its workspace may go along. Two of its owners have to agree. Every owner is then told by mail, at least 30 days before the day and whatever mail they have refused, and the workspace shows who will answer for the data from which day on. It is handed over as a copy of the whole, without those who were set aside or are being erased.")
    }).everywhere(),
];
