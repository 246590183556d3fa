//! What it is used for.

use shared::domain::policy::Module;

use super::{Clause, Section, holds, with_route};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["CALL-15", "CALL-22"], Section::Use, |_| {
        holds("Data about a call serve to bring it about, to see whether the connection is good, and to find out why one failed. They serve nothing else.")
    }),
    Clause::new(&["CALL-23", "CHAT-13"], Section::Use, |_| {
        holds("Measurements and logs, which name nobody, serve to keep the service running, to stop abuse and to find faults. Nothing that people write is used to improve the product.")
    }).everywhere(),
    Clause::new(&["FLOW-16"], Section::Use, |_| {
        holds("We improve the service by those measurements and by figures about use. You can refuse the figures: a browser that asks not to be followed (Global Privacy Control, Do Not Track) is in none of them, and a visitor can refuse once and for all, which also takes back what was kept before.")
    }),
    Clause::new(&["FLOW-19"], Section::Use, |_| {
        holds("Figures about use serve to find out what fails and what is slow. This program alone makes them, without cookies and without anybody else, and they are shown as counts about nobody.")
    }),
    Clause::new(&["FLOW-20"], Section::Use, |_| {
        holds("To limit abuse, we count sign-ins, codes, mail and the like for a short time, by network and by account. The counters hold keyed hashes and no addresses.")
    }).everywhere(),
    Clause::new(&["CHAT-08"], Section::Use, |_| {
        holds("Accounts, sessions and roles serve to sign people in and to keep the data of one workspace from another.")
    }).everywhere(),
    Clause::new(&["FLOW-18", "CHAT-11"], Section::Use, |_| {
        holds("The mail we send you is about your account and the service: codes, invitations, a notice whenever something changes that you sign in with, news of the service, which you can refuse, and changes of this policy. When an address is changed, the old one hears of it too.")
    }).everywhere(),
    Clause::new(&["CHAT-10"], Section::Use, |f| {
        with_route(
            f,
            "POST /v1/auth/password/forgot",
            "If you forget your password, a mail brings a link that works once. We answer the same whether or not an address has an account.",
            "Mails to reset a password.",
        )
    }).everywhere(),
    Clause::new(&["CHAT-12"], Section::Use, |_| {
        holds("Notifications on devices are sent only where a workspace has set up the services that bring them. They say that something happened and name the conversation by its id, but not a word of what was said; the app fetches the rest.")
    }),
    Clause::new(&["CALL-24"], Section::Use, |f| {
        with_route(
            f,
            "POST /v1/support",
            "What you write to the operator, in the service or by mail, serves to answer you. It begins a thread between you and the operator; answers go to the address of your account, or to the one you wrote from. A mail to a thread counts only if it comes from the person the thread is with.",
            "A support desk inside the service.",
        )
    }).everywhere(),
    Clause::new(&["CALL-25", "FLOW-17"], Section::Use, |_| {
        holds("What Stripe tells us of payments, and who pays, serve to sell the plan of a workspace, to remind its owners when a payment fails or a trial ends, and to keep the books.")
    }).everywhere(),
    Clause::new(&["FLOW-21"], Section::Use, |_| {
        holds("Where a legal claim needs it, an owner or an admin can put a single conversation on hold, with a reason and an end. It then outlives its days. What had been deleted before stays deleted, and what is released ends as if there had been no hold.")
    }).also_with(Module::Conversations),
];
