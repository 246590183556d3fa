//! Pictures made anew: decoded within limits and written again, so that nothing is left in them but
//! what can be seen. Where a photo was taken, with what and by whom, is gone (CHAT-04).

use std::io::Cursor;

use image::{
    AnimationDecoder, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits, Rgb, RgbImage,
    codecs::{
        gif::{GifDecoder, GifEncoder, Repeat},
        jpeg::JpegEncoder,
    },
    metadata::Orientation,
};
use shared::domain::attachment::MediaType;

/// The longest side.
const MAX_SIDE: u32 = 12_000;
/// The most pixels: of a camera of 40 megapixels, or of all frames of what moves.
const MAX_PIXELS: u64 = 40_000_000;
/// The most memory that a decoder may take, in bytes.
const MAX_ALLOC: u64 = 256 * 1024 * 1024;
/// The longest side of the small picture.
const THUMBNAIL_SIDE: u32 = 320;
/// The longest side of a portrait.
const PORTRAIT_SIDE: u32 = 512;
/// Of photos, from 1 to 100.
const QUALITY: u8 = 88;
/// Of small pictures.
const THUMBNAIL_QUALITY: u8 = 80;

/// A picture that we made.
pub struct Made {
    /// The picture, of the type that it was.
    pub content: Vec<u8>,
    /// A small one, as JPEG.
    pub thumbnail: Vec<u8>,
}

/// A portrait of somebody, as JPEG; none when it does not open, or is larger than the limits.
pub fn portrait(media: MediaType, bytes: &[u8]) -> Option<Vec<u8>> {
    flat(&decoded(format(media)?, bytes)?, PORTRAIT_SIDE, QUALITY)
}

/// Makes a picture anew; none when it does not open, or is larger than the limits.
pub fn anew(media: MediaType, bytes: &[u8]) -> Option<Made> {
    if media == MediaType::Gif {
        return moving(bytes);
    }
    let image = decoded(format(media)?, bytes)?;
    let content = encoded(media, &image)?;
    Some(Made {
        content,
        thumbnail: small(&image)?,
    })
}

fn format(media: MediaType) -> Option<ImageFormat> {
    Some(match media {
        MediaType::Gif => ImageFormat::Gif,
        MediaType::Jpeg => ImageFormat::Jpeg,
        MediaType::Png => ImageFormat::Png,
        MediaType::Webp => ImageFormat::WebP,
        MediaType::Pdf | MediaType::Text => return None,
    })
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC);
    limits
}

fn pixels((width, height): (u32, u32)) -> u64 {
    u64::from(width) * u64::from(height)
}

/// The picture as it is meant to be seen: how the camera was held is told by what goes.
fn decoded(format: ImageFormat, bytes: &[u8]) -> Option<DynamicImage> {
    let mut reader = ImageReader::with_format(Cursor::new(bytes), format);
    reader.limits(limits());
    let mut decoder = reader.into_decoder().ok()?;
    // Before anything is unpacked: a small file may say that it is a very large picture.
    if pixels(decoder.dimensions()) > MAX_PIXELS {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let mut image = DynamicImage::from_decoder(decoder).ok()?;
    image.apply_orientation(orientation);
    Some(image)
}

fn encoded(media: MediaType, image: &DynamicImage) -> Option<Vec<u8>> {
    let mut out = Cursor::new(Vec::new());
    let written = match media {
        MediaType::Jpeg => {
            JpegEncoder::new_with_quality(&mut out, QUALITY).encode_image(&image.to_rgb8())
        }
        MediaType::Webp if image.color().has_alpha() => {
            image.to_rgba8().write_to(&mut out, ImageFormat::WebP)
        }
        MediaType::Webp => image.to_rgb8().write_to(&mut out, ImageFormat::WebP),
        _ => image.write_to(&mut out, format(media)?),
    };
    written.ok().map(|()| out.into_inner())
}

/// A picture that may move: every frame, without the comments between them.
fn moving(bytes: &[u8]) -> Option<Made> {
    let mut decoder = GifDecoder::new(Cursor::new(bytes)).ok()?;
    decoder.set_limits(limits()).ok()?;
    let (mut frames, mut sum) = (Vec::new(), 0);
    for frame in decoder.into_frames() {
        let frame = frame.ok()?;
        sum += pixels(frame.buffer().dimensions());
        if sum > MAX_PIXELS {
            return None;
        }
        frames.push(frame);
    }
    let first = DynamicImage::ImageRgba8(frames.first()?.buffer().clone());
    let mut content = Vec::new();
    {
        let mut encoder = GifEncoder::new_with_speed(&mut content, 10);
        if frames.len() > 1 {
            encoder.set_repeat(Repeat::Infinite).ok()?;
        }
        encoder.encode_frames(frames).ok()?;
    }
    Some(Made {
        content,
        thumbnail: small(&first)?,
    })
}

fn small(image: &DynamicImage) -> Option<Vec<u8>> {
    flat(image, THUMBNAIL_SIDE, THUMBNAIL_QUALITY)
}

/// A picture with sides of at most `side`, on white where it lets through.
fn flat(image: &DynamicImage, side: u32, quality: u8) -> Option<Vec<u8>> {
    let large = image.width().max(image.height()) > side;
    let small = match large {
        true => image.thumbnail(side, side).to_rgba8(),
        false => image.to_rgba8(),
    };
    let mut flat = RgbImage::new(small.width(), small.height());
    for (x, y, pixel) in small.enumerate_pixels() {
        let [red, green, blue, alpha] = pixel.0;
        let over = |color: u8| {
            let (color, alpha) = (u16::from(color), u16::from(alpha));
            let mixed = (color * alpha + 255 * (255 - alpha)) / 255;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        flat.put_pixel(x, y, Rgb([over(red), over(green), over(blue)]));
    }
    let mut out = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut out, quality);
    flat.write_with_encoder(encoder).ok()?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: [MediaType; 4] = [
        MediaType::Gif,
        MediaType::Jpeg,
        MediaType::Png,
        MediaType::Webp,
    ];

    /// A picture of 400 by 200, darker to the right.
    fn picture(media: MediaType) -> Vec<u8> {
        let shade = |x: u32| u8::try_from(x * 255 / 400).unwrap_or(255);
        let image = RgbImage::from_fn(400, 200, |x, _| Rgb([shade(x), 0, 0]));
        let mut out = Cursor::new(Vec::new());
        let format = format(media).expect("a picture");
        let image = DynamicImage::ImageRgb8(image);
        image.write_to(&mut out, format).expect("written");
        out.into_inner()
    }

    /// A photo with a place in it and the camera held upright: EXIF as cameras write it.
    fn with_exif(jpeg: &[u8]) -> Vec<u8> {
        let mut exif = b"Exif\0\0MM\0\x2a\0\0\0\x08".to_vec();
        // One entry: orientation (0x0112), short, one, turned by 90 degrees.
        exif.extend(b"\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0");
        exif.extend(b"GPS 52.5163N 13.3777E");
        let length = u16::try_from(exif.len() + 2).expect("short").to_be_bytes();
        let mut all = jpeg[..2].to_vec();
        all.extend([0xff, 0xe1]);
        all.extend(length);
        all.extend(exif);
        all.extend(&jpeg[2..]);
        all
    }

    fn has(bytes: &[u8], text: &str) -> bool {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    }

    #[test]
    fn a_photo_says_no_more_where_it_was_taken_and_stands_upright() {
        let photo = with_exif(&picture(MediaType::Jpeg));
        assert!(has(&photo, "Exif") && has(&photo, "52.5163N"));
        let made = anew(MediaType::Jpeg, &photo).expect("a photo");
        for bytes in [&made.content, &made.thumbnail] {
            assert!(!has(bytes, "Exif") && !has(bytes, "52.5163N"));
        }
        let upright = decoded(ImageFormat::Jpeg, &made.content).expect("opens");
        assert_eq!((upright.width(), upright.height()), (200, 400));
    }

    #[test]
    fn every_type_stays_what_it_is_and_gets_a_small_picture() {
        for media in EACH {
            let made = anew(media, &picture(media)).expect("a picture");
            let seen = infer::get(&made.content).map(|kind| kind.mime_type());
            assert_eq!(seen, Some(media.word()));
            let small = decoded(ImageFormat::Jpeg, &made.thumbnail).expect("opens");
            assert_eq!((small.width(), small.height()), (320, 160), "{media:?}");
        }
    }

    #[test]
    fn what_is_appended_to_a_picture_goes() {
        for media in EACH {
            let mut bytes = picture(media);
            bytes.extend(b"<script>alert(1)</script>");
            if let Some(made) = anew(media, &bytes) {
                assert!(!has(&made.content, "script"), "{media:?}");
            }
        }
    }

    #[test]
    fn a_picture_that_is_cut_off_or_says_it_is_enormous_is_none() {
        for media in EACH {
            let bytes = picture(media);
            assert!(anew(media, &bytes[..40]).is_none(), "{media:?}");
        }
        // A header that promises 60 000 by 60 000 pixels, and its checksum.
        let mut bomb = picture(MediaType::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
        assert!(anew(MediaType::Png, &bomb).is_none());
        let mut bomb = picture(MediaType::Gif);
        bomb[6..10].copy_from_slice(&[0xff, 0xff, 0xff, 0xff]);
        assert!(anew(MediaType::Gif, &bomb).is_none());
    }
}
