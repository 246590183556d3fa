//! Whom it is about, what is kept, and what it serves.

use shared::domain::attachment::MAX_FILE_BYTES;
use shared::domain::policy::{Module, NameRule};
use shared::domain::retention::Class;
use shared::store::registry;

use super::{Clause, Section, differs, holds, not_yet, with_route};

/// A sentence on live calls stands until there is a route that starts one.
const CALLS: &str = "POST /v1/calls";

/// Whether the program has counters of tries.
fn counts_tries() -> bool {
    registry::declaration("Counter").is_some()
}

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["CALL-01"], Section::Reach, |f| {
        with_route(
            f,
            CALLS,
            "The service connects a team with its users by live video, and keeps no more than that needs.",
            "Live video between a team and its users is what this profile is for. Calls themselves are not part of this version; what exists are accounts, workspaces and apps.",
        )
    }),
    Clause::new(&["CALL-02"], Section::Reach, |_| {
        holds("This policy is for our customers and their teams, for whose accounts we decide what is kept, and for our customers' users, whose data we keep on a customer's behalf and by its instructions. It makes no difference where you or we are.")
    }).everywhere(),
    Clause::new(&["CHAT-01"], Section::Reach, |_| {
        holds("Data serve to run the team's inbox, to tell it what is new, to answer visitors and to keep accounts safe. There is no other purpose: the program knows a closed list of purposes, and every stored field names one of them.")
    }).everywhere(),
    Clause::new(&["CALL-03"], Section::Data, |f| {
        with_route(
            f,
            CALLS,
            "Calls carry video, screen and sound between the people in them.",
            "Live video, screen sharing and calls inside an app.",
        )
    }),
    Clause::new(&["CALL-04", "CALL-21"], Section::Data, |_| {
        holds("We keep the fields that are listed in the data map beside this policy, and nothing beside them. A field without a stated category, purpose and end cannot be built into the program, and a request with a field that we do not know is refused.")
    }).everywhere(),
    Clause::new(&["CALL-09", "FLOW-02", "CHAT-02"], Section::Data, |f| match f.policy.profile.member_name() {
        NameRule::Required if f.policy.has(Module::Attachments) => holds("Of an account we keep its mail address. In a workspace a member has a name as well, and a photo if they upload one, so that colleagues know who answered. Both serve to set the account up, to sign in and to work together."),
        NameRule::Required => holds("Of an account we keep its mail address. In a workspace a member has a name as well, so that colleagues know who answered. Both serve to set the account up, to sign in and to work together."),
        NameRule::Forbidden => holds("Of an account we keep its mail address, and of a workspace its name. Names of members are not asked for, and are refused if they are sent."),
    }),
    Clause::new(&["CALL-10"], Section::Data, |_| {
        holds("Of an organisation we keep the name of its workspace. It is encrypted like a person's, because the name of a one-person business is one. Postal address, register number and the like are not asked for.")
    }).everywhere(),
    Clause::new(&["CALL-11"], Section::Data, |_| {
        holds("Each app has an identifier, and a public key that belongs to exactly one workspace and works only from the pages or the mobile app it was made for.")
    }).everywhere(),
    Clause::new(&["CALL-13"], Section::Data, |f| {
        with_route(f, CALLS, "Whoever joins a call needs no account.", "Joining a call without an account.")
    }),
    Clause::new(&["CALL-14"], Section::Data, |f| {
        with_route(
            f,
            CALLS,
            "While a call lasts we handle its session, roles and technical data; the network address is never stored.",
            "The data of a call: its session, roles and device. Network addresses will not be among them in any form.",
        )
    }),
    Clause::new(&["FLOW-03"], Section::Data, |f| {
        with_route(
            f,
            "PATCH /v1/account",
            "The preferences of an account (language, time zone, appearance and which mails it wants) are kept with the account, not in the browser.",
            "Preferences of an account, such as language and appearance.",
        )
    }).everywhere(),
    Clause::new(&["FLOW-04"], Section::Data, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/flows",
            "Flows are kept with the workspace, not with conversations: they stay until they are removed.",
            "Building flows. When it comes, flows will be kept with the workspace until they are removed, and not for the days of a conversation: a flow that vanished after them would be of no use.",
        )
    }),
    Clause::new(&["FLOW-05", "CHAT-03"], Section::Data, |_| {
        holds("Of a conversation we keep the messages of both sides, the team's internal notes, who wrote when, and how the thread stands (open or closed, whom it is assigned to, labels, how far each side has read). Messages and notes are stored encrypted.")
    }),
    Clause::new(&["FLOW-06"], Section::Data, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/flows",
            "How somebody went through a flow is kept with the conversation, and as long.",
            "Recording how somebody went through a flow.",
        )
    }),
    Clause::new(&["FLOW-07"], Section::Data, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/flows",
            "Values that a flow asked for are stored encrypted, with the conversation, and as long.",
            "Values that a flow asks people for.",
        )
    }),
    Clause::new(&["FLOW-08"], Section::Data, |_| {
        holds("Owners and admins of a workspace see how many conversations there were day by day, how many messages, and how long people waited. It is counted when they ask, from what is there, and kept nowhere; numbers about fewer than five people are left out, and nothing is counted by member.")
    }),
    Clause::new(&["FLOW-09"], Section::Data, |f| {
        holds(format!(
            "We measure how fast requests are answered and how many fail. Log lines name a route, a status and a duration; no person, no address, no text. They are kept for {} days. A visitor's widget can say how long it took to load and, as a word of a closed list, what went wrong in it; that is kept for {} under a pseudonym of chance that is another one every week.",
            f.deployment.log_days,
            f.life(Class::Analytics)
        ))
    }).everywhere(),
    Clause::new(&["FLOW-10"], Section::Data, |f| {
        let figures = if f.policy.has(Module::Analytics) {
            " For figures about use we keep, of visitors, the family of the browser and the first number of its version."
        } else {
            ""
        };
        holds(format!("Of the device we keep two words at most, the family of the browser and of the system, such as \"Firefox\" and \"Android\", to tell you where somebody signed in.{figures} The text that a browser sends about itself is not stored."))
    }).everywhere(),
    Clause::new(&["FLOW-11"], Section::Data, |f| {
        let counted = if counts_tries() {
            " To limit abuse, a hash of it under a secret of the day is counted for a short time."
        } else {
            ""
        };
        if f.policy.has(Module::Analytics) {
            return differs(format!("You may expect that we note network addresses and regions. Of the network address we note nothing, because nothing needs it: it is seen while a request is answered and is never stored, not even shortened.{counted} Of a visitor's region we keep the country that the network's edge names, for figures about use, where it names one; no other place is derived."));
        }
        differs(format!("You may expect that we note network addresses and regions. We do not, because nothing needs them: the network address is seen while a request is answered and is never stored, not even shortened, and no place is derived from it.{counted}"))
    }).everywhere(),
    Clause::new(&["CHAT-04"], Section::Data, |f| {
        holds(format!(
            "With a message come files: pictures, PDF and plain text, of {} MB at most. Before anybody gets one it is looked through for harmful software, and what is harmful or not what it says it is is deleted. Pictures are made anew, so that the place and the device that a camera notes in them are gone. Files are stored encrypted, are fetched only by whoever may read their message, by links that end after five minutes, and end with their message; what nobody sends is gone after {}.",
            MAX_FILE_BYTES / (1024 * 1024),
            f.life(Class::Upload)
        ))
    }),
    Clause::new(&["CHAT-24"], Section::Data, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/photo",
            "A member may put a photo of themselves beside their name. It goes the way of other files: looked through, made anew and encrypted; it is fetched by colleagues only. When another one takes its place, when it is taken away or when the member goes, every version of it is deleted at once. Of visitors there are no pictures.",
            "Pictures of members.",
        )
    }),
    Clause::new(&["CHAT-05"], Section::Data, |_| {
        holds("We keep who is a member of which workspace and in which role, and opaque ids that tie sessions, contacts and conversations together.")
    }).everywhere(),
    Clause::new(&["CHAT-06"], Section::Data, |_| {
        not_yet("Notifications to devices. No push tokens are collected.")
    }),
    Clause::new(&["CHAT-07"], Section::Data, |f| {
        let text = "We keep what the inbox works with: status, assignment, labels, drafts, and who of the team is connected at the moment. It is the present state, not a history of what people did all day; presence ends with the connection.";
        if f.policy.has(Module::Conversations) { holds(text) } else { not_yet("An inbox.") }
    }),
    Clause::new(&["CHAT-09"], Section::Data, |_| {
        holds("Of a visit we keep the path of the page without its parameters, the name of the site that led there, language and time zone, if the page tells us. With it the team sees where a question comes from. Earlier conversations of the same visitor are shown to the team as long as they are kept.")
    }),
    Clause::new(&["CALL-15", "CALL-22"], Section::Use, |f| {
        with_route(
            f,
            CALLS,
            "Data of a call serve to set it up and to watch its quality.",
            "Setting calls up and watching their quality.",
        )
    }),
    Clause::new(&["CALL-23", "CHAT-13"], Section::Use, |_| {
        holds("Measurements and logs that name nobody serve to keep the service running and to find faults. Nothing that people wrote is used to improve the product.")
    }).everywhere(),
    Clause::new(&["FLOW-16"], Section::Use, |_| {
        holds("Data serve to provide the service and to keep it running. Improving it rests on measurements that name nobody, and on figures about use, which can be refused: a browser that asks not to be followed (Global Privacy Control, Do Not Track) is in none, and a visitor can refuse once and for all, which also takes back what was kept before.")
    }),
    Clause::new(&["FLOW-19"], Section::Use, |_| {
        holds("Figures about use serve to find out what fails and what is slow, and nothing else. They are made by this program alone, without cookies and without anybody else, and are shown as counts about nobody.")
    }),
    Clause::new(&["FLOW-20"], Section::Use, |_| {
        if counts_tries() {
            holds("Against abuse, sign-ins, codes and mails are counted per network and per account for a short time. The counters hold keyed hashes, no addresses.")
        } else {
            not_yet("Limits per network against abuse. What exists are bounds on the tries of a code and on the mails of an invitation.")
        }
    }),
    Clause::new(&["CHAT-08"], Section::Use, |_| {
        holds("Accounts, sessions and roles serve to sign people in and to keep one workspace's data from another's.")
    }).everywhere(),
    Clause::new(&["FLOW-18", "CHAT-11"], Section::Use, |_| {
        holds("Mail from us is about your account and the service: codes, invitations, notices of changes to what you sign in with, news of the service, which you can refuse, and changes of this policy. When an address changes, the old one hears of it too.")
    }).everywhere(),
    Clause::new(&["CHAT-10"], Section::Use, |f| {
        with_route(
            f,
            "POST /v1/auth/password/forgot",
            "Whoever forgot a password gets a mail with a link that works once. The answer is the same whether or not an address has an account.",
            "Mails to reset a password.",
        )
    }),
    Clause::new(&["CHAT-12"], Section::Use, |_| not_yet("Notifications on phones.")),
    Clause::new(&["CALL-24"], Section::Use, |f| {
        with_route(
            f,
            "POST /v1/support",
            "What you write to the operator, in the service or by mail, serves to answer you, and nothing else. It begins a thread that you and the operator see; answers go by mail to the address of your account, or to the one that you wrote from. A mail to the address of a thread goes on in it only if it comes from whom it is with.",
            "A support desk inside the service.",
        )
    }).everywhere(),
    Clause::new(&["CALL-25", "FLOW-17"], Section::Use, |_| {
        holds("What Stripe tells of payments, and who pays, serve to sell the plan of a workspace, to remind its owners when a payment fails or a trial ends, and to keep the books. Nothing else is done with them.")
    }),
];
