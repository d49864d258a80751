//! The arithmetic: what became of questions, as figures with their intervals, and two runs compared. Nothing is asked here.
//! (For `samtal eval`, and for those runs that a tenant has made of questions of its own.)

use model::knowledge::Outcome;
use model::llm::Micros;
use model::receipt::Verdict;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Whether a document answers a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Its document answers it.
    Answerable,
    /// It is about what the document is about, which does not answer it.
    NearMiss,
    /// It is about something else.
    OffTopic,
}

impl Kind {
    /// The name in files and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Answerable => "answerable",
            Self::NearMiss => "near_miss",
            Self::OffTopic => "off_topic",
        }
    }
}

/// The letters and digits of a text alone, in small letters: what texts are compared by.
pub fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// Whether a text holds words, which are [`plain`]. Their numbers are whole ones there: "60 days" is not held by "160 days".
pub fn holds(text: &str, words: &str) -> bool {
    // Where in the letters a digit goes on with a number.
    let (mut letters, mut inside, mut before) = (String::new(), BTreeSet::new(), None::<usize>);
    for (at, c) in text.char_indices().filter(|(_, c)| c.is_alphanumeric()) {
        if before.is_some_and(|end| c.is_numeric() && one_number(text, end, at)) {
            inside.insert(letters.len());
        }
        before = c.is_numeric().then_some(at + c.len_utf8());
        letters.extend(c.to_lowercase());
    }
    let whole = |from: usize| !inside.contains(&from) && !inside.contains(&(from + words.len()));
    letters.char_indices().any(|(from, _)| letters[from..].starts_with(words) && whole(from))
}

/// Whether two digits are of one number, by what stands between the end of one and the other: nothing, what parts a number (`2.50`, `10:00`),
/// or the space before thousands (`1 160`).
fn one_number(text: &str, end: usize, at: usize) -> bool {
    match &text[end..at] {
        "" | "." | "," | ":" | "'" | "\u{2019}" => true,
        " " | "\u{a0}" | "\u{2009}" | "\u{202f}" => {
            let before = text[..end].chars().rev().take(4).take_while(|c| c.is_numeric()).count();
            before < 4 && text[at..].chars().take(4).take_while(|c| c.is_numeric()).count() == 3
        }
        _ => false,
    }
}

/// What became of a question.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Asked {
    /// The file that it stands in.
    pub part: String,
    /// Its document.
    pub doc: String,
    /// Whose that is.
    pub trade: String,
    /// The question.
    pub q: String,
    /// Whether its document answers it.
    pub kind: Kind,
    /// How it is asked.
    pub style: Option<String>,
    /// The words that answer.
    pub a: Option<String>,
    /// Places, from 1, of the passages found that hold them, the first one first.
    pub ranks: Vec<u32>,
    /// What came.
    pub outcome: Outcome,
    /// Whether what was shown holds the words that answer, from the right document.
    pub right: bool,
    /// Of an answer: whether each of its quotes stands in its document to the letter.
    pub grounded: Option<bool>,
    /// How long it took, in milliseconds.
    pub ms: f64,
    /// What was said.
    pub answer: String,
    /// Where it stands.
    pub citations: Vec<Cited>,
    /// How it came about, where a model was there to write it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written: Option<Written>,
}

/// How an answer came about, where a model was there to write it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Written {
    /// How.
    pub verdict: Verdict,
    /// How often a model was called for it.
    pub calls: u32,
    /// What that cost, where there are prices.
    pub cost: Option<Micros>,
    /// How long models took, in milliseconds.
    pub models_ms: u64,
    /// Of what a model wrote and was told, to a question that has an answer: whether it says the words that answer.
    pub says: Option<bool>,
}

/// Where a part of an answer stands.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Cited {
    /// The document.
    pub doc: String,
    /// The headings above the passage.
    pub title: String,
    /// The words.
    pub quote: String,
}

/// A figure: the mean of what it makes of those questions that it counts.
pub struct Figure {
    /// Its name, in tables and in JSON.
    pub name: &'static str,
    /// Whether a question counts for one or for nothing, so that the figure is a share.
    share: bool,
    /// `None` where the question does not count.
    of: fn(&Asked) -> Option<f64>,
}

/// Every figure.
pub const FIGURES: [Figure; 20] = [
    Figure { name: "recall@1", share: true, of: recall::<1> },
    Figure { name: "recall@3", share: true, of: recall::<3> },
    Figure { name: "recall@5", share: true, of: recall::<5> },
    Figure { name: "recall@10", share: true, of: recall::<10> },
    Figure { name: "mrr", share: false, of: |asked| answerable(asked).then(|| reciprocal(&asked.ranks)) },
    Figure { name: "ndcg@10", share: false, of: |asked| answerable(asked).then(|| ndcg(&asked.ranks, 10)) },
    // Of the answers given; near misses and what is off topic have no right one.
    Figure { name: "precision", share: true, of: |asked| answers(asked).then(|| one(asked.right)) },
    // Of what can be answered.
    Figure { name: "coverage", share: true, of: |asked| answerable(asked).then(|| one(answers(asked) && asked.right)) },
    Figure { name: "shown", share: true, of: |asked| answerable(asked).then(|| one(!refuses(asked) && asked.right)) },
    // Of the refusals.
    Figure { name: "refusal_precision", share: true, of: |asked| refuses(asked).then(|| one(!answerable(asked))) },
    Figure { name: "refused_off_topic", share: true, of: |asked| refused(asked, Kind::OffTopic) },
    Figure { name: "refused_near_miss", share: true, of: |asked| refused(asked, Kind::NearMiss) },
    Figure { name: "refused_answerable", share: true, of: |asked| refused(asked, Kind::Answerable) },
    Figure { name: "grounded", share: true, of: |asked| asked.grounded.map(one) },
    // Of the questions that a model was asked.
    Figure { name: "written", share: true, of: |asked| came(asked).map(|verdict| one(TOLD.contains(&verdict))) },
    Figure {
        name: "found_nothing",
        share: true,
        of: |asked| came(asked).map(|verdict| one(verdict == Verdict::Nothing)),
    },
    Figure { name: "failed", share: true, of: |asked| came(asked).map(|verdict| one(FAILED.contains(&verdict))) },
    // Of what it wrote.
    Figure { name: "thrown_away", share: true, of: thrown_away },
    Figure { name: "shortened", share: true, of: shortened },
    Figure { name: "says", share: true, of: |asked| asked.written.as_ref()?.says.map(one) },
];

/// What a model wrote and was told; and how none of it came.
const TOLD: [Verdict; 2] = [Verdict::Composed, Verdict::Shortened];
const FAILED: [Verdict; 2] = [Verdict::Failed, Verdict::OverBudget];

/// How it came about, where a model was asked.
fn came(asked: &Asked) -> Option<Verdict> {
    asked.written.as_ref().map(|written| written.verdict).filter(|verdict| *verdict != Verdict::Quoted)
}

fn thrown_away(asked: &Asked) -> Option<f64> {
    let wrote = came(asked).filter(|verdict| TOLD.contains(verdict) || *verdict == Verdict::Unsupported)?;
    Some(one(wrote == Verdict::Unsupported))
}

fn shortened(asked: &Asked) -> Option<f64> {
    came(asked).filter(|verdict| TOLD.contains(verdict)).map(|verdict| one(verdict == Verdict::Shortened))
}

fn answerable(asked: &Asked) -> bool {
    asked.kind == Kind::Answerable
}

fn answers(asked: &Asked) -> bool {
    asked.outcome == Outcome::Answer
}

fn refuses(asked: &Asked) -> bool {
    asked.outcome == Outcome::Refused
}

fn refused(asked: &Asked, kind: Kind) -> Option<f64> {
    (asked.kind == kind).then(|| one(refuses(asked)))
}

fn one(is: bool) -> f64 {
    f64::from(u8::from(is))
}

fn recall<const MOST: u32>(asked: &Asked) -> Option<f64> {
    answerable(asked).then(|| one(asked.ranks.iter().any(|rank| *rank <= MOST)))
}

/// One divided by the first place.
fn reciprocal(ranks: &[u32]) -> f64 {
    ranks.first().map_or(0.0, |rank| 1.0 / f64::from(*rank))
}

/// What the places are worth, beside what they would be with all that was found at the top. (Järvelin and Kekäläinen 2002, each
/// passage worth one or nothing.)
fn ndcg(ranks: &[u32], most: u32) -> f64 {
    let worth = |rank: u32| 1.0 / (f64::from(rank) + 1.0).log2();
    let best: f64 = (1..=most).take(ranks.len()).map(worth).sum();
    let all: f64 = ranks.iter().filter(|rank| **rank <= most).map(|rank| worth(*rank)).sum();
    if best > 0.0 { all / best } else { 0.0 }
}

/// A sum and what it is of.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    sum: f64,
    of: u32,
}

impl Total {
    fn add(&mut self, other: Self) {
        self.sum += other.sum;
        self.of += other.of;
    }

    fn mean(self) -> Option<f64> {
        (self.of > 0).then(|| self.sum / f64::from(self.of))
    }
}

/// Every figure's total.
type Totals = [Total; FIGURES.len()];

fn totals<'a>(all: impl IntoIterator<Item = &'a Asked>) -> Totals {
    let mut totals = Totals::default();
    for asked in all {
        for (total, figure) in totals.iter_mut().zip(&FIGURES) {
            if let Some(sum) = (figure.of)(asked) {
                total.add(Total { sum, of: 1 });
            }
        }
    }
    totals
}

/// The point of the normal distribution above which 2.5 % are.
const Z: f64 = 1.959_964;

/// The interval in which a share lies with 95 % (Wilson 1927): so many of so many.
fn wilson(sum: f64, of: u32) -> Option<(f64, f64)> {
    if of == 0 {
        return None;
    }
    let n = f64::from(of);
    let (share, z2) = (sum / n, Z * Z);
    let middle = share + z2 / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let whole = 1.0 + z2 / n;
    Some((((middle - half) / whole).max(0.0), ((middle + half) / whole).min(1.0)))
}

/// The first of ordered values that so many of a thousand are not above.
fn percentile(ordered: &[f64], per_mille: usize) -> Option<f64> {
    let place = (ordered.len() * per_mille).div_ceil(1_000).max(1);
    ordered.get(place - 1).copied()
}

/// A figure's value.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Value {
    /// The mean.
    pub value: f64,
    /// Of a share: from where to where it lies with 95 %.
    pub interval: Option<(f64, f64)>,
    /// How many questions it is of.
    pub of: u32,
}

/// Questions that have something in common.
#[derive(Debug)]
pub struct Group<'a> {
    /// In what: `all`, `part`, `kind` or `style`.
    pub by: &'static str,
    /// Its name.
    pub name: &'a str,
    /// They.
    pub asked: Vec<&'a Asked>,
}

/// All of them, then by part, kind and style.
pub fn groups(all: &[Asked]) -> Vec<Group<'_>> {
    let mut groups = vec![Group { by: "all", name: "all", asked: all.iter().collect() }];
    type Way = (&'static str, fn(&Asked) -> Option<&str>);
    let ways: [Way; 3] = [
        ("part", |asked| Some(asked.part.as_str())),
        ("kind", |asked| Some(asked.kind.name())),
        ("style", |asked| asked.style.as_deref()),
    ];
    for (by, name) in ways {
        let mut found: BTreeMap<&str, Vec<&Asked>> = BTreeMap::new();
        for asked in all {
            if let Some(name) = name(asked) {
                found.entry(name).or_default().push(asked);
            }
        }
        groups.extend(found.into_iter().map(|(name, asked)| Group { by, name, asked }));
    }
    groups
}

/// What became of a group.
#[derive(Debug, Serialize)]
pub struct Measured<'a> {
    /// What its questions have in common.
    pub by: &'static str,
    /// Its name.
    pub name: &'a str,
    /// How many questions it has.
    pub questions: usize,
    /// How many of them had each outcome.
    pub outcomes: BTreeMap<&'static str, usize>,
    /// The figures that count any of them.
    pub figures: BTreeMap<&'static str, Value>,
    /// Half of the answers took no longer, in milliseconds.
    pub median_ms: Option<f64>,
    /// 95 % took no longer.
    pub p95_ms: Option<f64>,
    /// How many came about in each way, where a model was there to write them.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub verdicts: BTreeMap<&'static str, usize>,
    /// What all calls cost, where there are prices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Micros>,
    /// For half of the questions that a model was asked, models took no longer, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub median_models_ms: Option<f64>,
}

/// Measures a group.
pub fn measure<'a>(group: &Group<'a>) -> Measured<'a> {
    let mut outcomes: BTreeMap<&'static str, usize> = Outcome::ALL.iter().map(|outcome| (outcome.name(), 0)).collect();
    for asked in &group.asked {
        *outcomes.entry(asked.outcome.name()).or_default() += 1;
    }
    let mut figures = BTreeMap::new();
    for (figure, total) in FIGURES.iter().zip(totals(group.asked.iter().copied())) {
        if let Some(value) = total.mean() {
            let interval = if figure.share { wilson(total.sum, total.of) } else { None };
            figures.insert(figure.name, Value { value, interval, of: total.of });
        }
    }
    let mut took: Vec<f64> = group.asked.iter().map(|asked| asked.ms).collect();
    took.sort_by(f64::total_cmp);
    let written: Vec<&Written> = group.asked.iter().filter_map(|asked| asked.written.as_ref()).collect();
    let mut verdicts = BTreeMap::new();
    for written in &written {
        *verdicts.entry(written.verdict.name()).or_default() += 1;
    }
    let costs = written.iter().filter_map(|written| written.cost);
    let called = written.iter().filter(|written| written.calls > 0);
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of an answer")]
    let mut models: Vec<f64> = called.map(|written| written.models_ms as f64).collect();
    models.sort_by(f64::total_cmp);
    Measured {
        by: group.by,
        name: group.name,
        questions: group.asked.len(),
        outcomes,
        figures,
        median_ms: percentile(&took, 500),
        p95_ms: percentile(&took, 950),
        verdicts,
        cost: costs.reduce(|sum, cost| Micros(sum.0.saturating_add(cost.0))),
        median_models_ms: percentile(&models, 500),
    }
}

/// How often documents are drawn.
const ROUNDS: usize = 2_000;
/// Documents below which nothing is said of chance: the draws would be too much alike.
const FEWEST: usize = 10;

/// What a figure has become.
#[derive(Debug, Clone, Serialize)]
pub struct Difference {
    /// The figure.
    pub figure: &'static str,
    /// What it was.
    pub before: f64,
    /// What it is.
    pub after: f64,
    /// From where to where the difference lies with 95 %.
    pub interval: (f64, f64),
    /// Whether it is more than chance.
    pub beyond_chance: bool,
}

/// Two runs over the same questions, each as it was and as it is: the difference of every figure that both have. Documents are
/// drawn and put back, each with all its questions of both runs, since questions of one document are right or wrong together.
pub fn differences(pairs: &[(&Asked, &Asked)]) -> Vec<Difference> {
    let mut documents: BTreeMap<(&str, &str), [Totals; 2]> = BTreeMap::new();
    for (before, after) in pairs {
        let runs = documents.entry((after.trade.as_str(), after.doc.as_str())).or_default();
        for (run, asked) in runs.iter_mut().zip([before, after]) {
            gather(run, &totals([*asked]));
        }
    }
    let documents: Vec<[Totals; 2]> = documents.into_values().collect();
    let whole = sum(documents.iter());
    let mut drawn: [Vec<f64>; FIGURES.len()] = Default::default();
    let mut dice = Dice(SEED);
    for _ in 0..ROUNDS {
        let [before, after] = sum((0..documents.len()).filter_map(|_| documents.get(dice.below(documents.len()))));
        for ((drawn, before), after) in drawn.iter_mut().zip(before).zip(after) {
            drawn.extend(before.mean().zip(after.mean()).map(|(before, after)| after - before));
        }
    }
    let mut differences = Vec::new();
    let [before, after] = whole;
    for (((figure, mut drawn), before), after) in FIGURES.iter().zip(drawn).zip(before).zip(after) {
        drawn.sort_by(f64::total_cmp);
        let interval = percentile(&drawn, 25).zip(percentile(&drawn, 975));
        if let (Some(before), Some(after), Some(interval)) = (before.mean(), after.mean(), interval) {
            let beyond_chance = documents.len() >= FEWEST && (interval.0 > 0.0 || interval.1 < 0.0);
            differences.push(Difference { figure: figure.name, before, after, interval, beyond_chance });
        }
    }
    differences
}

fn sum<'a>(documents: impl Iterator<Item = &'a [Totals; 2]>) -> [Totals; 2] {
    let mut sum = <[Totals; 2]>::default();
    for document in documents {
        for (sum, totals) in sum.iter_mut().zip(document) {
            gather(sum, totals);
        }
    }
    sum
}

fn gather(into: &mut Totals, totals: &Totals) {
    for (into, total) in into.iter_mut().zip(totals) {
        into.add(*total);
    }
}

/// The same draws in every run.
const SEED: u64 = 0x5341_4d54_414c_2026;

/// Numbers that look drawn: xorshift64* (Vigna 2016, "An experimental exploration of Marsaglia's xorshift generators").
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// One of `0..most`; 0 where there is none.
    fn below(&mut self, most: usize) -> usize {
        let wide = u128::from(self.throw()) * u128::from(u64::try_from(most).unwrap_or(u64::MAX));
        usize::try_from(wide >> 64).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(is: f64, should: f64) {
        assert!((is - should).abs() < 5e-4, "{is} is not {should}");
    }

    fn asked(doc: usize, kind: Kind, outcome: Outcome, right: bool, ranks: &[u32]) -> Asked {
        Asked {
            part: "a".to_owned(),
            doc: format!("d{doc}"),
            trade: "bakery".to_owned(),
            q: "?".to_owned(),
            kind,
            style: (kind == Kind::Answerable).then(|| "plain".to_owned()),
            a: None,
            ranks: ranks.to_vec(),
            outcome,
            right,
            grounded: (outcome == Outcome::Answer).then_some(true),
            ms: 1.0,
            answer: String::new(),
            citations: Vec::new(),
            written: None,
        }
    }

    fn written(verdict: Verdict, cost: i64, says: Option<bool>) -> Asked {
        let written = Written { verdict, calls: 1, cost: Some(Micros(cost)), models_ms: 7, says };
        Asked { written: Some(written), ..asked(1, Kind::Answerable, Outcome::Answer, true, &[1]) }
    }

    #[test]
    fn words_are_held_with_whole_numbers() {
        for (text, words) in [
            ("Returns within **60 days**.", "60 days"),
            ("160 days, or 60 days", "60 days"),
            ("It costs 2.50 €", "costs 2.50"),
            ("It costs 1,160 kr", "1160 kr"),
            ("Eco 60 160 minutes, or 2024 160 days", "160 days"),
            ("Open 10:00-18:00", "18:00"),
            ("On 2026-05-01", "05-01"),
            ("Room 4 60 m", "60 m"),
            ("STRASSE 5", "strasse 5"),
        ] {
            assert!(holds(text, &plain(words)), "{text}: {words}");
        }
        for (text, words) in [
            ("Returns within 160 days.", "60 days"),
            ("It costs 2.50 €", "costs 2"),
            ("It costs 12.50 €", "2.50 €"),
            ("It costs 1,160 kr", "160 kr"),
            ("It costs 1 160 kr", "160 kr"),
            ("It costs 1\u{a0}160 kr", "160 kr"),
            ("It opens at 10:30", "opens at 10"),
            ("111 days", "11"),
            ("", "60 days"),
        ] {
            assert!(!holds(text, &plain(words)), "{text}: {words}");
        }
    }

    #[test]
    fn places_are_worth_what_is_known() {
        near(reciprocal(&[4, 5]), 0.25);
        near(reciprocal(&[]), 0.0);
        near(ndcg(&[1, 2], 10), 1.0);
        near(ndcg(&[2], 10), 0.6309);
        near(ndcg(&[1, 3], 10), 0.9197);
        near(ndcg(&[11], 10), 0.0);
        near(ndcg(&[], 10), 0.0);
    }

    #[test]
    fn intervals_of_shares_are_those_that_are_known() {
        for (right, of, low, high) in
            [(8.0, 10, 0.4902, 0.9433), (0.0, 10, 0.0, 0.2775), (10.0, 10, 0.7225, 1.0), (50.0, 100, 0.4038, 0.5962)]
        {
            let (is_low, is_high) = wilson(right, of).unwrap();
            near(is_low, low);
            near(is_high, high);
        }
        assert_eq!(wilson(0.0, 0), None);
    }

    #[test]
    fn percentiles_are_values_that_were_there() {
        let ordered: Vec<f64> = (1..=100).map(f64::from).collect();
        assert_eq!((percentile(&ordered, 500), percentile(&ordered, 950)), (Some(50.0), Some(95.0)));
        assert_eq!((percentile(&[7.0], 25), percentile(&[], 500)), (Some(7.0), None));
    }

    #[test]
    fn each_figure_counts_what_it_is_of() {
        let all = [
            asked(1, Kind::Answerable, Outcome::Answer, true, &[1, 4]),
            asked(1, Kind::Answerable, Outcome::Answer, false, &[6]),
            asked(1, Kind::Answerable, Outcome::Passages, true, &[2]),
            asked(1, Kind::Answerable, Outcome::Refused, false, &[]),
            asked(2, Kind::NearMiss, Outcome::Answer, false, &[]),
            asked(2, Kind::OffTopic, Outcome::Refused, false, &[]),
        ];
        let groups = groups(&all);
        let names: Vec<_> = groups.iter().map(|group| (group.by, group.name, group.asked.len())).collect();
        assert_eq!(
            names,
            [
                ("all", "all", 6),
                ("part", "a", 6),
                ("kind", "answerable", 4),
                ("kind", "near_miss", 1),
                ("kind", "off_topic", 1),
                ("style", "plain", 4),
            ]
        );
        let measured = measure(&groups[0]);
        assert_eq!(
            (measured.outcomes["answer"], measured.outcomes["passages"], measured.outcomes["refused"]),
            (3, 1, 2)
        );
        for (name, value) in [
            ("recall@1", 0.25),
            ("recall@3", 0.5),
            ("recall@5", 0.5),
            ("recall@10", 0.75),
            ("mrr", (1.0 + 1.0 / 6.0 + 0.5) / 4.0),
            ("precision", 1.0 / 3.0),
            ("coverage", 0.25),
            ("shown", 0.5),
            ("refusal_precision", 0.5),
            ("refused_off_topic", 1.0),
            ("refused_near_miss", 0.0),
            ("refused_answerable", 0.25),
            ("grounded", 1.0),
        ] {
            near(measured.figures[name].value, value);
        }
        assert!(measured.figures["mrr"].interval.is_none() && measured.figures["coverage"].interval.is_some());
        // What counts nobody is left out.
        assert!(!measure(&groups[4]).figures.contains_key("coverage"));
    }

    #[test]
    fn what_a_model_wrote_is_counted_by_what_became_of_it() {
        let all = [
            written(Verdict::Composed, 3, Some(true)),
            written(Verdict::Composed, 4, Some(false)),
            written(Verdict::Shortened, 5, None),
            written(Verdict::Unsupported, 6, None),
            written(Verdict::Nothing, 7, None),
            written(Verdict::OverBudget, 0, None),
            // None was asked.
            written(Verdict::Quoted, 0, None),
        ];
        let measured = measure(&groups(&all)[0]);
        for (name, value) in [
            ("written", 0.5),
            ("found_nothing", 1.0 / 6.0),
            ("failed", 1.0 / 6.0),
            ("thrown_away", 0.25),
            ("shortened", 1.0 / 3.0),
            ("says", 0.5),
        ] {
            near(measured.figures[name].value, value);
        }
        assert_eq!((measured.cost, measured.median_models_ms), (Some(Micros(25)), Some(7.0)));
        assert_eq!((measured.verdicts["composed"], measured.verdicts["quoted"]), (2, 1));
        // Without a model nothing is said of one.
        let all = [asked(1, Kind::Answerable, Outcome::Answer, true, &[1])];
        let measured = measure(&groups(&all)[0]);
        assert!(measured.verdicts.is_empty() && measured.cost.is_none() && !measured.figures.contains_key("written"));
    }

    #[test]
    fn a_difference_is_beyond_chance_when_documents_agree() {
        // As it was: of each document one of two is right. As it is: both; and where they do not agree, by turns.
        let run = |right: fn(usize, usize) -> bool| -> Vec<Asked> {
            let questions = (0..20).flat_map(|doc| (0..2).map(move |which| (doc, which)));
            let answer = |(doc, which)| {
                asked(
                    doc,
                    Kind::Answerable,
                    Outcome::Answer,
                    right(doc, which),
                    if right(doc, which) { &[1] } else { &[] },
                )
            };
            questions.map(answer).collect()
        };
        let before = run(|_, which| which == 0);
        let differ = |after: &[Asked]| -> BTreeMap<&'static str, Difference> {
            let pairs: Vec<_> = before.iter().zip(after).collect();
            differences(&pairs).into_iter().map(|difference| (difference.figure, difference)).collect()
        };
        let better = differ(&run(|_, _| true));
        near(better["coverage"].interval.0, 0.5);
        assert!(better["coverage"].beyond_chance && better["mrr"].beyond_chance, "{better:?}");
        assert!(!better["grounded"].beyond_chance && !better.contains_key("refusal_precision"), "{better:?}");
        let mixed = differ(&run(|doc, _| doc % 2 == 0));
        let coverage = &mixed["coverage"];
        assert!(coverage.interval.0 < -0.1 && coverage.interval.1 > 0.1 && !coverage.beyond_chance, "{coverage:?}");
        let same = differ(&before);
        assert!(same.values().all(|d| d.interval == (0.0, 0.0) && !d.beyond_chance), "{same:?}");
    }

    #[test]
    fn dice_fall_evenly_and_always_the_same() {
        let throw = || {
            let mut dice = Dice(SEED);
            let mut fallen = [0_u32; 6];
            (0..60_000).for_each(|_| fallen[dice.below(6)] += 1);
            fallen
        };
        assert_eq!(throw(), throw());
        assert!(throw().iter().all(|times| (9_500..10_500).contains(times)), "{:?}", throw());
        assert_eq!(Dice(SEED).below(0), 0);
    }
}
