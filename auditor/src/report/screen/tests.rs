//! What is on the screen, as text.

use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
};

use super::{Answer, Screen};
use crate::report::tests::report;

fn drawn(screen: &mut Screen, width: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, 24)).unwrap();
    let report = report();
    terminal
        .draw(|frame| screen.draw(frame, Some(&report), "watching eth0"))
        .unwrap();
    terminal.backend().to_string()
}

fn press(screen: &mut Screen, codes: &[KeyCode]) -> Answer {
    let mut answer = Answer::Shown;
    for code in codes {
        answer = screen.key(KeyEvent::new(*code, KeyModifiers::NONE));
    }
    answer
}

#[test]
fn rules_first() {
    insta::assert_snapshot!(drawn(&mut Screen::default(), 110));
}

#[test]
fn flows_with_details_of_the_worst() {
    let mut screen = Screen::default();
    press(&mut screen, &[KeyCode::Tab, KeyCode::Enter]);
    insta::assert_snapshot!(drawn(&mut screen, 110));
}

#[test]
fn a_filter_leaves_what_holds_its_words() {
    let mut screen = Screen::default();
    let letters: Vec<KeyCode> = "/tcp/22".chars().map(KeyCode::Char).collect();
    press(&mut screen, &[KeyCode::Tab]);
    press(&mut screen, &letters);
    let typed = drawn(&mut screen, 110);
    assert!(
        typed.contains("192.0.2.1") && !typed.contains("10.0.9.7"),
        "{typed}"
    );
    // `q` is a letter of the filter as long as it is typed.
    assert_eq!(press(&mut screen, &[KeyCode::Char('q')]), Answer::Shown);
    assert!(!drawn(&mut screen, 110).contains("192.0.2.1"));
    press(&mut screen, &[KeyCode::Esc]);
    assert!(drawn(&mut screen, 110).contains("10.0.9.7"));
    assert_eq!(press(&mut screen, &[KeyCode::Char('q')]), Answer::Leave);
}

#[test]
fn only_what_is_bad() {
    let mut screen = Screen::default();
    press(
        &mut screen,
        &[KeyCode::Tab, KeyCode::Char('s'), KeyCode::Char('s')],
    );
    let shown = drawn(&mut screen, 110);
    assert!(
        shown.contains("192.0.2.1") && !shown.contains("10.0.9.7"),
        "{shown}"
    );
}

#[test]
fn any_size_and_any_text() {
    let mut screen = Screen::default();
    press(
        &mut screen,
        &[KeyCode::Enter, KeyCode::End, KeyCode::PageUp, KeyCode::Up],
    );
    for (width, height) in [(1, 1), (20, 5), (400, 3)] {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        let mut report = report();
        report.host.name = "\u{1b}[31mred\nline".to_owned();
        for report in [None, Some(&report)] {
            terminal
                .draw(|frame| screen.draw(frame, report, "\u{1b}[2J"))
                .unwrap();
            assert!(!terminal.backend().to_string().contains('\u{1b}'));
        }
    }
}

#[test]
fn flows_that_are_alike_are_one_line() {
    let mut report = report();
    report
        .patterns
        .push(crate::report::tests::alike(&report, 1));
    report.flows[1].pattern = Some(0);
    let drawn = |screen: &mut Screen| {
        let mut terminal = Terminal::new(TestBackend::new(160, 30)).unwrap();
        terminal
            .draw(|frame| screen.draw(frame, Some(&report), ""))
            .unwrap();
        terminal.backend().to_string()
    };
    let mut screen = Screen::default();
    press(&mut screen, &[KeyCode::Tab]);
    let n_of = |text: &str, what: &str| text.matches(what).count();
    let shown = drawn(&mut screen);
    assert_eq!(n_of(&shown, "9 flows that are alike"), 1, "{shown}");
    let service = report.flows[1].service();
    assert_eq!(n_of(&shown, &format!("{service} ")), 0, "{shown}");
    press(&mut screen, &[KeyCode::Enter]);
    assert!(drawn(&mut screen).contains("one of them"));
    press(&mut screen, &[KeyCode::Char('a')]);
    let shown = drawn(&mut screen);
    assert_eq!(n_of(&shown, "9 flows that are alike"), 0, "{shown}");
    assert!(shown.contains(&service), "{shown}");
}
