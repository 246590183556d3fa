//! What people are told of on their devices and by mail, when they want to be left alone, and what leads
//! to a device.

mod token;

pub use token::{ApnsToken, BrowserToken, PushToken, TokenText};

use super::{
    hours::{Hours, Minute, OpenSpan, Weekday, WeeklySpan, Zone},
    personal::Personal,
    text::Fault,
    time::Timestamp,
    words::Symbol,
};
use crate::words;

words! {
    /// Who brings something to a device.
    pub enum PushProvider {
        /// Apple's push service.
        Apns = "apns",
        /// Expo's, for apps that are built with it.
        Expo = "expo",
        /// Firebase Cloud Messaging.
        Fcm = "fcm",
        /// The push service of a browser (RFC 8030), whichever its maker runs.
        Webpush = "webpush",
    }
}

words! {
    /// Which of Apple's services knows a token.
    pub enum ApnsEnvironment {
        /// That of apps from the store.
        Production = "production",
        /// That of apps that are being built.
        Sandbox = "sandbox",
    }
}

words! {
    /// What a token of Apple's is for.
    pub enum ApnsKind {
        /// It shows something.
        Alert = "alert",
        /// It lets an app ring (PushKit).
        Voip = "voip",
    }
}

words! {
    /// What somebody is told of.
    pub enum NotifyEvent {
        /// They got a conversation, from somebody else or in turn.
        Assigned = "assigned",
        /// Somebody calls them. It rings for as long as the call does, in quiet hours too.
        Call = "call",
        /// They were named in a note.
        Mention = "mention",
        /// The other side wrote in a conversation of theirs.
        Message = "message",
        /// The visitor of a conversation of theirs said how content they are.
        Rated = "rated",
        /// A conversation was put to a team of theirs, or began there.
        Team = "team",
        /// Somebody tries their own device out.
        Test = "test",
        /// A conversation began that nobody has.
        Unassigned = "unassigned",
    }
}

words! {
    /// How somebody is told.
    pub enum Channel {
        /// By mail.
        Email = "email",
        /// By what the product shows while it is open.
        InApp = "in_app",
        /// On their devices.
        Push = "push",
    }
}

impl NotifyEvent {
    /// Whether it can be chosen: a test comes to whom asks for it.
    pub const fn is_choice(self) -> bool {
        !matches!(self, Self::Test)
    }

    /// Whether a member who chose nothing is told of it like this.
    pub const fn unless_said(self, channel: Channel) -> bool {
        match channel {
            Channel::Email => false,
            // Of everything that begins nobody is shown a list unless they want one.
            Channel::InApp => self.is_choice() && !matches!(self, Self::Unassigned),
            Channel::Push => matches!(
                self,
                Self::Assigned | Self::Call | Self::Mention | Self::Message
            ),
        }
    }

    /// Everything that a member who chose nothing is told of like this.
    pub fn all_unless_said(channel: Channel) -> Vec<Self> {
        let all = Self::ALL.iter().copied();
        all.filter(|event| event.unless_said(channel)).collect()
    }

    /// What a device shows that shows something by itself: the event, and not a word of what was said.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Assigned => "You got a conversation",
            Self::Call => "Somebody calls",
            Self::Mention => "Somebody mentioned you",
            Self::Message => "New message",
            Self::Rated => "A conversation was rated",
            Self::Team => "A conversation for your team",
            Self::Test => "Notifications work",
            Self::Unassigned => "A new conversation",
        }
    }
}

/// When somebody wants to be left alone: on some days of the week, from one minute of the day to another,
/// of the next day where that is not later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuietHours {
    days: Vec<Weekday>,
    from: Minute,
    to: Minute,
}

impl QuietHours {
    /// Quiet hours that begin on some days.
    ///
    /// # Errors
    /// `empty` without a day; `empty_span` where they end as they begin.
    pub fn new(days: Vec<Weekday>, from: Minute, to: Minute) -> Result<Self, Fault> {
        if days.is_empty() {
            return Err(Fault::new("empty", "at least one day"));
        }
        if from == to {
            let detail = "an end that is not the beginning; a whole day is 00:00 to 24:00";
            return Err(Fault::new("empty_span", detail));
        }
        let all = Weekday::ALL.iter().copied();
        let days = all.filter(|day| days.contains(day)).collect();
        Ok(Self { days, from, to })
    }

    /// The days on which they begin.
    pub fn days(&self) -> &[Weekday] {
        &self.days
    }

    /// When they begin.
    pub const fn from(&self) -> Minute {
        self.from
    }

    /// When they end.
    pub const fn to(&self) -> Minute {
        self.to
    }

    /// Whether they hold at `at` by the clock of a zone.
    pub fn hold_at(&self, zone: &Zone, at: Timestamp) -> bool {
        let mut weekly = Vec::new();
        for day in &self.days {
            let mut add = |day: Weekday, from: Minute, to: Minute| {
                // What has no length is left out: 22:00 to 00:00 ends with the day.
                let span = OpenSpan::new(from, to);
                weekly.extend(span.map(|span| WeeklySpan { day, span }));
            };
            if self.from < self.to {
                add(*day, self.from, self.to);
            } else {
                add(*day, self.from, Minute::END);
                add(day.next(), Minute::START, self.to);
            }
        }
        Hours::new(zone, &weekly, &[]).is_ok_and(|hours| hours.is_open(at))
    }
}

impl Personal for QuietHours {
    fn to_bytes(&self) -> Vec<u8> {
        let days: Vec<&str> = self.days.iter().map(|day| day.word()).collect();
        format!("{} {} {}", self.from, self.to, days.join(",")).into_bytes()
    }

    fn from_bytes(bytes: Vec<u8>) -> Option<Self> {
        let text = String::from_utf8(bytes).ok()?;
        let mut parts = text.split(' ');
        let from = Minute::parse(parts.next()?).ok()?;
        let to = Minute::parse(parts.next()?).ok()?;
        let days = parts.next()?.split(',').map(Weekday::from_symbol);
        Self::new(days.collect::<Option<_>>()?, from, to).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minute(text: &str) -> Minute {
        Minute::parse(text).expect("a minute")
    }

    fn quiet(days: &[Weekday], from: &str, to: &str) -> QuietHours {
        QuietHours::new(days.to_vec(), minute(from), minute(to)).expect("hours")
    }

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().expect("a time");
        Timestamp::from_ms(at.as_millisecond())
    }

    #[test]
    fn quiet_hours_go_over_midnight_by_the_clock_of_their_zone() {
        let zone = Zone::parse("Europe/Berlin").expect("a zone");
        // 2026-01-16 is a Friday; Berlin is an hour ahead.
        let friday = quiet(&[Weekday::Friday], "22:00", "07:00");
        assert!(!friday.hold_at(&zone, at("2026-01-16T20:59:59Z")));
        assert!(friday.hold_at(&zone, at("2026-01-16T21:00:00Z")));
        assert!(friday.hold_at(&zone, at("2026-01-17T05:59:59Z")));
        assert!(!friday.hold_at(&zone, at("2026-01-17T06:00:00Z")));
        assert!(!friday.hold_at(&zone, at("2026-01-17T21:30:00Z")));
        // In summer it is two.
        assert!(friday.hold_at(&zone, at("2026-07-17T20:00:00Z")));
    }

    #[test]
    fn quiet_hours_of_a_sunday_night_end_on_monday_and_a_whole_day_is_quiet() {
        let utc = Zone::parse("UTC").expect("a zone");
        let sunday = quiet(&[Weekday::Sunday], "23:00", "06:00");
        assert!(sunday.hold_at(&utc, at("2026-01-19T05:00:00Z")));
        let every = quiet(Weekday::ALL, "22:00", "07:00");
        assert!(every.hold_at(&utc, at("2026-01-19T23:30:00Z")));
        assert!(!every.hold_at(&utc, at("2026-01-19T12:00:00Z")));
        let whole = quiet(&[Weekday::Monday], "00:00", "24:00");
        assert!(whole.hold_at(&utc, at("2026-01-19T12:00:00Z")));
        let until_midnight = quiet(&[Weekday::Monday], "22:00", "00:00");
        assert!(until_midnight.hold_at(&utc, at("2026-01-19T23:59:00Z")));
        assert!(!until_midnight.hold_at(&utc, at("2026-01-20T00:00:00Z")));
    }

    #[test]
    fn quiet_hours_read_back_as_they_were_written() {
        let hours = quiet(&[Weekday::Sunday, Weekday::Monday], "22:00", "24:00");
        assert_eq!(QuietHours::from_bytes(hours.to_bytes()), Some(hours));
        assert!(QuietHours::new(Vec::new(), minute("01:00"), minute("02:00")).is_err());
        assert!(QuietHours::new(vec![Weekday::Monday], minute("01:00"), minute("01:00")).is_err());
    }
}
