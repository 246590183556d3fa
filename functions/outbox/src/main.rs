//! The bootstrap of the `outbox` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::stream(outbox::handle, outbox::hear)
}
