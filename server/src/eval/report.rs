//! What a run found, as tables for people and as JSON.

use super::figures::{self, Asked, Difference, Group, Measured, Value};
use super::writer::Writer;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// A run, as it is written.
#[derive(Serialize)]
pub struct Report<'a> {
    /// The version of the program.
    pub samtal: &'static str,
    /// Whether the model was there; without it documents are searched by their words alone.
    pub by_meaning: bool,
    /// The model that wrote the answers, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<&'a str>,
    /// Whether that is none, but a program that stands in for one.
    pub simulated: bool,
    /// The figures, of all questions, then of those of a part, kind or style.
    pub groups: Vec<Measured<'a>>,
    /// The run before, if there is one.
    pub against: Option<Against>,
    /// What became of each question.
    pub questions: &'a [Asked],
}

/// What is read of a run from before.
#[derive(Deserialize)]
pub struct Before {
    questions: Vec<Asked>,
}

/// Two runs compared.
#[derive(Debug, Serialize)]
pub struct Against {
    /// Questions that both have.
    pub in_both: usize,
    /// Questions that one of them has alone.
    pub in_one: usize,
    /// The differences, group by group.
    pub groups: Vec<Compared>,
}

/// A group compared.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// What its questions have in common.
    pub by: &'static str,
    /// Its name.
    pub name: String,
    /// How many there are.
    pub questions: usize,
    /// The differences of its figures.
    pub differences: Vec<Difference>,
}

impl<'a> Report<'a> {
    /// The report of a run.
    pub fn new(asked: &'a [Asked], by_meaning: bool, writer: Option<&'a Writer>, before: Option<&Before>) -> Self {
        let groups = figures::groups(asked);
        Self {
            samtal: env!("CARGO_PKG_VERSION"),
            by_meaning,
            model: writer.map(|writer| writer.name.as_str()),
            simulated: writer.is_some_and(|writer| writer.simulated),
            groups: groups.iter().map(figures::measure).collect(),
            against: before.map(|before| against(&groups, &before.questions)),
            questions: asked,
        }
    }

    /// The tables.
    pub fn tables(&self) -> String {
        let how = if self.by_meaning { "meaning and words" } else { "words alone, for want of the model" };
        let mut text = format!(
            "{} questions, searched by {how}. In brackets: from where to where a share lies with 95 %.\n",
            self.questions.len()
        );
        if let Some(model) = self.model {
            text.push_str(&format!("Answers are written by {model}, as far as they stand in their passages.\n"));
        }
        if self.simulated {
            text.push_str(
                "It is no model but a simulator: the figures say how the check and all around it work, and nothing of what a model would say.\n",
            );
        }
        self.table(&mut text, "Search, of what can be answered: passages that hold the words that answer", &SEARCH);
        self.table(&mut text, "Answers", &ANSWERS);
        self.table(&mut text, "Refusals, quotes, time", &REFUSALS);
        if self.model.is_some() {
            self.table(&mut text, "How answers came about", &CAME);
            self.table(&mut text, "What the model wrote", &WRITTEN);
        }
        if let Some(against) = &self.against {
            against.tables(&mut text);
        }
        text
    }

    fn table(&self, text: &mut String, title: &str, columns: &[(&str, Column)]) {
        let head = ["", "questions"].into_iter().chain(columns.iter().map(|(name, _)| *name));
        let mut rows = vec![head.map(str::to_owned).collect::<Vec<_>>()];
        for group in &self.groups {
            let name = if group.by == "all" { "all".to_owned() } else { format!("{} {}", group.by, group.name) };
            let cells = columns.iter().map(|(_, column)| column.cell(group));
            rows.push([name, group.questions.to_string()].into_iter().chain(cells).collect());
        }
        lay_out(text, title, &rows);
    }
}

/// What stands in a column.
enum Column {
    Figure(&'static str),
    Outcome(&'static str),
    Verdict(&'static str),
    Median,
    Slow,
    Cost,
    Models,
}

const SEARCH: [(&str, Column); 6] = [
    ("recall@1", Column::Figure("recall@1")),
    ("recall@3", Column::Figure("recall@3")),
    ("recall@5", Column::Figure("recall@5")),
    ("recall@10", Column::Figure("recall@10")),
    ("MRR", Column::Figure("mrr")),
    ("nDCG@10", Column::Figure("ndcg@10")),
];

const ANSWERS: [(&str, Column); 6] = [
    ("answers", Column::Outcome("answer")),
    ("passages", Column::Outcome("passages")),
    ("refusals", Column::Outcome("refused")),
    ("precision", Column::Figure("precision")),
    ("coverage", Column::Figure("coverage")),
    ("shown", Column::Figure("shown")),
];

const REFUSALS: [(&str, Column); 7] = [
    ("precision", Column::Figure("refusal_precision")),
    ("of off topic", Column::Figure("refused_off_topic")),
    ("of near misses", Column::Figure("refused_near_miss")),
    ("of answerable", Column::Figure("refused_answerable")),
    ("grounded", Column::Figure("grounded")),
    ("median ms", Column::Median),
    ("95 % ms", Column::Slow),
];

const CAME: [(&str, Column); 7] = [
    ("composed", Column::Verdict("composed")),
    ("shortened", Column::Verdict("shortened")),
    ("unsupported", Column::Verdict("unsupported")),
    ("nothing", Column::Verdict("nothing")),
    ("failed", Column::Verdict("failed")),
    ("over budget", Column::Verdict("over_budget")),
    ("no model asked", Column::Verdict("quoted")),
];

const WRITTEN: [(&str, Column); 8] = [
    ("told", Column::Figure("written")),
    ("found nothing", Column::Figure("found_nothing")),
    ("failed", Column::Figure("failed")),
    ("thrown away", Column::Figure("thrown_away")),
    ("shortened", Column::Figure("shortened")),
    ("says it", Column::Figure("says")),
    ("median ms", Column::Models),
    ("cost", Column::Cost),
];

/// What stands where there is nothing to count.
const NONE: &str = "–";

impl Column {
    fn cell(&self, group: &Measured<'_>) -> String {
        let time = |ms: Option<f64>| ms.map_or_else(|| NONE.to_owned(), |ms| format!("{ms:.1}"));
        match self {
            Self::Figure(name) => group.figures.get(name).map_or_else(|| NONE.to_owned(), shown),
            Self::Outcome(name) => group.outcomes.get(name).copied().unwrap_or_default().to_string(),
            Self::Verdict(name) => group.verdicts.get(name).copied().unwrap_or_default().to_string(),
            Self::Cost => group.cost.map_or_else(|| NONE.to_owned(), |cost| cost.to_string()),
            Self::Models => time(group.median_models_ms),
            Self::Median => time(group.median_ms),
            Self::Slow => time(group.p95_ms),
        }
    }
}

fn shown(value: &Value) -> String {
    match value.interval {
        Some((low, high)) => format!("{:.2} [{low:.2}, {high:.2}]", value.value),
        None => format!("{:.3}", value.value),
    }
}

/// Each question of a group beside itself as it was.
fn against(groups: &[Group<'_>], before: &[Asked]) -> Against {
    fn key(asked: &Asked) -> (&str, &str, &str) {
        (&asked.trade, &asked.doc, &asked.q)
    }
    let was: HashMap<_, _> = before.iter().map(|asked| (key(asked), asked)).collect();
    let all = groups.first().map_or(&[][..], |all| all.asked.as_slice());
    let in_both = all.iter().filter(|asked| was.contains_key(&key(asked))).count();
    let compare = |group: &Group<'_>| {
        let pairs: Vec<_> = group.asked.iter().filter_map(|asked| Some((*was.get(&key(asked))?, *asked))).collect();
        Compared {
            by: group.by,
            name: group.name.to_owned(),
            questions: pairs.len(),
            differences: figures::differences(&pairs),
        }
    };
    Against {
        in_both,
        in_one: (all.len() - in_both) + before.len().saturating_sub(in_both),
        groups: groups.iter().map(compare).collect(),
    }
}

impl Against {
    fn tables(&self, text: &mut String) {
        let title =
            format!("Against the run before: {} questions are in both, {} in one alone", self.in_both, self.in_one);
        let mut rows = vec![["all", "before", "after", "difference", ""].map(str::to_owned).to_vec()];
        let all = self.groups.iter().filter(|group| group.by == "all");
        rows.extend(all.flat_map(|group| group.differences.iter().map(|found| row(found.figure.to_owned(), found))));
        lay_out(text, &title, &rows);
        let mut rows =
            vec![["of a part, kind or style", "before", "after", "difference", ""].map(str::to_owned).to_vec()];
        for group in self.groups.iter().filter(|group| group.by != "all") {
            let beyond = group.differences.iter().filter(|found| found.beyond_chance);
            rows.extend(beyond.map(|found| row(format!("{} {}: {}", group.by, group.name, found.figure), found)));
        }
        if rows.len() == 1 {
            text.push_str("\nOf parts, kinds and styles, no difference is beyond chance.\n");
        } else {
            lay_out(text, "Of parts, kinds and styles, what is beyond chance", &rows);
        }
    }
}

fn row(name: String, found: &Difference) -> Vec<String> {
    let (low, high) = found.interval;
    vec![
        name,
        format!("{:.3}", found.before),
        format!("{:.3}", found.after),
        format!("{:+.3} [{low:+.3}, {high:+.3}]", found.after - found.before),
        if found.beyond_chance { "beyond chance".to_owned() } else { String::new() },
    ]
}

/// A table: the first column begins at the left, the others end at the right.
fn lay_out(text: &mut String, title: &str, rows: &[Vec<String>]) {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    text.push_str(&format!("\n{title}\n"));
    for row in rows {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(widths.iter().copied()).enumerate() {
            let cell = if column == 0 { format!("{cell:width$}") } else { format!("  {cell:>width$}") };
            line.push_str(&cell);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_stand_in_columns() {
        let mut text = String::new();
        let rows = [["", "ä"], ["all", "12"]].map(|row| row.map(str::to_owned).to_vec());
        lay_out(&mut text, "T", &rows);
        assert_eq!(text, "\nT\n      ä\nall  12\n");
    }
}
