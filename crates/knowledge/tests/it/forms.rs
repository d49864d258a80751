//! Codes, units and amounts are found however they are written: by words alone, so that it is these that find them.

use crate::stage::Stage;

const FAULTS: &str = "# Faults\n\n## Pump\n\nF-04 means that the pump is blocked.\n\n## Heater\n\nF-05 means that the heater is broken.\n\n\
     ## Valve\n\nH07 means that the valve is stuck.\n";
const SHELVES: &str = "# Shelves\n\n## Narrow\n\nThe narrow one measures 50cm and takes screws of 2.5 mm.\n\n## Wide\n\nThe wide one measures \
     80cm and takes screws of 3.5 mm.\n\n## Price\n\nBoth cost 1,299 SEK.\n\n## Hours\n\nThe shop closes at 17:00.\n\n## Lunch\n\nIt is closed at \
     12:30.\n";

#[tokio::test]
async fn what_is_written_in_another_way_is_found() {
    let stage = Stage::with(None).await;
    let owner = &stage.two.aurora.owner;
    stage.add(owner, "faults.md", FAULTS).await;
    stage.add(owner, "shelves.md", SHELVES).await;
    for (question, text) in [
        ("f04", "F-04 means"),
        ("F 05", "F-05 means"),
        ("H-07", "H07 means"),
        ("h 07", "H07 means"),
        ("50 cm", "measures 50cm"),
        ("80-cm", "measures 80cm"),
        ("2,5mm", "screws of 2.5 mm"),
        ("1299 kronor", "1,299 SEK"),
        ("5pm", "closes at 17:00"),
        ("5 p.m.", "closes at 17:00"),
        ("12.30 pm", "closed at 12:30"),
    ] {
        let found = stage.knowledge.search(owner, question, Some(1)).await.unwrap();
        assert!(found.first().is_some_and(|passage| passage.text.contains(text)), "{question}: {found:?}");
        assert!(found.iter().all(|passage| (0.0..=1.0).contains(&passage.score)), "{question}: {found:?}");
    }
    // Nothing of another tenant.
    assert!(stage.knowledge.search(&stage.two.borealis.owner, "f04", Some(1)).await.unwrap().is_empty());
}
