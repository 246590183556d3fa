//! The pages: signing in through a team in a browser, without a script and without a cookie before it is
//! done.
//!
//! | file | route |
//! |---|---|
//! | `show_team`, `send_team` | `GET`, `POST /sign-in/team`: which team, and on to its provider |
//! | `show_return`, `send_return` | `GET`, `POST /sign-in/team/{workspace}`: where the provider leads back to |

pub mod send_return;
pub mod send_team;
pub mod show_return;
pub mod show_team;
