//! Every path that no function has: a problem instead of the edge's own two words.

use shared::http::{Code, Problem};

/// Answers 404.
pub async fn handle() -> Problem {
    Problem::new(Code::NoSuchRoute).with_detail("see /docs for the paths there are")
}
