use proptest::prelude::*;

use super::{Page, Review, render, render_up_to};
use crate::{
    document::{self, Document, Format, NoPort},
    escape::tests::{assert_shown, foreign},
    matrix::{Address, Matrix, Source, derive},
};

const PAGE: &str = "# Ports of 2024\n\n\
    | Port | Protocol | Source | Destination | Purpose |\n|--|--|--|--|--|\n\
    | 443 | TCP | web | store | <script>alert(\"1\")</script> |\n\
    | 80 | | web | store | Plain |\n\
    | 70000 | TCP | web | store | Far |\n\
    | 443 | TCP | web | store | <script>alert(\"1\")</script> |\n";

fn source(file: &str) -> Source {
    Source {
        address: Address::File(file.to_owned()),
        fetched: None,
        sha256: None,
    }
}

fn read(file: &str, text: &str) -> Document {
    document::read(file, text, Format::Markdown)
}

#[track_caller]
fn rendered(most_lines: usize, text: &str, document: &Document, edit: fn(&mut Matrix)) -> String {
    let derived = derive(std::slice::from_ref(document), "Shop");
    let mut matrix = derived.matrix;
    edit(&mut matrix);
    let page = Page {
        file: "shop.md",
        document,
        text: Some(text),
        source: &source("shop.md"),
    };
    let review = Review {
        pages: &[page],
        matrix: &matrix,
        problems: &derived.problems,
    };
    render_up_to(most_lines, &review).unwrap()
}

/// The line of the page as it is shown, with all that became of it.
fn line(html: &str, number: usize) -> &str {
    let (_, rest) = html.split_once(&format!("id=\"p0-{number}\"")).unwrap();
    rest.split("<li class=\"line").next().unwrap()
}

#[test]
fn what_became_of_each_line() {
    let mut document = read("shop.md", PAGE);
    document.no_ports.push(NoPort {
        line: 1,
        number: "2024".to_owned(),
        reason: "a year",
    });
    let html = rendered(100, PAGE, &document, |_| {});
    for count in [
        "<li class=\"rule\"><b>2</b> rules</li>",
        "<li class=\"inferred\"><b>1</b> of them rests on an inference</li>",
        "<li class=\"lost\"><b>1</b> not understood</li>",
        "<li class=\"none\"><b>1</b> number that is no port</li>",
        "Only what needs a look: 2 lines",
    ] {
        assert!(html.contains(count), "{count}\n{html}");
    }
    let title = line(&html, 1);
    assert!(
        title.contains("<mark class=\"none\" title=\"a year\">2024</mark>"),
        "{title}"
    );
    assert!(
        title.contains("<strong>No port:</strong> 2024, a year"),
        "{title}"
    );
    let first = line(&html, 5);
    assert!(
        first.contains("data-rules=\"r0\"") && first.contains("href=\"#r0\""),
        "{first}"
    );
    assert!(first.contains("<mark class=\"port\">443</mark>"), "{first}");
    assert!(
        first.contains("<b>web</b>") && first.contains("tcp 443"),
        "{first}"
    );
    assert!(
        first.contains("line <a href=\"#p0-5\">5</a>, <a href=\"#p0-8\">8</a>"),
        "{first}"
    );
    assert!(line(&html, 6).contains("<span class=\"tag inferred\">inferred transport</span>"));
    let lost = line(&html, 7);
    assert!(
        html.contains("<li class=\"line look lost\" id=\"p0-7\">"),
        "{html}"
    );
    assert!(
        lost.contains("<strong>Not understood:</strong> <q>70000</q>: port 70000 is out of range"),
        "{lost}"
    );
    // A rule stands in full once; other lines that say it lead there.
    assert!(
        line(&html, 8).contains("Also says <a href=\"#r0\">"),
        "{html}"
    );
    assert_eq!(html.matches("id=\"r0\"").count(), 1);
}

#[test]
fn a_page_is_never_markup() {
    let page = format!("{PAGE}\n<img src=x onerror=alert(1)> '\" & <!-- \u{202e}evil 8443\n");
    let document = read("shop.md", &page);
    let html = rendered(100, &page, &document, |matrix| {
        matrix.name = "<b>\"x\"</b>".to_owned();
        matrix.rules[1].id = "</li><script>x</script>".to_owned();
        matrix.rules[1].when = Some("<i>when</i>".to_owned());
    });
    // The review's own script is the only one.
    assert_eq!(html.matches("<script").count(), 1);
    assert!(
        !html.contains("<img") && !html.contains("<i>") && !html.contains("<b>\""),
        "{html}"
    );
    assert!(html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"));
    assert!(html.contains("\\u{202e}evil"), "{html}");
    assert!(!html.contains('\u{202e}'));
}

#[test]
fn rules_of_ones_own_stand_at_the_end() {
    let document = read("shop.md", PAGE);
    let html = rendered(100, PAGE, &document, |matrix| {
        let mut own = matrix.rules[0].clone();
        own.id = "mine".to_owned();
        own.origin = None;
        matrix.rules.push(own);
    });
    let (_, end) = html.split_once("On no line of these pages").unwrap();
    assert!(end.contains(">mine</span>"), "{end}");
    assert!(!rendered(100, PAGE, &document, |_| {}).contains("On no line"));
}

#[test]
fn a_large_page_is_cut_and_says_so() {
    let filler = "Nothing.\n\n".repeat(3000);
    let page = format!("{filler}{PAGE}\n{filler}");
    let document = read("shop.md", &page);
    let html = rendered(20, &page, &document, |_| {});
    assert!(
        html.contains("of the page's 12009 lines are shown"),
        "{html}"
    );
    assert!(
        html.contains("<li class=\"gap\">6002 lines are not shown</li>"),
        "{html}"
    );
    assert!(line(&html, 6005).contains("tcp 443"), "{html}");
    assert!(html.len() < 20_000);
    // The rule of lines that are not shown is shown on the first that is.
    let html = rendered(1, &page, &document, |_| {});
    assert!(
        html.contains("Of 3 lines that are not shown something became as well"),
        "{html}"
    );
    assert_eq!(html.matches("class=\"line").count(), 1 + 1, "{html}");
}

#[test]
fn a_page_that_is_no_text() {
    let document = read("shop.md", PAGE);
    let derived = derive(std::slice::from_ref(&document), "Shop");
    let pages = [Page {
        file: "shop.md",
        document: &document,
        text: None,
        source: &source("shop.md"),
    }];
    let html = render(&Review {
        pages: &pages,
        matrix: &derived.matrix,
        problems: &[],
    });
    let html = html.unwrap();
    assert!(
        line(&html, 5).contains("not shown, since the page is no text"),
        "{html}"
    );
    assert!(line(&html, 5).contains("tcp 443"), "{html}");
}

#[test]
fn an_origin_that_a_person_wrote() {
    let document = read("shop.md", PAGE);
    let html = rendered(100, PAGE, &document, |matrix| {
        matrix.rules[0].origin = Some("shop.md:0, shop.md:99999999999".to_owned());
    });
    assert!(html.contains("tcp 443"), "{html}");
}

#[test]
fn a_page_of_one_line() {
    let rows: Vec<String> = (1..=600)
        .map(|port| format!("<tr><td>{port}<td>TCP<td>a<td>b"))
        .collect();
    let rows = rows.concat();
    let page = format!("<table><tr><th>Port<th>Protocol<th>Source<th>Destination{rows}</table>");
    let document = document::read("shop.md", &page, Format::Html);
    let html = rendered(100, &page, &document, |_| {});
    assert!(html.contains("<li>and 100 more of this line, which are not shown</li>"));
    assert_eq!(html.matches("<li class=\"rule\" id=").count(), 500);
}

#[test]
fn many_pages_are_out_of_the_way() {
    let document = read("shop.md", PAGE);
    let matrix = derive(std::slice::from_ref(&document), "Shop").matrix;
    let source = source("shop.md");
    let html = |n_pages| {
        let page = Page {
            file: "shop.md",
            document: &document,
            text: Some(PAGE),
            source: &source,
        };
        let pages = vec![page; n_pages];
        let review = Review {
            pages: &pages,
            matrix: &matrix,
            problems: &[],
        };
        render(&review).unwrap()
    };
    assert!(!html(5).contains("<details>"));
    assert!(html(6).contains("<details><summary>6 pages</summary>"));
    assert!(html(6).contains("<a href=\"#p5\">") && html(6).contains("<section id=\"p5\">"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_hidden_of_a_page_is_left(name in foreign()) {
        let text = format!(
            "# {name}\n\n| Port | Protocol | Source {name} | Destination | Purpose |\n|--|--|--|--|--|\n| 443 | TCP | a{name} | store | {name} |\n| 70000 | TCP | {name} | store | x |\n"
        );
        let document = read("shop.md", &text);
        let derived = derive(std::slice::from_ref(&document), &name);
        let source = source(&name);
        let page = Page { file: &name, document: &document, text: Some(&text), source: &source };
        let review = Review { pages: &[page], matrix: &derived.matrix, problems: &derived.problems };
        assert_shown("review", &render(&review).unwrap());
        let toml = derived.matrix.to_toml().unwrap();
        let written = crate::escape::toml(&toml);
        assert_shown("matrix", &written);
        // Without a rule there is no matrix.
        if !derived.matrix.rules.is_empty() {
            let read = |text| Matrix::parse(std::path::Path::new("m.toml"), text).unwrap();
            prop_assert_eq!(read(&written), read(&toml));
        }
        let rows: Vec<&document::Row> = document.rows.iter().collect();
        let draft = crate::matrix::starter(&derived.matrix, &rows, &name);
        assert_shown("draft", &crate::escape::toml(&draft));
        toml::from_str::<toml::Table>(&crate::escape::toml(&draft)).unwrap();
    }
}
