//! What must be true after each act, and at the end.

use std::collections::BTreeSet;

use harness::message;
use reqwest::Method;
use serde_json::{Value, json};

use super::{DAY, Gone, MINUTE, Thread, World};
use crate::simulation::{
    history::Trouble,
    residue::{Needles, kind_of},
};

impl World {
    /// Everybody sees what has not ended, and nothing that has (I11).
    pub(super) async fn look(&mut self) {
        for who in 0..self.people.len() {
            let owner = self.owner(self.people[who].team).await;
            for thread in 0..self.people[who].threads.len() {
                let path = format!(
                    "{}/messages?after_seq=0&limit=100",
                    self.path((who, thread))
                );
                let answer = owner.send(Method::GET, &path, None).await;
                self.compare((who, thread), &answer.body, answer.status);
            }
            if self.come_back(who).await {
                let person = &self.people[who];
                for thread in 0..person.threads.len() {
                    let id = &person.threads[thread].conversation.id;
                    let path =
                        format!("/v1/widget/conversations/{id}/messages?after_seq=0&limit=100");
                    let answer = person.visitor.send(Method::GET, &path, None).await;
                    let now = self.harness.now();
                    let shown = person.threads[thread].shown(now);
                    assert_eq!(
                        texts(&answer.body),
                        shown,
                        "a visitor, {path}: {}",
                        answer.status
                    );
                }
            }
        }
    }

    fn compare(&mut self, (who, thread): (usize, usize), answer: &Value, status: u16) {
        let now = self.harness.now();
        let thread = &self.people[who].threads[thread];
        let shown = thread.shown(now);
        assert_eq!(texts(answer), shown, "{}: {status}", thread.conversation.id);
        self.seen.shown += u32::try_from(shown.len()).expect("few");
        self.seen.expired += u32::try_from(thread.said.len() - shown.len()).expect("few");
    }

    /// Forgets somebody, while calls fail; nobody else is touched.
    pub(super) async fn forget(&mut self, who: usize, trouble: Option<Trouble>) {
        self.settle().await;
        let team = self.people[who].team;
        let owner = self.owner(team).await;
        let contact = self.contact(who);
        if owner.send(Method::GET, &contact, None).await.status == 404 {
            // Over by itself.
            return;
        }
        let copy = self.copy(who).await;
        // The copy may have taken a sign-in.
        let owner = self.owner(team).await;
        self.harness.drain().await;
        let now = self.harness.now();
        let mut ids: BTreeSet<String> = [self.people[who].visitor.contact_id.clone()].into();
        ids.extend(copy);
        let items = self.harness.items().await;
        let is_there = |id: &String| items.iter().any(|item| item.contains(id));
        let whole = self.whole(who);
        for one in &whole {
            // A contact or a conversation that has ended may be swept already.
            let contact = &self.people[*one].visitor.contact_id;
            ids.extend(is_there(contact).then(|| contact.clone()));
            for thread in &self.people[*one].threads {
                let id = &thread.conversation.id;
                if !thread.shown(now).is_empty() || is_there(id) {
                    ids.insert(id.clone());
                }
            }
        }
        let needles = Needles::of(ids, &items);
        let before = self.others(&whole, &items);

        self.plan(trouble);
        let first = owner.send(Method::DELETE, &contact, None).await;
        self.calm();
        assert!([202, 404, 503].contains(&first.status), "{}", first.text);
        let again = owner.send(Method::DELETE, &contact, None).await;
        assert!([202, 404].contains(&again.status), "{}", again.text);
        // Fenced, whichever of them it was: no session, no word, no thread (I6).
        for one in &whole {
            let contact = self.contact(*one);
            owner
                .refused(Method::GET, &contact, None, 404, "not_found")
                .await;
            let person = &self.people[*one];
            let body = json!({ "first_message": message("Hello?") });
            let answer = person
                .visitor
                .send(Method::POST, "/v1/widget/conversations", Some(body))
                .await;
            assert_eq!(answer.status, 401, "{}", answer.text);
            let id = &person.visitor.contact_id;
            let body = json!({ "contact_id": id, "first_message": message("Hello?") });
            let path = format!("{}/conversations", self.teams[team].workspace.path);
            owner
                .refused(Method::POST, &path, Some(body), 404, "not_found")
                .await;
        }

        self.harness.advance(MINUTE);
        self.schedule("minute", trouble).await;
        for _ in 0..3 {
            self.schedule("minute", None).await;
        }
        let after = self.others(&whole, &self.harness.items().await);
        assert_eq!(before, after, "somebody else was touched");

        let mut threads = Vec::new();
        for one in whole.iter().rev() {
            threads.extend(self.people.remove(*one).threads);
        }
        let now = self.harness.now();
        let held = |thread: &Thread| thread.is_held(now) && !thread.shown(now).is_empty();
        let waits_for: Vec<_> = threads.into_iter().filter(held).collect();
        self.seen.forgotten += 1;
        self.seen.waited_for_a_hold += u32::from(!waits_for.is_empty());
        self.gone.push(Gone {
            needles,
            team,
            waits_for,
            since: now,
            contact,
        });
        self.settle().await;
    }

    /// Every item that names somebody else than these, in order.
    fn others(&self, whole: &[usize], items: &[String]) -> Vec<String> {
        let others = self.people.iter().enumerate();
        let others = others.filter(|(n, _)| !whole.contains(n));
        let ids: BTreeSet<&String> = others
            .flat_map(|(_, person)| {
                let threads = person.threads.iter().map(|thread| &thread.conversation.id);
                threads.chain([&person.visitor.contact_id])
            })
            .collect();
        let names = |item: &&String| ids.iter().any(|id| item.contains(id.as_str()));
        let mut others: Vec<String> = items.iter().filter(names).cloned().collect();
        others.sort();
        others
    }

    /// Lets the schedules do what is due, without trouble. It ends (I7), and then there is nothing to
    /// do (I9); of those who were forgotten and wait for nothing, nothing is left (I1, I3, I5).
    pub(super) async fn settle(&mut self) {
        self.harness.drain().await;
        for name in ["jobs", "minute", "jobs", "minute"] {
            self.schedule(name, None).await;
        }
        self.harness.drain().await;
        if !self.left().await.is_empty() {
            // The minute rested for longer than a whole retention: what is over is the sweep's.
            self.schedule("sweep", None).await;
            self.schedule("minute", None).await;
            self.harness.drain().await;
        }
        let done = self.harness.items().await;
        self.schedule("minute", None).await;
        self.schedule("jobs", None).await;
        assert_eq!(
            sorted(done),
            sorted(self.harness.items().await),
            "done twice"
        );
        let left = self.left().await;
        assert!(left.is_empty(), "{left:?}");
    }

    /// What is left of those who were forgotten and wait for no hold.
    async fn left(&self) -> Vec<String> {
        let now = self.harness.now();
        let items = self.harness.items().await;
        let waits = |gone: &&Gone| gone.waits_for.iter().any(|thread| thread.is_held(now));
        let gone = self.gone.iter().filter(|gone| !waits(gone));
        let left = gone.flat_map(|gone| gone.needles.left(&items));
        left.cloned().collect()
    }

    /// The end of a history: holds run out, thirty days go by, and nothing is left at all (I8).
    pub(super) async fn close(&mut self) {
        self.look().await;
        self.settle().await;
        // The longest hold of all is 40 days.
        for _ in 0..41 {
            self.harness.advance(DAY);
            self.schedule("minute", None).await;
            self.schedule("jobs", None).await;
        }
        self.schedule("sweep", None).await;
        self.settle().await;
        for _ in 0..31 {
            self.harness.advance(DAY);
            self.schedule("minute", None).await;
        }
        for gone in &self.gone {
            assert!(gone.since.plus(30 * DAY) < self.harness.now());
        }
        self.schedule("sweep", None).await;
        self.harness.drain().await;
        self.look().await;
        let items = self.harness.items().await;
        let now = self.harness.now();
        for gone in &self.gone {
            let left: Vec<_> = items
                .iter()
                .filter(|item| gone.needles.names(item))
                .collect();
            assert!(
                left.is_empty(),
                "{} of team {}: {left:?}",
                gone.contact,
                gone.team
            );
        }
        for item in items.iter().filter(|item| kind_of(item) == "Message") {
            let item: Value = serde_json::from_str(item).expect("an item");
            let end = item["exp"]["N"].as_str().and_then(|end| end.parse().ok());
            assert!(
                end.is_some_and(|end: i64| end > now.ms()),
                "not swept: {item}"
            );
        }
    }
}

/// The words of the messages in an answer; nothing when it is a refusal.
fn texts(answer: &Value) -> BTreeSet<&str> {
    let messages = answer["data"].as_array().into_iter().flatten();
    messages
        .filter_map(|message| message["text"].as_str())
        .filter(|text| text.starts_with("word "))
        .collect()
}

fn sorted(mut items: Vec<String>) -> Vec<String> {
    items.sort();
    items
}
