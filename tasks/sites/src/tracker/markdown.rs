//! A small safe Markdown: headings, paragraphs, lists, code, emphasis, links and references to issues.
//!
//! Everything is escaped first and only the tags written here are added; links go to paths of this site or to http(s).

/// HTML for a text. `ORB-12` and the like become links by `issue_url`, which says where a reference leads, if anywhere.
pub(super) fn html(source: &str, issue_url: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut lines = source.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim().is_empty() {
            continue;
        }
        if line.starts_with("```") {
            let code: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
            out.push_str(&format!("<pre><code>{}</code></pre>\n", escape(&code.join("\n"))));
        } else if let Some((level, text)) = heading(line) {
            // The page has its own h1 and h2.
            let level = (level + 1).min(4);
            out.push_str(&format!("<h{level}>{}</h{level}>\n", inline(text, issue_url)));
        } else if let Some((tag, first)) = item(line) {
            out.push_str(&format!("<{tag}><li>{}</li>", inline(first, issue_url)));
            while let Some((_, text)) = lines.peek().and_then(|line| item(line)).filter(|(next, _)| *next == tag) {
                out.push_str(&format!("<li>{}</li>", inline(text, issue_url)));
                lines.next();
            }
            out.push_str(&format!("</{tag}>\n"));
        } else {
            let mut paragraph = inline(line, issue_url);
            while let Some(next) = lines.next_if(|line| {
                !line.trim().is_empty() && !line.starts_with("```") && heading(line).is_none() && item(line).is_none()
            }) {
                paragraph.push_str("<br>");
                paragraph.push_str(&inline(next, issue_url));
            }
            out.push_str(&format!("<p>{paragraph}</p>\n"));
        }
    }
    out
}

/// Level and text of a heading line.
pub(super) fn heading(line: &str) -> Option<(usize, &str)> {
    let level = line.bytes().take_while(|byte| *byte == b'#').count();
    line.get(level..)?.strip_prefix(' ').filter(|_| (1..=3).contains(&level)).map(|text| (level, text.trim()))
}

fn item(line: &str) -> Option<(&'static str, &str)> {
    if let Some(text) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")) {
        return Some(("ul", text));
    }
    let digits = line.bytes().take_while(u8::is_ascii_digit).count();
    line.get(digits..)?.strip_prefix(". ").filter(|_| digits > 0).map(|text| ("ol", text))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

fn inline(text: &str, issue_url: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let enclosed = |open: &str, close: &str| {
            let inner = rest.strip_prefix(open)?;
            let end = inner.find(close).filter(|end| *end > 0)?;
            Some((&inner[..end], &inner[end + close.len()..]))
        };
        if let Some((code, after)) = enclosed("`", "`") {
            out.push_str(&format!("<code>{}</code>", escape(code)));
            rest = after;
        } else if let Some((strong, after)) = enclosed("**", "**") {
            out.push_str(&format!("<strong>{}</strong>", escape(strong)));
            rest = after;
        } else if let Some((label, after)) = enclosed("[", "](")
            && let Some(end) = after.find(')')
            && is_safe(&after[..end])
        {
            out.push_str(&format!("<a href=\"{}\">{}</a>", escape(&after[..end]), escape(label)));
            rest = &after[end + 1..];
        } else {
            // On to the next place where something may begin; references to issues are whole words in between.
            let first = rest.chars().next().map_or(0, char::len_utf8);
            let end = rest[first..].find(['`', '*', '[']).map_or(rest.len(), |at| at + first);
            out.push_str(&references(&rest[..end], issue_url));
            rest = &rest[end..];
        }
    }
    out
}

fn is_safe(url: &str) -> bool {
    (url.starts_with('/') && !url.starts_with("//") && !url.contains('\\'))
        || url.starts_with("http://")
        || url.starts_with("https://")
}

fn references(text: &str, issue_url: &dyn Fn(&str) -> Option<String>) -> String {
    let mut out = String::new();
    for word in text.split_inclusive(' ') {
        let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
        match issue_url(bare).filter(|_| !bare.is_empty()) {
            Some(url) => {
                let link = format!("<a href=\"{}\">{}</a>", escape(&url), escape(bare));
                out.push_str(&escape(word).replacen(bare, &link, 1));
            }
            None => out.push_str(&escape(word)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(source: &str) -> String {
        html(source, &|word| (word == "ORB-1").then(|| "/p/orbit/issues/1".to_owned()))
    }

    #[test]
    fn the_supported_marks_become_tags() {
        assert_eq!(plain("## A\ntext **b** `c`"), "<h3>A</h3>\n<p>text <strong>b</strong> <code>c</code></p>\n");
        assert_eq!(plain("- a\n- b\n1. c"), "<ul><li>a</li><li>b</li></ul>\n<ol><li>c</li></ol>\n");
        assert_eq!(plain("```\n<a>\n```"), "<pre><code>&lt;a&gt;</code></pre>\n");
        assert_eq!(plain("see (ORB-1)."), "<p>see (<a href=\"/p/orbit/issues/1\">ORB-1</a>).</p>\n");
    }

    #[test]
    fn nothing_hostile_gets_through() {
        for source in
            ["<script>x</script>", "[a](javascript:x)", "**<b onclick=x>**", "[<i>](/a\"b)", "[a](//evil)", "`<img>`"]
        {
            let page = plain(source);
            for bad in ["<script", "href=\"javascript", "<b ", "<i>", "a\"b", "href=\"//", "<img"] {
                assert!(!page.contains(bad), "{source} became {page}");
            }
        }
        assert_eq!(plain("** * [ ` é"), "<p>** * [ ` é</p>\n");
    }
}
