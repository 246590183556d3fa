use proptest::prelude::*;

use super::*;

fn team(assignment: Assignment, capacity: Option<u64>) -> Team {
    let now = Timestamp::from_ms(1_768_478_400_000);
    Team {
        id: TeamId::new(now),
        workspace: WorkspaceId::new(now),
        name: Label::new(&crate::domain::text::Name::parse("Support").expect("a name")),
        assignment,
        capacity,
        created_at: now,
        rev: 1,
    }
}

fn candidate(team: &Team, load: u64, given_at: Option<i64>) -> Candidate {
    Candidate {
        place: Teammate {
            workspace: team.workspace,
            member: MemberId::new(team.created_at),
            team: team.id,
            last_given_at: given_at.map(Timestamp::from_ms),
            joined_at: team.created_at,
            rev: 1,
        },
        load,
    }
}

proptest! {
    #[test]
    fn in_turn_nobody_gets_two_more_than_another(members in 1_usize..8, rounds in 1_usize..40) {
        let team = team(Assignment::RoundRobin, None);
        let mut all: Vec<_> = (0..members).map(|_| candidate(&team, 0, None)).collect();
        for round in 0..rounds {
            let one = next(&mut all, &team, None).expect("somebody");
            one.load += 1;
            one.place.last_given_at = Some(Timestamp::from_ms(1 + round as i64));
        }
        let most = all.iter().map(|one| one.load).max();
        let least = all.iter().map(|one| one.load).min();
        prop_assert!(most.zip(least).is_some_and(|(most, least)| most - least <= 1));
    }

    #[test]
    fn nobody_gets_more_than_fits_and_the_least_busy_gets_it(
        loads in proptest::collection::vec(0_u64..6, 0..8), capacity in 0_u64..6,
    ) {
        let team = team(Assignment::LeastBusy, Some(capacity));
        let mut all: Vec<_> = loads.iter().map(|load| candidate(&team, *load, None)).collect();
        let least = loads.iter().copied().min().filter(|least| *least < capacity);
        prop_assert_eq!(next(&mut all, &team, None).map(|one| one.load), least);
    }
}
