//! Answers that one sees being written: sentence by sentence, each checked before it is shown.
//!
//! *Guarantees:* what is seen is the beginning of what a model has written, in whole sentences, without the numbers of passages; each of them stood in
//! its passages by the arithmetic of the check when it was shown, so neither half a word nor half a mark nor the word for nothing is ever seen, and what
//! the check would leave out unseen is left out here. What is seen grows, or is taken back as a whole: whoever has seen something that does not begin
//! the answer is told so. The newest draft takes the place of older ones, so a slow reader gets fewer of them, and none more than one in
//! [`PAUSE`]. *Not:* that a draft becomes an answer.

use crate::check::{self, Ground};
use crate::mask::Mask;
use llm::Piece;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

/// Most bytes of passages that are read on the way, beside which what is written is read again and again: an eighth of what is read in the end, since this is done
/// where others wait.
const MOST_HELD: usize = check::MOST_HELD / 8;
/// From one draft to the next.
const PAUSE: Duration = Duration::from_millis(200);
/// Pieces of a model's that wait to be read; then it waits.
pub(crate) const PIECES: usize = 64;
/// By what part of itself a text grows before it is read again: else one that comes letter by letter is read as often as it has letters.
const GROWS: usize = 64;

/// What is seen of an answer that is being written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Draft {
    /// Its beginning, all of it that may be seen.
    Text(String),
    /// What was seen does not count any more.
    Withdrawn,
}

#[derive(Debug, Clone, Default)]
struct Newest {
    text: String,
    /// How often something was taken back.
    withdrawn: u64,
}

/// Where drafts of one answer go.
#[derive(Debug)]
pub struct Drafts(watch::Sender<Newest>);

/// Who sees the drafts of one answer.
#[derive(Debug)]
pub struct Watcher {
    newest: watch::Receiver<Newest>,
    /// What was seen last.
    seen: Newest,
    /// When the next one may be seen.
    next: Instant,
}

impl Drafts {
    /// The drafts of one answer, and who sees them.
    pub fn watched() -> (Self, Watcher) {
        let (sender, newest) = watch::channel(Newest::default());
        (Self(sender), Watcher { newest, seen: Newest::default(), next: Instant::now() })
    }

    /// Follows a model while it writes, until it has ended.
    pub(crate) async fn follow(&self, mut pieces: mpsc::Receiver<Piece>, ground: &Ground<'_>, mask: &Mask) {
        let (mut written, mut begun, mut read) = (String::new(), 0, 0);
        let (beside, mut held) = (ground.passages.iter().map(|one| one.text.len()).sum::<usize>(), 0_usize);
        while let Some(piece) = pieces.recv().await {
            match piece {
                Piece::Withdrawn => {
                    (written, begun, read) = (String::new(), 0, 0);
                    self.withdraw();
                }
                Piece::Text(words) => {
                    written.push_str(&words);
                    // What is longer is no answer.
                    if written.len() > check::LONGEST || !due(read, written.len()) {
                        continue;
                    }
                    read = written.len();
                    // It is read when another sentence begins: then the one before it has all its numbers of passages.
                    let now = check::begun(&written);
                    if std::mem::replace(&mut begun, now) != now {
                        // All sentences are read once more, beside all passages: where those are long, the rest is seen when it is whole.
                        held = held.saturating_add(now.saturating_mul(beside));
                        if held > MOST_HELD {
                            continue;
                        }
                        // With what was hidden from the provider back in its place.
                        self.show(&check::standing(&mask.back(&written), ground));
                    }
                }
            }
        }
    }

    /// Shows this, where it goes on with what is seen.
    fn show(&self, text: &str) {
        self.0.send_if_modified(|newest| {
            let goes_on = text.len() > newest.text.len() && text.starts_with(&newest.text);
            if goes_on {
                text.clone_into(&mut newest.text);
            }
            goes_on
        });
    }

    /// Takes back what is seen.
    pub(crate) fn withdraw(&self) {
        self.0.send_if_modified(|newest| {
            let seen = !newest.text.is_empty();
            if seen {
                newest.text.clear();
                newest.withdrawn += 1;
            }
            seen
        });
    }

    /// This is the answer: what is seen and does not begin it is taken back.
    pub(crate) fn settle(&self, answer: &str) {
        let begins = answer.starts_with(&self.0.borrow().text);
        if !begins {
            self.withdraw();
        }
    }
}

/// Whether a text of so many bytes is read, of which so many were.
fn due(read: usize, now: usize) -> bool {
    now >= read + read / GROWS
}

impl Watcher {
    /// The next draft. Waits for ever when there is none any more.
    pub async fn next(&mut self) -> Draft {
        loop {
            tokio::time::sleep_until(self.next).await;
            if let Some(draft) = self.unseen() {
                return draft;
            }
            if self.newest.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// At the end, without waiting: whether what was seen was taken back and that has not been told.
    pub fn last(&mut self) -> Option<Draft> {
        self.unseen().filter(|draft| *draft == Draft::Withdrawn)
    }

    /// What is seen now; empty where nothing is.
    pub fn seen(&self) -> &str {
        &self.seen.text
    }

    fn unseen(&mut self) -> Option<Draft> {
        let Newest { text, withdrawn } = self.newest.borrow_and_update().clone();
        let draft = if std::mem::replace(&mut self.seen.withdrawn, withdrawn) != withdrawn && !self.seen.text.is_empty()
        {
            // What has come since is told next.
            self.seen.text.clear();
            Draft::Withdrawn
        } else if text != self.seen.text {
            self.seen.text.clone_from(&text);
            Draft::Text(text)
        } else {
            return None;
        };
        self.next = Instant::now() + PAUSE;
        Some(draft)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Given;

    fn passages() -> Vec<Given> {
        let given = |title: &str, text: &str| Given { title: title.to_owned(), text: text.to_owned() };
        vec![
            given("Returns", "Unused goods may be returned within 60 days of delivery. Gift cards are not taken back."),
            given("Delivery", "A parcel takes 3 to 5 days to Sweden. A parcel costs 49 kr."),
        ]
    }

    /// All that is seen by whoever is quick, while a model writes these pieces.
    async fn seen(pieces: Vec<Piece>) -> Vec<Draft> {
        let (drafts, mut watcher) = Drafts::watched();
        let passages = passages();
        let ground = Ground { passages: &passages, question: "May I return goods?", company: "Fjällhus" };
        let mut all = Vec::new();
        for end in 1..=pieces.len() {
            // Anew up to each piece, so that none of them is left out.
            let (sender, receiver) = mpsc::channel(PIECES);
            for piece in &pieces[..end] {
                sender.send(piece.clone()).await.unwrap();
            }
            drop(sender);
            drafts.follow(receiver, &ground, &Mask::default()).await;
            all.extend(watcher.unseen());
        }
        all
    }

    fn words(text: &str, size: usize) -> Vec<Piece> {
        let letters: Vec<char> = text.chars().collect();
        letters.chunks(size).map(|part| Piece::Text(part.iter().collect())).collect()
    }

    fn text(text: &str) -> Draft {
        Draft::Text(text.to_owned())
    }

    #[tokio::test]
    async fn whole_sentences_are_seen_when_the_next_one_begins() {
        let written =
            "Unused goods may be returned within 60 days [1]. A parcel takes 3 to 5 days [2][1]. It costs 49 kr. [2]";
        for size in 3..9 {
            assert_eq!(
                seen(words(written, size)).await,
                [
                    text("Unused goods may be returned within 60 days."),
                    text("Unused goods may be returned within 60 days. A parcel takes 3 to 5 days.")
                ],
                "{size}"
            );
        }
    }

    #[tokio::test]
    async fn nothing_is_seen_that_does_not_stand() {
        for written in [
            "",
            "NONE",
            "NONE. The passages do not say this [1]. Goods may be returned [1].",
            "Unused goods may be returned within 60 days [1]",
            "Unused goods may be returned within 90 days [1]. A parcel takes 3 to 5 days [2]. So it is.",
            "Unused goods may be returned within 60 days. A parcel takes 3 to 5 days [2]. So it is.",
            "Here it is:\n- returned within 90 days [1]\n- a parcel takes 3 to 5 days [2]\n- so it is",
            "Unused goods may be returned within 60 days [1]. 3",
        ] {
            assert_eq!(seen(words(written, 4)).await, [], "{written}");
        }
        // What follows what does not stand waits for the end.
        let written = "Unused goods may be returned within 60 days [1]. Pay at evil.example [1]. A parcel takes 3 to 5 days [2]. So.";
        assert_eq!(seen(words(written, 4)).await, [text("Unused goods may be returned within 60 days.")]);
    }

    #[tokio::test]
    async fn what_is_longer_than_an_answer_is_not_looked_at() {
        let (drafts, mut watcher) = Drafts::watched();
        let passages = passages();
        let ground = Ground { passages: &passages, question: "?", company: "" };
        let (sender, receiver) = mpsc::channel(PIECES);
        sender.send(Piece::Text("x".repeat(check::LONGEST + 1))).await.unwrap();
        sender
            .send(Piece::Text(" Unused goods may be returned [1]. A parcel takes 3 to 5 days [2]. So.".to_owned()))
            .await
            .unwrap();
        drop(sender);
        drafts.follow(receiver, &ground, &Mask::default()).await;
        assert_eq!(watcher.unseen(), None);
    }

    #[tokio::test]
    async fn beside_what_is_long_little_is_seen_on_the_way() {
        let (drafts, mut watcher) = Drafts::watched();
        let mut passages = passages();
        passages.push(Given { title: "A tool".to_owned(), text: "x".repeat(MOST_HELD / 5) });
        let ground = Ground { passages: &passages, question: "?", company: "" };
        let (sender, receiver) = mpsc::channel(PIECES);
        let first = "Unused goods may be returned within 60 days";
        for piece in [format!("{first} [1]. "), "A parcel takes 3 to 5 days [2]. ".to_owned(), "So it is. ".to_owned()]
        {
            sender.send(Piece::Text(piece)).await.unwrap();
        }
        drop(sender);
        drafts.follow(receiver, &ground, &Mask::default()).await;
        // One and two sentences were read; three more would be too many.
        assert_eq!(watcher.unseen(), Some(text(&format!("{first}."))));
    }

    #[test]
    fn what_comes_letter_by_letter_is_read_seldom_when_it_is_long() {
        let (mut read, mut times) = (0, 0);
        for now in 1..=check::LONGEST {
            if due(read, now) {
                (read, times) = (now, times + 1);
            }
        }
        assert!(times < 600, "{times}");
        // The letters of a first sentence are all looked at.
        assert!((1..GROWS).all(|now| due(now - 1, now)));
    }

    #[tokio::test]
    async fn what_was_seen_and_is_no_answer_is_taken_back_once() {
        let (drafts, mut watcher) = Drafts::watched();
        drafts.withdraw();
        assert_eq!(watcher.last(), None, "nobody has seen anything");
        drafts.show("One.");
        drafts.settle("One. Two.");
        assert_eq!(watcher.next().await, text("One."));
        assert_eq!(watcher.last(), None);
        drafts.settle("Another one.");
        drafts.withdraw();
        drafts.show("Two.");
        // Told in between, however soon another one has begun.
        assert_eq!(watcher.next().await, Draft::Withdrawn);
        assert_eq!(watcher.seen(), "");
        assert_eq!(watcher.next().await, text("Two."));
        // What nobody has seen is not taken back; the newest counts.
        drafts.show("Two. Three.");
        drafts.show("Two. Three. Four.");
        drafts.show("Other");
        drop(drafts);
        assert_eq!(watcher.next().await, text("Two. Three. Four."));
        assert_eq!(watcher.last(), None);
    }
}
