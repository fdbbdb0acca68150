//! Which form of metrics whoever asks takes (RFC 9110, section 12.5.1).

use axum::http::{HeaderMap, header};

/// A form in which metrics are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Form {
    /// `OpenMetrics` 1.0, section 3.
    OpenMetrics,
    /// Prometheus' text, version 0.0.4, which everything reads.
    Text,
}

impl Form {
    pub(super) const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// The form that a request takes best; the text where it does not say that it knows the other one.
    pub(super) fn wanted(headers: &HeaderMap) -> Self {
        let accepted = headers.get_all(header::ACCEPT).iter();
        let accepted: Vec<&str> = accepted.filter_map(|value| value.to_str().ok()).collect();
        let quality = |names: &[&str]| {
            let items = accepted.iter().flat_map(|value| value.split(','));
            let qualities = items.filter_map(|item| {
                let mut parts = item.split(';').map(str::trim);
                let name = parts.next()?;
                let is_meant = names.iter().any(|one| one.eq_ignore_ascii_case(name));
                let quality = parts.find_map(|part| part.strip_prefix("q="));
                is_meant.then(|| quality.map_or(Some(1.0), |text| text.parse::<f64>().ok()))?
            });
            qualities.fold(0.0, f64::max)
        };
        let open = quality(&["application/openmetrics-text"]);
        let text = quality(&["text/plain"]);
        if 0.0 < open && text <= open {
            Self::OpenMetrics
        } else {
            Self::Text
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue, header};

    use super::Form;

    #[track_caller]
    fn check(accept: &'static str, expected: Form) {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static(accept));
        assert_eq!(Form::wanted(&headers), expected, "{accept}");
    }

    #[test]
    fn forms() {
        assert_eq!(Form::wanted(&HeaderMap::new()), Form::Text);
        check("*/*", Form::Text);
        check("text/html,*/*;q=0.8", Form::Text);
        check("text/plain", Form::Text);
        // As Prometheus 2.42 and 3 ask.
        check(
            "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
            Form::OpenMetrics,
        );
        check(
            "application/openmetrics-text;q=0.1, text/plain;q=0.9",
            Form::Text,
        );
        check("application/openmetrics-text;q=0, */*", Form::Text);
        check("application/openmetrics-text;q=nonsense", Form::Text);
    }
}
