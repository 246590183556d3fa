//! The bootstrap of the `support` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(support::routes())
}
