//! The languages.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A language that Samtal speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// What the sources are written in.
    #[default]
    English,
    /// Spanish.
    Spanish,
    /// English with accents, longer and in brackets: what stands there without them was never given to translators.
    Accented,
    /// English turned round, on pages from right to left.
    Mirrored,
}

impl Language {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::English, Self::Spanish, Self::Accented, Self::Mirrored];
    /// Those that people choose from. The others are for trying pages.
    pub const OFFERED: [Self; 2] = [Self::English, Self::Spanish];

    /// Its tag (BCP 47), as it stands in pages, cookies and the database.
    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Spanish => "es",
            Self::Accented => "en-XA",
            Self::Mirrored => "ar-XB",
        }
    }

    /// What it is called by who speaks it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Spanish => "Español",
            Self::Accented => "Accented",
            Self::Mirrored => "Mirrored",
        }
    }

    /// Which way it is read, as pages say it.
    pub const fn direction(self) -> &'static str {
        if matches!(self, Self::Mirrored) { "rtl" } else { "ltr" }
    }

    /// Which of its forms goes with a number (the rule of `Plural-Forms` in its file).
    pub const fn form(self, number: u64) -> usize {
        match self {
            Self::English | Self::Spanish | Self::Accented | Self::Mirrored => (number != 1) as usize,
        }
    }

    /// The one of that tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.tag() == tag)
    }

    /// The one of that tag, of those that people choose from.
    pub fn offered(tag: &str) -> Option<Self> {
        Self::OFFERED.into_iter().find(|one| one.tag() == tag)
    }

    /// The first that a browser asks for (`Accept-Language`, RFC 9110) of those that there are, whatever the region.
    #[cfg(feature = "server")]
    pub fn accepted(header: &str) -> Option<Self> {
        let wanted = accept_language::parse(header);
        wanted.iter().find_map(|tag| Self::offered(&tag.split('-').next()?.to_ascii_lowercase()))
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.tag())
    }
}

impl<'de> Deserialize<'de> for Language {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tag = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::offered(&tag).ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(&tag), &"en or es"))
    }
}

#[cfg(feature = "server")]
impl utoipa::PartialSchema for Language {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, Type};
        let tags = Self::OFFERED.map(Self::tag);
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(tags)).into()
    }
}

#[cfg(feature = "server")]
impl utoipa::ToSchema for Language {}

#[cfg(all(test, feature = "server"))]
mod tests {
    use super::Language::{self, English, Spanish};

    #[test]
    fn a_browser_gets_what_it_asks_for() {
        for (header, language) in [
            ("es", Some(Spanish)),
            ("es-MX,es;q=0.9,en;q=0.8", Some(Spanish)),
            ("ES-419", Some(Spanish)),
            ("sv, en-GB;q=0.8, es;q=0.9", Some(Spanish)),
            ("en-US,en;q=0.9", Some(English)),
            ("sv-SE", None),
            ("ar-XB", None),
            ("", None),
            ("*", None),
            (";q=,,é", None),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }
}
