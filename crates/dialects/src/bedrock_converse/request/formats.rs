use switchyard_domain::chat::Document;

/// The formats of pictures, by media types.
const PICTURES: &[(&str, &str)] = &[
    ("image/png", "png"),
    ("image/jpeg", "jpeg"),
    ("image/jpg", "jpeg"),
    ("image/gif", "gif"),
    ("image/webp", "webp"),
];

/// The formats of documents, by media types and by the endings of names.
const DOCUMENTS: &[(&str, &str)] = &[
    ("application/pdf", "pdf"),
    ("text/csv", "csv"),
    ("application/msword", "doc"),
    ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "xlsx"),
    ("text/html", "html"),
    ("text/plain", "txt"),
    ("text/markdown", "md"),
];

/// The formats of moving pictures, by media types.
const FILMS: &[(&str, &str)] = &[
    ("video/x-matroska", "mkv"),
    ("video/quicktime", "mov"),
    ("video/mp4", "mp4"),
    ("video/webm", "webm"),
    ("video/x-flv", "flv"),
    ("video/mpeg", "mpeg"),
    ("video/x-ms-wmv", "wmv"),
    ("video/3gpp", "three_gp"),
];

const SOUNDS: &[&str] = &[
    "mp3", "opus", "wav", "aac", "flac", "mp4", "ogg", "mkv", "mka", "x-aac", "m4a", "mpeg", "mpga", "pcm",
    "webm",
];

fn find(list: &'static [(&str, &str)], media_type: &str) -> Option<&'static str> {
    let plain = media_type.split(';').next().unwrap_or_default().trim();
    list.iter().find(|(known, _)| plain.eq_ignore_ascii_case(known)).map(|(_, format)| *format)
}

/// The format of a picture.
pub(super) fn of_picture(media_type: &str) -> Option<&'static str> {
    find(PICTURES, media_type)
}

/// The format of a moving picture.
pub(super) fn of_film(media_type: &str) -> Option<&'static str> {
    find(FILMS, media_type)
}

/// The format of a picture at an address, by its ending.
pub(super) fn of_picture_at(address: &str) -> Option<&'static str> {
    let ending = ending_of(address)?;
    let ending = if ending == "jpg" { "jpeg" } else { &ending };
    PICTURES.iter().map(|(_, format)| *format).find(|format| *format == ending)
}

/// The format of a document: by its media type, or else by the ending of its name or address.
pub(super) fn of_document(
    media_type: &str,
    document: &Document,
    address: Option<&str>,
) -> Option<&'static str> {
    let by_ending = |name: &str| {
        let ending = ending_of(name)?;
        DOCUMENTS.iter().map(|(_, format)| *format).find(|format| *format == ending)
    };
    let by_name = || document.filename.as_deref().and_then(by_ending);
    find(DOCUMENTS, media_type).or_else(by_name).or_else(|| address.and_then(by_ending))
}

/// The format of a moving picture at an address, by its ending.
pub(super) fn of_film_at(address: &str) -> Option<&'static str> {
    let ending = ending_of(address)?;
    FILMS.iter().map(|(_, format)| *format).find(|format| *format == ending)
}

/// The format of a sound.
pub(super) fn of_sound(format: &str) -> Option<&'static str> {
    SOUNDS.iter().copied().find(|known| format.eq_ignore_ascii_case(known))
}

fn ending_of(name: &str) -> Option<String> {
    let (_, ending) = name.rsplit_once('.')?;
    Some(ending.to_ascii_lowercase())
}
