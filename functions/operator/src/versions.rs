//! The versions of the policy that this deployment serves: the committed histories.

use serde::Deserialize;
use shared::domain::{Profile, day::Day};

/// One version of a profile's policy, as `sotto policy render` wrote it down.
#[derive(Deserialize)]
struct Version {
    date: Day,
}

/// The committed history of a profile.
macro_rules! history {
    ($profile:literal) => {
        include_str!(concat!("../../../docs/privacy/", $profile, "/history.json"))
    };
}

const fn history(profile: Profile) -> &'static str {
    match profile {
        Profile::Calls => history!("calls"),
        Profile::Flows => history!("flows"),
        Profile::Inbox => history!("inbox"),
    }
}

/// The profiles whose policy has a version of this day.
pub fn profiles_of(version: Day) -> Vec<Profile> {
    let has = |profile: &&Profile| {
        let versions = serde_json::from_str::<Vec<Version>>(history(**profile));
        versions.is_ok_and(|versions| versions.iter().any(|known| known.date == version))
    };
    Profile::ALL.iter().filter(has).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_committed_history_reads_and_its_last_day_is_a_version() {
        for profile in Profile::ALL {
            let versions: Vec<Version> =
                serde_json::from_str(history(*profile)).expect("a history");
            let last = versions.last().expect("a version").date;
            assert!(profiles_of(last).contains(profile));
        }
        assert!(profiles_of("1999-01-01".parse().expect("a day")).is_empty());
    }
}
