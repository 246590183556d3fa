//! Closed words: enums that are one lower-case word on the wire and in storage.

/// A value with one canonical short text, which is how it is stored.
pub trait Symbol: Sized {
    /// The text.
    fn symbol(&self) -> String;
    /// The value of a text that [`Symbol::symbol`] wrote.
    fn from_symbol(text: &str) -> Option<Self>;
}

/// Declares an enum whose variants are words, with serde, schema, storage text and parsing.
#[macro_export]
macro_rules! words {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $($(#[$variant_doc])* $variant,)+ }

        impl $name {
            /// Every word of the list, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word on the wire and in storage.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// The variant of a word.
            pub fn parse(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$variant),)+ _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.word())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&word).ok_or_else(|| {
                    let words: &[&str] = &[$($word),+];
                    serde::de::Error::custom($crate::domain::text::Fault::new(
                        "unknown_word",
                        &format!("one of: {}", words.join(", ")),
                    ))
                })
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .enum_values(Some([$($word),+]))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        impl $crate::domain::personal::Pseudonymous for $name {}

        impl $crate::domain::words::Symbol for $name {
            fn symbol(&self) -> String {
                self.word().to_owned()
            }
            fn from_symbol(text: &str) -> Option<Self> {
                Self::parse(text)
            }
        }
    };
}
