//! What is kept of conversations and of calls.

use shared::domain::attachment::MAX_FILE_BYTES;
use shared::domain::policy::Module;
use shared::domain::retention::Class;

use super::{Clause, Section, holds, with_route};

pub(super) const CLAUSES: &[Clause] = &[
    Clause::new(&["FLOW-05", "CHAT-03"], Section::Conversations, |_| {
        holds("Of a conversation we keep the messages of both sides, the team's internal notes, who wrote when, and how the thread stands: open or closed, whom it is assigned to, its labels, a rating if the visitor gives one, and how far each side has read. Messages and notes are encrypted. A transcript is made when somebody asks for one, and is kept nowhere.")
    }),
    Clause::new(&["CHAT-09"], Section::Conversations, |_| {
        holds("Of a visitor we keep what the customer's page or team tells us: a name, a mail address, the customer's own identifier. Of a visit we keep the path of the page without its parameters, the name of the site that led there, the language and the time zone, so that the team sees where a question comes from. The team can read earlier conversations of the same visitor for as long as they are kept.")
    }).also_with(Module::Conversations),
    Clause::new(&["CHAT-07"], Section::Conversations, |_| {
        holds("For the team's work we keep the present state of the inbox: status, assignment, labels, drafts, prepared answers, and who of the team is there at the moment. We keep no history of what people did all day; that somebody is there ends with their connection.")
    }).also_with(Module::Conversations),
    Clause::new(&["CHAT-04"], Section::Conversations, |f| {
        holds(format!(
            "Pictures, PDF and plain text of up to {} MB can be sent with a message. Every file is checked for harmful software before anybody gets it, and is deleted if it is harmful or is not what it claims to be. Pictures are drawn anew, which removes the place and the device that a camera notes in them. Files are encrypted, can be fetched only by whoever may read their message, through links that end after five minutes, and are deleted with their message. A file that nobody sends is deleted after {}.",
            MAX_FILE_BYTES / (1024 * 1024),
            f.life(Class::Upload)
        ))
    }),
    Clause::new(&[], Section::Conversations, |_| {
        holds("A workspace can have what its team writes mailed to a visitor who has left, at an address that the visitor proved or the customer signed for. An answer to that mail comes back into the conversation. Every such mail can be ended with one click.")
    }).also_with(Module::Conversations),
    Clause::new(&["FLOW-04"], Section::Conversations, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/flows",
            "Flows are conversations that a team designs in advance. They belong to the workspace and are kept until they are removed, not for the days of a conversation: a flow that vanished after them would be of no use.",
            "Building flows.",
        )
    }).also_with(Module::Conversations),
    Clause::new(&["FLOW-06"], Section::Conversations, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/flows",
            "How somebody went through a flow is kept with their conversation, and as long as it. Besides, a flow counts how often each of its steps was reached; those counts are about nobody.",
            "Recording how somebody went through a flow.",
        )
    }).also_with(Module::Conversations),
    Clause::new(&["FLOW-07"], Section::Conversations, |f| {
        with_route(
            f,
            "POST /v1/workspaces/{workspace}/flows",
            "Answers that a flow asks for are encrypted, kept with the conversation, and end with it. A flow can pass answers on to a server of the customer's; personal ones go only to servers that the customer has named for that.",
            "Values that a flow asks people for.",
        )
    }).also_with(Module::Conversations),
    Clause::new(&["CALL-03"], Section::Calls, |_| {
        holds("Calls carry video, voice and shared screens from one device to the other, encrypted by the two devices themselves. Where they find no direct way to each other, a relay that the operator has set up passes on what it cannot read.")
    }),
    Clause::new(&["CALL-13"], Section::Calls, |f| {
        holds(format!(
            "Nobody needs an account to be in a call. A guest is known by a random token, which ends after {}.",
            f.life(Class::Guest)
        ))
    }),
    Clause::new(&["CALL-14"], Section::Calls, |_| {
        holds("Of a call we keep its id, its app, who called, the random ids of the guest and the member, its times, and why it ended; and of each side the family of browser and system, the kind of network, and counts that say how good the connection was. If the customer's app names its own user and signs for that, we keep a keyed hash of the name. Network addresses, and what the devices tell each other to connect, are never stored.")
    }),
    Clause::new(&[], Section::Calls, |f| {
        let first = "A workspace of this profile begins without calls. Where an owner or an admin switches them on, a team and its visitors can speak by video and voice, from one device to the other. We then keep when a call took place, between which random ids, why it ended and how good the connection was, until the workspace asks for its deletion; what is said or shown is stored nowhere. The policy for live calls has the details.";
        if f.policy.has(Module::Sessions) {
            holds("In a workspace that has conversations as well, a line in the thread says that a call took place. What we know of the call leads to nobody's conversation once it is over.")
        } else {
            holds(first)
        }
    }).also_with(Module::Conversations),
];
