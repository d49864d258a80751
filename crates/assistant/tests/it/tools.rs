//! Secrets of tools, sealed anew with a new key of the installation's.

use assistant::{Assistant, NewTool};
use knowledge::Knowledge;
use llm::{Key, Outbound};
use model::tool::ToolMethod;
use store::sealing::Sealer;
use store::secret_key::SecretKey;
use testkit::{Tenant, TestDb, Two};

async fn add(assistant: &Assistant, tenant: &Tenant, name: &str, secret: &str) {
    let new = NewTool {
        name: name.to_owned(),
        description: "Where an order is.".to_owned(),
        method: ToolMethod::Get,
        address: "http://127.0.0.1:1/orders".to_owned(),
        parameters: String::new(),
        header: if secret.is_empty() { String::new() } else { "X-Api-Key".to_owned() },
        secret: Key::new(secret),
        on: true,
        in_conversations: true,
    };
    assistant.add_tool(&tenant.owner, new).await.unwrap();
}

#[tokio::test]
async fn secrets_are_sealed_anew_and_what_cannot_be_opened_is_not_called() {
    let db = TestDb::new().await;
    let two = Two::new(&db).await;
    let folder = std::env::temp_dir().join(format!("samtal-tool-rotation-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("secret.key");
    SecretKey::read_or_make(&file).unwrap();
    let assistant = Assistant::new(Knowledge::new(db.services.clone(), None));
    let outbound = Outbound::new(true).unwrap();
    let assistant = assistant.with_tools(db.services.clone(), outbound, Sealer::of_file(&file).unwrap());
    for tenant in [&two.aurora, &two.borealis] {
        add(&assistant, tenant, "order", "tk-0123456789").await;
        add(&assistant, tenant, "stock", "").await;
    }
    SecretKey::add_to(&file).unwrap();
    assert_eq!(assistant.seal_anew().await.unwrap(), (2, 0));
    assert_eq!(assistant.seal_anew().await.unwrap(), (0, 0));
    let owner = &two.aurora.owner;
    let tools = assistant.list_tools(owner).await.unwrap();
    let fault = async |at: usize| {
        let tried = assistant.try_tool(owner, tools[at].id, "").await.unwrap();
        tried.fault.unwrap().to_string()
    };
    let nobody = "Nobody answers at the tool's address.";
    // With the new key alone it opens: it was asked, though nobody is there.
    let lines = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{}\n", lines.trim_end().lines().next_back().unwrap())).unwrap();
    assert_eq!((fault(0).await.as_str(), fault(1).await.as_str()), (nobody, nobody));
    // Without any of them it is not called, and the other one is.
    std::fs::write(&file, format!("{}\n\n", lines.lines().next().unwrap())).unwrap();
    let lost = "The tool's secret cannot be opened any more. Type it again.";
    assert_eq!((fault(0).await.as_str(), fault(1).await.as_str()), (lost, nobody));
    SecretKey::add_to(&file).unwrap();
    assert_eq!(assistant.seal_anew().await.unwrap(), (0, 2));
    std::fs::remove_dir_all(&folder).unwrap();
}
