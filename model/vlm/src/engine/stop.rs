//! Texts that end a reply, found across the borders of tokens.

/// Watches a reply's text for stop texts, and holds back what may become one.
#[derive(Debug)]
pub(crate) struct StopMatcher {
    stops: Vec<String>,
    held: String,
}

/// What may be shown after a piece of text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Released {
    /// Text that can no longer be part of a stop text.
    pub text: String,
    /// Whether a stop text is complete; `text` ends before it.
    pub stopped: bool,
}

impl StopMatcher {
    /// Empty stop texts are ignored, for they would end every reply at its first character.
    pub fn new(stops: &[String]) -> StopMatcher {
        StopMatcher { stops: stops.iter().filter(|stop| !stop.is_empty()).cloned().collect(), held: String::new() }
    }

    /// Adds text. The stop text that ends first wins, and of those the longest, so that the outcome does not depend on
    /// how the text was cut into pieces.
    pub fn push(&mut self, piece: &str) -> Released {
        if self.stops.is_empty() {
            return Released { text: piece.to_owned(), stopped: false };
        }
        self.held.push_str(piece);
        let found = self
            .stops
            .iter()
            .filter_map(|stop| self.held.find(stop.as_str()).map(|start| (start + stop.len(), start)))
            .min();
        if let Some((_, start)) = found {
            self.held.truncate(start);
            return Released { text: std::mem::take(&mut self.held), stopped: true };
        }
        let keep_from = self
            .held
            .char_indices()
            .map(|(at, _)| at)
            .find(|&at| self.stops.iter().any(|stop| stop.starts_with(&self.held[at..])))
            .unwrap_or(self.held.len());
        let kept = self.held.split_off(keep_from);
        Released { text: std::mem::replace(&mut self.held, kept), stopped: false }
    }

    /// What was held back, when no more text comes.
    pub fn finish(&mut self) -> String {
        std::mem::take(&mut self.held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(stops: &[&str], pieces: &[&str]) -> (Vec<String>, bool, String) {
        let stops: Vec<String> = stops.iter().map(|&stop| stop.to_owned()).collect();
        let mut matcher = StopMatcher::new(&stops);
        let mut texts = Vec::new();
        for piece in pieces {
            let released = matcher.push(piece);
            texts.push(released.text);
            if released.stopped {
                return (texts, true, matcher.finish());
            }
        }
        (texts, false, matcher.finish())
    }

    #[test]
    fn a_stop_across_pieces_is_found_and_left_out() {
        assert_eq!(
            run(&["END"], &["one E", "N", "D two"]),
            (vec!["one ".into(), "".into(), "".into()], true, "".into())
        );
    }

    #[test]
    fn what_did_not_become_a_stop_is_released() {
        assert_eq!(run(&["END"], &["E", "NE", "x"]), (vec!["".into(), "EN".into(), "Ex".into()], false, "".into()));
        assert_eq!(run(&["END"], &["the EN"]), (vec!["the ".into()], false, "EN".into()));
    }

    #[test]
    fn the_outcome_does_not_depend_on_the_pieces() {
        let text = "ab abcabd — ünd aabaabaac";
        for stops in [&["abd", "bc"][..], &["aabaac"], &["ünd a"], &["—"], &["nowhere"], &["abc", "c"]] {
            let (whole, stopped, rest) = run(stops, &[text]);
            let whole = whole.concat() + &rest;
            let letters: Vec<String> = text.chars().map(String::from).collect();
            for size in 1..6 {
                let pieces: Vec<String> = letters.chunks(size).map(|chunk| chunk.concat()).collect();
                let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
                let (texts, stopped_in_pieces, rest) = run(stops, &pieces);
                assert_eq!(
                    (texts.concat() + &rest, stopped_in_pieces),
                    (whole.clone(), stopped),
                    "{stops:?} by {size}"
                );
            }
        }
    }

    #[test]
    fn nothing_is_held_without_stops() {
        assert_eq!(run(&[""], &["a", "b"]), (vec!["a".into(), "b".into()], false, "".into()));
    }
}
