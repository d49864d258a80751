//! Which language somebody is spoken to in.

use identity::IdentityError;
use model::identity::Languages;
use model::settings::Settings;
use testkit::{TestDb, Two};
use words::Language::{English, Spanish};

#[tokio::test]
async fn a_person_s_choice_comes_before_the_workspace_s() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let owner = &two.aurora.owner;
    let languages = async |owner| db.identity.current_session(owner).await.unwrap().unwrap().languages;
    assert_eq!(languages(owner).await, Languages { chosen: None, workspace: None });
    let (version, settings) = db.identity.settings(owner).await.unwrap();
    let settings = Settings { language: Some(Spanish), ..settings };
    db.identity.change_settings(owner, version, settings).await.unwrap();
    assert_eq!(languages(owner).await, Languages { chosen: None, workspace: Some(Spanish) });
    assert_eq!(languages(owner).await.spoken(), Some(Spanish));
    db.identity.choose_language(owner, Some(English)).await.unwrap();
    assert_eq!(languages(owner).await, Languages { chosen: Some(English), workspace: Some(Spanish) });
    assert_eq!(languages(owner).await.spoken(), Some(English));
    assert_eq!(languages(&two.borealis.owner).await.spoken(), None);
    db.identity.choose_language(owner, None).await.unwrap();
    assert_eq!(languages(owner).await.chosen, None);
    // A program is no person.
    let refused = db.identity.choose_language(&two.aurora.key, Some(Spanish)).await;
    assert!(matches!(refused, Err(IdentityError::Denied(_))), "{refused:?}");
}
