//! How long data are kept, and how they are protected.

use shared::domain::analytics::LEAST_PEOPLE;
use shared::domain::idle::{IDLE_DAYS, NOTICE_DAYS};
use shared::domain::policy::{Module, Profile};
use shared::domain::retention::{CONVERSATION_DAYS, Class, erasure_days};

use super::{Clause, Section, differs, holds, not_yet};
use crate::policy::facts::words;

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["FLOW-31"], Section::Keeping, |_| {
        holds("Everything has an end that is decided when it is stored. The table below lists each kind of data and its end; from then on nothing shows it any more, and soon after it is deleted.")
    }).everywhere(),
    Clause::new(&["CALL-27", "FLOW-32"], Section::Keeping, |f| {
        holds(format!(
            "Data of an account are kept {}, those of a workspace {}. An invitation that nobody accepts ends after {}.",
            f.life(Class::Account),
            f.life(Class::Workspace),
            f.life(Class::Invitation)
        ))
    }).everywhere(),
    Clause::new(&["FLOW-33"], Section::Keeping, |f| {
        holds(format!(
            "Conversations are kept for {}: each message for {} from the moment it was sent, and the thread itself as long after its last activity. A busy thread loses its old messages all the same.",
            f.life(Class::Conversation),
            f.life(Class::Conversation)
        ))
    }),
    Clause::new(&["CHAT-18"], Section::Keeping, |f| {
        holds(format!(
            "Conversations are kept as long as answering and looking back need them, and no longer than {} unless the workspace sets another number: each message counted from when it was sent, the thread from its last activity. Before something goes that nobody has touched for {IDLE_DAYS} days, whoever answers for it is told, at least {NOTICE_DAYS} days before. \"As long as needed\" is a number here, so that it can be held against us.",
            f.life(Class::Conversation)
        ))
    }),
    Clause::new(&["FLOW-34"], Section::Keeping, |f| {
        let text = format!(
            "Owners and admins can set between {} and {} days. Fewer days hold at once, for everything; more days hold only for what is written afterwards, so that nobody's message is kept longer than was said when it was written.",
            CONVERSATION_DAYS.start(),
            CONVERSATION_DAYS.end()
        );
        if f.policy.has(Module::Conversations) { holds(text) } else { not_yet("Settings of how long something is kept.") }
    }).everywhere(),
    Clause::new(&["CALL-16"], Section::Keeping, |_| {
        not_yet("Data about calls, and the request of a customer to delete them.")
    }),
    Clause::new(&["CALL-26"], Section::Keeping, |f| {
        holds(format!("What you write to the operator and what is answered is kept for later questions: every message for {} after it was written, a thread as long after its last message, and none longer than your account. It is in the copy of your data. Without an account, ask the operator, who deletes a thread by its number. Attachments of mails are not kept, and the mail itself is deleted when it was read.", f.life(Class::Support)))
    }).everywhere(),
    Clause::new(&["FLOW-35"], Section::Keeping, |_| {
        holds("Invoices, credit notes and refunds are kept for seven years from the end of the calendar year of their last movement, because the law asks for it, and end then. They bear the name and the address that they were made out to, encrypted under a key of their own each, and no id of a workspace; one part of the program alone reads them. What else we know of payments goes with the workspace.")
    }),
    Clause::new(&["FLOW-36"], Section::Keeping, |f| {
        holds(format!(
            "Figures about use are made from what widgets say of themselves, a week at a time, when the week is over: counts without any id, each about {LEAST_PEOPLE} people at least, and what is about fewer put together. What they were made from is gone after {}, whether or not it was counted.",
            f.life(Class::Analytics)
        ))
    }).everywhere(),
    Clause::new(&["CALL-28"], Section::Keeping, |f| {
        if f.has("DELETE /v1/account") {
            holds("A closed account is shut at once, every session with it, and erased when the days to change your mind are over, or within minutes for whoever does not want to wait. Nothing of it is kept because of a law: no invoices exist that one would make us keep. What stays is the receipt, and what the table above names, under opaque ids and keyed hashes.")
        } else {
            not_yet("Closing an account. Until it is built, ask the operator.")
        }
    }),
    Clause::new(&["FLOW-38"], Section::Keeping, |f| {
        let (data, keys) = f.deployment.backups();
        holds(format!(
            "An account or a workspace that is deleted is gone with everything that belongs to it, within {} days at the latest: {} days to change your mind, {} to carry it out, {} until no copy can be read. That rests on its keys, which are deleted with it: backups of the keys reach back {keys} days only, so that what backups of the data still hold for up to {data} days cannot be read any more. A conversation that is on hold for a legal claim stays until its hold ends, and a single message that is deleted or changed while its thread lives can be restored from backups until they have rolled. When everything is gone, a signed receipt says so.",
            erasure_days::WORST,
            erasure_days::UNDO,
            erasure_days::EXECUTE,
            erasure_days::WORST - erasure_days::UNDO - erasure_days::EXECUTE,
        ))
    }).everywhere(),
    Clause::new(&["CHAT-20"], Section::Keeping, |f| {
        let (data, keys) = f.deployment.backups();
        let failures = f.deployment.failure_days;
        holds(format!(
            "After a deletion little is left for a while: backups ({data} days of ciphertext, {keys} days of keys), logs without names ({} days), positions of failed work ({failures} days), for {} a mark that says only that something is gone, and for {} the workspace's audit log. That log says what was done and when; whoever did it and whomever it was about stand there as hashes under a key of the workspace, which lead to nobody once their own entry is gone.",
            f.deployment.log_days,
            f.life(Class::Tombstone),
            f.life(Class::Audit)
        ))
    }).everywhere(),
    Clause::new(&["CHAT-23"], Section::Keeping, |f| {
        holds(format!(
            "What waits to be mailed to you is kept for {} at most and holds ids, not text. What the product shows you of a conversation is kept for {}, holds ids too, and goes with the conversation, as does how far somebody has read.",
            f.life(Class::Notice),
            f.life(Class::News)
        ))
    }).everywhere(),
    Clause::new(&["FLOW-27", "FLOW-28"], Section::Keeping, |f| {
        let (data, keys) = f.deployment.backups();
        holds(format!(
            "The database can be restored to any second of the last {data} days, which is more than a backup a day; the table of keys to any second of the last {keys} days. There are no other backups."
        ))
    }).everywhere(),
    Clause::new(&["FLOW-23"], Section::Security, |_| {
        holds("What people wrote, their names and their addresses are encrypted in the database, each conversation, contact and account under a key of its own; those keys are wrapped by a key of the workspace, and that by AWS KMS. Tables and logs are encrypted once more as a whole.")
    }).everywhere(),
    Clause::new(&["FLOW-24"], Section::Security, |_| {
        holds("Everything travels encrypted (TLS): between you and the service, and between its parts.")
    }).everywhere(),
    Clause::new(&["FLOW-25"], Section::Security, |_| {
        holds("What a member may do follows from a role (owner, admin, agent, viewer, billing), and nothing is allowed that a role does not name. Viewers see names and addresses of visitors masked. A changed role or an ended session holds with the next request.")
    }).everywhere(),
    Clause::new(&["FLOW-26"], Section::Security, |f| match f.policy.profile {
        Profile::Flows => holds("Every member signs in with a second factor, a passkey or a code of an authenticator app. It cannot be switched off in this profile."),
        Profile::Calls | Profile::Inbox => holds("Members can add a second factor, a passkey or a code of an authenticator app, and then no sign-in goes without it."),
    }).everywhere(),
    Clause::new(&["FLOW-29"], Section::Security, |_| {
        holds("Every week the parts we build on are held against the published list of known weaknesses, what reads bytes from outside is fed with chance, and the programming interface is tried by two customers at once who have nothing to look for with each other. Each time leaves a dated report of what was found and of what could not be checked. With every change run tests of the rules of this policy, of the permissions of every part, and a search of the stored files for plain text.")
    }),
    Clause::new(&["FLOW-30"], Section::Security, |f| {
        differs(format!(
            "You may expect a promise of 99.9 % availability. We hold ourselves to 999 of 1,000 requests in 30 days that do not fail by our fault: that is measured all the time, and alarms ring long before what may fail has failed. Whether it was kept is seen in operation and not in a text. The service runs on parts of AWS that span several data centres, and the deletion of what is over is watched: it runs every {}, and silence is an alarm.",
            words(f.deployment.sweep)
        ))
    }),
];
