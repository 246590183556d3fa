//! refused: `shared::domain::text::Text` doesn't implement `std::fmt::Display`

use shared::domain::text::Text;

fn main() {
    let text = Text::parse("my secret").unwrap();
    println!("{text}");
}
