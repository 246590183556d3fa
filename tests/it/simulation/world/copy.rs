//! A copy of somebody's data: it holds what they can be shown at that moment, and nothing of others (I10).

use std::collections::BTreeSet;

use harness::files::follow;
use harness::{Member, text};
use reqwest::Method;
use serde_json::Value;

use super::{MINUTE, TOKEN, World};

impl World {
    /// The owner of a team with a fresh proof, unless that would take too many codes of one hour.
    async fn proved(&mut self, team: usize) -> Option<Member> {
        let now = self.harness.now();
        let signed_in_at = self.teams[team].signed_in_at;
        if signed_in_at.plus(TOKEN) > now {
            return Some(self.owner(team).await);
        }
        if signed_in_at.plus(15 * MINUTE) > now {
            return None;
        }
        let email = self.teams[team].owner.email.clone();
        let owner = self.harness.sign_in(&email).await;
        let team = &mut self.teams[team];
        (team.signed_in_at, team.refreshed_at) = (now, now);
        team.owner = owner.clone();
        Some(owner)
    }

    /// Asks for a copy of somebody who is about to be forgotten: its id.
    pub(super) async fn copy(&mut self, who: usize) -> Option<String> {
        let team = self.people[who].team;
        let owner = self.proved(team).await?;
        let asked = format!("{}/exports", self.contact(who));
        let asked = owner.send(Method::POST, &asked, None).await;
        assert_eq!(asked.status, 202, "{}", asked.text);
        let id = text(&asked.body, "id");
        self.schedule("minute", None).await;
        let place = format!("{}/exports/{id}", self.teams[team].workspace.path);
        assert_eq!(owner.get(&place, 200).await["state"], "done");
        let part = async |number: u64| {
            let (bytes, _, _) = follow(&owner, &format!("{place}/parts/{number}")).await;
            serde_json::from_slice::<Value>(&bytes).expect("JSON")
        };
        let mut words = BTreeSet::new();
        let manifest = part(0).await;
        for entry in manifest["parts"].as_array().expect("parts") {
            let part = part(entry["number"].as_u64().expect("a number")).await;
            let records = part["records"].as_array().expect("records").iter();
            let texts = records.filter_map(|record| record["fields"]["text"].as_str());
            words.extend(
                texts
                    .filter(|text| text.starts_with("word "))
                    .map(str::to_owned),
            );
        }
        let now = self.harness.now();
        let whole = self.whole(who).into_iter();
        let threads = whole.flat_map(|one| &self.people[one].threads);
        let shown: BTreeSet<String> = threads
            .flat_map(|thread| thread.shown(now))
            .map(str::to_owned)
            .collect();
        assert_eq!(words, shown, "a copy of {}", self.contact(who));
        self.seen.copied += u32::from(!words.is_empty());
        Some(id)
    }
}
