//! Variables of templates in the text of an end.

/// The text with the names of its variables in their place, such as `{gateway} node` and `{{ site.vendor }} time service`; a
/// variable that is part of a host's name stays as it is, as that of `store.{domain}`. `None` if it holds another part of a
/// template, such as `<%= name %>`, or nothing but variables of the site, whose words are no name.
pub(super) fn with_variables_named(text: &str) -> Option<String> {
    if is_qualified_by_variable(text) {
        return Some(text.to_owned());
    }
    let with_site_variables = with_site_variables_named(text);
    let text = with_site_variables.as_deref().unwrap_or(text);
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

/// The text with the last names of the site's variables in their place, if its own words name something as well:
/// `{{ site.vendor }} time service` is `vendor time service`.
fn with_site_variables_named(text: &str) -> Option<String> {
    let mut named = String::new();
    let mut rest = text;
    let mut has_words = false;
    while let Some((before, behind)) = rest.split_once("{{") {
        let (variable, after) = behind.split_once("}}")?;
        let is_glued = before.ends_with(|c: char| !c.is_whitespace() && c != '(')
            || after.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_'));
        if is_glued || !is_path(variable.trim()) {
            return None;
        }
        has_words |= names_something(before);
        named.push_str(before);
        named.push_str(variable.trim().rsplit('.').next().unwrap_or_default());
        rest = after;
    }
    has_words |= names_something(rest);
    named.push_str(rest);
    (has_words && text != rest).then_some(named)
}

/// Whether a text has a word that is no preposition and no article.
fn names_something(text: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric())
        .any(|word| 2 < word.len() && !matches!(word, "the" | "The" | "for" | "For" | "from"))
}

/// Names with dots between: `site.vendor`.
fn is_path(variable: &str) -> bool {
    variable.split('.').all(|part| {
        part.starts_with(char::is_alphabetic)
            && part
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_'))
    })
}

/// Whether a text names machines by its own words, and a variable of a template says no more than where: `Store in {{ site.name }}`.
fn is_qualified_by_variable(text: &str) -> bool {
    let Some((name, variable)) = text.split_once("{{") else {
        return false;
    };
    let says_where = [" in ", " of ", " on ", " at "]
        .iter()
        .find_map(|word| name.strip_suffix(word));
    let is_variable = variable
        .strip_suffix("}}")
        .is_some_and(|variable| is_path(variable.trim()));
    is_variable && says_where.is_some_and(|name| name.contains(char::is_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::with_variables_named;

    #[test]
    fn variables() {
        let check = |text: &str, expected: &str| {
            let named = with_variables_named(text);
            assert_eq!(named.as_deref().unwrap_or("-"), expected, "{text}");
        };
        check("Store", "Store");
        check("{gateway} node", "gateway node");
        check("store.{domain}", "store.{domain}");
        check("Store in {{ site.name }}", "Store in {{ site.name }}");
        check("{{site.data.vendor}} time service", "vendor time service");
        check("The {{ product }} node", "The product node");
        check("{{ host }}", "-");
        check("{{ site.a }} {{ site.b }}", "-");
        check("in {{ site.name }}", "-");
        check("node-{{ n }}", "-");
        check("{{ n }}.example.com", "-");
        check("{{ name | upper }} store", "-");
        check("{{ store", "-");
        check("<%= name %> store", "-");
    }
}
