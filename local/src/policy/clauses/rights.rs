//! What people can ask for, young people, and changes of the policy.

use shared::domain::privacy::{ANSWER_WITHIN, MOST_EXTENSION_DAYS, MOST_RESTRICTED_DAYS};
use shared::domain::retention::{Class, EXPORT_LIFETIME, erasure_days};

use super::{Clause, Section, differs, holds, not_yet, with_route};
use crate::policy::facts::words as length;

const BY_HAND: &str =
    "Until it is built, write to the contact address; the operator sees to it by hand.";

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["CALL-36"], Section::Rights, |_| {
        holds("These rights are for everybody, wherever you live. The program does not ask where that is.")
    }).everywhere(),
    Clause::new(&["CHAT-21"], Section::Rights, |_| {
        holds("If you chatted with a company, that company decides about your data: ask it, in the chat, or by mail from the address that its website vouched for, to the contact below: the program brings what you write to every company here that knows you by it. Before anything is shown or deleted, the address that it knows of you has to confirm. If it says nothing, we hear of it. If you have an account with us, ask us.")
    }).everywhere(),
    Clause::new(&["CALL-29", "FLOW-48"], Section::Rights, |f| {
        if f.has("POST /v1/account/exports") {
            holds(format!(
                "You can ask for a copy of everything that is kept about you: in your account, with a fresh proof that it is you, or in the chat, if the page vouches for who you are or you open the link that goes to the address the company knows of you. Otherwise the company decides, whose team can make the copy for you. The files of your messages are in it. It says what was left out and why; other people are in it by an opaque id only. It lies encrypted under a key of its own, and is gone after {} days, or earlier with you.",
                EXPORT_LIFETIME.as_secs() / 86_400
            ))
        } else {
            not_yet(format!("A copy of everything that is kept about you, on request. Today members and visitors can read their conversations, profile and sessions through the service. {BY_HAND}"))
        }
    }).everywhere(),
    Clause::new(&["CALL-30", "FLOW-49"], Section::Rights, |_| {
        holds("What is wrong can be corrected: a team corrects name, address and language of a visitor, and the old values are overwritten. Writers can edit a message for a short while after it was sent; a message that needs correction later can be blacked out or deleted.")
    }).everywhere(),
    Clause::new(&["CALL-31", "FLOW-50"], Section::Rights, |f| {
        let contact = "DELETE /v1/workspaces/{workspace}/contacts/{contact}";
        let scope = if f.has(contact) {
            "a visitor with all conversations, a conversation, or a single message"
        } else {
            "a conversation, or a single message"
        };
        holds(format!(
            "What is kept can be deleted: owners and admins delete {scope}, owners a workspace, and everybody their own account. What was deleted is gone from every view at once; a conversation, a visitor, an account or a workspace takes its keys along, so that backups of it cannot be read."
        ))
    }).everywhere(),
    Clause::new(&["FLOW-37"], Section::Rights, |f| {
        with_route(
            f,
            "DELETE /v1/account",
            &format!(
                "You can close your account yourself, with a fresh proof that it is you. For {} days you can change your mind.",
                erasure_days::UNDO
            ),
            "Closing your account in its settings.",
        )
    }).everywhere(),
    Clause::new(&["CALL-32", "FLOW-51"], Section::Rights, |f| {
        if f.has("POST /v1/account/exports") {
            holds("You can take your data along: the copy is JSON, with the files as they are, a schema, and a checksum for every part, so that another program can read it.")
        } else {
            not_yet(format!("An export of all your data as one JSON archive. Conversations can be read in JSON through the programming interface. {BY_HAND}"))
        }
    }).everywhere(),
    Clause::new(&["CALL-33", "FLOW-54"], Section::Rights, |_| {
        holds("You can object to what is done with your data, in your own words, and a person answers. Two things end with the objection itself, before anybody decides: you are in no figures about use, also not in those of what was kept before, and mail about offers no longer comes. What is needed to answer you, to sign you in and to keep others out cannot go on without your data; there the answer says why.")
    }).everywhere(),
    Clause::new(&["CALL-34", "FLOW-53"], Section::Rights, |_| {
        holds(format!(
            "If you chatted with a company, you can ask it to set your data aside while a question about them is open: they are kept for {MOST_RESTRICTED_DAYS} days at most, do not expire, and nobody reads or writes them. You can still ask about them, and have them copied or erased. What tells how you are signed in to the chat, and the page you were on, may end meanwhile. If you have an account with us, ask us: when we agree, every session of it ends, nobody signs in to it, and no mail goes to it but the answers to what you ask about your data; it stays as it is until you ask us, by mail, to use it again, or to delete it. Your name stays where colleagues see who wrote something."
        ))
    }).everywhere(),
    Clause::new(&["FLOW-52"], Section::Rights, |f| {
        if f.policy.profile.allows_offers() {
            holds(format!("Mail about offers comes only if you turned it on in your account. Every such mail ends it with one click, without signing in and at once, and so do the settings of your account. What you said is kept under a keyed hash of your address for {}, account or not.", f.life(Class::MailWish)))
        } else {
            differs("You may expect a way out of marketing mail. There is none, because there is no such mail here: the program sends offers to nobody who is a member of a workspace of this profile. News of the service can be refused with one click, and in your account.")
        }
    }).everywhere(),
    Clause::new(&["CALL-35"], Section::Rights, |_| {
        holds("You can use these rights by mail: write to the contact address of the operator. Who a mail says it is from is not believed, so nothing happens because of it but this: if an account has that address, or a company's website vouched for somebody with it, a link goes there. Whoever opens it says what they ask for and confirms it; from then on the request is followed like any other, and its time counts from the day of the mail. If you did not write, ignore the link. The mail itself is deleted when the program has read it, and within a day in any case. An operator whose mail is taken elsewhere has people read it, who check that it is you before they act.")
    }).everywhere(),
    Clause::new(&["FLOW-55"], Section::Rights, |_| {
        holds(format!(
            "Whoever answers a request has {} from the day it came in, and {MOST_EXTENSION_DAYS} days more only with a reason that you are told. The program confirms at once that it came, reminds whoever answers before the end, and tells the operator where a company says nothing.",
            length(ANSWER_WITHIN)
        ))
    }).everywhere(),
    Clause::new(&["CHAT-22"], Section::Rights, |_| {
        holds("You can ask a company that you chatted with about privacy, in the chat: the question has the same dates as a request.")
    }),
    Clause::new(&["CHAT-19"], Section::Rights, |_| {
        holds("Owners can correct and delete in the product: messages, conversations, what is known of a visitor, files, invitations, and members with their roles. They need not ask us.")
    }),
    Clause::new(&["CALL-39"], Section::Rights, |f| {
        with_route(
            f,
            "GET /.well-known/privacy.json",
            "You can reach a person at the contact address, which programs find at /.well-known/privacy.json.",
            "The contact address in a place where programs find it. People find it at the end of this policy, where the operator fills it in.",
        )
    }).everywhere(),
    Clause::new(&["FLOW-60"], Section::Children, |f| {
        with_route(
            f,
            "POST /v1/auth/login",
            "Accounts are for adults: whoever signs up has to say so. We keep when it was said, and no date of birth.",
            "Asking at sign-up whether somebody is of age. Accounts are meant for adults; no date of birth is kept.",
        )
    }).everywhere(),
    Clause::new(&["FLOW-61"], Section::Children, |_| {
        holds("Whoever sees that the data of a child are here can report it, in the chat or to the company. The report sets them aside at once: nobody reads or writes them. Everybody in the company who answers requests hears of it by mail, and somebody has to decide within 24 hours whether they are deleted or used again.")
    }).everywhere(),
    Clause::new(&["FLOW-01"], Section::Changes, |_| {
        holds("This policy is written by the program it describes, from the rules that run. It bears the day it is from, and a checksum of everything it says; another text without another day does not pass our checks.")
    }).everywhere(),
    Clause::new(&["CALL-38"], Section::Changes, |_| {
        holds("A change of wording may come without mail; it still gets its own day and checksum in the list of versions below. What is kept, what for, how long and who else handles it is compared by the program from version to version: a change of that is never one of wording, whatever anybody calls it.")
    }).everywhere(),
    Clause::new(&["CALL-37", "FLOW-62"], Section::Changes, |_| {
        holds("Every owner of a workspace hears by mail of a change that matters, once and at least 14 days before it holds, whatever mail they have refused. Whom the mail does not reach is shown the change in their account. The present text with its day, and the days of the earlier ones, stand on this page.")
    }).everywhere(),
    Clause::new(&["FLOW-63"], Section::Changes, |_| {
        holds("Whoever goes on using the service after an announced change has begun, accepts it: the version and the time are written down with the account, where you can see them. Whoever does not want to, can export and delete what is theirs instead.")
    }),
    Clause::new(&["CHAT-10"], Section::Security, |f| {
        holds(format!(
            "A code that we mail is good for {}, a few tries and one sign-in; it is computed, not stored.",
            f.life(Class::Challenge)
        ))
    }).everywhere(),
];
