//! Panels of tabs: which elements they are, and what their labels say.

use std::collections::BTreeMap;

use super::{
    super::vocabulary::{Meaning, meaning},
    tag::Tag,
};

/// The tabs of a page, as far as it was read.
#[derive(Default)]
pub(super) struct Tabs {
    /// The label that is being read: its element, what it points to, its text.
    label: Option<(String, Vec<String>, String)>,
    /// The labels of the current set, in their order.
    labels: Vec<String>,
    /// The label of each panel, or each label, that has an identifier.
    by_id: BTreeMap<String, String>,
    /// The position among `labels` of the next panel.
    next: usize,
    /// The open panels, innermost last: the element, and how many of its name are open inside it.
    panels: Vec<(String, usize)>,
}

impl Tabs {
    /// Takes text; true if it is a label's.
    pub(super) fn text(&mut self, text: &str) -> bool {
        match &mut self.label {
            Some((_, _, label)) => {
                label.push_str(text);
                true
            }
            None => false,
        }
    }

    /// Takes a start tag; the label of the panel that it opens, if it opens one. A bare tag is an element of HTML without
    /// attributes.
    pub(super) fn start(&mut self, tag: &Tag<'_>, is_bare: bool) -> Option<String> {
        if is_bare && self.label.is_none() && self.panels.is_empty() {
            return None;
        }
        if is_label(tag) && self.label.is_none() {
            if self.labels.len() <= self.next && 0 < self.next {
                self.labels.clear();
                self.next = 0;
            }
            let points_to = [
                "id",
                "aria-controls",
                "href",
                "data-target",
                "data-bs-target",
                "for",
            ]
            .iter()
            .filter_map(|name| tag.attribute(name))
            .map(|value| value.trim_start_matches('#').to_owned())
            .collect();
            self.label = Some((tag.name.to_owned(), points_to, String::new()));
            return None;
        }
        if let Some((name, points_to, _)) = &mut self.label {
            // The link inside a label names the panel.
            let to = ["href", "aria-controls", "data-bs-target"]
                .iter()
                .filter_map(|name| tag.attribute(name));
            points_to.extend(to.map(|value| value.trim_start_matches('#').to_owned()));
            if tag.name == name {
                self.label = None;
            }
        }
        for (name, depth) in &mut self.panels {
            if name == tag.name && !tag.is_self_closing {
                *depth += 1;
            }
        }
        if !is_panel(tag) || tag.is_self_closing || MOST_PANELS <= self.panels.len() {
            return None;
        }
        let label = self.label_of(tag)?;
        self.panels.push((tag.name.to_owned(), 1));
        Some(label)
    }

    /// Takes an end tag; the number of panels that it ends.
    pub(super) fn end(&mut self, name: &str) -> usize {
        if let Some((element, points_to, text)) = self.label.take() {
            if element == name {
                let text = crate::document::text::fold(&text);
                for id in points_to {
                    self.by_id.insert(id, text.clone());
                }
                self.labels.push(text);
            } else {
                self.label = Some((element, points_to, text));
            }
        }
        for (element, depth) in &mut self.panels {
            if element == name {
                *depth -= 1;
            }
        }
        let n_open = self
            .panels
            .iter()
            .take_while(|(_, depth)| 0 < *depth)
            .count();
        let n_ended = self.panels.len() - n_open;
        self.panels.truncate(n_open);
        n_ended
    }

    /// The number of panels that were not ended; they are ended.
    pub(super) fn end_all(&mut self) -> usize {
        std::mem::take(&mut self.panels).len()
    }

    fn label_of(&mut self, tag: &Tag<'_>) -> Option<String> {
        let own = tag.first_of(&["label", "title", "name", "header", "value", "tab", "text"]);
        if meaning(tag.name) == Meaning::Alternative {
            return own.map(str::to_owned);
        }
        let by_id = ["id", "aria-labelledby"]
            .iter()
            .find_map(|name| self.by_id.get(tag.attribute(name)?))
            .cloned();
        let in_order = self.labels.get(self.next).cloned();
        self.next += 1;
        let said = tag.first_of(&["aria-label", "data-label", "data-title", "title"]);
        by_id
            .or_else(|| said.map(str::to_owned))
            .or(in_order)
            .filter(|label| !label.is_empty())
    }
}

/// Panels deeper than this are read as text.
const MOST_PANELS: usize = 50;

fn is_label(tag: &Tag<'_>) -> bool {
    tag.attribute("role") == Some("tab")
        || tag.name == "label" && {
            let mut classes = tag.classes();
            classes.any(|class| class.contains("tab"))
                || tag.attribute("for").is_some_and(|id| id.contains("tab"))
        }
        || tag.attribute("data-bs-toggle") == Some("tab")
        || tag.attribute("data-toggle") == Some("tab")
}

pub(super) fn is_panel(tag: &Tag<'_>) -> bool {
    tag.attribute("role") == Some("tabpanel")
        || meaning(tag.name) == Meaning::Alternative
        || tag.classes().any(|class| {
            matches!(
                class,
                "tab-pane"
                    | "tabpanel"
                    | "tab-panel"
                    | "tabbed-block"
                    | "sd-tab-content"
                    | "tabcontent"
            )
        })
}
