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

/// What a retention class holds.
pub const fn class(class: Class) -> &'static str {
    match class {
        Class::Account => "Account: address, proofs of sign-in, seats in workspaces",
        Class::Analytics => {
            "Figures about use: how a visitor's widget does, under a pseudonym of one week"
        }
        Class::Announcement => "Announcement, and the ledger of whom it went to",
        Class::Audit => "Audit log of a workspace: who did what, by hashes that name nobody",
        Class::Billing => {
            "Document of a payment: invoice, credit note, refund; the law has the operator keep it"
        }
        Class::Call => {
            "Call: when, between which ids, why it ended and how good the connection was; nothing of what was said"
        }
        Class::Challenge => "Mailed code that waits for its answer",
        Class::Conversation => {
            "Conversation: messages, notes, thread, what is known of the visitor"
        }
        Class::Counter => {
            "Count of tries, against abuse, under a hash whose salt is thrown away after a day"
        }
        Class::Dedupe => "Memory of a message's sending, so that a repeated one counts once",
        Class::Delivery => {
            "That a service of the customer was told of something, by ids, and how it answered"
        }
        Class::Device => "Device that somebody is told something on",
        Class::Notification => "That somebody was told something about a conversation, by ids",
        Class::Disclosure => "Register of what was handed over to somebody outside, and why",
        Class::Export => "Copy of somebody's data that was made for them to fetch",
        Class::Erasure => "Erasure: how far it is, and its receipt; counts and opaque ids only",
        Class::Farewell => "Address of an account that was erased, for its last mail",
        Class::Guest => {
            "Session of somebody who calls without an account, or a link to call somebody"
        }
        Class::Idempotency => "Memory of a request, so that a repeated one counts once",
        Class::Invitation => "Invitation that nobody has accepted",
        Class::Job => "Progress of long work; after its last step",
        Class::LoginSession => "Session of an account; after its last use",
        Class::MailWish => {
            "What was said about mail that can be refused, under a keyed hash of the address"
        }
        Class::News => "What a member is shown in the product of a conversation, by ids",
        Class::Notice => "Notice that waits for its mail",
        Class::PrivacyRequest => {
            "Request about one's data: what was asked and answered, without words; after its end"
        }
        Class::RequestWords => "Words of such a request, and where its answer goes; after its end",
        Class::Reset => "Mailed link that sets a new password",
        Class::Operation => "Keys and marks of the deployment; about nobody",
        Class::Root => "Keys and references that belong to another entry",
        Class::Salt => "Random numbers of a day, which counts are hashed with; about nobody",
        Class::Socket => "Live connection and what it listens to",
        Class::StripeEvent => "Id of an event of Stripe's, so that it counts once",
        Class::Support => {
            "Thread with the operator: what was written and answered; a thread after its last message"
        }
        Class::Suppression => {
            "Address that mail came back from or whose owner complained, as a keyed hash with the reason"
        }
        Class::Ticket => "Ticket that opens a live connection",
        Class::Tombstone => "Mark that says only that something is gone",
        Class::Upload => "File that was uploaded and that is in no message and no profile yet",
        Class::Visit => "Session of a visitor; after its last use",
        Class::Workspace => "Workspace: name, settings, apps, memberships",
    }
}
