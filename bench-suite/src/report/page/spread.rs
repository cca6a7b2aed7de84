//! Where letters go that would lie upon each other.

/// Places for letters that should stand at `wanted`: in the same order from least to most, none closer than `gap` to
/// another, all between `low` and `high` if they have room there, and as near to where they should be as that allows.
pub(crate) fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&one, &other| wanted[one].total_cmp(&wanted[other]));
    // Without the gaps between them they only must not change places: neighbours that would, meet in the middle.
    let mut blocks: Vec<(f64, usize)> = Vec::new();
    for (rank, &index) in order.iter().enumerate() {
        let (mut sum, mut count) = (wanted[index] - rank as f64 * gap, 1);
        while let Some(&(before, many)) = blocks.last() {
            if before / many as f64 <= sum / count as f64 {
                break;
            }
            blocks.pop();
            (sum, count) = (sum + before, count + many);
        }
        blocks.push((sum, count));
    }
    let room = (high - low - wanted.len().saturating_sub(1) as f64 * gap).max(0.0);
    let middles = blocks.iter().flat_map(|&(sum, count)| vec![sum / count as f64; count]);
    let mut places = vec![0.0; wanted.len()];
    for (rank, (middle, &index)) in middles.zip(&order).enumerate() {
        places[index] = middle.clamp(low, low + room) + rank as f64 * gap;
    }
    places
}

#[cfg(test)]
mod tests {
    use super::spread;

    const GAP: f64 = 13.0;

    #[test]
    fn letters_that_have_room_stay_where_they_are() {
        assert_eq!(spread(&[100.0, 20.0, 60.0], GAP, 0.0, 300.0), [100.0, 20.0, 60.0]);
        assert!(spread(&[], GAP, 0.0, 300.0).is_empty());
    }

    #[test]
    fn letters_at_one_place_stand_around_it() {
        assert_eq!(spread(&[50.0; 3], GAP, 0.0, 300.0), [37.0, 50.0, 63.0]);
        assert_eq!(spread(&[0.0, 1.0], GAP, 0.0, 300.0), [0.0, 13.0]);
        assert_eq!(spread(&[300.0, 299.0], GAP, 0.0, 300.0), [300.0, 287.0]);
    }

    #[test]
    fn no_letter_lies_upon_another_whatever_is_wanted() {
        // Numbers without any order, the same ones every time.
        let mut number: u64 = 1;
        let mut next = || {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (number >> 33) as f64 / f64::from(1_u32 << 31)
        };
        for count in 1..=24 {
            for crowd in [0.01, 0.3, 1.0] {
                let wanted: Vec<f64> =
                    (0..count).map(|_| 150.0 + (next() - 0.5) * 300.0 * crowd).collect();
                let places = spread(&wanted, GAP, 0.0, 300.0);
                let mut all: Vec<(f64, f64)> = wanted.into_iter().zip(places).collect();
                all.sort_by(|one, other| one.1.total_cmp(&other.1));
                for pair in all.windows(2) {
                    assert!(pair[0].0 <= pair[1].0, "{all:?}");
                    assert!(pair[1].1 - pair[0].1 > GAP - 1e-9, "{all:?}");
                }
                assert!(
                    all.iter().all(|(_, place)| (-1e-9..=300.0 + 1e-9).contains(place)),
                    "{all:?}"
                );
            }
        }
    }
}
