//! From where on a contender is faster than the one it is compared with.

use crate::report::compare::LEAST;
use crate::report::schema::{Row, Table};

/// A sentence for each contender of a table with quantities on its axis, where there is something to compare.
pub(crate) fn pays(table: &Table) -> Vec<String> {
    if !table.axis.as_ref().is_some_and(|axis| axis.is_quantity) {
        return Vec::new();
    }
    table.contenders().into_iter().filter_map(|row| sentence(table, row)).collect()
}

fn sentence(table: &Table, first: &Row) -> Option<String> {
    let mut over = None;
    let mut from = None;
    for row in table.rows.iter().filter(|row| row.id == first.id) {
        let Some(speed_up) = row.figures().and_then(|figures| figures.speed_up.as_ref()) else {
            // Nobody knows how fast it is here.
            from = None;
            continue;
        };
        over = Some(&speed_up.over);
        // It has to stay so.
        from = if speed_up.factor > 1.0 + LEAST { from.or(row.point.as_ref()) } else { None };
    }
    let over = table.rows.iter().find(|row| Some(&row.id) == over)?;
    Some(match from {
        Some(point) => {
            format!("{}: faster than {} from {} on", first.label, over.label, point.label)
        }
        None => format!("{}: not faster than {}", first.label, over.label),
    })
}

#[cfg(test)]
mod tests {
    use super::pays;
    use crate::report::schema::{SpeedUp, Standing, tests::example};

    /// What is said if the second contender is so many times as fast as the first at the two places.
    fn said(factors: [f64; 2]) -> Vec<String> {
        let mut table = example().tables.remove(2);
        table.rows[3].result = example().tables.remove(2).rows.remove(1).result;
        for (row, factor) in [1, 3].into_iter().zip(factors) {
            let Standing::Measured(figures) = &mut table.rows[row].result else { panic!("{row}") };
            figures.speed_up = Some(SpeedUp { over: "pipe".to_owned(), factor });
        }
        pays(&table)
    }

    #[test]
    fn a_contender_pays_from_where_on_it_stays_faster() {
        assert_eq!(said([0.5, 2.0]), ["the a: faster than the pipe from 4 KiB on"]);
        assert_eq!(said([2.0, 2.0]), ["the a: faster than the pipe from 64 B on"]);
        assert_eq!(said([2.0, 0.5]), ["the a: not faster than the pipe"]);
        assert_eq!(said([0.5, 0.5]), ["the a: not faster than the pipe"]);
    }

    #[test]
    fn noise_is_not_faster() {
        assert_eq!(said([2.0, 1.04]), ["the a: not faster than the pipe"]);
        assert_eq!(said([1.04, 1.06]), ["the a: faster than the pipe from 4 KiB on"]);
    }

    #[test]
    fn a_place_without_a_figure_is_none_from_which_on_it_is_faster() {
        let mut table = example().tables.remove(2);
        let Standing::Measured(figures) = &mut table.rows[1].result else { panic!("{table:?}") };
        figures.speed_up = Some(SpeedUp { over: "pipe".to_owned(), factor: 2.0 });
        // It hung at the second place.
        assert_eq!(pays(&table), ["the a: not faster than the pipe"]);
    }
}
