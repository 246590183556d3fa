//! What is not done, and cookies.

use super::{Clause, Section, differs, holds, with_route};

/// The page that signs people in with a cookie.
const PAGES: &str = "POST /sign-in";

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["CALL-18", "FLOW-42", "CHAT-14"], Section::Never, |_| {
        holds("We do not sell, rent or trade data. The program can connect to nobody who would buy: it speaks to AWS, to Stripe where plans are sold, and to the services that a customer has chosen, all of them listed below.")
    }),
    Clause::new(&["CALL-19", "CHAT-15"], Section::Never, |_| {
        holds("There is no advertising here, and nothing that serves it. Our mail loads no pictures and wraps no links, so nobody learns whether you have read it.")
    }).everywhere(),
    Clause::new(&["CALL-07"], Section::Never, |_| {
        holds("No page of the service loads a script, a font or anything else from another company, and every page tells the browser to forbid it.")
    }).everywhere(),
    Clause::new(&["CALL-08"], Section::Never, |_| {
        holds("We build no profiles. The program has no field for anything that would be guessed about a person, and it decides nothing about people by itself.")
    }).everywhere(),
    Clause::new(&["CALL-17"], Section::Never, |_| {
        holds("Calls are never recorded. Sound and video reach no part of the program that could store them.")
    }).everywhere(),
    Clause::new(&["CALL-20"], Section::Never, |_| {
        holds("Nothing that is said, shown or typed in a call is stored. A workspace of this profile keeps no written conversations either: the program refuses to begin one.")
    }),
    Clause::new(&["FLOW-40"], Section::Never, |_| {
        differs("Other services use Google Analytics. We do not, because this program makes what figures it needs by itself: no page of the service speaks to Google.")
    }).everywhere(),
    Clause::new(&["CALL-05", "FLOW-56"], Section::Cookies, |f| {
        with_route(
            f,
            PAGES,
            "We set one cookie, __Host-sid, when you sign in on our pages. It keeps you signed in, no script can read it, it is sent to no other site, and it is removed when you sign out.",
            "Signing in on pages with a cookie.",
        )
    }).everywhere(),
    Clause::new(&["CALL-06"], Section::Cookies, |_| {
        holds("There are no cookies for statistics, tracking or advertising, and nothing else is stored in your browser for such ends. Visitors of a customer's site get no cookie from us.")
    }).everywhere(),
    Clause::new(&["FLOW-57"], Section::Cookies, |_| {
        differs("Other services set cookies for preferences, for statistics and for security. We do not, because preferences are kept with your account, figures about use need no cookie, and abuse is limited without marking browsers.")
    }),
    Clause::new(&["FLOW-58"], Section::Cookies, |_| {
        holds("You can refuse cookies in your browser. Programs that use our interface need none; only our sign-in pages need theirs.")
    }).everywhere(),
];
