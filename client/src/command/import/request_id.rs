//! Ids by which the server knows a row again.

use std::collections::HashMap;

use uuid::Uuid;

/// Never to be changed: with another value every import would create all its customers once more.
const NAMESPACE: Uuid = uuid::uuid!("0563778a-7908-4f3c-a5ad-fc1301532597");

/// Makes the ids of one source's rows.
///
/// An id depends on the source, the names and how often the pair came before, not on the line: a row that is added in
/// the middle moves no other id, and two people of one name stay two.
pub(crate) struct RequestIds {
    source: String,
    /// How often each pair came so far: 16 bytes a pair instead of its names.
    seen: HashMap<Uuid, u64>,
}

impl RequestIds {
    pub(crate) fn of(source: String) -> Self {
        Self { source, seen: HashMap::new() }
    }

    /// The id of the next row with these (trimmed) names.
    pub(crate) fn next(&mut self, first: &str, last: &str) -> Uuid {
        // Each part is preceded by its length: without, `ab`,`c` and `a`,`bc` would be one.
        let mut key = Vec::with_capacity(32 + self.source.len() + first.len() + last.len());
        for part in [&self.source, first, last] {
            key.extend((part.len() as u64).to_be_bytes());
            key.extend(part.as_bytes());
        }
        let occurrence = self.seen.entry(Uuid::new_v5(&NAMESPACE, &key)).or_default();
        *occurrence += 1;
        key.extend(occurrence.to_be_bytes());
        Uuid::new_v5(&NAMESPACE, &key)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn ids(source: &str, rows: &[(&str, &str)]) -> Vec<Uuid> {
        let mut ids = RequestIds::of(source.to_owned());
        rows.iter().map(|(first, last)| ids.next(first, last)).collect()
    }

    #[test]
    fn the_id_of_a_row_is_the_same_for_ever() {
        assert_eq!(ids("list.csv", &[("Luís", "Gonçalves")])[0].to_string(), "bf0577ef-95a8-5188-9a4f-9e4e42505d51");
    }

    #[test]
    fn a_row_in_the_middle_moves_no_other_id() {
        let before = ids("s", &[("Ann", "Lee"), ("Bo", "Li"), ("Ann", "Lee")]);
        let after = ids("s", &[("Ann", "Lee"), ("Cy", "Ng"), ("Bo", "Li"), ("Ann", "Lee")]);
        assert_eq!(before, [after[0], after[2], after[3]]);
    }

    #[test]
    fn two_people_of_one_name_stay_two() {
        let both = ids("s", &[("Ann", "Lee"), ("Ann", "Lee")]);
        assert_ne!(both[0], both[1]);
    }

    #[test]
    fn where_one_part_ends_and_the_next_begins_makes_a_difference() {
        let all: HashSet<_> = [("s", "ab", "c"), ("s", "a", "bc"), ("sa", "b", "c"), ("s", "abc", "")]
            .map(|(source, first, last)| ids(source, &[(first, last)])[0])
            .into();
        assert_eq!(all.len(), 4);
    }
}
