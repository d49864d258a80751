//! Pictures: how each wire carries them, which models are asked with them, and what is set aside for them.

use crate::stage::{Stage, brief, question};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use llm::{Ask, Image, LlmError, MOST_IMAGES, ModelChange, Said, Turn};
use model::llm::{ImageType, Micros, Model, Wire};
use serde_json::{Value, json};
use testkit::SAYS;

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01\x08\0\0\0\0crc.\0\0\0\0IENDcrc.";
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x01a\0\x3b";

fn image(kind: ImageType) -> Image {
    Image::read(kind, if kind == ImageType::Gif { GIF } else { PNG }).unwrap()
}

/// What a contact asks, with these.
fn shown(images: &[ImageType]) -> Vec<Turn> {
    let mut turns = question();
    turns[0].images = images.iter().map(|kind| image(*kind)).collect();
    turns
}

async fn looks(stage: &Stage, model: &Model) {
    let change = ModelChange { images: Some(true), ..ModelChange::default() };
    assert!(stage.llm.change(&stage.two.aurora.owner, model.id, change).await.unwrap().images);
}

async fn ask(stage: &Stage, images: &[ImageType]) -> Result<Said, LlmError> {
    let turns = shown(images);
    let ask: Ask<'_> = brief(&turns);
    stage.llm.ask(&stage.two.aurora.key, &ask, None).await
}

#[tokio::test]
async fn each_wire_carries_them_as_its_provider_takes_them() {
    let stage = Stage::new().await;
    let (png, gif) = (STANDARD.encode(PNG), STANDARD.encode(GIF));
    let words = "What do you serve?";
    for wire in Wire::ALL {
        let added = stage.add(&stage.two.aurora.owner, *wire, "small").await;
        assert!(!added.images, "none looks at pictures unless it is said");
        looks(&stage, &added).await;
        let second = if *wire == Wire::Gemini { ImageType::Png } else { ImageType::Gif };
        let said = ask(&stage, &[ImageType::Png, second]).await.unwrap();
        assert_eq!((said.text.as_str(), said.faults.len()), (SAYS, 0), "{wire:?}");
        let body = stage.server.asked().pop().unwrap().body;
        let (sent, expected): (&Value, Value) = match wire {
            Wire::OpenAi => (
                &body["messages"][1]["content"],
                json!([
                    { "type": "text", "text": words },
                    { "type": "image_url", "image_url": { "url": format!("data:image/png;base64,{png}") } },
                    { "type": "image_url", "image_url": { "url": format!("data:image/gif;base64,{gif}") } },
                ]),
            ),
            Wire::Anthropic => (
                &body["messages"][0]["content"],
                json!([
                    { "type": "image", "source": { "type": "base64", "media_type": "image/png", "data": png } },
                    { "type": "image", "source": { "type": "base64", "media_type": "image/gif", "data": gif } },
                    { "type": "text", "text": words },
                ]),
            ),
            Wire::Gemini => (
                &body["contents"][0]["parts"],
                json!([
                    { "inlineData": { "mimeType": "image/png", "data": png } },
                    { "inlineData": { "mimeType": "image/png", "data": png } },
                    { "text": words },
                ]),
            ),
        };
        assert_eq!(*sent, expected, "{wire:?}");
        // Who is tried is shown one as well.
        let tried = stage.llm.try_out(&stage.two.aurora.owner, added.id).await.unwrap();
        assert_eq!((tried.text.as_str(), tried.fault), (SAYS, None), "{wire:?}");
        let body = stage.server.asked().pop().unwrap().body.to_string();
        assert!(body.contains("image/png") && body.contains("Who are you?"), "{wire:?}: {body}");
        // Without any it is as it was.
        ask(&stage, &[]).await.unwrap();
        let body = stage.server.asked().pop().unwrap().body.to_string();
        assert!(!body.contains("image"), "{wire:?}: {body}");
        stage.llm.remove(&stage.two.aurora.owner, added.id).await.unwrap();
    }
}

#[tokio::test]
async fn who_does_not_look_at_them_is_not_asked_with_them() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let none = ask(&stage, &[ImageType::Png]).await;
    assert!(matches!(none, Err(LlmError::NoModel)), "{none:?}");
    stage.add(owner, Wire::OpenAi, "blind").await;
    let none = ask(&stage, &[ImageType::Png]).await;
    assert!(matches!(none, Err(LlmError::NoImages)), "{none:?}");
    let gemini = stage.add(owner, Wire::Gemini, "gemini").await;
    looks(&stage, &gemini).await;
    let of = |said: Said| (said.name, said.faults.len());
    assert_eq!(of(ask(&stage, &[]).await.unwrap()), ("blind".to_owned(), 0));
    assert_eq!(of(ask(&stage, &[ImageType::Png]).await.unwrap()), ("gemini".to_owned(), 0));
    // What its wire does not take is for another one.
    let none = ask(&stage, &[ImageType::Png, ImageType::Gif]).await;
    assert!(matches!(none, Err(LlmError::NoImages)), "{none:?}");
    let claude = stage.add(owner, Wire::Anthropic, "claude").await;
    looks(&stage, &claude).await;
    assert_eq!(of(ask(&stage, &[ImageType::Png, ImageType::Gif]).await.unwrap()), ("claude".to_owned(), 0));
    assert_eq!(stage.server.asked().len(), 3);
    let many = ask(&stage, &[ImageType::Png; MOST_IMAGES + 1]).await;
    assert!(matches!(many, Err(LlmError::Invalid(_))), "{many:?}");
}

#[tokio::test]
async fn the_month_has_to_allow_them() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let model = stage.add_at(owner, 1_000_000, 0).await;
    looks(&stage, &model).await;
    // A token that is asked costs a millionth, and a picture has more than a thousand.
    stage.llm.set_budget(owner, Some(Micros(1_100)), 80).await.unwrap();
    let dear = ask(&stage, &[ImageType::Png]).await;
    assert!(matches!(dear, Err(LlmError::Budget)), "{dear:?}");
    ask(&stage, &[]).await.unwrap();
    stage.llm.set_budget(owner, Some(Micros(2_000)), 80).await.unwrap();
    ask(&stage, &[ImageType::Png]).await.unwrap();
}
