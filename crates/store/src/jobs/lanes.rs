//! Lanes: jobs of one lane never wait for those of another.

/// What a job is to others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// Somebody waits for it: an answer.
    Prompt,
    /// Much at once, and nobody looks: reading documents.
    Bulk,
    /// What goes to a mail server, which may take its time.
    Mail,
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 3] = [Self::Prompt, Self::Bulk, Self::Mail];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Bulk => "bulk",
            Self::Mail => "mail",
        }
    }
}

/// How many jobs of each lane a server does at once: a section of the settings.
#[derive(Debug, Clone, Copy, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slots {
    /// Of [`Lane::Prompt`].
    pub prompt: usize,
    /// Of [`Lane::Bulk`].
    pub bulk: usize,
    /// Of [`Lane::Mail`].
    pub mail: usize,
}

impl Default for Slots {
    fn default() -> Self {
        // Of what is prompt most waits for models of others, and computes nothing.
        Self { prompt: 16, bulk: 2, mail: 4 }
    }
}

impl Slots {
    /// Those of one lane; at least one.
    pub fn of(self, lane: Lane) -> usize {
        match lane {
            Lane::Prompt => self.prompt,
            Lane::Bulk => self.bulk,
            Lane::Mail => self.mail,
        }
        .max(1)
    }

    /// How many of them one tenant may hold: a quarter, or three where that is less, so that few who are slow do not hold all; and
    /// the last one is kept for another, who would otherwise wait until a long job ends.
    pub fn of_one_tenant(self, lane: Lane) -> usize {
        let all = self.of(lane);
        (all / 4).max(3).min(all - 1).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_holds_a_quarter_or_three_and_never_the_last_but_one_that_is_alone() {
        let of = |prompt| Slots { prompt, ..Slots::default() }.of_one_tenant(Lane::Prompt);
        assert_eq!([0, 1, 2, 3, 4, 5, 12, 16, 64].map(of), [1, 1, 1, 2, 3, 3, 3, 4, 16]);
    }
}
