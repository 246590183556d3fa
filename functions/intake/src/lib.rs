//! Mail that comes in: SES writes it into the bucket, S3 says so, and this function reads it, brings
//! what it says to where it belongs, and deletes it.
//!
//! | file | what |
//! |---|---|
//! | `hear` | one mail, from the event to its deletion |
//! | `mail` | what is in a mail, and what is no mail to answer |
//! | `privacy` | the desk that answers about privacy |
//! | `support` | the desk that answers questions, and replies in its threads |
//! | `reply` | the desk of conversations, which go on by mail |
//! | `quote` | what a reply says, without what it quotes |
//! | `account` | whose account an address is |
//! | `contact` | in which workspaces an address is a contact's |
//!
//! A mail is deleted after what follows from it is written, and what follows is written once, whoever
//! repeats the event. Who a mail says it is from is never believed: whatever a desk does is undone by
//! nothing, shown to nobody, and changes nothing until the person at an address that is on file says so.

mod account;
mod contact;
mod hear;
pub mod mail;
mod privacy;
mod quote;
mod reply;
mod support;

pub use hear::hear;
