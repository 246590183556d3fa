//! The bootstrap of the `retention` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::schedule(retention::handle)
}
