//! Drift as `JUnit`: a test for each target and group that the files declare.

use std::collections::{BTreeMap, BTreeSet};

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::super::visible;
use super::{difference, field, label, who};
use crate::drift::{Drift, Item};
use crate::model::{Desired, Names};

/// For the test view of a CI system.
pub fn drift_junit(drift: &Drift, desired: &Desired, names: &Names) -> Result<String, SerializeError> {
    let mut tests: BTreeSet<String> = desired.targets.keys().map(|target| names.target(target)).collect();
    tests.extend(desired.groups.keys().map(|group| format!("group/{}", names.group(*group))));
    let mut items: BTreeMap<&str, Vec<&Item>> = BTreeMap::new();
    let mut others: Vec<&Item> = Vec::new();
    for item in drift.drifted() {
        // The longest name that the address begins with.
        let of = |test: &&String| {
            item.address.strip_prefix(test.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        match tests.iter().filter(of).max_by_key(|test| test.len()) {
            Some(test) => items.entry(test).or_default().push(item),
            None => others.push(item),
        }
    }
    let mut suite = TestSuite::new("drift");
    for test in &tests {
        let drifted = items.get(test.as_str()).map(Vec::as_slice).unwrap_or_default();
        let unread = drift.unread.iter().find(|(address, _)| address.starts_with(test.as_str()));
        suite.add_test_case(case(test, drifted, unread.map(|(_, why)| why.as_str()), names));
    }
    for item in others {
        suite.add_test_case(case(&item.address, &[item], None, names));
    }
    let mut report = Report::new("pimform");
    report.add_test_suite(suite);
    report.to_string()
}

fn case(name: &str, drifted: &[&Item], unread: Option<&str>, names: &Names) -> TestCase {
    let status = match (drifted, unread) {
        ([], None) => TestCaseStatus::success(),
        ([], Some(why)) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(visible(&format!("could not be read: {why}")));
            status
        }
        ([first, ..], _) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(label(first));
            status.set_message(visible(&format!("{}: {}", first.address, difference(first))));
            let lines: Vec<String> = drifted.iter().flat_map(|item| lines(item, names)).collect();
            status.set_description(lines.join("\n"));
            status
        }
    };
    let mut case = TestCase::new(visible(name), status);
    case.set_classname("pimform.drift");
    case
}

fn lines(item: &Item, names: &Names) -> Vec<String> {
    let by = item.by.as_ref().map(|by| format!(" (by {})", who(by))).unwrap_or_default();
    let head = format!("{} {}: {}{by}", label(item), item.address, difference(item));
    let fields = item.fields.iter().map(|drifted| format!("  {}", field(drifted, names)));
    std::iter::once(head).chain(fields).map(|line| visible(&line).into_owned()).collect()
}
