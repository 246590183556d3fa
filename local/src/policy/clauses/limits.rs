//! What is not done, and cookies.

use shared::domain::policy::Module;

use super::{Clause, Section, differs, holds, with_route};

/// The page that signs people in with a cookie.
const PAGES: &str = "POST /sign-in";

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["CALL-18", "FLOW-42", "CHAT-14"], Section::Never, |_| {
        holds("We do not sell, rent or trade data. The program has no connection to anybody who could buy: it speaks to the AWS services listed below, to what the owner of a workspace chose (the sign-in service of the team), and to nothing else.")
    }),
    Clause::new(&["CALL-19", "CHAT-15"], Section::Never, |_| {
        holds("There is no advertising and nothing that serves it. Our mails load no pictures and wrap no links, so that nobody learns whether you read them.")
    }).everywhere(),
    Clause::new(&["CALL-07"], Section::Never, |_| {
        holds("No page of the service loads a script, a font or anything else from another company, and the pages forbid the browser to.")
    }).everywhere(),
    Clause::new(&["CALL-08"], Section::Never, |_| {
        holds("We build no profiles. The program has no field for anything that would be guessed about a person, and decides nothing about people on its own.")
    }).everywhere(),
    Clause::new(&["CALL-17"], Section::Never, |_| {
        holds("Sound and picture are never stored or recorded. There is no part of the program that could take them.")
    }).everywhere(),
    Clause::new(&["CALL-20"], Section::Never, |f| {
        if f.policy.has(Module::Conversations) {
            differs("You may expect that written content is never stored. It is, because this profile has conversations: see what we keep.")
        } else {
            holds("A workspace of this profile stores no conversations: whatever is said or written in a call has no place here. The program refuses to start a conversation in it.")
        }
    }),
    Clause::new(&["CALL-12", "FLOW-12", "FLOW-13"], Section::Never, |_| {
        holds("Where the operator sells plans, payments are handled by Stripe, on pages of Stripe's: the number of a card is typed there and never reaches us. Of a card we keep the last four digits, the brand and the month it ends in, encrypted; the program has no room for a fifth digit. Where somebody types a card number into a text, all but its last four digits is blotted out before anything is stored. Where nothing is sold, nothing is sent to Stripe.")
    }).everywhere(),
    Clause::new(&["FLOW-14", "FLOW-15"], Section::Never, |_| {
        holds("Of whoever pays for a workspace we keep, encrypted, the billing address that was typed at Stripe, what was paid, and invoices, credit notes and refunds. Where the operator sells nothing, there is none of it.")
    }),
    Clause::new(&["FLOW-40"], Section::Never, |_| {
        differs("You may expect Google Analytics. It is not used, because what figures there are this program makes by itself: no page of the service speaks to Google.")
    }).everywhere(),
    Clause::new(&["CALL-05", "FLOW-56"], Section::Cookies, |f| {
        with_route(
            f,
            PAGES,
            "There is one cookie, __Host-sid. It is set when you sign in on our pages, keeps you signed in, can be read by no script, is sent to no other site, and is removed when you sign out.",
            "Signing in on pages with a cookie. This version sets no cookie at all; programs sign in with tokens.",
        )
    }).everywhere(),
    Clause::new(&["CALL-06"], Section::Cookies, |_| {
        holds("There are no cookies for statistics, tracking or advertising, and nothing else is stored in your browser for them. Visitors who chat on a customer's site get no cookie from us.")
    }).everywhere(),
    Clause::new(&["FLOW-57"], Section::Cookies, |_| {
        differs("You may expect cookies for preferences, statistics and security. There are none, because preferences lie with the account, figures about use need none, and abuse is limited without marking browsers.")
    }),
    Clause::new(&["FLOW-58"], Section::Cookies, |f| {
        let pages = if f.has(PAGES) { " Only our sign-in pages need theirs." } else { "" };
        holds(format!("You can refuse cookies in your browser. The programming interface works without any.{pages}"))
    }).everywhere(),
];
