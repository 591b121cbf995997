//! The headers of one part.

use super::FormFault;

/// What a part's headers say of it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PartHead {
    pub(super) name: String,
    pub(super) is_file: bool,
}

const NO_DISPOSITION: FormFault =
    FormFault::Malformed("a part has no `content-disposition: form-data` with a name");

const STRANGE_PARAMETER: &str =
    "a part's content disposition has a parameter other than `name`, `filename` and `filename*`";

/// Reads the headers of a part, without the empty line behind them.
pub(super) fn read(bytes: &[u8]) -> Result<PartHead, FormFault> {
    let text = str::from_utf8(bytes).map_err(|_| FormFault::Malformed("a part's headers are not UTF-8"))?;
    let mut disposition = None;
    for line in text.split("\r\n") {
        if line.contains(['\r', '\n', '\0']) {
            return Err(FormFault::Malformed("a part's headers have a stray line break"));
        }
        let Some((name, value)) = line.split_once(':') else {
            return Err(FormFault::Malformed("a part has a header without a colon"));
        };
        if name.is_empty() || name.contains([' ', '\t']) {
            return Err(FormFault::Malformed("a part has a header without a name"));
        }
        if name.eq_ignore_ascii_case("content-disposition") && disposition.replace(value).is_some() {
            return Err(FormFault::Malformed("a part has two content dispositions"));
        }
    }
    let (kind, parameters) = disposition.and_then(|value| value.split_once(';')).ok_or(NO_DISPOSITION)?;
    if !kind.trim().eq_ignore_ascii_case("form-data") {
        return Err(NO_DISPOSITION);
    }
    let (mut name, mut plain, mut extended) = (None, None, None);
    let mut rest = parameters;
    while let Some((word, value, after)) = parameter(rest) {
        rest = after;
        let place = if word.eq_ignore_ascii_case("name") {
            &mut name
        } else if word.eq_ignore_ascii_case("filename") {
            &mut plain
        } else if word.eq_ignore_ascii_case("filename*") {
            &mut extended
        } else {
            // Other readers take `name*`, `name*0` and `name ` for names of the part.
            return Err(FormFault::Malformed(STRANGE_PARAMETER));
        };
        if place.replace(value).is_some() {
            return Err(FormFault::Malformed("a part's content disposition says something twice"));
        }
    }
    if !rest.trim().is_empty() {
        return Err(FormFault::Malformed("a part's content disposition can't be read"));
    }
    let is_file = plain.is_some() || extended.is_some();
    Ok(PartHead { name: name.filter(|name| !name.is_empty()).ok_or(NO_DISPOSITION)?, is_file })
}

/// The next parameter: its word, its value, and what follows.
fn parameter(text: &str) -> Option<(&str, String, &str)> {
    let (word, rest) = text.trim_start().split_once('=')?;
    let Some(quoted) = rest.strip_prefix('"') else {
        let (value, after) = rest.split_once(';').unwrap_or((rest, ""));
        return Some((word, value.trim().to_owned(), after));
    };
    let mut value = String::new();
    let mut characters = quoted.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => {
                let after = quoted.get(at + 1..)?.trim_start();
                let after = if after.is_empty() { "" } else { after.strip_prefix(';')? };
                return Some((word, value, after));
            }
            '\\' => value.push(characters.next()?.1),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(text: &str) -> Option<(String, bool)> {
        read(text.as_bytes()).ok().map(|head| (head.name, head.is_file))
    }

    #[test]
    fn names_are_read_in_every_spelling_of_the_clients() {
        let field = |name: &str| Some((name.to_owned(), false));
        assert_eq!(head("Content-Disposition: form-data; name=\"model\""), field("model"));
        assert_eq!(head("content-disposition: form-data; name=model"), field("model"));
        assert_eq!(
            head("content-type: text/plain\r\ncontent-disposition:form-data;name=\"a;b\\\"c\""),
            field("a;b\"c")
        );
        let file = "Content-Disposition: form-data; name=\"file\"; filename=\"a; name=x.mp3\"\r\nContent-Type: audio/mpeg";
        assert_eq!(head(file), Some(("file".to_owned(), true)));
        let both =
            "content-disposition: form-data; name=\"file\"; filename=\"a.mp3\"; filename*=UTF-8''%C3%A4.mp3";
        assert_eq!(head(both), Some(("file".to_owned(), true)));
    }

    #[test]
    fn a_second_name_in_another_spelling_is_refused_as_other_readers_take_it_for_the_name() {
        for bad in [
            "name=\"x\"; name*=utf-8''model",
            "name*=utf-8''model; name=\"x\"",
            "name*0=\"mod\"; name*1=\"el\"",
            "name=\"x\"; name*0=\"mod\"; name*1=\"el\"",
            "name=\"x\"; name*0*=utf-8''mod",
            "name=\"x\"; name =\"model\"",
            "name=\"x\"; name\t=\"model\"",
            "name =\"model\"",
            "name=\"x\"; \u{a0}name=\"model\"",
            "name=\"x\"; filename*0=\"a.mp3\"",
            "name=\"x\"; filename =\"a.mp3\"",
            "name=\"x\"; filename=\"a\"; filename=\"b\"",
            "name=\"x\"; filename*=a; filename*=b",
            "name=\"x\"; size=3",
            "name=\"x\"; =\"model\"",
            "name=\"x\"; NAME=\"model\"",
        ] {
            assert_eq!(head(&format!("content-disposition: form-data; {bad}")), None, "{bad:?}");
        }
    }

    #[test]
    fn headers_that_two_readers_could_read_in_two_ways_are_refused() {
        for bad in [
            "",
            "content-type: text/plain",
            "content-disposition: attachment; name=\"a\"",
            "content-disposition: form-data",
            "content-disposition: form-data; name=\"\"",
            "content-disposition: form-data; name=\"a\"; name=\"b\"",
            "content-disposition: form-data; name=\"a\r\ncontent-disposition: form-data; name=\"b\"",
            "content-disposition: form-data; name=\"a\"\r\n folded",
            "content-disposition: form-data; name=\"a\"\ncontent-type: x",
            "content-disposition: form-data; name=\"a\" b",
            "content-disposition : form-data; name=\"a\"",
        ] {
            assert_eq!(head(bad), None, "{bad:?}");
        }
    }
}
