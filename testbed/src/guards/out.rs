//! Takes lines out of text.

use super::{Guard, Out};

/// What stands in new code for whether its guard is out.
const IS_OUT: &str = "GUARD_IS_OUT";

/// The text of a file without a line of configuration. `None` where it has no such line.
pub(super) fn without(text: &str, guard: &Guard) -> Option<String> {
    let instead = match guard.out {
        Out::Gone => None,
        Out::Instead(instead) | Out::Alone(instead) => Some(instead),
        Out::Code(..) => return None,
    };
    let (mut left, mut found, mut nested_in) = (String::with_capacity(text.len()), false, None);
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start().len();
        if nested_in.is_some_and(|outer| indent > outer || line.trim().is_empty()) {
            continue;
        }
        nested_in = None;
        if line.trim_start().starts_with(guard.line) {
            found = true;
            nested_in = (!matches!(guard.out, Out::Alone(_))).then_some(indent);
            if let Some(instead) = instead {
                left.extend([&line[..indent], instead, "\n"]);
            }
        } else {
            left.push_str(line);
        }
    }
    found.then_some(left)
}

/// The text of a file of code in which a guard is out as soon as the file `switch` is there. `None` where it does not have
/// that text exactly once.
pub(super) fn switchable(text: &str, guard: &Guard, switch: &str) -> Option<String> {
    let Out::Code(old, new) = guard.out else { return None };
    let out = format!("std::path::Path::new({switch:?}).exists()");
    (text.matches(old).count() == 1).then(|| text.replacen(old, &new.replace(IS_OUT, &out), 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guards::Test;

    const TEXT: &str = "routes:\n  - name: one\n    match: { prefix: / }\n\n  - name: two\n    timeout: 1s\n";

    fn guard(line: &'static str, out: Out) -> Guard {
        Guard { holds: "", against: "", file: "", line, out, test: Test::of("", "") }
    }

    #[test]
    fn a_line_goes_with_all_that_is_nested_below_it() {
        let left = without(TEXT, &guard("- name: one", Out::Gone));
        assert_eq!(left.as_deref(), Some("routes:\n  - name: two\n    timeout: 1s\n"));
        let left = without(TEXT, &guard("timeout:", Out::Instead("timeout: 9s")));
        assert_eq!(left.as_deref(), Some(&*TEXT.replace("1s", "9s")));
        let left = without(TEXT, &guard("- name: two", Out::Alone("- name: 2")));
        assert_eq!(left.as_deref(), Some(&*TEXT.replace("two", "2")));
        assert_eq!(without(TEXT, &guard("name: three", Out::Gone)), None);
    }

    #[test]
    fn code_gets_a_switch_where_it_has_the_text_once() {
        let guard = guard("", Out::Code("a > 1", "!GUARD_IS_OUT && a > 1"));
        let switched = switchable("if a > 1 {}", &guard, "/out/one");
        assert_eq!(switched.as_deref(), Some("if !std::path::Path::new(\"/out/one\").exists() && a > 1 {}"));
        assert_eq!(switchable("a > 1, a > 1", &guard, ""), None);
        assert_eq!(switchable("b", &guard, ""), None);
    }
}
