/// Longest boundary that the format allows.
const LONGEST: usize = 70;

/// The boundary of a media type, if that is `multipart/form-data` with a boundary as the format has it.
#[must_use]
pub fn boundary_of(media_type: &str) -> Option<String> {
    let (essence, parameters) = media_type.split_once(';')?;
    if !essence.trim().eq_ignore_ascii_case("multipart/form-data") {
        return None;
    }
    let mut found = None;
    for parameter in parameters.split(';') {
        let (name, value) = parameter.trim().split_once('=')?;
        if name.eq_ignore_ascii_case("boundary") {
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            if found.replace(value).is_some() {
                return None;
            }
        }
    }
    found.filter(|boundary| is_boundary(boundary)).map(str::to_owned)
}

fn is_boundary(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"'()+_,-./:=? ".contains(&byte);
    (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_allowed) && !text.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boundaries_are_read_as_clients_write_them() {
        for (media_type, boundary) in [
            ("multipart/form-data; boundary=----WebKitFormBoundary7MA", Some("----WebKitFormBoundary7MA")),
            ("Multipart/Form-Data;charset=utf-8; Boundary=\"a b/c\"", Some("a b/c")),
            ("multipart/form-data", None),
            ("multipart/form-data; boundary=", None),
            ("multipart/form-data; boundary=a; boundary=b", None),
            ("multipart/mixed; boundary=a", None),
            ("multipart/form-data; boundary=\"a\u{7f}\"", None),
            ("application/json", None),
        ] {
            assert_eq!(boundary_of(media_type).as_deref(), boundary, "{media_type}");
        }
        assert_eq!(boundary_of(&format!("multipart/form-data; boundary={}", "x".repeat(71))), None);
        assert!(boundary_of(&format!("multipart/form-data; boundary={}", "x".repeat(70))).is_some());
    }
}
