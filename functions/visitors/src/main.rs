//! The bootstrap of the `visitors` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::http(visitors::routes())
}
