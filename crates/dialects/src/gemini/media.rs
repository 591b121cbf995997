//! Kinds of media by their names, their files' names and this dialect's words for them.

use switchyard_domain::chat::{Audio, Document, MediaSource, Part};

/// Names of sound formats whose media type is another word.
const SOUNDS: &[(&str, &str)] = &[
    ("mp3", "audio/mpeg"),
    ("mp3", "audio/mp3"),
    ("wav", "audio/wav"),
    ("wav", "audio/x-wav"),
    ("wav", "audio/wave"),
    ("wav", "audio/vnd.wave"),
];

/// What the ends of files' names say.
const ENDINGS: &[(&str, &str)] = &[
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("webp", "image/webp"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("heif", "image/heif"),
    ("bmp", "image/bmp"),
    ("pdf", "application/pdf"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("csv", "text/csv"),
    ("json", "application/json"),
    ("xml", "text/xml"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("aac", "audio/aac"),
    ("mp4", "video/mp4"),
    ("mov", "video/mov"),
    ("webm", "video/webm"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpeg"),
];

/// Taken for a picture of which nothing says what kind it is.
pub(super) const ANY_PICTURE: &str = "image/jpeg";

/// Taken for a document of which nothing says what kind it is.
pub(super) const ANY_DOCUMENT: &str = "application/pdf";

/// The media type that a file's name, or the path of an address, says by its end.
pub(super) fn guessed(name: &str) -> Option<&'static str> {
    let path = name.split(['?', '#']).next().unwrap_or_default();
    let (_, ending) = path.rsplit('/').next()?.rsplit_once('.')?;
    ENDINGS.iter().find(|(known, _)| known.eq_ignore_ascii_case(ending)).map(|(_, media_type)| *media_type)
}

/// The media type of a sound's format.
pub(super) fn sound_type(format: &str) -> String {
    let known = SOUNDS.iter().find(|(name, _)| *name == format);
    known.map_or_else(|| format!("audio/{format}"), |(_, media_type)| (*media_type).to_owned())
}

/// Whether a media type is a picture's.
pub(super) fn is_picture(media_type: &str) -> bool {
    is_of("image/", media_type)
}

fn is_of(class: &str, media_type: &str) -> bool {
    media_type.get(..class.len()).is_some_and(|head| head.eq_ignore_ascii_case(class))
}

/// A part whose bytes come with it.
pub(super) fn inline(media_type: &str, base64: &str, name: Option<String>) -> Part {
    let base64 = base64.to_owned();
    if is_of("audio/", media_type) {
        let known = SOUNDS.iter().find(|(_, known)| known.eq_ignore_ascii_case(media_type));
        let bare = media_type.get("audio/".len()..).unwrap_or_default();
        let format = known.map_or(bare, |(format, _)| format).to_owned();
        return Part::Audio(Audio { base64, format });
    }
    let source = MediaSource::Inline { media_type: media_type.to_owned(), base64 };
    if is_picture(media_type) {
        Part::Image { source, detail: None }
    } else {
        Part::Document(Document::new(source, name))
    }
}

/// A part whose bytes the provider fetches. `None` if only Google can: files that were uploaded to it, its own storage, its
/// own service of moving pictures, which it takes as if they were files.
pub(super) fn fetched(address: &str, media_type: &str) -> Option<Part> {
    const OWN: &[&str] = &["generativelanguage.googleapis.com", "youtube.com", "www.youtube.com", "youtu.be"];
    let (scheme, rest) = address.split_once("://")?;
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let is_open = ["https", "http"].iter().any(|open| scheme.eq_ignore_ascii_case(open));
    if !is_open || OWN.iter().any(|own| host.eq_ignore_ascii_case(own)) {
        return None;
    }
    let source = MediaSource::Url(address.to_owned());
    Some(if is_picture(media_type) {
        Part::Image { source, detail: None }
    } else {
        Part::Document(Document::new(source, None))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_says_what_it_is() {
        for (name, expected) in [
            ("https://x.org/a/b.PNG?w=3.pdf", Some("image/png")),
            ("report.pdf", Some("application/pdf")),
            ("https://x.org/a.b/c", None),
            ("https://x.org", None),
            ("", None),
        ] {
            assert_eq!(guessed(name), expected, "{name}");
        }
    }

    #[test]
    fn sounds_keep_their_format_through_the_media_type() {
        for format in ["mp3", "wav", "flac", "L16;codec=pcm;rate=24000"] {
            let Part::Audio(audio) = inline(&sound_type(format), "AA==", None) else { panic!("{format}") };
            assert_eq!(audio.format, format);
        }
    }

    #[test]
    fn what_only_google_can_fetch_is_told_apart() {
        for address in [
            "https://generativelanguage.googleapis.com/v1beta/files/x",
            "gs://bucket/x.png",
            "https://youtu.be/x",
            "files/x",
        ] {
            assert_eq!(fetched(address, "image/png"), None, "{address}");
        }
        assert!(matches!(fetched("https://x.org/a", "IMAGE/png"), Some(Part::Image { .. })));
        assert!(matches!(fetched("https://x.org/a", "video/mp4"), Some(Part::Document(_))));
    }
}
