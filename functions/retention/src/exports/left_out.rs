//! What archives leave out, kind by kind, and why.

/// Kinds that are in no archive, and why.
pub const SKIPPED: &[(&str, &str)] = &[
    (
        "CallBlock",
        "whom a team lets call no more, as a keyed hash that nobody outside can turn back",
    ),
    (
        "CallLink",
        "what lets somebody call a member, for a day; its member has it, we have a hash",
    ),
    (
        "Guest",
        "a token of a day, of nobody we know; calls are in, by the same opaque id",
    ),
    (
        "JoinPass",
        "what lets one device into a call, sixty seconds at most",
    ),
    (
        "Erasure",
        "how far an erasure has come, and its receipt, which the person has by mail",
    ),
    ("WebhookHealth", "how an endpoint does, about nobody"),
    ("MailWanted", "a setting of a workspace, about nobody"),
    (
        "Notification",
        "that somebody was told of something, by opaque ids, for two days",
    ),
    (
        "PushSender",
        "what the team gave us for those who bring notifications, which it has",
    ),
    (
        "FlowServers",
        "hosts and secrets of servers that flows ask, which their team set and reads in the settings",
    ),
    (
        "FlowRules",
        "which rules begin flows, as the versions say that are in it",
    ),
    (
        "Farewell",
        "where the last mail goes, when the account is gone already",
    ),
    (
        "Continuity",
        "how far mail about a conversation has got; the messages are in",
    ),
    (
        "TranscriptMail",
        "that a transcript was wanted by mail, by opaque ids, for a day; the messages are in",
    ),
    (
        "ReplyAddress",
        "where an address for replies leads, under its keyed hash, a month at most",
    ),
    ("TeamWait", "when a team is looked at again, about nobody"),
    (
        "BillingPaper",
        "a document that the law has the operator keep; whoever pays fetches it in the product",
    ),
    (
        "StripeCustomer",
        "that a customer of Stripe's pays for a workspace; how it pays is in",
    ),
    ("StripeEvent", "ids of events, about nobody"),
    ("StripeTask", "what is to be done at Stripe, by its ids"),
    (
        "LedgerLength",
        "how long the ledger of erasures is, about nobody",
    ),
    (
        "Reached",
        "the address itself is in the profile; this is its keyed hash",
    ),
    (
        "ReachedLink",
        "the address itself is in the profile; this is its keyed hash",
    ),
    ("ReceiptKey", "the key that signs receipts, about nobody"),
    ("ReceiptKeys", "the public keys of receipts, about nobody"),
    (
        "TeamAttempt",
        "a sign-in that was asked for; good for ten minutes, and nobody is named in it",
    ),
    (
        "TeamIdentity",
        "that a team's provider vouched for somebody, under a keyed hash",
    ),
    (
        "TeamSession",
        "that a team's provider has a session of somebody, under a keyed hash",
    ),
    (
        "TeamProvider",
        "the way in of a team; its owner set it up and reads it in the settings",
    ),
    (
        "AnalyticsWeek",
        "counts of a week of a whole workspace, about nobody",
    ),
    (
        "AddressOwner",
        "the address itself is in the account; this is its keyed hash",
    ),
    (
        "ApiKey",
        "a key of a program; its holder has it, we have a hash",
    ),
    (
        "AnnouncedVersions",
        "days of versions of the policy, about nobody",
    ),
    (
        "Announcement",
        "a text of the operator to many, about none of them",
    ),
    (
        "AuditEnd",
        "where the log of a workspace ends, about nobody",
    ),
    (
        "AuditEntry",
        "who did what in a workspace, under keyed hashes; owners read the log itself",
    ),
    (
        "AuditLine",
        "who did what in a workspace, under keyed hashes; owners read the log itself",
    ),
    (
        "BreakGlass",
        "that the operator looked into a workspace, which its owners see there",
    ),
    (
        "DeploymentSettings",
        "settings of the deployment, about nobody",
    ),
    (
        "Invited",
        "that an address was invited, under a keyed hash; gone with the invitation",
    ),
    (
        "OperatorDeed",
        "what was done with the deployment, by opaque ids; operators read the log itself",
    ),
    (
        "OperatorSeat",
        "who operates the deployment, which operators see there",
    ),
    (
        "Challenge",
        "a mailed code that waits for its answer, ten minutes at most",
    ),
    (
        "Counter",
        "a count against abuse, under a hash that nobody can undo after a day",
    ),
    (
        "FileRoom",
        "how many bytes the files of a workspace take up, about nobody",
    ),
    (
        "PushDay",
        "how many notifications devices took on a day, about five people at least and nobody",
    ),
    (
        "FileShare",
        "how many bytes a file counts in that sum; its size is in, with the file",
    ),
    ("DataKeyRow", "a key, which goes with what it seals"),
    (
        "Dedupe",
        "the memory of a message's sending; the message is in",
    ),
    (
        "Disclosure",
        "the register of a workspace names people by keyed hashes; each person's copy has the note of theirs",
    ),
    ("Edge", "a reference to a record that is in"),
    ("Export", "the making of an archive"),
    ("ExportPart", "the making of an archive"),
    (
        "ExternalOwner",
        "the identifier itself is in the profile; this is its keyed hash",
    ),
    (
        "HeardBefore",
        "the memory of something that counts once, under a keyed hash, for a day",
    ),
    (
        "Idempotency",
        "the memory of a request, under keyed hashes, for a day",
    ),
    (
        "Invitation",
        "it belongs to nobody until it is accepted, and ends within fourteen days",
    ),
    (
        "IdleTold",
        "up to when a workspace was told of what is near its end, about nobody",
    ),
    ("Job", "work on a workspace, about nobody"),
    ("Listener", "a live connection, two hours at most"),
    ("Listening", "a live connection, two hours at most"),
    (
        "MailWishRow",
        "the proof of a wish about mail, under a keyed hash of the address",
    ),
    ("OpenJob", "work on a workspace, about nobody"),
    ("OpenWish", "a reference to a request that is in"),
    ("OwnRequest", "a reference to a request that is in"),
    ("OwnSupport", "a reference to a thread that is in"),
    (
        "PasskeyCeremony",
        "a passkey that is asked for, ten minutes at most",
    ),
    ("Password", "a secret that proves who somebody is"),
    (
        "PrivacyLetter",
        "that a mail about a request waits, for a day; the request is in",
    ),
    (
        "PhotoUpload",
        "a photo that was not looked through yet, or was refused; gone after a day",
    ),
    ("PublicKeys", "keys of the deployment, about nobody"),
    (
        "ResetLink",
        "a mailed link that waits to be opened, thirty minutes at most",
    ),
    ("SaltRow", "random numbers of a day, about nobody"),
    (
        "SecondStep",
        "a sign-in that waits for its second factor, ten minutes at most",
    ),
    ("SigningKey", "a key of the deployment, about nobody"),
    ("Socket", "a live connection, two hours at most"),
    ("Subject", "the state of an erasure"),
    (
        "SupportWriter",
        "the address of somebody without an account, who has no archive of one; the operator shows it on request",
    ),
    (
        "Suppression",
        "that mail to an address came back, under a keyed hash that nobody can turn back",
    ),
    ("SweepMark", "a position of the sweep, about nobody"),
    ("TenantKeyRow", "a key, about nobody"),
    (
        "Ticket",
        "what opens one live connection, sixty seconds at most",
    ),
    (
        "Tombstone",
        "says only that something is gone, for seven days",
    ),
    (
        "Upload",
        "a file that nobody has sent yet; gone a day after it was uploaded",
    ),
    (
        "UnsentDraft",
        "a draft that was never sent, and lies under another person's conversation",
    ),
];

/// What the visitor's own archive leaves out besides.
pub const TEAMS_OWN: &[(&str, &str)] = &[
    (
        "DisclosedPart",
        "what was handed over, where the law forbids to tell of it for now",
    ),
    (
        "Attachment",
        "files with notes among the team; ask the team, who decides under Art. 15(4) GDPR",
    ),
    (
        "ContactNote",
        "notes of the team about the person; ask the team, who decides under Art. 15(4) GDPR",
    ),
    (
        "HoldNote",
        "why the team keeps a conversation; ask the team, who decides under Art. 15(4) GDPR",
    ),
    (
        "Message",
        "notes among the team; ask the team, who decides under Art. 15(4) GDPR",
    ),
];
