//! The bootstrap of the `intake` function.

fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    shared::lambda::mail(intake::hear)
}
