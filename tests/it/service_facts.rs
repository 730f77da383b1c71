//! What the code relies on of the service stands in `docs/service.md`, with its source: every citation leads there, and
//! nothing stands there that no code relies on.

use std::collections::BTreeSet;
use std::path::Path;

use crate::harness::project;

/// How code cites facts: this, then one id or several with commas between them.
const CITATION: &str = "docs/service.md: ";

/// The words of the column that says how well a fact is known.
const KNOWN_FROM: [&str; 7] = ["definition", "docs", "recorded", "measured", "client", "report", "assumed"];

#[test]
fn every_citation_leads_to_a_fact_and_every_fact_is_relied_on() {
    let page = std::fs::read_to_string(project().join("docs/service.md")).unwrap();
    let stated: BTreeSet<String> = rows(&page).map(|row| row[0].to_owned()).collect();
    assert_eq!(stated.len(), rows(&page).count(), "an id stands twice");
    let mut cited = BTreeSet::new();
    cite(&project().join("src"), &mut cited);
    let unknown: Vec<&String> = cited.difference(&stated).collect();
    assert!(unknown.is_empty(), "cited, but not in docs/service.md: {unknown:?}");
    let unused: Vec<&String> = stated.difference(&cited).collect();
    assert!(unused.is_empty(), "in docs/service.md, but no code cites it: {unused:?}");
}

#[test]
fn every_fact_says_how_well_it_is_known() {
    let page = std::fs::read_to_string(project().join("docs/service.md")).unwrap();
    for row in rows(&page) {
        let known = row.last().unwrap();
        assert!(
            KNOWN_FROM.iter().any(|word| known.contains(word)),
            "{}: `{known}` is not in the table of words",
            row[0]
        );
    }
}

/// The rows of facts: those whose first cell is an id such as `requests-1`.
fn rows(page: &str) -> impl Iterator<Item = Vec<&str>> {
    page.lines().filter(|line| line.starts_with('|')).filter_map(|line| {
        let cells: Vec<&str> = line.trim_matches('|').split(" | ").map(str::trim).collect();
        is_id(cells[0]).then_some(cells)
    })
}

fn is_id(cell: &str) -> bool {
    cell.rsplit_once('-').is_some_and(|(area, number)| {
        area.chars().all(|c| c.is_ascii_lowercase() || c == '-') && number.parse::<u32>().is_ok()
    })
}

fn cite(folder: &Path, cited: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cite(&path, cited);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = std::fs::read_to_string(&path).unwrap();
            for citation in text.split(CITATION).skip(1) {
                let ids = citation.split(", ").map_while(|part| {
                    let end = part.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(part.len());
                    let id = part.get(..end)?;
                    is_id(id).then(|| (id.to_owned(), end == part.len()))
                });
                // A list of ids goes on only where nothing stands between an id and the comma.
                for (id, goes_on) in ids {
                    cited.insert(id);
                    if !goes_on {
                        break;
                    }
                }
            }
        }
    }
}
