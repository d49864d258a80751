//! Which layer of each picture a receiver is sent: as much as is worth it at its size, and no more than the line carries.

use crate::limits::SOUND_BPS;

/// What a picture could be sent with.
#[derive(Debug, Clone)]
pub(crate) struct Picture {
    /// Bits a second of each of its layers, the smallest picture first; 0 for one that is not sent now.
    pub layers: Vec<u64>,
    /// The layer that is enough for its size on screen.
    pub enough: usize,
    /// The layer that is sent now.
    pub now: Option<usize>,
}

/// What is sent, and what would be if the line carried it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// The layer of each picture; none: it does not fit.
    pub layers: Vec<Option<usize>>,
    /// Bits a second of all that is wanted.
    pub desired: u64,
    /// Bits a second of what is sent with the next picture, or a larger one, besides: the line is kept ready for that. Not where sound is all that is sent: what
    /// keeps it ready would be in its way.
    pub next: u64,
}

/// How much of what a line is said to carry is used; one layer more is taken only where it leaves this much besides, so that it does not go
/// to and fro.
const USED: u64 = 95;
const TAKEN: u64 = 85;
/// How many times as much as a line is said to carry the picture that is wanted most may take.
const TRIED: u64 = 3;

/// The layer that is enough for a picture of this height on screen, where there are so many.
pub(crate) fn enough(height: u16, layers: usize) -> usize {
    let wanted = match height {
        0..=200 => 0,
        201..=400 => 1,
        _ => 2,
    };
    // With fewer layers the larger ones are there.
    let most = layers.saturating_sub(1);
    if layers >= 3 { wanted } else { wanted.min(most) }
}

/// Plans for a line that carries so many bits a second, with so many lines of sound beside: first every picture at its smallest, those that are
/// wanted most first, then larger ones in the same order.
pub(crate) fn plan(pictures: &[Picture], carries: u64, sounds: usize) -> Plan {
    let sound = SOUND_BPS.saturating_mul(sounds as u64);
    let most = (carries / 100 * USED).saturating_sub(sound);
    let careful = (carries / 100 * TAKEN).saturating_sub(sound);
    let mut used = 0_u64;
    let mut chosen: Vec<Option<usize>> = vec![None; pictures.len()];
    let rate = |picture: &Picture, layer: usize| picture.layers.get(layer).copied().unwrap_or_default();
    let limit = |picture: &Picture, layer: usize| {
        if picture.now.is_some_and(|now| now >= layer) { most } else { careful }
    };
    for (picture, chosen) in pictures.iter().zip(&mut chosen) {
        let sent = |layer: &usize| rate(picture, *layer) > 0;
        let smallest = (0..=picture.enough).find(sent).or_else(|| (0..picture.layers.len()).find(sent));
        let fits = |layer: &usize| {
            let then = used + rate(picture, *layer);
            // What is wanted most is tried with a third of its rate as well: a line is known by what goes over it.
            then <= limit(picture, *layer) || used == 0 && then <= most.saturating_mul(TRIED)
        };
        if let Some(layer) = smallest.filter(fits) {
            used += rate(picture, layer);
            *chosen = Some(layer);
        }
    }
    for layer in 1..crate::limits::MOST_LAYERS {
        for (picture, chosen) in pictures.iter().zip(&mut chosen) {
            let Some(now) = *chosen else { continue };
            let more = rate(picture, layer);
            if layer <= now || layer > picture.enough || more == 0 {
                continue;
            }
            let then = used - rate(picture, now) + more;
            if then <= limit(picture, layer) {
                (used, *chosen) = (then, Some(layer));
            }
        }
    }
    let desired = pictures.iter().map(|picture| {
        let most = (0..=picture.enough).rev().map(|layer| rate(picture, layer)).find(|rate| *rate > 0);
        most.unwrap_or_else(|| picture.layers.iter().copied().max().unwrap_or_default())
    });
    let seen = chosen.iter().any(Option::is_some);
    let step = pictures.iter().zip(&chosen).filter(|_| seen).find_map(|(picture, chosen)| {
        let more = (chosen.map_or(0, |now| now + 1)..=picture.enough)
            .map(|layer| rate(picture, layer))
            .find(|rate| *rate > 0)?;
        Some(used - chosen.map_or(0, |now| rate(picture, now)) + more)
    });
    Plan { desired: desired.sum::<u64>() + sound, next: step.unwrap_or(used) + sound, layers: chosen }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(enough: usize, now: Option<usize>) -> Picture {
        Picture { layers: vec![100_000, 400_000, 1_500_000], enough, now }
    }

    #[test]
    fn everybody_is_seen_before_anybody_is_seen_large() {
        let three = [picture(2, None), picture(2, None), picture(0, None)];
        assert_eq!(plan(&three, 10_000_000, 2).layers, [Some(2), Some(2), Some(0)]);
        assert_eq!(plan(&three, 2_500_000, 2).layers, [Some(2), Some(1), Some(0)]);
        assert_eq!(plan(&three, 500_000, 2).layers, [Some(0), Some(0), Some(0)]);
        assert_eq!(plan(&three, 350_000, 2).layers, [Some(0), Some(0), None]);
        // Sound alone.
        assert_eq!(plan(&three, 120_000, 2).layers, [None, None, None]);
        assert_eq!((plan(&three, 120_000, 2).desired, plan(&three, 120_000, 2).next), (3_196_000, 96_000));
        assert_eq!(plan(&three, 2_500_000, 2).next, 1_500_000 + 1_500_000 + 100_000 + 96_000);
    }

    #[test]
    fn what_is_sent_stays_where_what_is_not_would_not_be_begun() {
        let carries = 1_700_000;
        assert_eq!(plan(&[picture(2, None)], carries, 0).layers, [Some(1)]);
        assert_eq!(plan(&[picture(2, Some(2))], carries, 0).layers, [Some(2)]);
    }

    #[test]
    fn what_is_wanted_most_is_tried_over_a_line_that_is_not_known_yet() {
        let screen = |now| Picture { layers: vec![1_500_000], enough: 0, now };
        assert_eq!(plan(&[screen(None), picture(0, None)], 1_000_000, 1).layers, [Some(0), None]);
        assert_eq!(plan(&[screen(Some(0))], 300_000, 1).layers, [None]);
    }

    #[test]
    fn a_layer_that_is_not_sent_is_not_waited_for() {
        let weak = Picture { layers: vec![0, 400_000, 0], enough: 0, now: None };
        assert_eq!(plan(&[weak], 2_000_000, 0).layers, [Some(1)]);
        let silent = Picture { layers: vec![0, 0, 0], enough: 2, now: None };
        assert_eq!(plan(&[silent], 2_000_000, 0).layers, [None]);
    }

    #[test]
    fn a_size_has_its_layer() {
        assert_eq!([enough(90, 3), enough(360, 3), enough(1080, 3)], [0, 1, 2]);
        assert_eq!([enough(90, 1), enough(1080, 1), enough(1080, 0)], [0, 0, 0]);
        assert_eq!([enough(90, 2), enough(720, 2)], [0, 1]);
    }
}
