//! The chain: what a change, a gap and an end in time look like.

use std::time::Duration;

use super::*;
use crate::domain::{TenantId, retention::AUDIT_LIFETIME};

const AT: Timestamp = Timestamp::from_ms(1_768_478_400_000);

fn later(seconds: u64) -> Timestamp {
    AT.plus(Duration::from_secs(seconds))
}

fn key() -> TenantKey {
    TenantKey::of_bytes(TenantId::Platform, [7; 32])
}

/// Lines at these seconds, in the order in which they come into the chain.
fn chain(key: &TenantKey, seconds: &[u64]) -> (Vec<AuditLine>, AuditEnd) {
    let (workspace, member) = (WorkspaceId::new(AT), MemberId::new(AT));
    let (mut lines, mut end) = (Vec::new(), None);
    for at in seconds {
        let line = Line::new(key, workspace, member, Deed::MemberRemoved, later(*at))
            .about(MemberId::new(AT));
        let line = line.entry.chained(end.as_ref(), key);
        end = Some(line.end(end));
        lines.push(line);
    }
    (lines, end.expect("an end"))
}

#[test]
fn a_line_that_was_changed_in_any_field_is_not_whole() {
    let key = key();
    let (lines, _) = chain(&key, &[0, 1]);
    let line = &lines[1];
    assert!(line.is_whole(&key));
    let other = KeyedHash::from_code([1; 32]);
    type Change = fn(&mut AuditLine, KeyedHash);
    let changes: [Change; 14] = [
        |line, _| line.seq = 3,
        |line, _| line.id = AuditId::new(AT),
        |line, _| line.workspace = WorkspaceId::new(AT),
        |line, _| line.act = Deed::MemberLeft,
        |line, _| line.actor_kind = Party::Operator,
        |line, other| line.actor = Some(other),
        |line, _| line.target_kind = None,
        |line, other| line.target = Some(other),
        |line, _| line.outcome = Outcome::Begun,
        |line, _| line.at = later(9),
        |line, _| line.kept_from = later(9),
        |line, other| line.previous = Some(other),
        |line, _| line.previous_kept_from = None,
        |line, other| line.hash = other,
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let mut changed = line.clone();
        change(&mut changed, other);
        assert!(!changed.is_whole(&key), "change {number}");
    }
    let stranger = TenantKey::of_bytes(TenantId::Platform, [8; 32]);
    assert!(!line.is_whole(&stranger), "nobody else can make one");
}

#[test]
fn a_line_that_is_missing_shows_on_both_sides() {
    let key = key();
    let (lines, end) = chain(&key, &[0, 1, 2]);
    assert!(lines[1].follows(&lines[0]) && lines[2].follows(&lines[1]));
    assert!(!lines[2].follows(&lines[0]));
    assert!(lines[0].may_be_first(AT) && !lines[1].may_be_first(later(2)));
    assert!(end.closes(Some(&lines[2]), AT) && !end.closes(Some(&lines[1]), AT));
    assert!(!end.closes(None, later(2)));
}

#[test]
fn a_chain_may_begin_where_the_line_before_has_lived_its_twelve_months() {
    let key = key();
    // The second one came late into the chain, and does not end before the first.
    let (lines, end) = chain(&key, &[5, 3]);
    assert_eq!(lines[1].kept_from, lines[0].kept_from);
    let over = later(5).plus(AUDIT_LIFETIME);
    let ms = Duration::from_millis(1);
    assert!(!lines[1].may_be_first(over.minus(ms)) && lines[1].may_be_first(over));
    assert!(!end.closes(None, over.minus(ms)) && end.closes(None, over));
}

#[test]
fn a_pseudonym_is_recognised_by_key_and_id_and_by_nothing_else() {
    let (key, member) = (key(), MemberId::new(AT));
    let named = Named::from(member);
    assert!(named.pseudonym(&key) == Named::from(member).pseudonym(&key));
    assert!(named.pseudonym(&key) != Named::from(MemberId::new(AT)).pseudonym(&key));
    let stranger = TenantKey::of_bytes(TenantId::Platform, [8; 32]);
    assert!(named.pseudonym(&key) != named.pseudonym(&stranger));
    for text in [member.to_string(), AppId::new(AT).to_string()] {
        assert!(Named::parse(&text).is_some());
    }
    assert!(Named::parse("acc_01kf0a1b2c3d4e5f6g7h8j9k0m").is_none() && Named::parse("").is_none());
}
