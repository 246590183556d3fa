//! Who else handles the data, and under which conditions.

use super::{Clause, Section, holds};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["FLOW-39", "FLOW-44", "CHAT-16"], Section::Sharing, |f| {
        holds(format!(
            "The service runs on Amazon Web Services, in the operator's own account. AWS handles the data for us, with these services: {}. No other company takes part, unless the owner of your workspace had you sign in through one. Stripe handles payments where the operator sells plans. Apple, Google and Expo are not used by this version.",
            f.deployment.services.keys().copied().collect::<Vec<_>>().join(", ")
        ))
    }).everywhere(),
    Clause::new(&["FLOW-22"], Section::Sharing, |_| {
        holds("The database is Amazon DynamoDB, in the region that the operator chose.")
    }).everywhere(),
    Clause::new(&["FLOW-41"], Section::Sharing, |_| {
        holds("Mail goes out through Amazon SES. A mail with a code contains the code and how long it is good for. Once a mail has been sent, the copy in your mailbox is yours, and we cannot take it back.")
    }).everywhere(),
    Clause::new(&["FLOW-43"], Section::Sharing, |_| {
        holds("We share nothing on the strength of a consent: the program shares with nobody but the services above. The one thing that you can consent to is mail about offers; it is off until you turn it on, the record says when and to which sentence, and you can take it back at any time.")
    }),
    Clause::new(&["FLOW-45", "FLOW-47", "CHAT-17"], Section::Sharing, |_| {
        holds("We give data to somebody outside on one of three grounds only: the law demands it, the terms are enforced with it, or somebody's rights or safety would be harmed without it. Two people of the team decide, what is given is a copy of the named conversations without the team's notes, and a register keeps who got it and why for 36 months, without naming whom it was about. You are told by mail, where you proved an address, and find it in the copy of your own data; where the law forbids to tell you for a time, that is written down as well, and you are told when the time is over. Data of accounts we give away on a binding demand of an authority only, by hand and no more than it demands.")
    }).everywhere(),
    Clause::new(&["FLOW-21"], Section::Use, |_| {
        holds("Where a legal claim needs it, an owner or an admin can put a single conversation on hold, with a reason and an end. It then outlives its days; what had been deleted before stays deleted, and what is released ends as if there had been no hold.")
    }),
    Clause::new(&["FLOW-46"], Section::Sharing, |_| {
        holds("A workspace may go over to another company with the business that it belongs to. Two of its owners have to agree. Every owner is then told by mail, at least 30 days before the day, whatever mails they refused; who answers for the data from which day on stands with the workspace, and the register keeps it. The workspace is handed over as a copy of the whole of it, without those who were set aside or are being erased.")
    }),
    Clause::new(&["FLOW-59"], Section::Sharing, |_| {
        holds("Data stay in the AWS region of the deployment: nothing in the program copies them to another. Support by AWS may take place from other countries; the data processing terms of AWS hold for it.")
    }).everywhere(),
];
