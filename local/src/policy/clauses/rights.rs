//! What people can ask for, young people, and changes of the policy.

use shared::domain::policy::Module;
use shared::domain::privacy::{
    ANSWER_WITHIN, CHILD_ANSWER_WITHIN, MOST_EXTENSION_DAYS, MOST_RESTRICTED_DAYS,
};
use shared::domain::retention::{Class, EXPORT_LIFETIME, erasure_days};

use super::{Clause, Section, differs, holds, with_route};
use crate::policy::facts::words as length;

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["CALL-36"], Section::Rights, |_| {
        holds("These rights are for everybody, wherever you live. The program does not ask where that is.")
    }).everywhere(),
    Clause::new(&["CHAT-21"], Section::Rights, |f| {
        let talked = if f.policy.has(Module::Conversations) {
            "If you chatted with a company, that company decides about your data, so ask it: in the chat, or by mail from the address that its website vouched for, to our contact below. Your mail then reaches every company here that knows you by that address. Before anything is shown or deleted, the address it has on file must confirm the request. If the company says nothing, we hear of it."
        } else {
            "If you were in a call with a company, that company decides about your data, so ask it: we know you by a random id only, and the company can find and delete your calls."
        };
        holds(format!("Whom you ask depends on who you are. If you have an account with us, ask us. {talked}"))
    }).everywhere(),
    Clause::new(&["CALL-29", "FLOW-48"], Section::Rights, |f| {
        let chat = if f.policy.has(Module::Conversations) {
            " in the chat, if the page vouches for you or you open the link that goes to the address on file; otherwise the company decides, and its team can make the copy for you. The files of your messages are in it. "
        } else {
            " from the company you called, which finds your calls by the name that its app gave you. "
        };
        holds(format!(
            "You can have a copy of everything that is kept about you: in your account, with a fresh proof that it is you, or{chat}The copy says what was left out and why; other people appear in it by a random id only. It is encrypted under a key of its own, and is deleted after {} days, or earlier with you.",
            EXPORT_LIFETIME.as_secs() / 86_400
        ))
    }).everywhere(),
    Clause::new(&["CALL-32", "FLOW-51"], Section::Rights, |_| {
        holds("You can take your data along. The copy is JSON with a schema and a checksum for every part, and files as they are, so that another program can read it.")
    }).everywhere(),
    Clause::new(&["CALL-30", "FLOW-49"], Section::Rights, |f| {
        let messages = if f.policy.has(Module::Conversations) {
            " A team corrects the name, address and language of a visitor. Writers can edit a message for a short while after sending it; later it can be blacked out or deleted."
        } else {
            ""
        };
        holds(format!("You can have corrected what is wrong, and the old values are overwritten. You change your own account yourself.{messages}"))
    }).everywhere(),
    Clause::new(&["CALL-31", "FLOW-50"], Section::Rights, |f| {
        let scope = if f.policy.has(Module::Conversations) {
            "a visitor with every conversation, a single conversation, or a single message"
        } else {
            "what is known of calls"
        };
        holds(format!(
            "You can have your data deleted. Owners and admins delete {scope}; owners delete a workspace, and everybody their own account. What is deleted disappears from every view at once. The keys of a deleted conversation, person, account or workspace go with it, so that backups of it can no longer be read."
        ))
    }).everywhere(),
    Clause::new(&["FLOW-37"], Section::Rights, |f| {
        with_route(
            f,
            "DELETE /v1/account",
            &format!(
                "You can close your account yourself at any time, with a fresh proof that it is you. For {} days you can change your mind.",
                erasure_days::UNDO
            ),
            "Closing your account in its settings.",
        )
    }).everywhere(),
    Clause::new(&["CALL-33", "FLOW-54"], Section::Rights, |_| {
        holds("You can object to what is done with your data, in your own words, and a person answers. Two things end with the objection itself, before anybody decides: you are taken out of figures about use, those of what was kept before included, and mail about offers stops. Where something cannot go on without your data, such as answering you or signing you in, the answer says so.")
    }).everywhere(),
    Clause::new(&["CALL-34", "FLOW-53"], Section::Rights, |_| {
        holds(format!(
            "You can have your data set aside while a question about them is open. They are then kept, for {MOST_RESTRICTED_DAYS} days at most, do not expire, and nobody reads or writes them; you can still ask about them, and have them copied or erased. Only what keeps a chat signed in, and the page you were on, may end meanwhile. The company you talked with does this; for an account we do. Every session of an account that is set aside ends, nobody can sign in to it, and the only mail that goes to it answers your requests. It stays that way until you ask us, by mail, to use it again or to delete it. Your name stays where colleagues see who wrote something."
        ))
    }).everywhere(),
    Clause::new(&["FLOW-52"], Section::Rights, |f| {
        if f.policy.profile.allows_offers() {
            holds(format!("Mail about offers comes only if you have turned it on in your account. Every such mail ends it with one click, at once and without signing in, and so do the settings of your account. We keep what you said for {}, under a keyed hash of your address, whether or not you still have an account.", f.life(Class::MailWish)))
        } else {
            differs("Other policies offer a way out of marketing mail. Here there is nothing to opt out of, because the program sends no offers to members of a workspace of this profile. News of the service can be refused with one click, or in your account.")
        }
    }).everywhere(),
    Clause::new(&["CHAT-22"], Section::Rights, |_| {
        holds("You can ask about privacy without asking for anything else. A question has the same dates as a request.")
    }).everywhere(),
    Clause::new(&["CALL-35"], Section::Rights, |_| {
        holds("You can use these rights by mail: write to our contact below. Because anybody can write any sender into a mail, nothing is done on the strength of one. If an account has that address, or a company's website vouched for somebody with it, a link goes there; whoever opens it says what they ask for and confirms it. From then on it is a request like any other, and its time counts from the day of the mail. If you did not write, ignore the link. The mail itself is deleted once the program has read it, and within a day in any case. Where the operator has its mail read by people instead, they check that it is you before they act.")
    }).everywhere(),
    Clause::new(&["FLOW-55"], Section::Rights, |_| {
        holds(format!(
            "Every request is answered within {} of the day it came in. {MOST_EXTENSION_DAYS} days more are possible once, for a reason that you are told, and so is a refusal. The program confirms at once that the request came, reminds whoever has to answer, and tells us when a company stays silent.",
            length(ANSWER_WITHIN)
        ))
    }).everywhere(),
    Clause::new(&["CHAT-19"], Section::Rights, |_| {
        holds("Owners and admins can correct and delete in the product, without asking us: messages, conversations, what is known of a visitor, files, invitations, and members with their roles.")
    }),
    Clause::new(&["CALL-39"], Section::Rights, |f| {
        with_route(
            f,
            "GET /.well-known/privacy.json",
            "You can reach a person at the contact below. Programs find it at /.well-known/privacy.json.",
            "The contact address in a place where programs find it.",
        )
    }).everywhere(),
    Clause::new(&["FLOW-60"], Section::Children, |f| {
        with_route(
            f,
            "POST /v1/auth/login",
            "Accounts are for adults. Whoever signs up has to say that they are one; we keep when they said so, and no date of birth.",
            "Asking at sign-up whether somebody is of age.",
        )
    }).everywhere(),
    Clause::new(&["FLOW-61"], Section::Children, |_| {
        holds(format!(
            "Anybody who sees that the data of a child are here can report it: in the chat, to the company, or to us, without an account and without saying who they are. If the report names the child's data, they are set aside at once, so that nobody reads or writes them, and the people who answer requests are told by mail; if not, we look for them. Within {} hours somebody has to decide whether they are deleted or used again.",
            CHILD_ANSWER_WITHIN.as_secs() / 3600
        ))
    }).everywhere(),
    Clause::new(&["FLOW-01"], Section::Changes, |_| {
        holds("The program that this policy describes writes it, from the rules that run. It bears its date, and a checksum of everything it says; another text under the same date does not pass our checks.")
    }).everywhere(),
    Clause::new(&["CALL-38"], Section::Changes, |_| {
        holds("A change of wording may come without mail; it still gets its own date and checksum in the list below. Whether a change is one of wording is not ours to say: the program compares what is kept, what for, for how long and who else handles it, and a change of any of these is one of substance.")
    }).everywhere(),
    Clause::new(&["CALL-37", "FLOW-62"], Section::Changes, |_| {
        holds("Every owner of a workspace is told by mail of a change of substance, once and at least 14 days before it holds, whatever mail they have refused. If the mail does not arrive, their account shows the change instead. This page always has the present text with its date, and the dates of the earlier ones.")
    }).everywhere(),
    Clause::new(&["FLOW-63"], Section::Changes, |_| {
        holds("If you go on using the service after an announced change has begun, you accept it. The version and the time are noted in your account, where you can see them. If you do not want to accept it, you can export and delete what is yours instead.")
    }),
    Clause::new(&[], Section::Security, |f| {
        holds(format!(
            "A code that we mail is good for {}, for a few tries and for one sign-in. It is computed and not stored.",
            f.life(Class::Challenge)
        ))
    }).everywhere(),
];
