//! Models are added, changed, put in order and removed, by who may, for their own tenant alone; keys are kept sealed.

use crate::stage::{AURORA, Stage, ask_whole, model, prices};
use llm::{Key, LlmError, MAX_MODELS, ModelChange, NewModel, Outbound};
use model::llm::{Fault, Micros, Prices, Wire};
use model::{Fault as _, FieldError, ModelId};
use std::time::Duration as Wait;
use store::sealing::Sealer;
use store::secret_key::SecretKey;
use uuid::Uuid;

fn fields(refused: Result<impl std::fmt::Debug, LlmError>) -> Vec<String> {
    match refused {
        Err(LlmError::Invalid(errors)) => errors.into_iter().map(|FieldError { field, .. }| field).collect(),
        other => panic!("{other:?}"),
    }
}

/// What was written down, without who did it.
async fn written(stage: &Stage) -> Vec<(String, String)> {
    let all = "select act, before::text || after::text from app.audit_entries
               where act like 'model.%' or act like 'budget.%' order by number";
    sqlx::query_as(all).fetch_all(&mut stage.db.superuser().await).await.unwrap()
}

#[tokio::test]
async fn models_are_added_changed_put_in_order_and_removed() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let mut new = model(Wire::Anthropic, "", " claude ", AURORA);
    new.prices = Some(prices(3_000_000, 15_000_000));
    let first = stage.llm.add(owner, new).await.unwrap();
    assert_eq!((first.name.as_str(), first.address.as_str(), first.place), ("claude", Wire::Anthropic.address(), 0));
    assert_eq!((first.key_end.as_deref(), first.on), (Some("abcd"), true));
    assert_eq!(first.prices.as_ref().unwrap().since, "2026-11-21", "today");
    let local = model(Wire::OpenAi, "http://localhost:11434/v1/chat/completions/", "llama3.2:3b", "");
    let second = stage.llm.add(owner, local).await.unwrap();
    assert_eq!((second.address.as_str(), second.key_end, second.place), ("http://localhost:11434/v1", None, 1));

    stage.llm.place(owner, second.id, 0).await.unwrap();
    stage.llm.place(owner, second.id, 0).await.unwrap();
    let order = |models: Vec<model::llm::Model>| models.iter().map(|one| (one.id, one.place)).collect::<Vec<_>>();
    assert_eq!(order(stage.llm.list(owner).await.unwrap()), [(second.id, 0), (first.id, 1)]);
    stage.llm.place(owner, second.id, 7).await.unwrap();
    assert_eq!(order(stage.llm.list(owner).await.unwrap()), [(first.id, 0), (second.id, 1)]);

    // Another address takes its key once more; the same keeps it, another one or none is as it was typed.
    let moved =
        |key| ModelChange { address: Some("https://models.example/v1".to_owned()), key, ..ModelChange::default() };
    assert_eq!(fields(stage.llm.change(owner, first.id, moved(None)).await), ["key"]);
    let kept = ModelChange { address: Some(first.address.clone()), on: Some(false), ..ModelChange::default() };
    let kept = stage.llm.change(owner, first.id, kept).await.unwrap();
    assert_eq!((kept.key_end.as_deref(), kept.on), (Some("abcd"), false));
    let other = stage.llm.change(owner, first.id, moved(Some(Key::new("sk-another-key-9876")))).await.unwrap();
    assert_eq!((other.key_end.as_deref(), other.address.as_str()), (Some("9876"), "https://models.example/v1"));
    let none = ModelChange { key: Some(Key::new("")), prices: Some(None), ..ModelChange::default() };
    let none = stage.llm.change(owner, first.id, none).await.unwrap();
    assert_eq!((none.key_end, none.prices), (None, None));
    stage
        .llm
        .change(owner, second.id, ModelChange { address: Some("https://x.example/v1".into()), ..Default::default() })
        .await
        .unwrap();

    stage.llm.remove(owner, first.id).await.unwrap();
    assert!(matches!(stage.llm.remove(owner, first.id).await, Err(LlmError::NotFound)));
    assert_eq!(order(stage.llm.list(owner).await.unwrap()), [(second.id, 1)]);
    let written = written(&stage).await;
    let acts: Vec<&str> = written.iter().map(|(act, _)| act.as_str()).collect();
    let changed = "model.changed";
    let expected =
        ["model.added", "model.added", changed, changed, changed, changed, changed, changed, "model.removed"];
    assert_eq!(acts, expected);
    assert!(written.iter().all(|(_, facts)| !facts.contains("sk-")), "{written:?}");
    assert!(written[0].1.contains("3.00") && written[5].1.contains("another"), "{written:?}");
}

#[tokio::test]
async fn what_cannot_be_is_refused_with_every_field_that_is_wrong() {
    let stage = Stage::new().await;
    let owner = &stage.two.aurora.owner;
    let guarded = stage.guarded();
    let odd = Prices { input: Micros(-1), cached: Micros(0), output: Micros(10_000_000_001), since: "soon".into() };
    let new = NewModel { prices: Some(odd), ..model(Wire::OpenAi, "ftp://x", "two words", "a key with spaces") };
    assert_eq!(fields(guarded.add(owner, new).await), ["name", "address", "key", "since", "input", "output"]);
    for address in [
        "http://models.example/v1",
        "https://10.0.0.1/v1",
        "https://u:p@x.example/",
        "https://x.example/?k=1",
        "x",
        "https://x.example/ü",
    ] {
        assert_eq!(
            fields(guarded.add(owner, model(Wire::OpenAi, address, "small", "")).await),
            ["address"],
            "{address}"
        );
    }
    let mut late = model(Wire::OpenAi, "", "small", "");
    late.prices = Some(Prices { since: "2027-11-23".into(), ..prices(1, 1) });
    assert_eq!(fields(guarded.add(owner, late).await), ["since"]);
    for never in ["1066-10-14", "-009999-01-01"] {
        let mut new = model(Wire::OpenAi, "", "small", "");
        new.prices = Some(Prices { since: never.into(), ..prices(1, 1) });
        assert_eq!(fields(guarded.add(owner, new).await), ["since"], "{never}");
    }
    let long = "x".repeat(501);
    assert_eq!(fields(guarded.add(owner, model(Wire::OpenAi, "", &long, &long)).await), ["name", "key"]);
    assert_eq!(fields(guarded.usage(owner, 0).await), ["days"]);
    assert!(guarded.list(owner).await.unwrap().is_empty());
    // Two who add the last one at once: there is room for one.
    for n in 1..MAX_MODELS {
        stage.add(owner, Wire::OpenAi, &format!("m{n}")).await;
    }
    let last = || guarded.add(owner, model(Wire::OpenAi, "", "last", ""));
    let (one, other) = tokio::join!(last(), last());
    let (_, full) = if one.is_ok() { (one, other) } else { (other, one) };
    assert_eq!(fields(full), ["name"]);
    assert_eq!(stage.llm.list(owner).await.unwrap().len(), MAX_MODELS);
}

#[tokio::test]
async fn models_are_their_tenants_and_those_who_may_manage_them() {
    let stage = Stage::new().await;
    let (aurora, borealis) = (&stage.two.aurora, &stage.two.borealis);
    let id = stage.add(&aurora.owner, Wire::OpenAi, "small").await.id;
    // A key as they are made may ask, and change nothing.
    let (llm, key) = (&stage.llm, &aurora.key);
    assert!(matches!(llm.list(key).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.add(key, model(Wire::OpenAi, "", "x", "")).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.change(key, id, ModelChange::default()).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.place(key, id, 0).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.remove(key, id).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.try_out(key, id).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.budget(key).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.set_budget(key, None, 80).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.usage(key, 7).await, Err(LlmError::Denied(_))));
    assert!(matches!(llm.dearest(key, time::macros::date!(2026 - 11 - 01), 7).await, Err(LlmError::Denied(_))));
    ask_whole(llm, key).await.unwrap();
    // A foreign one is as one that there is not.
    let nowhere = ModelId::from_uuid(Uuid::from_u128(7));
    let owner = &borealis.owner;
    for foreign in [id, nowhere] {
        assert!(matches!(llm.change(owner, foreign, ModelChange::default()).await, Err(LlmError::NotFound)));
        assert!(matches!(llm.place(owner, foreign, 0).await, Err(LlmError::NotFound)));
        assert!(matches!(llm.remove(owner, foreign).await, Err(LlmError::NotFound)));
        assert!(matches!(llm.try_out(owner, foreign).await, Err(LlmError::NotFound)));
    }
    assert!(llm.list(owner).await.unwrap().is_empty());
    assert!(llm.usage(owner, 7).await.unwrap().is_empty());
    assert!(matches!(ask_whole(llm, owner).await, Err(LlmError::NoModel)));
    assert_eq!(LlmError::NoModel.problem().status, 409);
}

#[tokio::test]
async fn keys_are_sealed_anew_with_a_new_key_of_the_installation() {
    let stage = Stage::new().await;
    let folder = std::env::temp_dir().join(format!("samtal-model-rotation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secret.key");
    SecretKey::read_or_make(&file).unwrap();
    let llm = llm::Llm::new(stage.db.services.clone(), Outbound::new(true).unwrap(), Sealer::of_file(&file).unwrap());
    let llm = llm.with_patience(crate::stage::NEVER, Wait::from_millis(1));
    let here = stage.server.address(Wire::OpenAi);
    for tenant in [&stage.two.aurora, &stage.two.borealis] {
        llm.add(&tenant.owner, model(Wire::OpenAi, &here, "small", AURORA)).await.unwrap();
        llm.add(&tenant.owner, model(Wire::OpenAi, &here, "keyless", "")).await.unwrap();
    }
    SecretKey::add_to(&file).unwrap();
    assert_eq!(llm.seal_anew().await.unwrap(), (2, 0));
    assert_eq!(llm.seal_anew().await.unwrap(), (0, 0));
    // With the new key alone.
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{}\n", lines.trim_end().lines().next_back().unwrap())).unwrap();
    ask_whole(&llm, &stage.two.aurora.key).await.unwrap();
    assert_eq!(stage.server.asked()[0].key, AURORA);
    // Without any of them none opens, and it is told: beside the model, and where it is tried. What takes no key answers.
    std::fs::write(&file, format!("{}\n\n", lines.lines().next().unwrap())).unwrap();
    let (owner, asked) = (&stage.two.aurora.owner, stage.server.asked().len());
    let said = ask_whole(&llm, &stage.two.aurora.key).await.unwrap();
    let models = llm.list(owner).await.unwrap();
    assert_eq!((said.name.as_str(), said.faults), ("keyless", vec![(models[0].id, Fault::Lost)]));
    assert_eq!((models[0].fault.clone(), models[1].fault.clone()), (Some(Fault::Lost), None));
    assert_eq!(llm.try_out(owner, models[0].id).await.unwrap().fault, Some(Fault::Lost));
    assert_eq!((stage.server.asked().len(), stage.server.asked()[asked].key.as_str()), (asked + 1, ""));
    SecretKey::add_to(&file).unwrap();
    assert_eq!(llm.seal_anew().await.unwrap(), (0, 2));
    // Typed again it opens.
    let keyed = ModelChange { key: Some(Key::new(AURORA)), ..ModelChange::default() };
    assert_eq!(llm.change(owner, models[0].id, keyed).await.unwrap().fault, None);
    assert_eq!(ask_whole(&llm, &stage.two.aurora.key).await.unwrap().model, models[0].id);
    std::fs::remove_dir_all(&folder).unwrap();
}
