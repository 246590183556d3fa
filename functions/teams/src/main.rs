//! The bootstrap of the `teams` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(teams::routes())
}
