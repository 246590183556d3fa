//! Whom it is about, and what is kept of accounts, devices and payments.

use shared::domain::policy::{Module, NameRule, Profile};
use shared::domain::retention::Class;

use super::{Clause, Section, differs, holds, with_route};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["CALL-02"], Section::Reach, |_| {
        holds("This policy speaks to two groups of people: to our customers and their teams, for whose accounts we are responsible ourselves, and to the people our customers talk with, whose data we keep on a customer's behalf and by its instructions. It is the same wherever you are, and wherever we are.")
    }).everywhere(),
    Clause::new(&["CALL-01"], Section::Reach, |_| {
        holds("The service connects a team with its users by live video, voice and shared screens, and keeps no more than that needs.")
    }),
    Clause::new(&["CHAT-01"], Section::Reach, |f| {
        let purpose = match f.policy.profile {
            Profile::Calls => "We use data to bring calls about, to let a team work together, to sign people in, to keep accounts safe and to keep our books.",
            Profile::Flows => "We use data to hold conversations, to run the flows that a team has built, to let that team work together, to keep accounts safe and to keep our books.",
            Profile::Inbox => "We use data to answer visitors, to run the team's inbox and tell the team what is new, to keep accounts safe and to keep our books.",
        };
        holds(format!("{purpose} There is no other purpose: the program knows a closed list of purposes, and every field it stores names one of them."))
    }).everywhere(),
    Clause::new(&["CALL-04", "CALL-21"], Section::Data, |_| {
        holds("We keep the fields that the data map beside this policy lists, and no others. A field without a category, a purpose and an end cannot be built into the program, and a request that brings a field we do not know is refused.")
    }).everywhere(),
    Clause::new(&["CALL-09", "FLOW-02", "CHAT-02"], Section::Accounts, |f| match f.policy.profile.member_name() {
        NameRule::Required if f.policy.has(Module::Attachments) => holds("Of an account we keep the mail address. In a workspace, every member also has a name, and a photo if they upload one, so that colleagues know who answered."),
        NameRule::Required => holds("Of an account we keep the mail address. In a workspace, every member also has a name, so that colleagues know whom they work with."),
        NameRule::Forbidden => holds("Of an account we keep the mail address, and of a workspace its name. We do not ask members for their names, and the program refuses them if they are sent."),
    }),
    Clause::new(&["CHAT-24"], Section::Accounts, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/photo",
            "A member's photo is checked for harmful software, drawn anew without what the camera noted in it, encrypted, and shown to colleagues only. When it is replaced or removed, or when the member goes, every version of it is deleted at once. Visitors have no photos here.",
            "Photos of members.",
        )
    }),
    Clause::new(&["CHAT-05"], Section::Accounts, |_| {
        holds("We keep who belongs to which workspace and in which role, and what proves a sign-in: the hash of a password, passkeys, the secret of an authenticator app. Sessions, people and conversations are tied together by random ids.")
    }).everywhere(),
    Clause::new(&["FLOW-03"], Section::Accounts, |f| {
        with_route(
            f,
            "PATCH /v1/account",
            "Your preferences (language, time zone, appearance, and which mail you want) are kept with your account and not in your browser.",
            "Preferences of an account, such as language and appearance.",
        )
    }).everywhere(),
    Clause::new(&["CALL-10"], Section::Accounts, |_| {
        holds("Of an organisation we keep the name of its workspace. It is encrypted as a person's name is, because a one-person business often bears the name of that person. We do not ask for a register number, nor for a postal address, unless the organisation buys a plan.")
    }).everywhere(),
    Clause::new(&["CALL-11"], Section::Accounts, |_| {
        holds("Each app of a customer has an identifier and a public key. The key belongs to exactly one workspace, and works only from the pages or the mobile app that it was made for.")
    }).everywhere(),
    Clause::new(&["FLOW-10"], Section::Devices, |f| {
        let figures = if f.policy.has(Module::Analytics) {
            " For figures about use we also keep the first number of the version of a visitor's browser."
        } else {
            ""
        };
        holds(format!("Of a device we keep two words at most, the family of its browser and of its system, such as \"Firefox\" and \"Android\", so that you can see where you are signed in.{figures} The text that a browser sends about itself is not stored."))
    }).everywhere(),
    Clause::new(&["CHAT-06"], Section::Devices, |f| {
        holds(format!(
            "If you turn on notifications, we keep the token of your device, encrypted, and which service it belongs to. The token is deleted when you sign out, when its service no longer knows it, when somebody else registers the same device, and when the device has not shown up for {}.",
            f.life(Class::Device)
        ))
    }),
    Clause::new(&["FLOW-09"], Section::Devices, |f| {
        let widget = if f.policy.has(Module::Conversations) {
            format!(
                " A visitor's widget can report how long it took to load and, by a word from a closed list, what went wrong in it. We keep that for {}, under a random pseudonym that changes every week.",
                f.life(Class::Analytics)
            )
        } else {
            String::new()
        };
        holds(format!(
            "We measure how fast requests are answered and how many fail. A line of our logs names a route, a status and a duration, and no person, address or text; logs are kept for {} days.{widget}",
            f.deployment.log_days
        ))
    }).everywhere(),
    Clause::new(&["FLOW-08"], Section::Devices, |_| {
        holds("Owners and admins of a workspace can see how many conversations and messages there were on a day, and how long people waited. This is counted when they ask and kept nowhere. Numbers about fewer than five people are left out, and nothing is counted by member.")
    }).also_with(Module::Conversations),
    Clause::new(&["FLOW-11"], Section::Devices, |f| {
        let region = if f.policy.has(Module::Analytics) {
            "For figures about use we keep the country of a visitor where the network's edge names one; no other place is derived."
        } else {
            "No place is derived from it."
        };
        differs(format!("Many services note the network address of everybody who calls on them. We do not, because nothing here needs it: the address is seen while a request is answered and is never stored, not even shortened. To limit abuse, a hash of it under a secret of the day is counted for a short time. {region}"))
    }).everywhere(),
    Clause::new(&["CALL-12", "FLOW-12", "FLOW-13"], Section::Payments, |_| {
        holds("Where the operator sells plans, payments are handled by Stripe, on Stripe's own pages: the number of a card is typed there and never reaches us. Of a card we keep the brand, the last four digits and the month it expires, encrypted. If somebody types the number of a card into a text, all but its last four digits are removed before anything is stored. Where the operator sells nothing, nothing is sent to Stripe.")
    }).everywhere(),
    Clause::new(&["FLOW-14", "FLOW-15"], Section::Payments, |_| {
        holds("Of whoever pays for a workspace we keep, encrypted, the billing address that was typed at Stripe, what was paid, and the invoices, credit notes and refunds.")
    }).everywhere(),
];
