//! Numbers of things in sentences.

/// "1 call", "2 calls"; `many` is the word for more than one.
pub(crate) fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_is_told_in_the_singular() {
        let told = [0, 1, 2].map(|count| counted(count, "address", "addresses"));
        assert_eq!(told, ["0 addresses", "1 address", "2 addresses"]);
    }
}
