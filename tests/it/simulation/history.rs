//! What may happen.

use std::time::Duration;

use harness::Kind;
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use proptest::{collection, sample};

/// One thing that happens. Numbers choose among what there is at that moment.
#[derive(Clone, Debug)]
pub enum Act {
    /// Somebody new opens the widget.
    Visit { team: usize },
    /// A visitor starts a conversation.
    Start { who: usize },
    /// A visitor writes; a call fails on the way, and it is sent again.
    Say {
        thread: usize,
        trouble: Option<Trouble>,
    },
    /// The team answers, leaves a draft, and has read what is there.
    Answer {
        thread: usize,
        trouble: Option<Trouble>,
    },
    /// The team deletes a message.
    Unsay { thread: usize, message: usize },
    /// A conversation is kept whatever the retention says.
    Hold { thread: usize, days: u64 },
    /// And no longer.
    Release { thread: usize },
    /// The team deletes a conversation.
    Delete { thread: usize },
    /// The team says that two contacts are one person, while calls fail.
    Merge {
        who: usize,
        into: usize,
        trouble: Option<Trouble>,
    },
    /// The team forgets a contact, and with it everybody whom the same person is, while calls fail.
    Forget {
        who: usize,
        trouble: Option<Trouble>,
    },
    /// The retention becomes another one.
    Keep { team: usize, days: u32 },
    /// Time goes by.
    Wait { by: Duration },
    /// A schedule runs, and may be cut off.
    Schedule {
        name: &'static str,
        trouble: Option<Trouble>,
    },
    /// TTL takes what is due.
    Ttl,
    /// The stream says everything once more.
    Redeliver,
    /// A backup of the data is made.
    BackUp,
    /// The backup is put back, and the restore of it may be cut off.
    PutBack { trouble: Option<Trouble> },
    /// Everybody looks at everything.
    Look,
}

/// Calls that fail: which way, from which one on, and how many.
#[derive(Clone, Copy, Debug)]
pub struct Trouble {
    pub kind: Kind,
    pub after: usize,
    pub times: usize,
}

fn trouble() -> impl Strategy<Value = Option<Trouble>> {
    let kind = sample::select(vec![
        Kind::Throttle,
        Kind::ServerError,
        Kind::TimeoutBefore,
        Kind::TimeoutAfter,
        Kind::Conflict,
        Kind::Unprocessed,
    ]);
    // A crash is everything failing from some call on.
    let times = sample::select(vec![1, 3, usize::MAX]);
    let some = (kind, 0..30_usize, times)
        .prop_map(|(kind, after, times)| Some(Trouble { kind, after, times }));
    prop_oneof![2 => Just(None), 3 => some]
}

fn act() -> impl Strategy<Value = Act> {
    let n = any::<usize>;
    let wait = sample::select(vec![
        Duration::from_secs(90),
        Duration::from_secs(45 * 60),
        Duration::from_secs(13 * 60 * 60),
        Duration::from_secs(26 * 60 * 60),
        Duration::from_secs(9 * 24 * 60 * 60),
    ]);
    let name = sample::select(vec!["minute", "jobs", "sweep"]);
    prop_oneof![
        2 => (0..2_usize).prop_map(|team| Act::Visit { team }),
        4 => n().prop_map(|who| Act::Start { who }),
        5 => (n(), trouble()).prop_map(|(thread, trouble)| Act::Say { thread, trouble }),
        5 => (n(), trouble()).prop_map(|(thread, trouble)| Act::Answer { thread, trouble }),
        1 => (n(), n()).prop_map(|(thread, message)| Act::Unsay { thread, message }),
        2 => (n(), 1..40_u64).prop_map(|(thread, days)| Act::Hold { thread, days }),
        1 => n().prop_map(|thread| Act::Release { thread }),
        1 => n().prop_map(|thread| Act::Delete { thread }),
        2 => (n(), n(), trouble())
            .prop_map(|(who, into, trouble)| Act::Merge { who, into, trouble }),
        3 => (n(), trouble()).prop_map(|(who, trouble)| Act::Forget { who, trouble }),
        2 => (0..2_usize, sample::select(vec![1_u32, 3, 30, 400]))
            .prop_map(|(team, days)| Act::Keep { team, days }),
        4 => wait.prop_map(|by| Act::Wait { by }),
        3 => (name, trouble()).prop_map(|(name, trouble)| Act::Schedule { name, trouble }),
        1 => Just(Act::Ttl),
        1 => Just(Act::Redeliver),
        2 => Just(Act::BackUp),
        2 => trouble().prop_map(|trouble| Act::PutBack { trouble }),
        4 => Just(Act::Look),
    ]
}

/// A history of up to so many acts.
pub fn history(most: usize) -> impl Strategy<Value = Vec<Act>> {
    collection::vec(act(), most / 2..=most)
}
