/// The methods of a visitor by which it passes over what it does not expect: scalars always, and of the others those
/// that are named.
macro_rules! tolerant {
    ($($other:ident),*) => {
        type Value = ();

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a piece of an answer")
        }

        fn visit_unit<E>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_bool<E>(self, _: bool) -> Result<(), E> {
            Ok(())
        }

        fn visit_i64<E>(self, _: i64) -> Result<(), E> {
            Ok(())
        }

        fn visit_u64<E>(self, _: u64) -> Result<(), E> {
            Ok(())
        }

        fn visit_f64<E>(self, _: f64) -> Result<(), E> {
            Ok(())
        }

        $(super::tolerant::pass_over!($other);)*
    };
}

macro_rules! pass_over {
    (text) => {
        fn visit_str<E>(self, _: &str) -> Result<(), E> {
            Ok(())
        }
    };
    (list) => {
        fn visit_seq<A: serde::de::SeqAccess<'a>>(self, mut list: A) -> Result<(), A::Error> {
            while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
            Ok(())
        }
    };
    (object) => {
        fn visit_map<A: serde::de::MapAccess<'a>>(self, mut object: A) -> Result<(), A::Error> {
            while object.next_entry::<serde::de::IgnoredAny, serde::de::IgnoredAny>()?.is_some() {}
            Ok(())
        }
    };
}

pub(super) use {pass_over, tolerant};
