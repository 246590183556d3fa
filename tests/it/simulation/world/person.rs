//! Several contacts of one person: whoever is asked about one of them is asked about all.

use reqwest::Method;
use serde_json::json;

use super::World;
use crate::simulation::history::Trouble;

impl World {
    /// Everybody whom the same person is, whoever of them is named.
    pub(super) fn whole(&self, who: usize) -> Vec<usize> {
        let same = self.people[who].same;
        let people = self.people.iter().enumerate();
        people
            .filter(|(_, person)| person.same == same)
            .map(|(n, _)| n)
            .collect()
    }

    /// The team says that two contacts are one person, while calls fail; nobody else is touched.
    pub(super) async fn merge(&mut self, who: usize, into: usize, trouble: Option<Trouble>) {
        let team = self.people[who].team;
        let others = self.people.iter().enumerate();
        let others = others.filter(|(n, other)| *n != who && other.team == team);
        let others: Vec<usize> = others.map(|(n, _)| n).collect();
        let Some(into) = into.checked_rem(others.len()).map(|n| others[n]) else {
            return;
        };
        let owner = self.owner(team).await;
        let path = format!("{}/merge", self.contact(who));
        let body = json!({ "into": self.people[into].visitor.contact_id });
        self.plan(trouble);
        let first = owner.send(Method::POST, &path, Some(body.clone())).await;
        self.calm();
        let answer = match first.status {
            503 => owner.send(Method::POST, &path, Some(body)).await,
            _ => first,
        };
        match answer.status {
            200 => {}
            // One of them is over by itself.
            404 => return,
            other => panic!("{path}: {other} {}", answer.text),
        }
        let (from, to) = (self.people[who].same, self.people[into].same);
        for person in &mut self.people {
            if person.same == from {
                person.same = to;
            }
        }
        self.seen.merged += 1;
    }
}
