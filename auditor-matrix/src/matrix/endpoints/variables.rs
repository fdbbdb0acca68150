//! Variables of templates in the text of an end.

/// The text with the names of its variables in their place, such as `{gateway} node`; a variable that is part of a host's name
/// stays as it is, as that of `store.{domain}`. `None` if it holds another part of a template, such as `{{ site.name }}` or
/// `<%= name %>`, whose words are no name, but for one that says of named machines where they are.
pub(super) fn with_variables_named(text: &str) -> Option<String> {
    if is_qualified_by_variable(text) {
        return Some(text.to_owned());
    }
    if text.contains("<%") || text.contains("%>") || text.contains("{{") || text.contains("${") {
        return None;
    }
    let mut named = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        let (name, after) = behind.split_once('}')?;
        let is_name = name.starts_with(char::is_alphabetic)
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'));
        if !is_name || before.contains('}') {
            return None;
        }
        named.push_str(before);
        let is_glued = named.ends_with('.') || after.starts_with('.') && after.len() > 1;
        if is_glued {
            named.push('{');
        }
        named.push_str(name);
        if is_glued {
            named.push('}');
        }
        rest = after;
    }
    named.push_str(rest);
    (!rest.contains('}')).then_some(named)
}

/// Whether a text names machines by its own words, and a variable of a template says no more than where: `Store in {{ site.name }}`.
fn is_qualified_by_variable(text: &str) -> bool {
    let Some((name, variable)) = text.split_once("{{") else {
        return false;
    };
    let says_where = [" in ", " of ", " on ", " at "]
        .iter()
        .find_map(|word| name.strip_suffix(word));
    let is_variable = variable.strip_suffix("}}").is_some_and(|variable| {
        let mut parts = variable.trim().split('.');
        parts.all(|part| {
            part.starts_with(char::is_alphabetic)
                && part
                    .chars()
                    .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
        })
    });
    is_variable && says_where.is_some_and(|name| name.contains(char::is_alphabetic))
}
