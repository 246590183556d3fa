//! Keys of plans and payments.
//!
//! | what | table | partition key | sort key |
//! |---|---|---|---|
//! | how a workspace pays | data | `WORKSPACE#<ws>` | `BILLING` |
//! | for whom a customer of Stripe's pays | data | `CUSTOMER#platform#<customer>` | `LINK` |
//! | event that was heard | data | `STRIPE#platform#<event>` | `EVENT` |
//! | what is to be done at Stripe, by when it is due | data | `STRIPETASK#platform#<task>` | `TASK` |
//! | document of a payment, by customer | data | `PAPER#platform#<document>` | `HEAD` |
//!
//! Documents bear no id of a workspace: they stay when it goes.

use super::{IndexKey, Key, data, head};
use crate::{
    domain::{Timestamp, WorkspaceId, billing::StripeId, words::Symbol},
    store::billing::TaskState,
};

/// How a workspace pays.
pub fn billing_account(workspace: WorkspaceId) -> Key {
    data(super::workspace(workspace).pk, "BILLING")
}

/// For whom a customer of Stripe's pays.
pub fn stripe_customer(customer: StripeId) -> Key {
    data(format!("CUSTOMER#platform#{customer}"), "LINK")
}

/// That an event was heard.
pub fn stripe_event(event: StripeId) -> Key {
    data(format!("STRIPE#platform#{event}"), "EVENT")
}

/// Something that is to be done at Stripe.
pub fn stripe_task(task: StripeId) -> Key {
    data(format!("STRIPETASK#platform#{task}"), "TASK")
}

/// Tasks of a state, by when they are due.
pub fn stripe_task_list(task: StripeId, state: TaskState, due_at: Timestamp) -> IndexKey {
    IndexKey {
        pk: stripe_tasks(state),
        sk: format!("{:015}#{task}", due_at.ms()),
    }
}

/// The list of all tasks of a state.
pub fn stripe_tasks(state: TaskState) -> String {
    format!("STRIPETASK#platform#{}", state.symbol())
}

/// The head of a document.
pub fn paper(document: StripeId) -> Key {
    head(format!("PAPER#platform#{document}"))
}

/// Documents of a customer, by their last movement.
pub fn paper_list(document: StripeId, customer: StripeId, moved_at: Timestamp) -> IndexKey {
    IndexKey {
        pk: papers(customer),
        sk: format!("{:015}#{document}", moved_at.ms()),
    }
}

/// The list of all documents of a customer.
pub fn papers(customer: StripeId) -> String {
    format!("PAPER#platform#{customer}")
}
