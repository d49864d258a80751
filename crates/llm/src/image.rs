//! Pictures that come with a question.
//!
//! *Guarantees:* an [`Image`] is a still picture of its kind by its own bytes, whatever was said of it, of [`MOST_IMAGE`] bytes and
//! [`MOST_SIDE`] pixels a side at most. In it is what draws it and nothing else: no place, time, camera, words or small copy of another
//! picture, and nothing behind its end. Nothing is decoded for that: its parts are told apart by their lengths, and each byte is looked at
//! once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::llm::ImageType;
use std::fmt;
use std::sync::Arc;
use words::{Text, text};

/// Most pictures of a question.
pub const MOST_IMAGES: usize = 4;
/// Most bytes of one.
pub const MOST_IMAGE: usize = 1024 * 1024;
/// Most pixels of each of its sides, as Anthropic takes them.
pub const MOST_SIDE: u32 = 8_000;
/// The side of the square that is counted as a token (Anthropic, "Vision"; OpenAI's have 32, or are fewer).
const PATCH: u32 = 28;
/// Tokens of any: as many as Google counts for one, and what providers leave of a large one.
const LEAST_TOKENS: u64 = 1_120;
const MOST_TOKENS: u64 = 5_000;

/// A picture. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct Image {
    kind: ImageType,
    bytes: Arc<[u8]>,
    width: u32,
    height: u32,
}

impl fmt::Debug for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Image({}, {} × {})", self.kind.name(), self.width, self.height)
    }
}

/// What was read: the bytes that draw a picture, its width and height, and whether it stands still.
struct Drawn {
    bytes: Vec<u8>,
    sides: (u32, u32),
    still: bool,
}

impl Image {
    /// A picture that is said to be of this kind.
    ///
    /// # Errors
    /// A sentence that says what to send instead.
    pub fn read(kind: ImageType, bytes: &[u8]) -> Result<Self, Text> {
        if bytes.len() > MOST_IMAGE {
            return Err(text!("A picture may have 1 MB. Send a smaller one."));
        }
        let drawn = match kind {
            ImageType::Png => png(bytes),
            ImageType::Jpeg => jpeg(bytes),
            ImageType::Webp => webp(bytes),
            ImageType::Gif => gif(bytes),
        };
        let Some(Drawn { bytes, sides: (width, height), still }) = drawn else {
            return Err(text!(
                "This is no whole picture of its media type. Send a PNG, JPEG, WebP or GIF, and say which."
            ));
        };
        if !still {
            return Err(text!("This picture moves. Send one that stands still."));
        }
        if !(1..=MOST_SIDE).contains(&width) || !(1..=MOST_SIDE).contains(&height) {
            return Err(text!("A picture may have {most} pixels a side. Send a smaller one.", most = MOST_SIDE));
        }
        Ok(Self { kind, bytes: bytes.into(), width, height })
    }

    /// What it is.
    pub fn kind(&self) -> ImageType {
        self.kind
    }

    /// As it stands in JSON.
    pub(crate) fn base64(&self) -> String {
        STANDARD.encode(&self.bytes)
    }

    /// As many tokens as it has at most, nearly. Every provider, and every model of it, counts in its own way.
    pub(crate) fn tokens(&self) -> u64 {
        let patches = |side: u32| u64::from(side.div_ceil(PATCH));
        (patches(self.width) * patches(self.height)).clamp(LEAST_TOKENS, MOST_TOKENS)
    }
}

/// A number whose first byte weighs most; of four bytes at most.
fn big(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// One whose last byte does.
fn little(bytes: &[u8]) -> u32 {
    bytes.iter().rev().fold(0, |number, byte| (number << 8) | u32::from(*byte))
}

/// What of a picture has not been read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(bytes)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    /// What has been read since so much was left.
    fn since(&self, before: &'a [u8]) -> &'a [u8] {
        before.get(..before.len() - self.0.len()).unwrap_or_default()
    }
}

/// How each PNG begins, and what of it draws: of one that moves the picture for who cannot see that. (W3C, "PNG Specification".)
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const PNG_DRAWS: [&[u8]; 9] = [b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT"];

fn png(bytes: &[u8]) -> Option<Drawn> {
    let mut rest = Rest(bytes.strip_prefix(PNG)?);
    let (mut drawn, mut sides) = (PNG.to_vec(), None);
    loop {
        let before = rest.0;
        let length = big(rest.take(4)?) as usize;
        let kind = rest.take(4)?;
        let data = rest.take(length)?;
        let _check = rest.take(4)?;
        match (sides, kind) {
            (None, b"IHDR") => sides = Some((big(data.get(..4)?), big(data.get(4..8)?))),
            (None, _) => return None,
            _ => {}
        }
        if PNG_DRAWS.contains(&kind) {
            drawn.extend_from_slice(rest.since(before));
        }
        if kind == b"IEND" {
            return Some(Drawn { bytes: drawn, sides: sides?, still: true });
        }
    }
}

/// (ITU-T T.81. Of what applications write into it only how Adobe means the colours is kept.)
fn jpeg(bytes: &[u8]) -> Option<Drawn> {
    let mut rest = Rest(bytes.strip_prefix(b"\xff\xd8")?);
    let (mut drawn, mut sides) = (b"\xff\xd8".to_vec(), None);
    loop {
        if rest.byte()? != 0xff {
            return None;
        }
        let mut marker = rest.byte()?;
        while marker == 0xff {
            marker = rest.byte()?;
        }
        if marker == 0xd9 {
            drawn.extend([0xff, marker]);
            return Some(Drawn { bytes: drawn, sides: sides?, still: true });
        }
        let before = rest.0;
        // With its own two bytes.
        let length = big(rest.take(2)?) as usize;
        let data = rest.take(length.checked_sub(2)?)?;
        match marker {
            0xe0..=0xed | 0xef | 0xfe => continue,
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                sides = Some((big(data.get(3..5)?), big(data.get(1..3)?)));
            }
            // What is scanned has no length: it goes to the next marker that is none of its own.
            0xda => {
                let ends = |two: &[u8]| matches!(two, [0xff, next] if !matches!(*next, 0 | 0xd0..=0xd7 | 0xff));
                let scanned = rest.0.windows(2).position(ends)?;
                rest.take(scanned)?;
            }
            _ => {}
        }
        drawn.extend([0xff, marker]);
        drawn.extend_from_slice(rest.since(before));
    }
}

/// (RFC 9649.)
fn webp(bytes: &[u8]) -> Option<Drawn> {
    let mut rest = Rest(bytes.strip_prefix(b"RIFF")?);
    let length = little(rest.take(4)?) as usize;
    let mut rest = Rest(rest.take(length)?);
    if rest.take(4)? != b"WEBP" {
        return None;
    }
    let (mut drawn, mut sides, mut still) = (b"WEBP".to_vec(), None, true);
    while !rest.0.is_empty() {
        let before = rest.0;
        let kind = rest.take(4)?;
        let length = little(rest.take(4)?) as usize;
        let data = rest.take(length)?;
        rest.take(length % 2)?;
        let own = match kind {
            b"VP8X" => Some((little(data.get(4..7)?) + 1, little(data.get(7..10)?) + 1)),
            b"VP8 " if data.get(3..6)? == b"\x9d\x01\x2a" => {
                Some((little(data.get(6..8)?) & 0x3fff, little(data.get(8..10)?) & 0x3fff))
            }
            b"VP8L" if data.first() == Some(&0x2f) => {
                let both = little(data.get(1..5)?);
                Some(((both & 0x3fff) + 1, ((both >> 14) & 0x3fff) + 1))
            }
            b"ALPH" => None,
            b"ANIM" | b"ANMF" => {
                still = false;
                continue;
            }
            b"VP8 " | b"VP8L" => return None,
            _ => continue,
        };
        if own.is_some() && sides.is_some() && own != sides {
            return None;
        }
        sides = sides.or(own);
        let at = drawn.len();
        drawn.extend_from_slice(rest.since(before));
        // Of what it says to have in it only that it lets something shine through is left.
        if let (b"VP8X", Some(flags)) = (kind, drawn.get_mut(at + 8)) {
            *flags &= 0x10;
        }
    }
    let length = u32::try_from(drawn.len()).ok()?;
    let bytes = [b"RIFF".as_slice(), &length.to_le_bytes(), &drawn].concat();
    Some(Drawn { bytes, sides: sides?, still })
}

/// (CompuServe, "Graphics Interchange Format, Version 89a".)
fn gif(bytes: &[u8]) -> Option<Drawn> {
    let mut rest = Rest(bytes.strip_prefix(b"GIF87a").or_else(|| bytes.strip_prefix(b"GIF89a"))?);
    let screen = rest.take(7)?;
    let sides = (little(screen.get(..2)?), little(screen.get(2..4)?));
    rest.take(colours(*screen.get(4)?))?;
    let (mut drawn, mut pictures) = (rest.since(bytes).to_vec(), 0_usize);
    loop {
        let before = rest.0;
        match rest.byte()? {
            0x3b => {
                drawn.push(0x3b);
                return (pictures > 0).then_some(Drawn { bytes: drawn, sides, still: pictures == 1 });
            }
            0x2c => {
                let place = rest.take(9)?;
                rest.take(colours(*place.get(8)?))?;
                let _width_of_codes = rest.byte()?;
                blocks(&mut rest)?;
                pictures += 1;
            }
            0x21 => {
                let kind = rest.byte()?;
                blocks(&mut rest)?;
                // What else stands there, comments and applications' own, draws nothing.
                if kind != 0xf9 {
                    continue;
                }
            }
            _ => return None,
        }
        drawn.extend_from_slice(rest.since(before));
    }
}

/// The bytes of a table of colours.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Reads blocks up to the empty one.
fn blocks(rest: &mut Rest<'_>) -> Option<()> {
    loop {
        match rest.byte()? {
            0 => return Some(()),
            length => rest.take(length.into())?,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"59.3293N 18.0686E";

    fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&length.to_be_bytes()[..], kind, data, &[0; 4]].concat()
    }

    fn part(marker: u8, data: &[u8]) -> Vec<u8> {
        let length = u16::try_from(data.len() + 2).unwrap();
        [&[0xff, marker][..], &length.to_be_bytes(), data].concat()
    }

    fn riff(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
        let length = u32::try_from(data.len()).unwrap();
        [&kind[..], &length.to_le_bytes(), data, &b"\0"[..data.len() % 2]].concat()
    }

    fn sides(width: u32, height: u32) -> [u8; 13] {
        let mut header = [0; 13];
        header[..4].copy_from_slice(&width.to_be_bytes());
        header[4..8].copy_from_slice(&height.to_be_bytes());
        header
    }

    /// Of each kind one of 640 by 480, with these bytes in every place that draws nothing.
    fn all(secret: &[u8]) -> Vec<(ImageType, Vec<u8>)> {
        let hidden = |part: Vec<u8>| if secret.is_empty() { Vec::new() } else { part };
        let png = [
            PNG.to_vec(),
            chunk(b"IHDR", &sides(640, 480)),
            hidden(chunk(b"eXIf", secret)),
            hidden(chunk(b"tEXt", secret)),
            hidden(chunk(b"acTL", secret)),
            chunk(b"IDAT", b"pixels"),
            chunk(b"IEND", b""),
            secret.to_vec(),
        ]
        .concat();
        let jpeg = [
            vec![0xff, 0xd8],
            hidden(part(0xe0, secret)),
            hidden(part(0xe1, secret)),
            hidden(part(0xfe, secret)),
            part(0xee, b"Adobe"),
            part(0xc2, b"\x08\x01\xe0\x02\x80\x03"),
            part(0xda, b"scan"),
            b"pi\xff\x00xe\xff\xd3ls".to_vec(),
            part(0xc4, b"table"),
            part(0xda, b"scan"),
            b"more".to_vec(),
            vec![0xff, 0xd9],
            secret.to_vec(),
        ]
        .concat();
        let (mut header, has) = (vec![0x10, 0, 0, 0, 0x7f, 2, 0, 0xdf, 1, 0], if secret.is_empty() { 0 } else { 0x2c });
        header[0] |= has;
        let inside = [
            b"WEBP".to_vec(),
            riff(b"VP8X", &header),
            hidden(riff(b"ICCP", secret)),
            riff(b"ALPH", b"odd"),
            riff(b"VP8 ", b"\0\0\0\x9d\x01\x2a\x80\x02\xe0\x01pixels"),
            hidden(riff(b"EXIF", secret)),
            hidden(riff(b"XMP ", secret)),
        ]
        .concat();
        let length = u32::try_from(inside.len()).unwrap();
        let webp = [b"RIFF".to_vec(), length.to_le_bytes().to_vec(), inside, secret.to_vec()].concat();
        let said = |kind: u8| hidden([&[0x21, kind, u8::try_from(secret.len()).unwrap()][..], secret, &[0]].concat());
        let gif = [
            b"GIF89a\x80\x02\xe0\x01\x80\0\0".to_vec(),
            vec![7; 6],
            said(0xfe),
            said(0xff),
            b"\x21\xf9\x04\0\0\0\0\0".to_vec(),
            b"\x2c\0\0\0\0\x80\x02\xe0\x01\0\x02\x03abc\0".to_vec(),
            vec![0x3b],
            secret.to_vec(),
        ]
        .concat();
        vec![(ImageType::Png, png), (ImageType::Jpeg, jpeg), (ImageType::Webp, webp), (ImageType::Gif, gif)]
    }

    fn refused(kind: ImageType, bytes: &[u8], why: &str) {
        let said = Image::read(kind, bytes).unwrap_err().to_string();
        assert!(said.contains(why), "{kind:?}: {said}");
    }

    #[test]
    fn nothing_is_left_in_a_picture_but_what_draws_it() {
        for ((kind, with), (_, without)) in all(SECRET).into_iter().zip(all(b"")) {
            let image = Image::read(kind, &with).unwrap();
            assert_eq!((image.kind(), image.width, image.height), (kind, 640, 480));
            assert!(with.windows(SECRET.len()).any(|part| part == SECRET), "{kind:?}");
            assert_eq!(&*image.bytes, &*without, "{kind:?}");
            // What is read once more is the same.
            assert_eq!(Image::read(kind, &without).unwrap(), image);
            assert_eq!(STANDARD.decode(image.base64()).unwrap(), without);
            assert!(!format!("{image:?}").contains("pixels"));
        }
    }

    #[test]
    fn what_is_another_thing_than_it_says_is_refused() {
        let all = all(b"");
        for (kind, bytes) in &all {
            for (other, _) in all.iter().filter(|(other, _)| other != kind) {
                refused(*other, bytes, "no whole picture");
            }
            // Nor is any beginning of it one.
            for end in 0..bytes.len() {
                refused(*kind, &bytes[..end], "no whole picture");
            }
            for odd in [&b""[..], b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7", b"<script>"] {
                refused(*kind, odd, "no whole picture");
            }
            refused(*kind, &vec![0; MOST_IMAGE + 1], "1 MB");
        }
    }

    #[test]
    fn what_moves_or_is_too_large_is_refused() {
        let of = |width, height| [PNG, &chunk(b"IHDR", &sides(width, height)), &chunk(b"IEND", b"")].concat();
        assert!(Image::read(ImageType::Png, &of(8_000, 1)).is_ok());
        for (width, height) in [(8_001, 1), (1, 8_001), (0, 1), (1, 0), (u32::MAX, u32::MAX)] {
            refused(ImageType::Png, &of(width, height), "8000 pixels");
        }
        let gif = all(b"").remove(3).1;
        let (screen, picture) = gif.split_at(gif.len() - 25);
        assert!(picture.starts_with(b"\x21\xf9"), "{picture:?}");
        let two = [screen, &picture[..24], &picture[..24], &[0x3b]].concat();
        refused(ImageType::Gif, &two, "moves");
        let inside =
            [&b"WEBP"[..], &riff(b"VP8X", &[2, 0, 0, 0, 1, 0, 0, 1, 0, 0]), &riff(b"ANIM", b"123456")].concat();
        let length = u32::try_from(inside.len()).unwrap();
        refused(ImageType::Webp, &[&b"RIFF"[..], &length.to_le_bytes(), &inside].concat(), "moves");
    }

    #[test]
    fn pictures_are_counted_as_their_providers_do_at_most() {
        let image = |width, height| Image { kind: ImageType::Png, bytes: [].into(), width, height };
        assert_eq!(
            [image(1, 1), image(1_400, 1_400), image(8_000, 8_000)].map(|image| image.tokens()),
            [1_120, 2_500, 5_000]
        );
    }

    proptest! {
        #[test]
        fn whatever_comes_is_read_or_refused(
            kind in 0_usize..4,
            changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        ) {
            let (kind, mut bytes) = all(SECRET).remove(kind);
            for (at, to) in changes {
                let at = at.index(bytes.len());
                bytes[at] = to;
            }
            if let Ok(image) = Image::read(kind, &bytes) {
                prop_assert!(image.bytes.len() <= bytes.len());
            }
        }
    }
}
