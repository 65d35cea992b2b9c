//! Where a method was published, and how to cite it.

/// A publication.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// Given name first, in the paper's order, in ASCII with TeX accents where a name needs them.
    pub authors: &'static [&'static str],
    pub title: &'static str,
    pub venue: Venue,
    pub year: u16,
    /// Address of the paper's own page (arXiv, a DOI, proceedings), or of the code where there is no paper.
    pub link: &'static str,
}

/// Where it appeared, with the venue's usual short name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Venue {
    Proceedings(&'static str),
    Journal(&'static str),
    Book(&'static str),
    /// On arXiv alone.
    Preprint,
}

impl Source {
    /// One line to read: `Liu et al., Title (NeurIPS)`.
    pub fn reference(&self) -> String {
        let family = |name: &str| plain(name.rsplit(' ').next().unwrap_or(name));
        let who = match self.authors {
            [] => String::new(),
            [one] => family(one),
            [one, two] => format!("{} and {}", family(one), family(two)),
            [first, ..] => format!("{} et al.", family(first)),
        };
        let venue = match self.venue {
            Venue::Proceedings(name) | Venue::Journal(name) | Venue::Book(name) => name,
            Venue::Preprint => "arXiv",
        };
        format!("{who}, {} ({venue})", self.title)
    }

    /// The entry of a BibTeX file, under a key of the first author's family name, the year and `id`.
    pub fn bibtex(&self, id: &str) -> String {
        let (entry, field, venue) = match self.venue {
            Venue::Proceedings(name) => ("inproceedings", "booktitle", name),
            Venue::Journal(name) => ("article", "journal", name),
            Venue::Book(name) => ("book", "publisher", name),
            Venue::Preprint => ("misc", "howpublished", "arXiv"),
        };
        let family = self.authors.first().and_then(|name| name.rsplit(' ').next()).unwrap_or("anonymous");
        let family: String = plain(family).chars().filter(char::is_ascii_alphabetic).collect();
        let key = format!("{}{}{id}", family.to_ascii_lowercase(), self.year);
        let (authors, title, year, link) = (self.authors.join(" and "), self.title, self.year, self.link);
        format!(
            "@{entry}{{{key},\n  author = {{{authors}}},\n  title = {{{{{title}}}}},\n  {field} = {{{venue}}},\n  \
             year = {{{year}}},\n  url = {{{link}}}\n}}"
        )
    }
}

/// A name without TeX's accents: `D{\'e}sid{\'e}ri` becomes `Désidéri`.
fn plain(name: &str) -> String {
    let mut out = String::new();
    let mut rest = name;
    while let Some((before, accented)) = rest.split_once("{\\") {
        out.push_str(before);
        let Some((inside, after)) = accented.split_once('}') else { break };
        let mut letters = inside.chars();
        let mark = match letters.next() {
            Some('\'') => Some('\u{301}'),
            Some('`') => Some('\u{300}'),
            Some('"') => Some('\u{308}'),
            Some('^') => Some('\u{302}'),
            Some('~') => Some('\u{303}'),
            Some('c') => Some('\u{327}'),
            Some('v') => Some('\u{30c}'),
            _ => None,
        };
        out.extend(letters.filter(|c| *c != ' '));
        out.extend(mark);
        rest = after;
    }
    out.push_str(rest);
    out
}

/// Names as people type them, without accents, whether those are TeX's, combined or of one piece.
pub(super) fn searchable(text: &str) -> String {
    let bare = |c: char| match c {
        'á' | 'à' | 'ä' | 'â' | 'ã' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' | 'õ' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        other => other,
    };
    plain(text).chars().filter(|c| !('\u{300}'..='\u{36f}').contains(c)).map(bare).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_however_they_are_typed() {
        for typed in ["Val{\\'e}rian", "Valérian", "Vale\u{301}rian", "Valerian"] {
            assert_eq!(searchable(typed), "Valerian");
        }
    }
}
