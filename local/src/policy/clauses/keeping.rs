//! How long data are kept, and how they are protected.

use std::time::Duration;

use shared::domain::analytics::LEAST_PEOPLE;
use shared::domain::billing::kept;
use shared::domain::idle::{IDLE_DAYS, NOTICE_DAYS};
use shared::domain::policy::{Module, Profile};
use shared::domain::retention::{CONVERSATION_DAYS, Class, erasure_days};

use super::{Clause, Section, differs, holds};
use crate::policy::facts::words;

/// How often something happens: `hour`, `2 hours`.
fn every(length: Duration) -> String {
    let length = words(length);
    length
        .strip_prefix("1 ")
        .map_or(length.clone(), str::to_owned)
}

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["FLOW-31"], Section::Keeping, |_| {
        holds("Everything is given an end when it is stored. From that moment on nothing shows it any more, and soon after it is deleted. The table at the end of this section says how long each kind of data is kept.")
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
            "Conversations are kept for {}: each message that long after it was sent, and the thread itself that long after its last activity. Even a busy thread loses its old messages.",
            f.life(Class::Conversation)
        ))
    }),
    Clause::new(&["CHAT-18"], Section::Keeping, |f| {
        holds(format!(
            "Conversations are kept as long as answering and looking back need them, and no longer than {} unless the workspace sets another number: each message counted from when it was sent, the thread from its last activity. Before something goes that nobody has touched for {IDLE_DAYS} days, whoever answers for it is told, at least {NOTICE_DAYS} days ahead. We put a number on \"as long as needed\" so that you can hold us to it.",
            f.life(Class::Conversation)
        ))
    }),
    Clause::new(&["FLOW-34"], Section::Keeping, |_| {
        holds(format!(
            "Owners and admins can choose how long conversations are kept, between {} and {} days. A shorter time holds at once and for everything. A longer one holds only for what is written afterwards, so that nobody's message is kept longer than was said when it was written.",
            CONVERSATION_DAYS.start(),
            CONVERSATION_DAYS.end()
        ))
    }).also_with(Module::Conversations),
    Clause::new(&["CALL-16"], Section::Keeping, |_| {
        holds("What we know of a call is kept until the customer asks for its deletion; by itself it does not end. Owners and admins delete it in the product, for a call, an app, a guest, a person whom their app named, or everything before a day; and an account holder can ask for the end of all of it as a request about data, which is carried out within minutes and says how much went. If you were in a call as a guest, ask the company you called.")
    }),
    Clause::new(&["CALL-26"], Section::Keeping, |f| {
        holds(format!("What you write to the operator, and the answers, are kept for later questions: every message for {} after it was written, the thread as long after its last message, and neither longer than your account. They are in the copy of your data. If you have no account, ask the operator, who deletes a thread by its number. Attachments are not kept, and a mail itself is deleted once it has been read.", f.life(Class::Support)))
    }).everywhere(),
    Clause::new(&["FLOW-35"], Section::Keeping, |_| {
        holds(format!("Invoices, credit notes and refunds are kept for {} years from the end of the calendar year of their last movement, because the law asks for it. They bear the name and address that they were made out to, each encrypted under a key of its own, and name no workspace; one part of the program alone reads them. What else we know of payments goes with the workspace.", kept::YEARS))
    }).everywhere(),
    Clause::new(&["FLOW-36"], Section::Keeping, |f| {
        holds(format!(
            "Figures about use are counted from what widgets report, one week at a time, once the week is over. The counts hold no ids and each is about {LEAST_PEOPLE} people at least; smaller ones are put together. What they were counted from is deleted after {}, whether or not it was counted.",
            f.life(Class::Analytics)
        ))
    }).also_with(Module::Conversations),
    Clause::new(&["CALL-28"], Section::Keeping, |_| {
        holds("When you close your account, it is shut at once, with every session, and erased when the days to change your mind are over, or within minutes if you do not want to wait. What the law makes the operator keep, the documents of payments, stays for its time. Besides, only the receipt of the erasure is left, and what this section names, under random ids and keyed hashes.")
    }).everywhere(),
    Clause::new(&["FLOW-38"], Section::Keeping, |f| {
        let (data, keys) = f.deployment.backups();
        let conversations = if f.policy.has(Module::Conversations) {
            " There are two exceptions. A conversation on hold for a legal claim stays until its hold ends; and a single message that is deleted while its thread lives on, or a file of it, can be restored from backups until they have rolled over."
        } else {
            ""
        };
        holds(format!(
            "A deleted account or workspace is gone with everything that belongs to it within {} days at the latest: {} days to change your mind, {} to carry it out, and {} until no copy can be read. That last step rests on the keys, which are deleted with the data. Backups of the keys reach back {keys} days only, so what backups of the data and of files still hold, for up to {data} days, can no longer be read.{conversations} When everything is gone, a signed receipt says so.",
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
            "Little is left for a while after a deletion: backups that can no longer be read ({data} days of data and files, {keys} days of keys), logs that name nobody ({} days), the positions of work that failed ({failures} days), a mark that says only that something is gone ({}), and the workspace's audit log ({}). That log says what was done and when. Whoever did it, and whomever it was about, stand there as hashes under a key of the workspace, which lead to nobody once their own entry is gone.",
            f.deployment.log_days,
            f.life(Class::Tombstone),
            f.life(Class::Audit)
        ))
    }).everywhere(),
    Clause::new(&["CHAT-23"], Section::Keeping, |f| {
        let devices = if f.policy.has(Module::Push) {
            format!(
                " That a device was told of something is remembered for {}, by ids as well.",
                f.life(Class::Notification)
            )
        } else {
            String::new()
        };
        holds(format!(
            "What waits to be mailed to you is kept for {} at most, and holds ids and no text. What the product shows you of a conversation is kept for {}, holds ids too, and goes with the conversation, as does how far somebody has read.{devices}",
            f.life(Class::Notice),
            f.life(Class::News)
        ))
    }).everywhere(),
    Clause::new(&["FLOW-27", "FLOW-28"], Section::Keeping, |f| {
        let (data, keys) = f.deployment.backups();
        holds(format!(
            "The data can be restored to any second of the last {data} days, and a copy of it and of the sealed files is made every day besides and kept for {} days. The keys can be restored to any second of the last {keys} days, and are in no other backup.",
            f.deployment.vault_days
        ))
    }).everywhere(),
    Clause::new(&["FLOW-23"], Section::Security, |_| {
        holds("What people write, their names and their addresses are encrypted in the database, each conversation, person and account under a key of its own. Those keys are encrypted under a key of the workspace, and that one by AWS KMS. Tables, files and logs are encrypted once more as a whole.")
    }).everywhere(),
    Clause::new(&["FLOW-24"], Section::Security, |_| {
        holds("Everything travels encrypted (TLS), between you and the service and between its parts.")
    }).everywhere(),
    Clause::new(&["FLOW-25"], Section::Security, |_| {
        holds("What a member may do follows from a role (owner, admin, agent, viewer or billing), and nothing is allowed that a role does not name. Viewers see the names and addresses of visitors masked. A changed role or an ended session counts from the next request on.")
    }).everywhere(),
    Clause::new(&["FLOW-26"], Section::Security, |f| match f.policy.profile {
        Profile::Flows => holds("Every member signs in with a second factor, a passkey or a code from an authenticator app. In this profile it cannot be switched off."),
        Profile::Calls | Profile::Inbox => holds("Members can add a second factor, a passkey or a code from an authenticator app; from then on no sign-in goes without it. A workspace can demand one of everybody."),
    }).everywhere(),
    Clause::new(&["FLOW-29"], Section::Security, |_| {
        holds("Every week the parts we build on are held against the published list of known weaknesses, what reads bytes from outside is fed with chance, and the programming interface is tried by two customers at once who have nothing to look for with each other. Each time leaves a dated report of what was found and of what could not be checked. With every change run tests of the rules of this policy, of the permissions of every part, and a search of the stored files for plain text.")
    }),
    Clause::new(&["FLOW-30"], Section::Security, |f| {
        differs(format!(
            "You may expect a promise of 99.9 % availability. We make none, because whether it was kept is seen in operation and not in a text. What we have is an objective: of 1,000 requests of any 30 days, 999 are not answered with a failure of ours. That is measured all the time, and alarms tell us when failures use up its margin too fast. The service runs on parts of AWS that span several data centres, and the deletion of what is over is watched: it runs every {}, and silence is an alarm.",
            every(f.deployment.sweep)
        ))
    }),
];
