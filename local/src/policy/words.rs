//! What the closed words of the privacy declarations are called in plain language. A new word does
//! not build until it has a name here.

use shared::domain::personal::{Category, Erase, Purpose};
use shared::domain::retention::Class;
use shared::store::record::Form;

pub const fn category(category: Category) -> &'static str {
    match category {
        Category::Contact => "address",
        Category::Content => "what was written",
        Category::Identifier => "recognises a person or device",
        Category::Name => "name",
        Category::Pseudonym => "opaque id, time, closed word or count",
        Category::VisitContext => "page, language or time zone of a visit",
    }
}

pub const fn purpose(purpose: Purpose) -> &'static str {
    match purpose {
        Purpose::AnswerRequests => {
            "answer requests about one's data, and show that they were answered"
        }
        Purpose::AnswerVisitor => "hold conversations between visitors and a team",
        Purpose::Authenticate => "sign people in and keep others out",
        Purpose::ConnectCall => "bring two people together in a call, and see that it is good",
        Purpose::Improve => "find out what fails and what is slow, and make it better",
        Purpose::ProveErasure => "show that an erasure was carried out",
        Purpose::RunWorkspace => "let a team work together",
        Purpose::Support => "answer what people write to the operator",
        Purpose::TakePayments => "sell plans, and keep the books that the law asks for",
    }
}

pub const fn erase(erase: Erase) -> &'static str {
    match erase {
        Erase::Delete => "deleted, with its key",
        Erase::Pseudonymise => "the reference becomes \"Former teammate\" and a number",
    }
}

pub const fn form(form: Form) -> &'static str {
    match form {
        Form::Keyed => "keyed hash",
        Form::Open => "in clear",
        Form::Sealed => "encrypted",
    }
}

/// What a retention class is about, in the order in which the policy tells of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// Conversations, and whom they are with.
    Conversations,
    /// Calls, and who was in them.
    Calls,
    /// Accounts, teams and what they are told.
    Accounts,
    /// What was asked about one's own data, and what came of it.
    Requests,
    /// Payments.
    Payments,
    /// What only keeps the program in order.
    Order,
}

/// What a retention class is about.
pub const fn group(class: Class) -> Group {
    match class {
        Class::Analytics
        | Class::Conversation
        | Class::Delivery
        | Class::Device
        | Class::News
        | Class::Notification
        | Class::Upload
        | Class::Visit => Group::Conversations,
        Class::Call | Class::CallBlock | Class::Guest => Group::Calls,
        Class::Account
        | Class::Announcement
        | Class::Audit
        | Class::Challenge
        | Class::Invitation
        | Class::LoginSession
        | Class::MailWish
        | Class::Notice
        | Class::Reset
        | Class::Support
        | Class::Suppression
        | Class::Workspace => Group::Accounts,
        Class::Disclosure
        | Class::Erasure
        | Class::Export
        | Class::Farewell
        | Class::PrivacyRequest
        | Class::RequestWords => Group::Requests,
        Class::Billing | Class::StripeEvent => Group::Payments,
        Class::Counter
        | Class::Dedupe
        | Class::Idempotency
        | Class::Job
        | Class::Operation
        | Class::Root
        | Class::Salt
        | Class::Socket
        | Class::Ticket
        | Class::Tombstone => Group::Order,
    }
}

/// What a retention class holds.
pub const fn class(class: Class) -> &'static str {
    match class {
        Class::Account => "An account: address, proofs of sign-in, places in workspaces",
        Class::Analytics => {
            "Reports of a visitor's widget on how it does, under a pseudonym of one week"
        }
        Class::Announcement => "An announcement, and the list of accounts that it was sent to",
        Class::Audit => "The audit log of a workspace: who did what, by hashes that name nobody",
        Class::Billing => {
            "The document of a payment (invoice, credit note, refund), which the law makes the operator keep"
        }
        Class::Call => {
            "A call: when, between which random ids, why it ended and how good the connection was"
        }
        Class::CallBlock => {
            "That somebody may not call a team any more, under a keyed hash of the reference that the customer signed for"
        }
        Class::Challenge => "A mailed code that waits to be typed in",
        Class::Conversation => {
            "A conversation with its messages, notes and files, and what is known of the visitor"
        }
        Class::Counter => {
            "A count of tries, against abuse, under a hash whose salt is thrown away after a day"
        }
        Class::Dedupe => "The memory of a message that was sent, so that a repetition counts once",
        Class::Delivery => {
            "That a service of the customer was told of something, by ids, and how it answered"
        }
        Class::Device => "A device for notifications, since it last showed up",
        Class::Notification => "That a device was told of something, by ids",
        Class::Disclosure => "The register of what was handed over to somebody outside, and why",
        Class::Export => "A copy of somebody's data that was made for them",
        Class::Erasure => "The receipt of an erasure: counts and random ids",
        Class::Farewell => "The address of an erased account, for its last mail",
        Class::Guest => "A guest who calls without an account, or a link that lets somebody call",
        Class::Idempotency => "The memory of a request, so that a repetition counts once",
        Class::Invitation => "An invitation that nobody has accepted",
        Class::Job => "How far a long piece of work is, since its last step",
        Class::LoginSession => "A session of an account, since its last use",
        Class::MailWish => {
            "What somebody said about mail that can be refused, under a keyed hash of the address"
        }
        Class::News => "What a member is shown in the product of a conversation, by ids",
        Class::Notice => "A notice that waits to be mailed",
        Class::PrivacyRequest => {
            "A request about one's data, without its words, since it was answered"
        }
        Class::RequestWords => {
            "The words of such a request, and where its answer goes, since it was answered"
        }
        Class::Reset => "A mailed link that sets a new password",
        Class::Operation => "Keys and marks of the deployment, about nobody",
        Class::Root => "Keys and references that belong to another entry",
        Class::Salt => "The random numbers of a day that counts are hashed with, about nobody",
        Class::Socket => "A live connection and what it listens to",
        Class::StripeEvent => "The id of an event of Stripe's, so that it counts once",
        Class::Support => "A thread with the operator, since its last message",
        Class::Suppression => {
            "An address that mail came back from or whose owner complained, as a keyed hash with the reason"
        }
        Class::Ticket => "A ticket that opens a live connection",
        Class::Tombstone => "A mark that says only that something is gone",
        Class::Upload => "A file that was uploaded and is in no message and no profile yet",
        Class::Visit => "A session of a visitor, since its last use",
        Class::Workspace => "A workspace: name, settings, apps, members",
    }
}
