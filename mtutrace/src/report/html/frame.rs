//! What is around each page.
use maud::{DOCTYPE, Markup, PreEscaped, html};

const STYLE: &str = include_str!("style.css");
/// Nothing may be loaded, whatever a name says.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// A page with this title.
pub(in crate::report) fn frame(title: &str, body: &Markup) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the report" }
                (body)
                footer { p { "Made by mtutrace. Times are UTC; lengths are bytes at L3." } }
            }
        }
    }
    .into_string()
}
