//! Text without what a terminal, or whoever reads lines, would obey.

use std::fmt::{self, Write as _};

use serde::Serialize;

/// Displays text with its control characters escaped as Rust writes them: `\n`, `\u{1b}`. So it is one line, and shows
/// what it holds.
///
/// Escaped are C0, DEL and C1 (of which some terminals obey U+009B as they do ESC `[`), line and paragraph separators, and
/// the marks that turn the direction of what follows (CVE-2021-42574).
#[derive(Debug, Clone, Copy)]
pub struct Plain<'a>(pub &'a str);

impl fmt::Display for Plain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some((at, obeyed)) = rest.char_indices().find(|(_, letter)| is_obeyed(*letter)) {
            f.write_str(&rest[..at])?;
            write!(f, "{}", obeyed.escape_default())?;
            rest = &rest[at + obeyed.len_utf8()..];
        }
        f.write_str(rest)
    }
}

/// A value as JSON on one line, in which the same characters are escaped as JSON has it (`\u009b`): whoever parses it gets
/// them back.
pub fn plain_json(value: &impl Serialize) -> serde_json::Result<String> {
    let text = serde_json::to_string(value)?;
    if !text.contains(is_obeyed) {
        return Ok(text);
    }
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_obeyed(letter) {
            // Such a character stands inside a string, and four digits are enough for each of them.
            write!(plain, "\\u{:04x}", u32::from(letter)).expect("a string takes text");
        } else {
            plain.push(letter);
        }
    }
    Ok(plain)
}

fn is_obeyed(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_obeys_is_left_and_all_else_is_as_it_was() {
        let plain = |text| Plain(text).to_string();
        assert_eq!(plain("Zoë O'Neil \\n"), "Zoë O'Neil \\n");
        assert_eq!(plain("a\n2026 ERROR forged"), "a\\n2026 ERROR forged");
        assert_eq!(plain("\x1b[2J\x07\u{9b}31m\x7f"), "\\u{1b}[2J\\u{7}\\u{9b}31m\\u{7f}");
        assert_eq!(plain("\u{202e}drow\u{2028}"), "\\u{202e}drow\\u{2028}");
    }

    #[test]
    fn json_is_one_line_that_gives_back_what_was_written() {
        let text = "a\n\x1b[2J\u{9b}31m\x7f\u{202e}\"é";
        let line = plain_json(&text).expect("text has a form in JSON");
        assert!(!line.contains(is_obeyed), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).expect("JSON"), text);
    }
}
