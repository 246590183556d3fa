//! Something about an account changed: its owner hears so, because it may have been somebody else.
//!
//! The mail says what, when, and what to do about it. It names no person, no name of a workspace
//! and no address, so that whoever reads along learns little. A changed address is told to both.

use shared::{
    app::{App, Mail, MailKind},
    domain::{AccountId, Policy, Timestamp, policy::Lens, text::Email},
    store::{
        Item, RootRef, Unsealed,
        account::Account,
        keys,
        notice::{Notice, NoticeKind},
        record::read_item,
        subject::State,
    },
};

use crate::{
    failure::Failure,
    image,
    letter::{self, Part},
    post::post,
};

/// Mails a notice to the address that its account has now.
pub async fn send(app: &App, item: &Item) -> Result<(), Failure> {
    let policy = Policy::platform();
    let lens = Lens {
        now: app.clock.now(),
        policy: &policy,
    };
    let Some(notice) = read_item::<Notice>(item, &Unsealed, lens)? else {
        return Ok(());
    };
    let Some(to) = address(app, notice.account, lens).await? else {
        return Ok(());
    };
    let mut mail = mail(to, &notice, &app.config.issuer);
    if notice.notice.was_asked_for() {
        mail.kind = MailKind::AskedFor;
    }
    post(app, mail).await?.done()
}

/// The address of an account; none when it is gone, or set aside: then it is not written to.
pub async fn address(
    app: &App,
    account: AccountId,
    lens: Lens<'_>,
) -> Result<Option<Email>, Failure> {
    let tenant_key = image::platform_key(app).await?;
    let head = keys::account(account);
    let wanted = vec![keys::data_key(&RootRef::of(&head)), head.clone()];
    let fetched = app.store.batch(wanted).await?;
    let Some(key) = fetched.data_key(&head, &tenant_key)? else {
        return Ok(None);
    };
    let found = fetched.get::<Account>(&head, &key, lens)?;
    let used = found.filter(|account| account.state != State::Restricted);
    Ok(used.map(|account| account.email))
}

/// Mails both addresses of an account whose address changed; most changes are others.
pub async fn address_changed(app: &App, old: &Item, new: &Item) -> Result<(), Failure> {
    let (Some((before, _)), Some((after, _))) = (
        image::open::<Account>(app, old).await?,
        image::open::<Account>(app, new).await?,
    ) else {
        return Ok(());
    };
    if before.email.identity() == after.email.identity() {
        return Ok(());
    }
    let at = app.clock.now();
    for to in [before.email, after.email] {
        let says = Says {
            subject: "Your Sotto address was changed",
            what: "The address of your Sotto account was changed. Codes and notices go to the new \
                   address from now on.",
            then: NOT_YOU,
            path: ACCOUNT,
        };
        post(app, write(to, says, None, at, &app.config.issuer))
            .await?
            .done()?;
    }
    Ok(())
}

/// What a notice says.
struct Says {
    subject: &'static str,
    what: &'static str,
    /// What to do about it; a link follows.
    then: &'static str,
    /// The page that the link leads to.
    path: &'static str,
}

/// The page of an account.
const ACCOUNT: &str = "/account";
/// What to do about an account that is going.
const KEEP: &str = "It was you? Then there is nothing to do. If not, or if you have changed your mind, keep \
                    it here:";
/// What to do about what somebody signed in to the account did.
const NOT_YOU: &str = "It was you? Then there is nothing to do. If not, sign in here, end the \
                       sessions that are not yours, and set a new password:";
/// What to do about what somebody of the team did.
const BY_A_COLLEAGUE: &str = "Somebody of the team did it, perhaps you. If it surprises you, ask \
                              them. If nobody knows of it, look at your sessions here:";

/// What to do about what the operator did.
const BY_THE_OPERATOR: &str = "If it surprises you, ask whoever runs this Sotto. Your own account is \
                               here:";

/// What to do about somebody's request.
const ANSWER_IT: &str = "You hear of it because you answer such requests in this workspace. Your \
                         account is here:";

/// What to do about a service that is told nothing any more.
const SWITCH_IT_ON: &str = "Look at what it answered, in its log of deliveries, and switch it on again. Your \
                            account is here:";

/// What to do about what is near its end.
const ANSWER_FOR_IT: &str = "You hear of it because you answer for the data of this workspace. Your account \
                             is here:";

/// What to do about what somebody asked to hear of.
const LOOK_THERE: &str = "You hear of it because you asked for mail of this kind in that workspace. Change \
                          there what you are told, at any time. Your account is here:";

/// What to do about a plan.
const PAY: &str = "Owners, admins and whoever keeps the books can look at the plan of the workspace, and change \
                   what it is paid with. Your account is here:";

/// What to do about what happened.
const fn then(kind: NoticeKind) -> &'static str {
    match kind {
        NoticeKind::ApiKeyDeleted
        | NoticeKind::ApiKeysLeft
        | NoticeKind::MembershipEnded
        | NoticeKind::RoleChanged
        | NoticeKind::WorkspaceDeletionScheduled
        | NoticeKind::WorkspaceDeletionUndone
        | NoticeKind::WorkspaceErased
        | NoticeKind::WorkspaceTransferred => BY_A_COLLEAGUE,
        NoticeKind::BreakGlass | NoticeKind::WorkspaceResumed | NoticeKind::WorkspaceSuspended => {
            BY_THE_OPERATOR
        }
        NoticeKind::ChildReported
        | NoticeKind::PrivacyRequestDue
        | NoticeKind::PrivacyRequestMade
        | NoticeKind::PrivacyRequestOverdue => ANSWER_IT,
        NoticeKind::ConversationAssigned
        | NoticeKind::ConversationBegan
        | NoticeKind::ConversationRated
        | NoticeKind::Mentioned
        | NoticeKind::TeamGotConversation
        | NoticeKind::VisitorWrote => LOOK_THERE,
        NoticeKind::WebhookDisabled => SWITCH_IT_ON,
        NoticeKind::PaymentFailed | NoticeKind::PlanEnded | NoticeKind::TrialEnding => PAY,
        NoticeKind::AccountDeletionScheduled => KEEP,
        NoticeKind::IdleDataEnding => ANSWER_FOR_IT,
        NoticeKind::AccountDeletionUndone
        | NoticeKind::ApiKeyMade
        | NoticeKind::NewDevice
        | NoticeKind::PasskeyAdded
        | NoticeKind::PasskeyCopied
        | NoticeKind::PasskeyRemoved
        | NoticeKind::PasswordChanged
        | NoticeKind::PasswordReset
        | NoticeKind::RecoveryCodeUsed
        | NoticeKind::RecoveryCodesMade
        | NoticeKind::SecondFactorAdded
        | NoticeKind::SecondFactorRemoved => NOT_YOU,
    }
}

const fn says(kind: NoticeKind) -> Says {
    let (subject, what) = match kind {
        NoticeKind::AccountDeletionScheduled => (
            "Your Sotto account will be deleted",
            "Your Sotto account was closed. It will be deleted in seven days. Until then you can \
             keep it.",
        ),
        NoticeKind::AccountDeletionUndone => (
            "Your Sotto account stays",
            "Your Sotto account is open again. It will not be deleted.",
        ),
        NoticeKind::ApiKeyDeleted => (
            "A Sotto API key was deleted",
            "A key of the API was deleted in a workspace of yours. Programs that still use it are \
             refused from now on.",
        ),
        NoticeKind::ApiKeysLeft => (
            "A colleague has gone whose API keys still work",
            "Somebody who is a member of your workspace no longer had made keys of the API there. \
             They go on working, so that nothing breaks. Whoever made a key may have kept a copy: \
             make new ones for the programs that need them, and delete the old ones.",
        ),
        NoticeKind::ApiKeyMade => (
            "A Sotto API key was made",
            "A key of the API was made in a workspace of yours.",
        ),
        NoticeKind::BreakGlass => (
            "The operator of Sotto entered your workspace",
            "The operator of this deployment gave themselves access to a workspace of yours, for a \
             limited time, to read. The workspace's list of such entries says why and until when, \
             and lets you end it.",
        ),
        NoticeKind::IdleDataEnding => (
            "Old conversations of your Sotto workspace will be deleted",
            "In a workspace of yours there are conversations that nobody has written in for 24 months, or \
             visitors who have not come back for as long. They are deleted when 24 months and 30 days are \
             over, in 30 days at the earliest. What you still need you can export or put on hold until \
             then. To keep less from now on, shorten the retention of the workspace.",
        ),
        NoticeKind::ConversationAssigned => {
            ("You got a conversation", "A conversation was given to you.")
        }
        NoticeKind::ConversationBegan => (
            "A new conversation",
            "A conversation began that nobody has yet.",
        ),
        NoticeKind::ConversationRated => (
            "A conversation was rated",
            "The visitor of a conversation of yours said how content they are.",
        ),
        NoticeKind::Mentioned => (
            "Somebody mentioned you",
            "Somebody named you in a note of a conversation.",
        ),
        NoticeKind::TeamGotConversation => (
            "A conversation for your team",
            "A team of yours got a conversation.",
        ),
        NoticeKind::VisitorWrote => (
            "New message",
            "The visitor of a conversation of yours has written.",
        ),
        NoticeKind::MembershipEnded => (
            "You are no longer a member of a Sotto workspace",
            "Your membership of a workspace has ended. Its conversations are closed to you; your \
             account and your other workspaces stay as they are.",
        ),
        NoticeKind::NewDevice => (
            "A new sign-in to your Sotto account",
            "Somebody, probably you, signed in to your Sotto account from a device that was not \
             used before.",
        ),
        NoticeKind::PasskeyAdded => (
            "A passkey was added to your Sotto account",
            "A passkey was added to your Sotto account. It proves the second factor.",
        ),
        NoticeKind::PasskeyCopied => (
            "A passkey of your Sotto account was refused",
            "A passkey of your Sotto account answered with a counter that had gone back. That \
             happens when there is a copy of it. It was refused; remove it and add a new one.",
        ),
        NoticeKind::PasskeyRemoved => (
            "A passkey of your Sotto account was removed",
            "A passkey of your Sotto account was removed, and every other device was signed out.",
        ),
        NoticeKind::PasswordChanged => (
            "Your Sotto password was changed",
            "The password of your Sotto account was changed.",
        ),
        NoticeKind::PasswordReset => (
            "Your Sotto password was set anew",
            "The password of your Sotto account was set anew by a mailed link, and every device \
             was signed out. Your second factor, if you have one, is still the same.",
        ),
        NoticeKind::ChildReported => (
            "Decide within a day: the data of a child were reported",
            "Somebody says that your workspace keeps the data of a child. They are set aside: nobody \
             reads or writes them. Within a day somebody has to decide among the privacy requests \
             of the workspace whether they are erased or used again.",
        ),
        NoticeKind::PaymentFailed => (
            "A payment for your Sotto workspace failed",
            "A payment for the plan of a workspace of yours failed. It will be tried again in the next \
             days, and the plan stays as it is meanwhile. A card that has ended can be changed.",
        ),
        NoticeKind::PlanEnded => (
            "The plan of your Sotto workspace has ended",
            "The plan of a workspace of yours has ended. Nothing was taken away: its members, its apps \
             and every conversation stay. What the plan without a price has no room for cannot be added.",
        ),
        NoticeKind::TrialEnding => (
            "A trial of your Sotto workspace ends soon",
            "The trial of the plan of a workspace of yours ends in a few days. Then the first payment is \
             due. Whoever does not want that ends the plan before.",
        ),
        NoticeKind::PrivacyRequestMade => (
            "Somebody asks your workspace about their data",
            "Somebody your team talks with asks about the data that are kept about them. The \
             request waits for an answer among the privacy requests of the workspace.",
        ),
        NoticeKind::PrivacyRequestDue => (
            "A privacy request has to be answered soon",
            "A request of somebody about their data is still open in a workspace of yours, and its \
             time is nearly over. Answer it, refuse it, or say why it takes longer.",
        ),
        NoticeKind::PrivacyRequestOverdue => (
            "The time of a privacy request is over",
            "A request of somebody about their data was not answered in time in a workspace of \
             yours. The operator of Sotto hears of it as well.",
        ),
        NoticeKind::RecoveryCodeUsed => (
            "A recovery code of your Sotto account was used",
            "A recovery code was used in place of the second factor of your Sotto account. It is \
             no good any more.",
        ),
        NoticeKind::RecoveryCodesMade => (
            "New recovery codes for your Sotto account",
            "New recovery codes were made for your Sotto account. The old ones are no good any \
             more.",
        ),
        NoticeKind::RoleChanged => (
            "Your role in a Sotto workspace was changed",
            "You may do other things in a workspace of yours than before.",
        ),
        NoticeKind::SecondFactorAdded => (
            "Your Sotto account has a second factor",
            "A second factor was added to your Sotto account.",
        ),
        NoticeKind::SecondFactorRemoved => (
            "A second factor of your Sotto account was removed",
            "A second factor of your Sotto account was removed.",
        ),
        NoticeKind::WebhookDisabled => (
            "A webhook of your Sotto workspace was switched off",
            "A service of yours that is told what happens in a workspace did not take anything for \
             five days, or said that it is gone. It is told nothing any more until somebody \
             switches it on again.",
        ),
        NoticeKind::WorkspaceDeletionScheduled => (
            "A Sotto workspace of yours will be deleted",
            "A workspace that you own was closed. In seven days everything in it will be deleted. \
             Until then any of its owners can undo that.",
        ),
        NoticeKind::WorkspaceDeletionUndone => (
            "A Sotto workspace of yours stays",
            "A workspace that you own is open again. It will not be deleted.",
        ),
        NoticeKind::WorkspaceResumed => (
            "Your Sotto workspace may be used again",
            "The operator of this deployment lets a workspace of yours go on. It may be used as \
             before.",
        ),
        NoticeKind::WorkspaceSuspended => (
            "Your Sotto workspace was suspended",
            "The operator of this deployment suspended a workspace of yours. Its members may still \
             read, and nothing in it was taken away.",
        ),
        NoticeKind::WorkspaceErased => (
            "Your Sotto workspace was erased",
            "A workspace that you owned was erased, with everything in it. What backups hold of it \
             cannot be read any more in seven days. Its receipt can be fetched for three years.",
        ),
        NoticeKind::WorkspaceTransferred => (
            "Somebody else will answer for a Sotto workspace of yours",
            "Two owners agreed that a workspace of yours goes over to another company, with \
             everything that is kept in it. Who that is, and from which day on, stands with the \
             workspace; the day is in 30 days at the earliest. Until then you may take a copy of \
             your data, leave, or object.",
        ),
    };
    Says {
        subject,
        what,
        then: then(kind),
        path: match kind {
            NoticeKind::AccountDeletionScheduled => "/account?page=keep",
            _ => ACCOUNT,
        },
    }
}

fn mail(to: Email, notice: &Notice, issuer: &str) -> Mail {
    let about = match (notice.device(), notice.workspace) {
        (Some(device), _) => {
            let (browser, system) = device.spoken();
            Some(format!("From: {browser}, on {system}."))
        }
        (None, Some(workspace)) => Some(match notice.role {
            Some(role) => format!("Workspace: {workspace}. Your role there: {}.", role.word()),
            None => format!("Workspace: {workspace}."),
        }),
        (None, None) => None,
    };
    write(to, says(notice.notice), about, notice.created_at, issuer)
}

fn write(to: Email, says: Says, about: Option<String>, at: Timestamp, issuer: &str) -> Mail {
    let when = format!("When: {}.", minute(at));
    let link = format!("{issuer}{}", says.path);
    let mut letter = vec![
        Part::Says("Hello,"),
        Part::Says(says.what),
        Part::Says(&when),
    ];
    letter.extend(about.as_deref().map(Part::Says));
    letter.extend([Part::Says(says.then), Part::Leads(&link)]);
    Mail {
        to,
        kind: MailKind::Notice,
        subject: says.subject,
        text: letter::text(&letter),
        html: letter::html(&letter),
    }
}

/// An instant for people, to the minute.
fn minute(at: Timestamp) -> String {
    let text = at.to_string();
    format!("{} UTC", text.get(..16).unwrap_or(&text).replace('T', " "))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use shared::domain::device::Device;

    use super::*;

    const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

    fn written(kind: NoticeKind) -> Mail {
        let to = Email::parse("ada@example.com").expect("an address");
        let notice = Notice::new(AccountId::new(AT), kind, AT).from_device(Device::UNKNOWN);
        mail(to, &notice, "https://api.example.com")
    }

    #[test]
    fn every_kind_has_words_of_its_own_and_says_when_and_what_to_do() {
        let subjects: HashSet<&str> = NoticeKind::ALL
            .iter()
            .map(|kind| written(*kind).subject)
            .collect();
        assert_eq!(subjects.len(), NoticeKind::ALL.len());
        for kind in NoticeKind::ALL {
            let mail = written(*kind);
            for part in ["2026-01-15 12:00 UTC", "https://api.example.com/account"] {
                assert!(
                    mail.text.contains(part) && mail.html.contains(part),
                    "{part}"
                );
            }
            assert!(mail.text.lines().all(|line| !line.contains("  ")));
        }
    }

    #[test]
    fn a_notice_loads_nothing_and_repeats_no_address() {
        for kind in NoticeKind::ALL {
            let mail = written(*kind);
            for text in [&mail.text, &mail.html] {
                for word in ["src=", "<img", "<script", "<link", "url(", "@"] {
                    assert!(!text.contains(word), "{word}");
                }
            }
        }
    }
}
