//! A crate's files to the modules that each of them uses.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// A module's path below its crate, such as `report::text`; empty for the crate's root.
pub(crate) type Module = Vec<String>;

/// What one file says.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// Where it stands below `src`.
    pub(crate) file: String,
    /// Every path with a `::` in it, as written, and what `use` brings in.
    pub(crate) paths: BTreeSet<Vec<String>>,
    /// What each imported name stands for.
    imports: BTreeMap<String, Vec<String>>,
}

/// The files of a crate by their modules. Tests are left out: they may look at everything.
#[derive(Debug, Default)]
pub(crate) struct Sources(pub(crate) BTreeMap<Module, Source>);

impl Sources {
    /// Reads a crate's `src`.
    pub(crate) fn read(directory: &Path) -> Self {
        let mut files = Vec::new();
        collect(directory, directory, &mut files);
        let texts = files
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()));
        Self::new(texts)
    }

    /// Files as they stand below `src`, and their text.
    pub(crate) fn new<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut sources = BTreeMap::new();
        for (file, text) in files {
            let stem = file.strip_suffix(".rs").unwrap();
            let mut module: Module = stem.split('/').map(str::to_owned).collect();
            if module == ["lib"] || module == ["main"] {
                module.clear();
            }
            if module.last().is_some_and(|last| last == "tests") || file.contains("tests/") {
                continue;
            }
            let tokens: TokenStream = text
                .parse()
                .unwrap_or_else(|error| panic!("{file}: {error}"));
            // A command's `main.rs` stands beside the library's root.
            let source: &mut Source = sources.entry(module).or_default();
            file.clone_into(&mut source.file);
            source.read(tokens);
        }
        Self(sources)
    }

    /// The modules of the same crate that a module uses.
    pub(crate) fn used(&self, module: &Module) -> BTreeSet<Module> {
        let paths = self.0[module].paths.iter();
        let used = paths.filter_map(|path| self.resolve(module, path, 0));
        used.filter(|used| used != module).collect()
    }

    /// The module that holds what a path names, if it is of this crate. What a module only passes on is looked for further on.
    fn resolve(&self, module: &Module, path: &[String], depth: usize) -> Option<Module> {
        // Nobody passes a name on so often but in a circle.
        if depth == 8 {
            return None;
        }
        let mut at = module.clone();
        let mut rest = path;
        let mut is_relative = true;
        while let [first, others @ ..] = rest {
            match first.as_str() {
                "crate" => at.clear(),
                "self" if is_relative => {}
                "super" => {
                    at.pop();
                }
                name => {
                    let mut child = at.clone();
                    child.push(name.to_owned());
                    if self.0.contains_key(&child) {
                        at = child;
                    } else if is_relative {
                        // Another crate, or a name that stands in this file.
                        return None;
                    } else {
                        let passed_on = self.0.get(&at).and_then(|source| source.imports.get(name));
                        return match passed_on {
                            Some(path) => self.resolve(&at, path, depth + 1).or(Some(at)),
                            None => Some(at),
                        };
                    }
                }
            }
            is_relative = false;
            rest = others;
        }
        Some(at)
    }
}

fn collect(root: &Path, directory: &Path, files: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(root, &path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let file = path
                .strip_prefix(root)
                .unwrap()
                .to_str()
                .unwrap()
                .to_owned();
            files.push((file, fs::read_to_string(&path).unwrap()));
        }
    }
}

impl Source {
    fn read(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            if is_test_only(&tokens[at..]) {
                at += 2;
                at += item(&tokens[at..]);
                continue;
            }
            at += 1;
            match token {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(word) if word == "use" => {
                    let mut imported = Vec::new();
                    at += tree(&tokens[at..], &[], &mut imported);
                    for (path, name) in imported {
                        self.imports.insert(name, path.clone());
                        self.paths.insert(path);
                    }
                }
                TokenTree::Ident(_) if !is_separator(&tokens, at.wrapping_sub(3)) => {
                    let mut found = Vec::new();
                    let length = tree(&tokens[at - 1..], &[], &mut found);
                    at = at.max(at - 1 + length);
                    self.paths.extend(
                        found
                            .into_iter()
                            .map(|(path, _)| path)
                            .filter(|path| 1 < path.len()),
                    );
                }
                TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }
}

/// Whether two colons stand here.
fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let is_colon =
        |at: usize| matches!(tokens.get(at), Some(TokenTree::Punct(sign)) if sign.as_char() == ':');
    is_colon(at) && is_colon(at.wrapping_add(1))
}

/// Whether these begin with `#[cfg(test)]`.
fn is_test_only(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [TokenTree::Punct(sign), TokenTree::Group(attribute), ..]
        if sign.as_char() == '#' && attribute.stream().to_string().replace(' ', "") == "cfg(test)")
}

/// How many tokens an item takes: to its semicolon, or to its braces, which in an import stand before one.
fn item(tokens: &[TokenTree]) -> usize {
    let is_import = tokens
        .iter()
        .take(4)
        .any(|token| matches!(token, TokenTree::Ident(word) if word == "use"));
    let is_end = |token: &TokenTree| match token {
        TokenTree::Punct(sign) => sign.as_char() == ';',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Brace && !is_import,
        TokenTree::Ident(_) | TokenTree::Literal(_) => false,
    };
    tokens
        .iter()
        .position(is_end)
        .map_or(tokens.len(), |end| end + 1)
}

/// Reads a path, or a tree of them as `use` has it, with the names by which they are known; returns how many tokens it took.
fn tree(tokens: &[TokenTree], before: &[String], found: &mut Vec<(Vec<String>, String)>) -> usize {
    let mut path = before.to_vec();
    let mut at = 0;
    loop {
        match tokens.get(at) {
            Some(TokenTree::Ident(word)) => {
                path.push(word.to_string());
                at += 1;
            }
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace && at != 0 => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let is_comma = |token: &TokenTree| matches!(token, TokenTree::Punct(sign) if sign.as_char() == ',');
                for branch in inner.split(is_comma).filter(|branch| !branch.is_empty()) {
                    tree(branch, &path, found);
                }
                return at + 1;
            }
            // `*`, or what is no path: type arguments, a macro's fragments.
            _ => break,
        }
        if !is_separator(tokens, at) {
            break;
        }
        at += 2;
    }
    let mut name = path.last().cloned().unwrap_or_default();
    if name == "self" && !before.is_empty() {
        path.pop();
        name = path.last().cloned().unwrap_or_default();
    }
    if let [TokenTree::Ident(word), TokenTree::Ident(alias), ..] =
        tokens.get(at..).unwrap_or_default()
        && word == "as"
    {
        name = alias.to_string();
        at += 2;
    }
    found.push((path, name));
    at
}
