//! What sentences mean beside their passages, where words alone do not decide.

use crate::Assistant;
use crate::check::{self, Draft, Given};
use crate::sentences::sentences;
use knowledge::embedding::input;
use model::TenantId;

/// How near the meaning of a sentence is to a statement that says it: the cosine. (Chosen by hand, not measured.)
const MEANT: f32 = 0.6;
/// Most statements of a passage that are weighed, and texts whose meaning is computed at once.
const STATEMENTS: usize = 16;
const AT_ONCE: usize = 16;

impl Assistant {
    /// Lets the meaning of sentences decide whose words do not: by how near it is to a statement of their passages.
    pub(crate) async fn weigh(&self, tenant: TenantId, draft: &mut Draft, given: &[Given]) {
        let unsure = draft.unsure();
        let Some(embedder) = self.knowledge.embedder().filter(|_| !unsure.is_empty()) else { return };
        let mut texts: Vec<String> = unsure.iter().map(|one| one.sentence.clone()).collect();
        // Behind the sentences the passages, each as a whole and by its statements, and whether it denies something.
        let mut places = Vec::new();
        for (place, passage) in given.iter().enumerate() {
            if unsure.iter().any(|one| one.passages.contains(&place)) {
                let statements = sentences(&passage.text).into_iter().take(STATEMENTS);
                let statements = statements.map(|range| passage.text[range].to_owned());
                for text in statements.chain([input(&passage.title, &passage.text)]) {
                    places.push((place, check::denying(&text)));
                    texts.push(text);
                }
            }
        }
        let mut vectors = Vec::new();
        // In between others have their turns.
        for part in texts.chunks(AT_ONCE) {
            match embedder.sentences(tenant, part.to_vec()).await {
                Ok(more) => vectors.extend(more),
                Err(error) => {
                    // What nobody has weighed does not stand.
                    tracing::debug!(%error, "sentences could not be weighed");
                    return;
                }
            }
        }
        let (own, theirs) = vectors.split_at(unsure.len().min(vectors.len()));
        for (one, vector) in unsure.iter().zip(own) {
            let same = |place: &usize, denies: &bool| one.passages.contains(place) && *denies == one.denies;
            let mut near = places.iter().zip(theirs).filter(|((place, denies), _)| same(place, denies));
            draft.settle(one.at, near.any(|(_, other)| cosine(vector, other) >= MEANT));
        }
    }
}

/// Of vectors of length one.
pub(crate) fn cosine(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(a, b)| a * b).sum()
}
