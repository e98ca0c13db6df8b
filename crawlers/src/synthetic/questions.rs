//! What is asked about a page that was set to be read: all of it, a part, a line, a word, a table; and where a text stands.

use std::collections::BTreeMap;

use glim_data::coordinates::{answer_boxes, norm_box};
use glim_data::record::{BoxPx, Question, Screen};
use glim_env::{Seed, SplitMix};

use super::reading::{Page, Read};
use super::table::markdown;
use crate::questions::template;
use crate::words::folded;

/// Parts, lines and words that are asked about, and texts that are looked for.
const OF_EACH: usize = 2;

struct Maker<'a> {
    screen: &'a Screen,
    page: &'a Page,
    chance: SplitMix,
    questions: Vec<Question>,
}

/// Asks about a page.
pub(super) fn ask(screen: &Screen, page: &Page, seed: Seed) -> Vec<Question> {
    let chance = seed.derive(&screen.screen_id).derive("ocr").generator();
    let mut maker = Maker { screen, page, chance, questions: Vec::new() };
    // Text with the tokens that answers are marked with could not be told from them.
    if page.items.values().any(|item| item.text.contains("<|")) {
        return Vec::new();
    }
    maker.whole();
    maker.parts();
    maker.lines();
    maker.words();
    maker.tables();
    maker.questions
}

/// The text of some lines in reading order: a table is Markdown, what stands side by side is one line, and what does not
/// belong together is set apart by an empty line.
fn transcript(page: &Page, lines: &[&Read]) -> String {
    let mut text = String::new();
    let mut before: Option<&Read> = None;
    let mut nth = 0;
    while nth < lines.len() {
        let read = lines[nth];
        let item = &page.items[&read.item];
        if let Some(before) = before {
            let last = &page.items[&before.item];
            let together = item.group == last.group;
            let beside = together && item.row == last.row && read.item != before.item;
            text.push_str(if beside {
                " "
            } else if together {
                "\n"
            } else {
                "\n\n"
            });
        }
        match item.cell {
            Some((table, ..)) => {
                let is_of_it = |read: &&&Read| page.items[&read.item].cell.is_some_and(|(other, ..)| other == table);
                let count = lines[nth..].iter().take_while(is_of_it).count();
                text.push_str(&markdown(&rows(page, table)));
                nth += count;
            }
            None => {
                text.push_str(&read.line.text);
                nth += 1;
            }
        }
        before = Some(lines[nth - 1]);
    }
    text
}

/// The cells of a table.
fn rows(page: &Page, table: usize) -> Vec<Vec<String>> {
    let mut rows: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for item in page.items.values() {
        if let Some((own, row, _)) = item.cell
            && own == table
        {
            rows.entry(row).or_default().push(item.text.clone());
        }
    }
    rows.into_values().collect()
}

fn hull<'a>(boxes: impl Iterator<Item = &'a BoxPx>) -> BoxPx {
    boxes.fold([f32::MAX, f32::MAX, f32::MIN, f32::MIN], |hull, own| {
        [hull[0].min(own[0]), hull[1].min(own[1]), hull[2].max(own[2]), hull[3].max(own[3])]
    })
}

fn has_middle_of(place: BoxPx, other: BoxPx) -> bool {
    let [x, y] = [(other[0] + other[2]) / 2.0, (other[1] + other[3]) / 2.0];
    place[0] <= x && x <= place[2] && place[1] <= y && y <= place[3]
}

impl Maker<'_> {
    fn add(&mut self, question: Question) {
        let id = format!("{}-{}", self.screen.screen_id, self.questions.len());
        self.questions.push(Question { id, ..question });
    }

    fn place(&self, of: BoxPx) -> [u32; 4] {
        norm_box(of, self.screen.image.width, self.screen.image.height)
    }

    fn read(&mut self, kind: &str, sentences: (&'static str, &[&str]), place: Option<BoxPx>, answer: String) {
        let told = place.map_or_else(String::new, |place| {
            let [left, top, right, bottom] = self.place(place);
            format!("[[{left},{top},{right},{bottom}]]")
        });
        let (template, prompt) = template::fill(sentences.0, sentences.1, self.chance.below(1 << 16), &told);
        self.add(Question {
            task: "ocr".to_owned(),
            kind: kind.to_owned(),
            template,
            prompt,
            answer,
            boxes_px: place.into_iter().collect(),
            ..Question::default()
        });
    }

    fn find(&mut self, words: String, place: BoxPx) {
        let (template, prompt) = template::fill("text_box", &template::TEXT_BOX, self.chance.below(1 << 16), &words);
        let answer = answer_boxes(&[self.place(place)]);
        self.add(Question {
            task: "comprehension".to_owned(),
            kind: "text".to_owned(),
            template,
            expression: words,
            prompt,
            answer,
            boxes_px: vec![place],
            ..Question::default()
        });
    }

    fn shuffled<T>(&mut self, mut of: Vec<T>) -> Vec<T> {
        self.chance.shuffle(&mut of);
        of
    }

    fn whole(&mut self) {
        let all: Vec<&Read> = self.page.lines.iter().collect();
        self.read("page", ("read_page", &template::READ_PAGE), None, transcript(self.page, &all));
    }

    /// Items that belong together and are no table, where the middle of no other word lies among them.
    fn parts(&mut self) {
        let mut groups: BTreeMap<u32, Vec<&Read>> = BTreeMap::new();
        for read in &self.page.lines {
            let item = &self.page.items[&read.item];
            if item.cell.is_none() {
                groups.entry(item.group).or_default().push(read);
            }
        }
        let many = groups.len() > 1;
        let mut asked = 0;
        for (group, lines) in self.shuffled(groups.into_iter().collect()) {
            let place = hull(lines.iter().map(|read| &read.line.box_px));
            let mut others = self.page.lines.iter().filter(|read| self.page.items[&read.item].group != group);
            if others.any(|read| read.line.words.iter().any(|word| has_middle_of(place, word.box_px)))
                || lines.len() > 12
            {
                continue;
            }
            if asked == OF_EACH || !many {
                break;
            }
            asked += 1;
            self.read("region", ("read", &template::READ), Some(place), transcript(self.page, &lines));
        }
    }

    /// Lines by their box, and boxes by what stands in only one line.
    fn lines(&mut self) {
        let all: Vec<String> = self.page.lines.iter().map(|read| folded(&read.line.text)).collect();
        let order = self.shuffled((0..all.len()).collect());
        let (mut read, mut found) = (0, 0);
        for at in order {
            let line = &self.page.lines[at].line;
            if line.words.len() < 2 || all[at].chars().count() < 4 {
                continue;
            }
            let (text, place) = (line.text.clone(), line.box_px);
            let crossed = self.page.lines.iter().enumerate().any(|(other, read)| {
                other != at && read.line.words.iter().any(|word| has_middle_of(place, word.box_px))
            });
            let once = all.iter().filter(|other| other.contains(&all[at])).count() == 1;
            if read < OF_EACH && !crossed {
                read += 1;
                self.read("line", ("read_line", &template::READ_LINE), Some(place), text);
            } else if found < OF_EACH && once && text.chars().count() <= 80 {
                found += 1;
                self.find(format!("the line “{text}”"), place);
            }
        }
    }

    /// Words by their box, and boxes by words that are there once.
    fn words(&mut self) {
        let known: Vec<(String, String, BoxPx)> = self
            .page
            .lines
            .iter()
            .flat_map(|read| &read.line.words)
            .map(|word| (word.text.clone(), folded(&word.text), word.box_px))
            .collect();
        let order = self.shuffled((0..known.len()).collect());
        let (mut read, mut found) = (0, 0);
        for at in order {
            let (text, plain, place) = &known[at];
            if plain.chars().filter(|letter| letter.is_alphanumeric()).count() < 2 {
                continue;
            }
            let once = known.iter().filter(|(_, other, _)| other.contains(plain.as_str())).count() == 1;
            if read < OF_EACH {
                read += 1;
                self.read("word", ("read_word", &template::READ_WORD), Some(*place), text.clone());
            } else if found < OF_EACH && once && plain.chars().count() >= 3 {
                found += 1;
                self.find(
                    format!("the word “{}”", text.trim_matches(|letter: char| !letter.is_alphanumeric())),
                    *place,
                );
            }
        }
    }

    fn tables(&mut self) {
        let mut tables: BTreeMap<usize, Vec<&Read>> = BTreeMap::new();
        for read in &self.page.lines {
            if let Some((table, ..)) = self.page.items[&read.item].cell {
                tables.entry(table).or_default().push(read);
            }
        }
        for (table, lines) in tables {
            let place = hull(lines.iter().map(|read| &read.line.box_px));
            self.read("table", ("read_table", &template::READ_TABLE), Some(place), markdown(&rows(self.page, table)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synthetic::setting::Item;
    use glim_data::record::{Line, Word};

    fn page(items: Vec<Item>) -> Page {
        let read = |(item, of): (usize, &Item)| {
            let top = item as f32 * 20.0;
            let words = of.text.split(' ').enumerate().map(|(nth, text)| {
                let left = nth as f32 * 40.0;
                Word { text: text.to_owned(), box_px: [left, top, left + 36.0, top + 14.0] }
            });
            let words: Vec<Word> = words.collect();
            let box_px = hull(words.iter().map(|word| &word.box_px));
            Read { line: Line { text: of.text.clone(), words, box_px, ..Line::default() }, item }
        };
        Page { lines: items.iter().enumerate().map(read).collect(), items: items.into_iter().enumerate().collect() }
    }

    fn item(text: &str, group: u32, row: u32, cell: Option<(usize, usize, usize)>) -> Item {
        Item { text: text.to_owned(), group, row, cell, ..Item::default() }
    }

    fn slip() -> Page {
        page(vec![
            item("A shop of things", 1, 0, None),
            item("Bread", 2, 1, None),
            item("2.50", 2, 1, None),
            item("Milk", 2, 2, None),
            item("1.20", 2, 2, None),
            item("Name", 3, 0, Some((0, 0, 0))),
            item("Count", 3, 0, Some((0, 0, 1))),
            item("x", 3, 1, Some((0, 1, 0))),
            item("7", 3, 1, Some((0, 1, 1))),
            item("The end of it", 4, 0, None),
        ])
    }

    #[test]
    fn a_transcript_keeps_what_belongs_together() {
        let page = slip();
        let all: Vec<&Read> = page.lines.iter().collect();
        assert_eq!(
            transcript(&page, &all),
            "A shop of things\n\nBread 2.50\nMilk 1.20\n\n| Name | Count |\n| --- | --- |\n| x | 7 |\n\nThe end of it"
        );
    }

    #[test]
    fn each_kind_is_asked_and_what_is_there_twice_is_not_looked_for() {
        let mut page = slip();
        page.lines[9].line.words[0].text = "shop".to_owned();
        let mut screen = Screen { screen_id: "s".to_owned(), ..Screen::default() };
        (screen.image.width, screen.image.height) = (400, 400);
        let mut kinds = std::collections::BTreeSet::new();
        for seed in 0..30 {
            for question in ask(&screen, &page, Seed(seed)) {
                assert!(!question.answer.is_empty() && !question.prompt.contains("{}"), "{question:?}");
                assert!(!question.expression.contains("the word “shop”"), "{question:?}");
                kinds.insert(question.kind);
            }
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), ["line", "page", "region", "table", "text", "word"]);
    }
}
