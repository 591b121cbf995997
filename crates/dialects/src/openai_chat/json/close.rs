/// A JSON text that breaks off, closed where it does: a value string ends with what there is of it, and of what else was
/// begun only the whole members and elements stay. `None` if it is no beginning of an object or a list.
pub(in crate::openai_chat) fn close(cut: &[u8]) -> Option<Vec<u8>> {
    let mut closing = Closing::default();
    for (at, byte) in cut.iter().enumerate() {
        closing.take(at, *byte)?;
    }
    let mut closed = match closing.string {
        Some(OpenString { is_value: true, escape }) => {
            let sure = escape.map_or(cut, |escape| cut.get(..escape.begins).unwrap_or(cut));
            let mut text = without_half_a_character(sure).to_vec();
            text.push(b'"');
            text
        }
        _ => cut.get(..closing.whole)?.to_vec(),
    };
    closed.extend(closing.open.iter().rev().map(|opened| if *opened == b'{' { b'}' } else { b']' }));
    (!closed.is_empty()).then_some(closed)
}

/// How far a text was read.
#[derive(Default)]
struct Closing {
    /// The brackets that are open.
    open: Vec<u8>,
    /// The string that is open.
    string: Option<OpenString>,
    /// Whether a member's name came and its value did not.
    is_named: bool,
    /// So many bytes are a text but for the brackets that are open.
    whole: usize,
}

#[derive(Clone, Copy)]
struct OpenString {
    is_value: bool,
    escape: Option<Escape>,
}

#[derive(Clone, Copy)]
struct Escape {
    begins: usize,
    /// Bytes that it still needs, as far as is known.
    needs: u8,
}

impl Closing {
    fn take(&mut self, at: usize, byte: u8) -> Option<()> {
        if let Some(string) = &mut self.string {
            if string.ends(at, byte) {
                if string.is_value {
                    self.whole = at + 1;
                }
                self.string = None;
            }
            return Some(());
        }
        match byte {
            b'"' => {
                let is_value = self.is_named || self.open.last() == Some(&b'[');
                self.string = Some(OpenString { is_value, escape: None });
            }
            b'{' | b'[' => {
                self.open.push(byte);
                (self.is_named, self.whole) = (false, at + 1);
            }
            b'}' | b']' => {
                let opened = self.open.pop()?;
                if (opened == b'{') != (byte == b'}') {
                    return None;
                }
                (self.is_named, self.whole) = (false, at + 1);
            }
            b':' => self.is_named = true,
            // A number or a word ends here, if a string or a bracket did not before.
            b',' => (self.is_named, self.whole) = (false, at),
            _ => {}
        }
        Some(())
    }
}

impl OpenString {
    /// Takes a byte; whether the string ends with it.
    fn ends(&mut self, at: usize, byte: u8) -> bool {
        match &mut self.escape {
            None => {
                if byte == b'\\' {
                    self.escape = Some(Escape { begins: at, needs: 1 });
                }
                return byte == b'"';
            }
            Some(escape) if escape.needs == 1 && at == escape.begins + 1 && byte == b'u' => escape.needs = 4,
            Some(escape) => {
                escape.needs -= 1;
                if escape.needs == 0 {
                    self.escape = None;
                }
            }
        }
        false
    }
}

fn without_half_a_character(text: &[u8]) -> &[u8] {
    match str::from_utf8(text) {
        Err(error) if error.error_len().is_none() => text.get(..error.valid_up_to()).unwrap_or(text),
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::openai_chat::json::without_lone_surrogates;
    use serde_json::{Value, json};

    fn closed(cut: &str) -> Value {
        let text = close(cut.as_bytes()).unwrap();
        serde_json::from_slice(&text)
            .unwrap_or_else(|error| panic!("{error}: {}", str::from_utf8(&text).unwrap()))
    }

    #[test]
    fn every_beginning_of_an_object_becomes_an_object() {
        let whole = concat!(
            r#"{ "a" : [1, -2.5e3, true, null, "x\"yé\ud83d\ude00\\", {}, []], "b": {"c": "ü☃", "d\"": 7 },"#,
            r#" "e": false, "f": [[{"g": "h"}], {"i": []}] }"#
        );
        for cut in 1..=whole.len() {
            let text = close(&whole.as_bytes()[..cut]).unwrap_or_else(|| panic!("cut at {cut}"));
            // A pair of escapes may be torn, which is for whoever reads the text.
            let text = String::from_utf8(text).unwrap();
            let value: Result<Value, _> = serde_json::from_str(&without_lone_surrogates(&text));
            assert!(value.is_ok_and(|value| value.is_object()), "cut at {cut}: {text}");
        }
    }

    #[test]
    fn a_value_string_ends_with_what_there_is_of_it() {
        assert_eq!(closed(r#"{"a":[{"b":" one tw"#), json!({"a": [{"b": " one tw"}]}));
        assert_eq!(closed(r#"{"a":"x\"#), json!({"a": "x"}));
        assert_eq!(closed(r#"{"a":"x\n\u00e"#), json!({"a": "x\n"}));
        assert_eq!(closed(r#"{"a":"x\n\u00e9"#), json!({"a": "x\né"}));
        let half = &"{\"a\":\"xé".as_bytes()[..8];
        assert_eq!(close(half).unwrap(), b"{\"a\":\"x\"}");
    }

    #[test]
    fn what_is_not_whole_and_no_string_is_left_out() {
        assert_eq!(closed(r#"{"a":1,"b":12"#), json!({"a": 1}));
        assert_eq!(closed(r#"{"a":1,"b":tr"#), json!({"a": 1}));
        assert_eq!(closed(r#"{"a":1,"na"#), json!({"a": 1}));
        assert_eq!(closed(r#"{"a":1,"name":"#), json!({"a": 1}));
        assert_eq!(closed(r#"{"a":[1,{"b":2},3"#), json!({"a": [1, {"b": 2}]}));
    }

    #[test]
    fn what_is_no_beginning_of_an_object_is_none() {
        for text in ["", "}", r#"{"a":1]"#, "hello", "12"] {
            assert_eq!(close(text.as_bytes()), None, "{text}");
        }
    }
}
