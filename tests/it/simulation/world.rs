//! Two teams, their visitors, and what must be true of them: a model beside the running stack.

mod backup;
mod copy;
mod judge;
mod person;

use std::collections::BTreeSet;
use std::ops::AddAssign;
use std::time::Duration;

use harness::{Conversation, Fault, Harness, Member, Visitor, WidgetApp, Workspace, message};
use reqwest::Method;
use serde_json::json;
use shared::domain::Timestamp;

use super::history::{Act, Trouble};
use super::residue::Needles;
use backup::Backup;

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// An access token is good for ten minutes.
const TOKEN: Duration = Duration::from_secs(9 * 60);

/// What happened in a run, so that one in which nothing did is noticed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    forgotten: u32,
    merged: u32,
    waited_for_a_hold: u32,
    cut_off: u32,
    expired: u32,
    shown: u32,
    redelivered: u32,
    copied: u32,
    put_back: u32,
}

impl Seen {
    /// Adds another history.
    pub fn add(&mut self, other: Self) {
        self.forgotten.add_assign(other.forgotten);
        self.merged.add_assign(other.merged);
        self.waited_for_a_hold.add_assign(other.waited_for_a_hold);
        self.cut_off.add_assign(other.cut_off);
        self.expired.add_assign(other.expired);
        self.shown.add_assign(other.shown);
        self.redelivered.add_assign(other.redelivered);
        self.copied.add_assign(other.copied);
        self.put_back.add_assign(other.put_back);
    }

    /// Whether enough happened in so many histories.
    pub fn is_enough_for(&self, histories: u32) -> bool {
        let rare = [
            self.merged,
            self.waited_for_a_hold,
            self.cut_off,
            self.redelivered,
            self.copied,
            self.put_back,
        ];
        self.forgotten >= histories
            && self.expired > 0
            && self.shown >= 3 * histories
            && rare.iter().all(|count| *count > 0)
    }
}

struct Team {
    owner: Member,
    signed_in_at: Timestamp,
    refreshed_at: Timestamp,
    workspace: Workspace,
    app: WidgetApp,
    days: u32,
}

/// A visitor, and what was said with them.
#[derive(Clone)]
struct Person {
    team: usize,
    /// Who bears the same number is the same person to the team.
    same: usize,
    visitor: Visitor,
    seen_at: Timestamp,
    threads: Vec<Thread>,
}

#[derive(Clone)]
struct Thread {
    conversation: Conversation,
    said: Vec<Said>,
    held_until: Option<Timestamp>,
}

#[derive(Clone)]
struct Said {
    text: String,
    seq: u64,
    at: Timestamp,
    ends_at: Timestamp,
    /// Whether the hold of the conversation keeps it.
    held: bool,
}

/// Somebody who was forgotten.
struct Gone {
    needles: Needles,
    team: usize,
    /// Conversations whose hold keeps the erasure waiting.
    waits_for: Vec<Thread>,
    since: Timestamp,
    contact: String,
}

/// The stack and its model.
pub struct World {
    harness: Harness,
    teams: Vec<Team>,
    people: Vec<Person>,
    gone: Vec<Gone>,
    backup: Option<Backup>,
    words: usize,
    /// How many persons there have been.
    persons: usize,
    seen: Seen,
}

impl Thread {
    fn is_held(&self, now: Timestamp) -> bool {
        self.held_until.is_some_and(|until| until > now)
    }

    fn shown(&self, now: Timestamp) -> BTreeSet<&str> {
        let held = self.is_held(now);
        let is_shown = |said: &&Said| said.ends_at > now || (held && said.held);
        let shown = self.said.iter().filter(is_shown);
        shown.map(|said| said.text.as_str()).collect()
    }
}

impl World {
    /// Plays a history to its end.
    pub async fn play(acts: Vec<Act>) -> Seen {
        let mut world = Self::new().await;
        for act in acts {
            world.act(act).await;
        }
        world.close().await;
        world.seen
    }

    async fn new() -> Self {
        let harness = Harness::start().await;
        let now = harness.now();
        let mut teams = Vec::new();
        for email in ["ada@example.com", "eve@example.com"] {
            let owner = harness.sign_up(email).await;
            let workspace = owner.workspace("inbox").await;
            let app = owner.app(&workspace).await;
            teams.push(Team {
                owner,
                signed_in_at: now,
                refreshed_at: now,
                workspace,
                app,
                days: 760,
            });
        }
        let mut world = Self {
            harness,
            teams,
            people: Vec::new(),
            gone: Vec::new(),
            backup: None,
            words: 0,
            persons: 0,
            seen: Seen::default(),
        };
        for team in [0, 1] {
            world.visit(team).await;
            world.start(world.people.len() - 1).await;
        }
        world
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Visit { team } => self.visit(team).await,
            Act::Start { who } => {
                if let Some(who) = who.checked_rem(self.people.len()) {
                    self.start(who).await;
                }
            }
            Act::Say { thread, trouble } => {
                if let Some(place) = self.place(thread) {
                    self.say(place, trouble).await;
                }
            }
            Act::Answer { thread, trouble } => {
                if let Some(place) = self.place(thread) {
                    self.answer(place, trouble).await;
                }
            }
            Act::Unsay { thread, message } => {
                if let Some(place) = self.place(thread) {
                    self.unsay(place, message).await;
                }
            }
            Act::Hold { thread, days } => {
                if let Some(place) = self.place(thread) {
                    self.hold(place, days).await;
                }
            }
            Act::Release { thread } => {
                if let Some(place) = self.place(thread) {
                    self.release(place).await;
                }
            }
            Act::Delete { thread } => {
                if let Some(place) = self.place(thread) {
                    self.delete(place).await;
                }
            }
            Act::Merge { who, into, trouble } => {
                if let Some(who) = who.checked_rem(self.people.len()) {
                    self.merge(who, into, trouble).await;
                }
            }
            Act::Forget { who, trouble } => {
                if let Some(who) = who.checked_rem(self.people.len()) {
                    self.forget(who, trouble).await;
                }
            }
            Act::Keep { team, days } => self.keep(team, days).await,
            Act::Wait { by } => self.harness.advance(by),
            Act::Schedule { name, trouble } => self.schedule(name, trouble).await,
            Act::Ttl => {
                self.harness.sweep_ttl().await;
            }
            Act::Redeliver => {
                self.harness.drain().await;
                let records = self.harness.stack.redeliver().await;
                let records = records.unwrap_or_else(|error| panic!("{error}"));
                self.seen.redelivered += u32::from(records > 0);
            }
            Act::BackUp => self.back_up(),
            Act::PutBack { trouble } => self.put_back(trouble).await,
            Act::Look => self.look().await,
        }
    }

    /// One of all conversations: whose, and which of theirs.
    fn place(&self, n: usize) -> Option<(usize, usize)> {
        let places = self.people.iter().enumerate();
        let places: Vec<_> = places
            .flat_map(|(who, person)| (0..person.threads.len()).map(move |thread| (who, thread)))
            .collect();
        places.get(n.checked_rem(places.len())?).copied()
    }

    fn path(&self, (who, thread): (usize, usize)) -> String {
        let person = &self.people[who];
        let id = &person.threads[thread].conversation.id;
        let workspace = &self.teams[person.team].workspace.path;
        format!("{workspace}/conversations/{id}")
    }

    fn contact(&self, who: usize) -> String {
        let person = &self.people[who];
        let workspace = &self.teams[person.team].workspace.path;
        format!("{workspace}/contacts/{}", person.visitor.contact_id)
    }

    fn word(&mut self) -> String {
        self.words += 1;
        format!("word {}", self.words)
    }

    /// The owner of a team, with a token that is still good.
    async fn owner(&mut self, team: usize) -> Member {
        let now = self.harness.now();
        let team = &mut self.teams[team];
        if team.refreshed_at.plus(TOKEN) > now {
            return team.owner.clone();
        }
        let signed_in = team.signed_in_at.plus(29 * DAY) > now;
        team.owner = match signed_in && team.refreshed_at.plus(13 * DAY) > now {
            true => team.owner.refresh().await,
            false => {
                team.signed_in_at = now;
                self.harness.sign_in(&team.owner.email).await
            }
        };
        team.refreshed_at = now;
        team.owner.clone()
    }

    async fn visit(&mut self, team: usize) {
        if self
            .people
            .iter()
            .filter(|person| person.team == team)
            .count()
            == 3
        {
            return;
        }
        let visitor = self.harness.visitor(&self.teams[team].app).await;
        self.persons += 1;
        self.people.push(Person {
            team,
            same: self.persons,
            visitor,
            seen_at: self.harness.now(),
            threads: Vec::new(),
        });
    }

    /// A visitor whose session is still good; false when it can no longer be resumed.
    async fn come_back(&mut self, who: usize) -> bool {
        let now = self.harness.now();
        let person = &mut self.people[who];
        if person.seen_at.plus(25 * MINUTE) > now {
            return true;
        }
        let team = &self.teams[person.team];
        let more = json!({ "resume_token": person.visitor.resume_token });
        let back = self.harness.try_visitor(&team.app, more).await;
        let same = back.filter(|back| back.contact_id == person.visitor.contact_id);
        if let Some(back) = same {
            person.visitor = back;
            person.seen_at = now;
            return true;
        }
        false
    }

    async fn start(&mut self, who: usize) {
        if self.people[who].threads.len() == 3 || !self.come_back(who).await {
            return;
        }
        let word = self.word();
        let (at, ends_at) = (self.harness.now(), self.end_of(who));
        let person = &mut self.people[who];
        let conversation = person.visitor.start(&word).await;
        person.threads.push(Thread {
            conversation,
            said: vec![Said {
                text: word,
                seq: 1,
                at,
                ends_at,
                held: false,
            }],
            held_until: None,
        });
    }

    fn end_of(&self, who: usize) -> Timestamp {
        let days = self.teams[self.people[who].team].days;
        self.harness.now().plus(days * DAY)
    }

    /// Sends a message while calls fail, and again until it is known what came of it.
    async fn send(
        &mut self,
        client: &harness::Client,
        path: &str,
        trouble: Option<Trouble>,
    ) -> Option<(String, u64)> {
        let word = self.word();
        let body = message(&word);
        self.plan(trouble);
        let first = client.send(Method::POST, path, Some(body.clone())).await;
        self.calm();
        let known = [200, 201, 404, 503].contains(&first.status);
        assert!(known, "{path}: {} {}", first.status, first.text);
        let answer = match first.status {
            503 => client.send(Method::POST, path, Some(body)).await,
            _ => first,
        };
        match answer.status {
            200 | 201 => Some((word, answer.body["seq"].as_u64().expect("a number"))),
            // It ended, or its contact did.
            404 => None,
            other => panic!("{path}: {other} {}", answer.text),
        }
    }

    fn said(&mut self, (who, thread): (usize, usize), sent: Option<(String, u64)>) {
        let ends_at = self.end_of(who);
        let now = self.harness.now();
        let thread = &mut self.people[who].threads[thread];
        if let Some((text, seq)) = sent {
            let held = thread.is_held(now);
            thread.said.push(Said {
                text,
                seq,
                at: now,
                ends_at,
                held,
            });
        } else {
            let shown = thread.shown(now);
            assert!(
                shown.is_empty(),
                "{shown:?} are shown, and nothing can be added"
            );
        }
    }

    async fn say(&mut self, place: (usize, usize), trouble: Option<Trouble>) {
        if !self.come_back(place.0).await {
            return;
        }
        let person = &self.people[place.0];
        let id = &person.threads[place.1].conversation.id;
        let path = format!("/v1/widget/conversations/{id}/messages");
        let visitor = person.visitor.clone();
        let sent = self.send(&visitor, &path, trouble).await;
        self.said(place, sent);
    }

    async fn answer(&mut self, place: (usize, usize), trouble: Option<Trouble>) {
        let owner = self.owner(self.people[place.0].team).await;
        let path = self.path(place);
        let sent = self
            .send(&owner, &format!("{path}/messages"), trouble)
            .await;
        if let Some((_, seq)) = &sent {
            let read = json!({ "seq": seq });
            owner.put(&format!("{path}/read"), read, 200).await;
            let draft = json!({ "text": "Well" });
            owner.put(&format!("{path}/draft"), draft, 200).await;
        }
        self.said(place, sent);
    }

    async fn unsay(&mut self, place: (usize, usize), message: usize) {
        let owner = self.owner(self.people[place.0].team).await;
        let path = self.path(place);
        let now = self.harness.now();
        let thread = &mut self.people[place.0].threads[place.1];
        // What a hold keeps is not deleted: see retention.rs.
        let Some(n) = message
            .checked_rem(thread.said.len())
            .filter(|_| !thread.is_held(now))
        else {
            return;
        };
        let is_shown = thread.said[n].ends_at > now;
        let path = format!("{path}/messages/{}", thread.said[n].seq);
        let answer = owner.send(Method::DELETE, &path, None).await;
        let expected = if is_shown {
            answer.status < 300
        } else {
            answer.status == 404
        };
        assert!(expected, "{is_shown}: {} {}", answer.status, answer.text);
        if is_shown {
            thread.said.remove(n);
        }
    }

    async fn hold(&mut self, place: (usize, usize), days: u64) {
        let owner = self.owner(self.people[place.0].team).await;
        let path = self.path(place);
        let now = self.harness.now();
        let thread = &mut self.people[place.0].threads[place.1];
        if thread.is_held(now) {
            return;
        }
        let until = now.plus(DAY * u32::try_from(days).expect("few days"));
        let hold = json!({ "reason": "A complaint", "until": until });
        let answer = owner
            .send(Method::PUT, &format!("{path}/hold"), Some(hold))
            .await;
        let shown = thread.shown(now).len();
        match answer.status {
            200 => {}
            404 => return assert_eq!(shown, 0, "{}", answer.text),
            other => panic!("{other} {}", answer.text),
        }
        for said in &mut thread.said {
            said.held = said.ends_at > now;
        }
        thread.held_until = Some(until);
    }

    async fn release(&mut self, place: (usize, usize)) {
        let owner = self.owner(self.people[place.0].team).await;
        let path = self.path(place);
        let now = self.harness.now();
        let thread = &mut self.people[place.0].threads[place.1];
        if !thread.is_held(now) {
            return;
        }
        owner.delete(&format!("{path}/hold"), 202).await;
        thread.held_until = None;
    }

    async fn delete(&mut self, place: (usize, usize)) {
        let owner = self.owner(self.people[place.0].team).await;
        let path = self.path(place);
        let now = self.harness.now();
        if self.people[place.0].threads[place.1].is_held(now) {
            return;
        }
        let answer = owner.send(Method::DELETE, &path, None).await;
        assert!([202, 204, 404].contains(&answer.status), "{}", answer.text);
        // A member who asks again is told that it is gone.
        owner
            .refused(Method::GET, &path, None, 404, "not_found")
            .await;
        self.people[place.0].threads.remove(place.1);
    }

    async fn keep(&mut self, team: usize, days: u32) {
        let owner = self.owner(team).await;
        let path = format!("{}/retention", self.teams[team].workspace.path);
        let now = owner.get(&path, 200).await;
        let owner = owner.with_header("if-match", &format!("\"{}\"", now["rev"]));
        let body = json!({ "conversation_days": days });
        owner.patch(&path, body, 200).await;
        if days < self.teams[team].days {
            if let Some(backup) = &mut self.backup {
                backup.shortened.push((team, days));
            }
            let mine = self.people.iter_mut().filter(|person| person.team == team);
            let threads = mine.flat_map(|person| person.threads.iter_mut());
            for said in threads.flat_map(|thread| thread.said.iter_mut()) {
                said.ends_at = said.ends_at.min(said.at.plus(days * DAY));
            }
        }
        self.teams[team].days = days;
    }

    fn plan(&self, trouble: Option<Trouble>) {
        if let Some(Trouble { kind, after, times }) = trouble {
            let fault = Fault::new(kind).after(after).times(times);
            self.harness.faults().plan(fault);
        }
    }

    fn calm(&self) {
        self.harness.faults().reset();
    }

    async fn schedule(&mut self, name: &str, trouble: Option<Trouble>) {
        self.plan(trouble);
        let answer = self.harness.try_schedule(name).await;
        self.calm();
        self.seen.cut_off += u32::from(answer.is_err());
        assert!(answer.is_ok() || trouble.is_some(), "{name}: {answer:?}");
    }
}
