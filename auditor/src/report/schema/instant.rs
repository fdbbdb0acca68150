//! Instants of a report, as text.

use schemars::JsonSchema;

/// An instant, in RFC 3339 with microseconds.
#[derive(JsonSchema)]
#[schemars(extend("format" = "date-time"))]
#[expect(dead_code, reason = "only its description is used")]
pub(super) struct Instant(String);

/// RFC 3339 with microseconds: the programs' clock is no finer.
pub(crate) mod micros {
    use jiff::Timestamp;
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(crate) fn serialize<S: Serializer>(
        instant: &Timestamp,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{instant:.6}"))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Timestamp, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }

    pub(in super::super) mod option {
        use super::{Deserializer, Serializer, Timestamp};
        use serde::{Deserialize as _, de::Error as _};

        #[expect(clippy::ref_option, reason = "serde hands out references")]
        pub(in super::super::super) fn serialize<S: Serializer>(
            instant: &Option<Timestamp>,
            serializer: S,
        ) -> Result<S::Ok, S::Error> {
            match instant {
                Some(instant) => super::serialize(instant, serializer),
                None => serializer.serialize_none(),
            }
        }

        pub(in super::super::super) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Timestamp>, D::Error> {
            let text = Option::<String>::deserialize(deserializer)?;
            text.map(|text| text.parse().map_err(D::Error::custom))
                .transpose()
        }
    }
}
