//! No circle: files of a crate use one another in one direction.
//!
//! A module and those below it may know each other, as one is the other's front.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    assert_known, crates,
    source::{Module, Sources},
};

/// Circles that are still there.
const KNOWN: [&str; 2] = [
    "auditor: capture::program, capture::table",
    "auditor: observed::flow, observed::translation",
];

#[test]
fn there_is_none() {
    let mut found = BTreeSet::new();
    for (name, directory) in crates() {
        let circles = circles(&Sources::read(&directory));
        found.extend(
            circles
                .into_iter()
                .map(|circle| format!("{name}: {circle}")),
        );
    }
    assert_known(&found, &KNOWN);
}

/// The circles of a crate, each as its modules in order.
fn circles(sources: &Sources) -> BTreeSet<String> {
    let is_above = |one: &Module, other: &Module| other.starts_with(one);
    let uses: BTreeMap<&Module, BTreeSet<Module>> = sources
        .0
        .keys()
        .map(|module| {
            let mut used = sources.used(module);
            used.retain(|used| !is_above(used, module) && !is_above(module, used));
            (module, used)
        })
        .collect();
    let reached: BTreeMap<&Module, BTreeSet<&Module>> = uses
        .keys()
        .map(|module| (*module, reached(&uses, module)))
        .collect();
    let mut circles = BTreeSet::new();
    for (module, there) in &reached {
        let circle: Vec<String> = there
            .iter()
            .filter(|other| reached[**other].contains(module))
            .map(|other| other.join("::"))
            .collect();
        if 1 < circle.len() {
            circles.insert(circle.join(", "));
        }
    }
    circles
}

/// Every module to which a chain of uses leads.
fn reached<'a>(
    uses: &'a BTreeMap<&Module, BTreeSet<Module>>,
    from: &Module,
) -> BTreeSet<&'a Module> {
    let (mut reached, mut waiting) = (BTreeSet::new(), vec![from]);
    while let Some(module) = waiting.pop() {
        for used in &uses[module] {
            if reached.insert(used) {
                waiting.push(used);
            }
        }
    }
    reached
}

#[test]
fn one_is_found() {
    let root = ("lib.rs", "mod front; mod other;");
    let front = (
        "front.rs",
        "mod first; mod second; pub use first::First; fn f() { second::s(); }",
    );
    let first = (
        "front/first.rs",
        "use std::fmt; pub struct First; fn f() { let _ = super::second::s(); }",
    );
    let second = |text| ("front/second.rs", text);
    let other = ("other.rs", "use crate::front::{self, First};");
    let found = |text| circles(&Sources::new([root, front, first, second(text), other]));
    let none = BTreeSet::new();
    assert_eq!(found("pub fn s() {}"), none);
    let circle: BTreeSet<String> = ["front::first, front::second".to_owned()].into();
    // As itself, under another name, among others, through the front, and within a macro.
    assert_eq!(found("use super::first::First;"), circle);
    assert_eq!(found("use crate::front::first as f;"), circle);
    assert_eq!(
        found("use crate::{front::{first::{self, First}}, other::X};"),
        BTreeSet::from(["front::first, front::second, other".to_owned()])
    );
    assert_eq!(found("use super::First;"), circle);
    assert_eq!(
        found("fn f() { assert!(matches!(x, super::first::First)) }"),
        circle
    );
    // A longer one.
    let long = BTreeSet::from(["front::first, front::second, other".to_owned()]);
    assert_eq!(found("use crate::other::X;"), long);
    // Tests may look at everything.
    assert_eq!(
        found("#[cfg(test)] mod tests { use super::super::first::First; } pub fn s() {}"),
        none
    );
    assert_eq!(
        found("#[cfg(test)] use super::first::{First}; pub fn s() {}"),
        none
    );
    assert_eq!(
        found("// use super::first::First;\nconst S: &str = \"super::first::First\";"),
        none
    );
}
