//! Whatever a text is, in which form it is written makes no difference.

use std::fmt::Write as _;

use pimform::import::Layout;
use pimform::plan::Filter;
use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::choices::Choices;
use super::import::{imported, plans_to_nothing};
use super::memory::{Policies, look, steps};
use super::tenant::{NOW, SUBSCRIPTION, TENANT, guid, load};
use super::{Told, for_all};

/// Letters, and all the ways to write each of them. Case means nothing in names.
const LETTERS: [&[&str]; 9] = [
    &["a", "A"],
    &["\u{f6}", "o\u{308}", "\u{d6}", "O\u{308}"],
    &["\u{e5}", "a\u{30a}", "\u{c5}", "A\u{30a}", "\u{212b}"],
    &["\u{1ec7}", "e\u{323}\u{302}", "e\u{302}\u{323}", "\u{1eb9}\u{302}", "\u{1ec6}"],
    &["\u{1f0}", "j\u{30c}", "J\u{30c}"],
    &["\u{ac00}", "\u{1100}\u{1161}"],
    &["\u{3c3}", "\u{3c2}", "\u{3a3}"],
    &["\u{df}"],
    &["-"],
];
/// The name of a profile is a word of these files, in which case counts.
const PROFILE: [&str; 2] = ["pr\u{fc}fung", "pru\u{308}fung"];
const LINE_ENDS: [&str; 3] = ["\n", "\r\n", "\r"];
const BLANKS: [&str; 4] = ["", " ", "\t", "  \t "];

/// A name, by its letters.
struct Name(Vec<usize>);

impl Name {
    fn draw(first: &str, choices: &mut Choices) -> (String, Self) {
        let long = 1 + choices.below(5);
        (first.to_owned(), Self((0..long).map(|_| choices.below(LETTERS.len())).collect()))
    }
}

/// A name in one of its forms. The beginning tells the names of one tenant apart.
fn written((first, Name(letters)): &(String, Name), choices: &mut Choices) -> String {
    let letters = letters.iter().map(|at| choices.pick(LETTERS[*at]));
    format!("{first}{}", letters.collect::<String>())
}

/// An address, without sigma: in addresses its two forms are two letters.
fn mail(choices: &mut Choices) -> (String, Name) {
    let (first, Name(letters)) = Name::draw("mail-", choices);
    (first, Name(letters.into_iter().filter(|at| !LETTERS[*at].contains(&"\u{3c3}")).collect()))
}

/// A condition of some lines, with the letter that its quotes hold always the same.
fn condition(lines: usize, letter: &str, choices: &mut Choices) -> String {
    let mut text = String::new();
    for line in 0..=lines {
        let (blanks, end) = (choices.pick(&BLANKS), choices.pick(&LINE_ENDS));
        let _ = write!(text, "@Resource[x{line}] StringEquals '{letter} {letter}' OR{blanks}{end}");
    }
    text + "@Resource[y] StringEquals 'z'" + choices.pick(&BLANKS) + choices.pick(&["", "\n", "\r\n", " \r\n\n"])
}

/// All that a tenant and its policies name, in one form or another.
struct Names([(String, Name); 9]);

impl Names {
    fn draw(choices: &mut Choices) -> Self {
        Self(
            ["user-", "group-", "other-", "app-", "unit-", "role-", "azure-", "sub-", "rg-"]
                .map(|it| Name::draw(it, choices)),
        )
    }

    fn written(&self, choices: &mut Choices) -> [String; 9] {
        [0, 1, 2, 3, 4, 5, 6, 7, 8].map(|at| written(&self.0[at], choices))
    }

    fn tenant(&self, mail: &(String, Name), condition: &str, choices: &mut Choices) -> Value {
        let [user, group, other, app, unit, role, azure, sub, rg] = self.written(choices);
        let scope = format!("/subscriptions/{SUBSCRIPTION}/resourceGroups/{rg}");
        let mail = format!("{}@contoso.example", written(mail, choices));
        let never = json!({"expire_after": "never"});
        json!({
            "format": "pimform-tenant", "version": 1, "tenant": {"id": TENANT},
            "users": [{"id": guid(1), "name": "Somebody", "upn": format!("{user}@contoso.example")}],
            "groups": [
                {"id": guid(11), "name": group, "role_assignable": true, "pim": true, "members": [guid(21)]},
                {"id": guid(12), "name": other},
            ],
            "service_principals": [{"id": guid(21), "name": app}],
            "administrative_units": [{"id": guid(31), "name": unit}],
            "subscriptions": [{"id": SUBSCRIPTION, "name": sub}],
            "resource_groups": [scope],
            "directory_roles": [{"id": guid(101), "name": role}],
            "azure_roles": [{"id": guid(201), "name": azure}],
            "targets": [
                {"directory_role": guid(101), "eligible": [
                    {"principal": guid(1), "scope": {"administrative_unit": guid(31)}}, {"principal": guid(11)}
                ], "settings": {"eligible_assignment": never, "notifications": {"activated": {"admins": {"to": [mail]}}}}},
                {"scope": scope, "role": guid(201), "settings": {"eligible_assignment": never},
                 "eligible": [{"principal": guid(1), "condition": condition}]},
            ],
        })
    }

    fn policy(&self, mail: &(String, Name), condition: &str, choices: &mut Choices) -> String {
        let [user, group, _, app, unit, role, azure, sub, rg] = self.written(choices);
        let again = format!("{}@contoso.example", written(&self.0[0], choices));
        let (one, two) = (choices.pick(&PROFILE), choices.pick(&PROFILE));
        let who = |name: String| json!({"user": name, "permanent": true, "justification": "so"});
        let mut narrow = who(format!("{user}@contoso.example"));
        narrow["administrative_unit"] = unit.into();
        let mut with_condition = who(again);
        with_condition["condition"] = condition.into();
        let mail = format!("{}@contoso.example", written(mail, choices));
        json!({
            "version": 1, "tenant": {"id": TENANT},
            "profiles": {(one): {"eligible_assignment": {"expire_after": "never"}, "notifications": {"activated": {"admins": {"to": [mail]}}}}},
            "groups": {(written(&self.0[1], choices)): {"members": [{"service_principal": app}]}},
            "directory_roles": {(role): {"settings": two, "eligible": [narrow, {"group": group, "permanent": true, "justification": "so"}]}},
            "azure": [{"subscription": sub, "resource_group": rg, "roles": {(azure): {"eligible": [with_condition]}}}],
        })
        .to_string()
    }
}

#[test]
fn form_makes_no_difference() {
    for_all(vec(any::<u16>(), 200..=300), |drawn| {
        let choices = &mut Choices::new(&drawn);
        let (names, mail) = (Names::draw(choices), mail(choices));
        let (lines, letter) = (choices.below(3), choices.pick(&["\u{e4}", "a\u{308}"]));
        let file = names.tenant(&mail, &condition(lines, letter, choices), choices);
        let text = names.policy(&mail, &condition(lines, letter, choices), choices);
        let tenant = load(&file);
        let comparison = match look(&Policies::read(std::slice::from_ref(&text)), &tenant, NOW) {
            Ok(comparison) => comparison,
            Err(findings) => panic!("{findings:#?}\n{text}\n{file:#}"),
        };
        let plan = &comparison.planned.plan;
        assert!(plan.steps.is_empty(), "{}\n{text}\n{file:#}", steps(plan));
        let findings = comparison.planned.findings.sorted();
        assert!(findings.is_empty(), "{findings:#?}\n{text}\n{file:#}");
        let globs = vec![
            format!("directory/{}/settings", written(&names.0[5], choices)),
            format!("*/{}*/members", written(&names.0[1], choices)),
        ];
        let filter = Filter::new(globs).unwrap();
        assert!(filter.idle(&comparison.desired, plan).is_empty(), "{filter:?}\n{text}\n{file:#}");
        plans_to_nothing(&tenant, &imported(&tenant, &[], false, Layout::Flat, NOW), NOW);
        Told::Telling
    });
}

/// What stands in quotes is data, and so is what makes one name another.
#[test]
fn what_is_more_than_form_makes_one() {
    for_all(vec(any::<u16>(), 200..=300), |drawn| {
        let choices = &mut Choices::new(&drawn);
        let (names, mail) = (Names::draw(choices), mail(choices));
        let lines = choices.below(3);
        let file = names.tenant(&mail, &condition(lines, "\u{e4}", choices), choices);
        let text = names.policy(&mail, &condition(lines, "a\u{308}", choices), choices);
        let comparison = look(&Policies::read(&[text]), &load(&file), NOW).unwrap();
        assert_eq!(comparison.planned.plan.steps.len(), 1, "{}", steps(&comparison.planned.plan));
        Told::Telling
    });
}
