//! The sentences that questions are asked with. Our own; `{}` stands for the expression or the place.

/// From words to a box.
pub const BOX_OF: [&str; 8] = [
    "Locate {} on this screenshot. Answer with its bounding box.",
    "Where is {}? Give the bounding box.",
    "Find {} and give its box as [[x1,y1,x2,y2]].",
    "Give the bounding box of {}.",
    "Mark {} with a box.",
    "In the picture, which area does {} take up? Answer with a box.",
    "Point out {} by its bounding box.",
    "I am looking for {}. Which box encloses it?",
];

/// From words to a point.
pub const POINT_OF: [&str; 8] = [
    "Where would you click to use {}? Answer with a point.",
    "Give one point on {}.",
    "Click {}.",
    "Tap {}: at which point?",
    "At which point of the screen is {}?",
    "Move the pointer onto {}. Answer with its position.",
    "Give the position of {} as [[x,y]].",
    "Which point hits {}?",
];

/// From a purpose to a point; `{}` is a verb phrase.
pub const POINT_FOR: [&str; 5] = [
    "Where would you click to {}?",
    "I want to {}. At which point of the screen can that be done?",
    "Which point do you press to {}?",
    "Give the point to click in order to {}.",
    "Help me {}: where on the screen?",
];

/// From a purpose to a box; `{}` is a verb phrase.
pub const BOX_FOR: [&str; 4] = [
    "Which element is there to {}? Answer with its bounding box.",
    "I want to {}. Give the box of the element that does it.",
    "Give the bounding box of what one uses to {}.",
    "Find the control to {} and give its box.",
];

/// From words to several boxes.
pub const BOXES_OF: [&str; 5] = [
    "Locate {} on this screen. Answer with a box for each.",
    "Give the bounding boxes of {}, in reading order.",
    "Find {}. List one box for each.",
    "Where are {}? Answer with their boxes.",
    "Mark {} with boxes.",
];

/// From a box to words.
pub const WORDS_FOR_BOX: [&str; 6] = [
    "What is at {}? Name it so that nobody can mistake it for something else on this screen.",
    "Describe the element in the box {} in a few words that fit nothing else here.",
    "Which element does the box {} enclose?",
    "Write an expression that refers to what lies at {} and to nothing else.",
    "How would you call the element at {}?",
    "The box {} marks one element. Which?",
];

/// From a point to words.
pub const WORDS_FOR_POINT: [&str; 5] = [
    "What would a click at {} hit?",
    "Which element lies at the point {}?",
    "Name the element under {}.",
    "The pointer is at {}. What is it on?",
    "Describe what is at the point {} in a few words.",
];

/// What can be read in a box.
pub const READ: [&str; 6] = [
    "Read the text in {}.",
    "What is written in the area {}?",
    "Transcribe the box {}, line by line.",
    "Which words can be read at {}?",
    "Write down the text inside {}.",
    "Give the text of the region {}, keeping its lines.",
];

/// All that can be read.
pub const READ_PAGE: [&str; 6] = [
    "Transcribe all text in this picture in reading order. Keep the lines, and write tables as Markdown.",
    "Read the whole page. Keep its line breaks; give tables as Markdown.",
    "Write down everything that is written here, line by line in reading order, with tables as Markdown.",
    "Extract the text of the picture in the order in which a person reads it. Lines stay lines, tables become Markdown.",
    "What does this page say? Give all of its text, line by line, and tables as Markdown.",
    "Do OCR on this picture: all text in reading order, lines kept, tables in Markdown.",
];

/// What can be read in a box that holds one line.
pub const READ_LINE: [&str; 4] = [
    "Read the line of text in {}.",
    "Which line is in the box {}?",
    "Transcribe the line at {}.",
    "What does the line in {} say?",
];

/// What can be read in a box that holds one word.
pub const READ_WORD: [&str; 4] = [
    "Which word is in the box {}?",
    "Read the word at {}.",
    "What is the word in {}?",
    "Transcribe the single word that {} encloses.",
];

/// A table in a box.
pub const READ_TABLE: [&str; 4] = [
    "Write the table in {} as Markdown.",
    "Convert the table at {} to a Markdown table.",
    "Give the content of the table in the box {} in Markdown.",
    "Transcribe the table {} as Markdown, with its first row as the head.",
];

/// From written words to a box.
pub const TEXT_BOX: [&str; 5] = [
    "Where does {} stand in the picture? Answer with its bounding box.",
    "Find {} and give its box as [[x1,y1,x2,y2]].",
    "Give the bounding box of {}.",
    "Locate {}. Answer with a box.",
    "Which box encloses {}?",
];

/// The code of a page.
pub const CODE: [&str; 6] = [
    "Write one HTML file with its CSS that looks like this screenshot. Use {} for pictures.",
    "Recreate this page as a single self-contained HTML file; {} stands for pictures.",
    "Turn the screenshot into HTML and CSS. Put {} where pictures are.",
    "Give the code of a web page that looks the same as this picture, with {} in place of pictures.",
    "Code this design as HTML with one style sheet in it. Stand-ins for pictures are {}.",
    "Which HTML shows this page? Inline the CSS, and put {} for pictures.",
];

/// What kind of control something is.
pub const CAPTION: [&str; 5] = [
    "What kind of control is at {}, what is it called, and in which state is it?",
    "Describe the control in the box {}.",
    "Give a short caption for the control at {}.",
    "Explain the widget in {} to somebody who cannot see it.",
    "Say what the control at {} is and how it is set.",
];

/// What a page is about.
pub const SUMMARY: [&str; 5] = [
    "What is this page about?",
    "Sum up this screen in a sentence or two.",
    "Which page is this, and which parts does it show?",
    "Tell somebody who cannot see the screen what is on it.",
    "Give the title of this page and the headings that can be seen.",
];

/// What can be seen after something is used; `{}` is a verb phrase.
pub const STEP: [&str; 5] = [
    "What do you click to {}?",
    "The goal is to {}. Give the point of the next click.",
    "Next step: {}. Where?",
    "To {}, which point of this screen do you choose?",
    "You want to {}. Answer with the point to act on.",
];

/// A sentence with its place filled in, and the name of the template.
pub fn fill(of: &'static str, sentences: &[&str], nth: usize, with: &str) -> (String, String) {
    let nth = nth % sentences.len();
    (format!("{of}_{nth}"), sentences[nth].replace("{}", with))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sentence_has_one_place_to_fill() {
        let all: [&[&str]; 15] = [
            &BOX_OF,
            &POINT_OF,
            &POINT_FOR,
            &BOX_FOR,
            &BOXES_OF,
            &WORDS_FOR_BOX,
            &WORDS_FOR_POINT,
            &READ,
            &READ_LINE,
            &READ_WORD,
            &READ_TABLE,
            &TEXT_BOX,
            &CODE,
            &CAPTION,
            &STEP,
        ];
        for sentence in all.into_iter().flatten() {
            assert_eq!(sentence.matches("{}").count(), 1, "{sentence}");
        }
        assert!(SUMMARY.iter().chain(&READ_PAGE).all(|sentence| !sentence.contains("{}")));
        assert_eq!(
            fill("box", &BOX_OF, 9, "the link"),
            ("box_1".into(), "Where is the link? Give the bounding box.".into())
        );
    }
}
