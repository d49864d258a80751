//! What a letter says, and how it is written: as text (RFC 3676 readers wrap it), and as HTML that every mail program shows.

use std::fmt::Write as _;
use words::{Language, text};

/// A letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The language that it is in.
    pub language: Language,
    /// The address of its reader.
    pub to: String,
    /// Its reader's name; empty where it is not known.
    pub name: String,
    /// The subject.
    pub subject: String,
    /// What it says before the link.
    pub before: Vec<String>,
    /// Where it leads.
    pub link: Option<Link>,
    /// What it says after it.
    pub after: Vec<String>,
}

/// A link that stands alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it does.
    pub label: String,
    /// Where it leads.
    pub url: String,
}

impl Letter {
    fn greeting(&self) -> String {
        let greeting = if self.name.is_empty() { text!("Hello,") } else { text!("Hello {name},", name = self.name) };
        greeting.say(self.language)
    }

    /// The letter as text.
    pub fn text(&self) -> String {
        let mut text = format!("{}\n", self.greeting());
        for paragraph in &self.before {
            let _ = write!(text, "\n{paragraph}\n");
        }
        if let Some(Link { label, url }) = &self.link {
            let _ = write!(text, "\n{label}:\n{url}\n");
        }
        for paragraph in &self.after {
            let _ = write!(text, "\n{paragraph}\n");
        }
        text
    }

    /// The letter as HTML.
    pub fn html(&self) -> String {
        let copy = escape(&text!("Or copy this address into your browser:").say(self.language));
        let paragraphs = |all: &[String]| all.iter().map(|p| format!("<p>{}</p>\n", escape(p))).collect::<String>();
        let link = self.link.as_ref().map(|Link { label, url }| {
            let (label, url) = (escape(label), escape(url));
            format!(
                "<p><a href=\"{url}\" style=\"display:inline-block;padding:10px 18px;border-radius:6px;background:#1f5c4d;\
                 color:#ffffff;text-decoration:none;font-weight:600\">{label}</a></p>\n\
                 <p style=\"color:#5b5f5c;font-size:14px\">{copy}<br>{url}</p>\n"
            )
        });
        format!(
            "<!DOCTYPE html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\">\
             <meta name=\"viewport\" content=\"width=device-width\"><meta name=\"color-scheme\" content=\"light dark\">\
             <title>{}</title></head>\n\
             <body style=\"margin:0;padding:24px;font:16px/1.5 system-ui,sans-serif\"><div style=\"max-width:34em;margin:0 auto\">\n\
             <p>{}</p>\n{}{}{}</div></body></html>\n",
            self.language.tag(),
            escape(&self.subject),
            escape(&self.greeting()),
            paragraphs(&self.before),
            link.unwrap_or_default(),
            paragraphs(&self.after),
        )
    }
}

/// Text as HTML.
fn escape(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_say_the_same_and_names_are_no_markup() {
        let letter = Letter {
            language: Language::English,
            to: "a@example.com".into(),
            name: "Åsa <b>\"A\"</b> & Co".into(),
            subject: "</title><script>".into(),
            before: vec!["First.".into(), "Second's.".into()],
            link: Some(Link { label: "Go".into(), url: "https://x.example/?a=1&b=2".into() }),
            after: vec!["Last.".into()],
        };
        let (text, html) = (letter.text(), letter.html());
        assert_eq!(
            text,
            "Hello Åsa <b>\"A\"</b> & Co,\n\nFirst.\n\nSecond's.\n\nGo:\nhttps://x.example/?a=1&b=2\n\nLast.\n"
        );
        for part in ["Hello Åsa &lt;b&gt;&quot;A&quot;&lt;/b&gt; &amp; Co,", "<p>Second&#39;s.</p>", "<p>Last.</p>"] {
            assert!(html.contains(part), "{html}");
        }
        assert!(html.contains("href=\"https://x.example/?a=1&amp;b=2\""), "{html}");
        assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
    }
}
