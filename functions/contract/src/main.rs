//! The bootstrap of the `contract` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::pages(contract::routes())
}
