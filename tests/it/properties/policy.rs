//! Policies for such a tenant: every key of the language, names in every spelling, mostly without errors.

use std::collections::{BTreeMap, BTreeSet};

use pimform::model::{Access, Kind, PrincipalId, Target};
use uuid::Uuid;

use super::choices::Choices;
use super::tenant::{
    AZURE_ROLES, CONDITIONS, GROUPS, ROLES, SERVICE, SUBSCRIPTION, TENANT, There, UNITS, USERS, World, azure_role,
    directory_role, group_target, guid, roles_at, scopes,
};
use super::yaml::{Entries, Yaml, flag, one, text};

/// Groups that do not exist yet.
const NEW: [&str; 2] = ["NEW-Approvers", "new: \"x\" #1 / é"];
const PROFILES: [&str; 3] = ["baseline", "tier 0: \"strict\"", "min/imum"];
const SETS: [&str; 2] = ["leads", "l'équipe"];

/// What is declared of a target, as the generator meant it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Declared {
    /// Each settings field that some layer sets.
    pub(crate) settings: BTreeSet<String>,
    /// The kinds whose list is declared.
    pub(crate) lists: BTreeSet<Kind>,
    /// What the lists name is all there may be.
    pub(crate) complete: bool,
}

/// The content of policy files, and what they mean.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) content: Entries,
    pub(crate) targets: BTreeMap<Target, Declared>,
    /// The declared static lists, and whether they are complete.
    pub(crate) members: BTreeMap<(PrincipalId, Access), bool>,
    pub(crate) protected: BTreeSet<PrincipalId>,
}

/// The id that stands for a group until it exists.
fn stand_in(name: &str) -> String {
    let tenant: Uuid = TENANT.parse().unwrap();
    Uuid::new_v5(&tenant, format!("group/{name}").as_bytes()).to_string()
}

pub(crate) fn draw(world: &World, choices: &mut Choices) -> Policy {
    let mut new: Vec<(&'static str, bool)> = Vec::new();
    for name in NEW {
        if choices.in_ten(4) {
            new.push((name, choices.in_ten(7)));
        }
    }
    let additive = choices.in_ten(2);
    let mut writer =
        Writer { world, choices, new, profiles: BTreeMap::new(), sets: Vec::new(), sloppy: false, additive };
    writer.sloppy = writer.choices.one_in(12);
    writer.policy()
}

struct Writer<'w, 'c, 'd> {
    world: &'w World,
    choices: &'c mut Choices<'d>,
    /// Groups to create, and whether they may hold roles.
    new: Vec<(&'static str, bool)>,
    /// Each with what it says when all that it extends is merged in.
    profiles: BTreeMap<&'static str, BTreeMap<String, Yaml>>,
    sets: Vec<&'static str>,
    /// Leaves out what settings may ask for, and asks for what they may forbid.
    sloppy: bool,
    additive: bool,
}

impl Writer<'_, '_, '_> {
    fn policy(mut self) -> Policy {
        let mut content = vec![("version".to_owned(), Yaml::Word("1"))];
        let mut add = |key: &str, value: Yaml| content.push((key.to_owned(), value));
        if !self.choices.one_in(10) || !self.new.is_empty() {
            add("tenant", one("id", text(TENANT)));
        }
        if self.additive {
            add("ownership", Yaml::Word("additive"));
        } else if self.choices.one_in(4) {
            add("ownership", Yaml::Word("complete"));
        }
        add("approvers", self.approvers());
        let (profiles, floor) = self.profiles();
        add("profiles", profiles);
        if floor {
            add("floor", text("floor"));
        }
        let mut policy = Policy {
            content: Vec::new(),
            targets: BTreeMap::new(),
            members: BTreeMap::new(),
            protected: BTreeSet::new(),
        };
        add("groups", self.groups(&mut policy));
        add("directory_roles", self.directory_roles(&mut policy));
        add("azure", self.azure(&mut policy));
        let protected: Vec<u32> = self.choices.some(&[1, 2, 3, 4, 5, 11], 2);
        policy.protected = protected.iter().map(|id| guid(*id).parse().unwrap()).collect();
        add("protected", Yaml::List(protected.into_iter().map(|id| Yaml::Map(vec![self.principal(id)])).collect()));
        policy.content = content;
        policy
    }

    // -- Names

    fn spelled(&mut self, name: &str, id: String) -> Yaml {
        match self.choices.below(6) {
            0 => text(id),
            1 => text(name.to_uppercase()),
            _ => text(name),
        }
    }

    /// A principal by its number, as key and value.
    fn principal(&mut self, number: u32) -> (String, Yaml) {
        let named = |list: &[(u32, &'static str)]| list.iter().find(|(id, _)| *id == number).map(|(_, name)| *name);
        if let Some(name) = named(&USERS) {
            ("user".to_owned(), self.spelled(name, guid(number)))
        } else if let Some(name) = named(&GROUPS) {
            ("group".to_owned(), self.spelled(name, guid(number)))
        } else if number == SERVICE.0 {
            let id = if self.choices.in_ten(5) { guid(921) } else { guid(number) };
            ("service_principal".to_owned(), self.spelled(SERVICE.1, id))
        } else {
            let (name, _) = self.new.get(usize::try_from(number).unwrap() - 1000).unwrap();
            ("group".to_owned(), text(*name))
        }
    }

    /// The numbers of the groups that are to be created.
    fn new_numbers(&self, role_assignable: bool) -> impl Iterator<Item = u32> {
        let numbers: Vec<u32> =
            self.new.iter().zip(1000..).filter(|((_, may), _)| *may || !role_assignable).map(|(_, at)| at).collect();
        numbers.into_iter()
    }

    // -- Settings

    fn approvers(&mut self) -> Yaml {
        let mut sets = Vec::new();
        for name in SETS {
            if !self.choices.in_ten(6) {
                continue;
            }
            let candidates: Vec<u32> = [1, 2, 3, 12].into_iter().chain(self.new_numbers(false)).collect();
            let mut numbers = self.choices.some(&candidates, 4);
            if numbers.is_empty() {
                numbers.push(1);
            }
            let set = numbers.into_iter().map(|number| Yaml::Map(vec![self.principal(number)])).collect();
            sets.push((name.to_owned(), Yaml::List(set)));
            self.sets.push(name);
        }
        Yaml::Map(sets)
    }

    fn profiles(&mut self) -> (Yaml, bool) {
        let mut profiles = Vec::new();
        for name in PROFILES {
            if !self.choices.in_ten(7) {
                continue;
            }
            let (mut layer, mut merged) = self.layer();
            if let Some((base, under)) = self.extended() {
                layer.push(("extends".to_owned(), text(base)));
                for (field, value) in under {
                    merged.entry(field).or_insert(value);
                }
            }
            profiles.push((name.to_owned(), Yaml::Map(layer)));
            self.profiles.insert(name, merged);
        }
        let floor = self.choices.in_ten(3);
        if floor {
            profiles.push(("floor".to_owned(), one("activation", one("max_duration", text("24h")))));
        }
        (Yaml::Map(profiles), floor)
    }

    fn extended(&mut self) -> Option<(&'static str, BTreeMap<String, Yaml>)> {
        let known: Vec<&'static str> = self.profiles.keys().copied().collect();
        if known.is_empty() || self.choices.in_ten(4) {
            return None;
        }
        let name = self.choices.pick(&known);
        Some((name, self.profiles.get(name).cloned().unwrap_or_default()))
    }

    /// A layer, and each field that it sets by its path.
    fn layer(&mut self) -> (Entries, BTreeMap<String, Yaml>) {
        let mut layer = Vec::new();
        let activation = self.activation();
        if !activation.is_empty() {
            layer.push(("activation".to_owned(), Yaml::Map(activation)));
        }
        for kind in Kind::ALL {
            let mut rules = Vec::new();
            if self.choices.in_ten(3) {
                let value = self.choices.pick(&["never", "365d", "P90D", "30d"]);
                rules.push(("expire_after".to_owned(), text(value)));
            }
            for key in self.choices.some(&["mfa", "justification"], 2) {
                rules.push((key.to_owned(), flag(self.choices.in_ten(5))));
            }
            if !rules.is_empty() {
                layer.push((format!("{kind}_assignment"), Yaml::Map(rules)));
            }
        }
        let mut events = Vec::new();
        for event in self.choices.some(&["eligible_assigned", "active_assigned", "activated"], 2) {
            let mut audiences = Vec::new();
            for audience in self.choices.some(&["admins", "assignee", "approvers"], 4) {
                audiences.push((audience.to_owned(), Yaml::Map(self.notification())));
            }
            events.push((event.to_owned(), Yaml::Map(audiences)));
        }
        if !events.is_empty() {
            layer.push(("notifications".to_owned(), Yaml::Map(events)));
        }
        let mut fields = BTreeMap::new();
        flatten("", &Yaml::Map(layer.clone()), &mut fields);
        (layer, fields)
    }

    fn notification(&mut self) -> Entries {
        let mut rule = Vec::new();
        if self.choices.in_ten(5) {
            let to = self.choices.some(&["Soc@contoso.example", "ops@contoso.example", "x+y@contoso.example"], 4);
            rule.push(("to".to_owned(), Yaml::List(to.into_iter().map(text).collect())));
        }
        for key in self.choices.some(&["critical_only", "default_recipients"], 4) {
            rule.push((key.to_owned(), flag(self.choices.in_ten(5))));
        }
        rule
    }

    fn activation(&mut self) -> Entries {
        let mut activation = Vec::new();
        let mut add = |key: &str, value: Yaml| activation.push((key.to_owned(), value));
        if self.choices.in_ten(3) {
            add("max_duration", text(self.choices.pick(&["30m", "1h30m", "PT8H", "24h"])));
        }
        if self.choices.in_ten(3) {
            add(
                "authentication",
                match self.choices.below(3) {
                    0 => Yaml::Word("none"),
                    1 => Yaml::Word("mfa"),
                    _ => one("context", text("c2")),
                },
            );
        }
        for key in self.choices.some(&["justification", "ticket"], 3) {
            add(key, flag(self.choices.in_ten(5)));
        }
        if self.choices.in_ten(3) {
            let sets = self.sets.clone();
            let mut by: Vec<Yaml> = self.choices.some(&sets, 6).into_iter().map(text).collect();
            if by.is_empty() || self.choices.in_ten(4) {
                let number = self.choices.pick(&[1, 4, 11]);
                by.push(Yaml::Map(vec![self.principal(number)]));
            }
            let none = self.choices.in_ten(3);
            add("approval", if none { Yaml::Word("none") } else { one("by", Yaml::List(by)) });
        }
        activation
    }

    /// Settings of a target: nothing, a profile, or in place.
    fn settings(&mut self) -> Option<(Yaml, BTreeMap<String, Yaml>)> {
        match self.choices.below(4) {
            0 => None,
            1 => self.extended().map(|(name, fields)| (text(name), fields)),
            _ => {
                let (mut layer, mut fields) = self.layer();
                if let Some((base, under)) = self.extended() {
                    layer.push(("extends".to_owned(), text(base)));
                    for (field, value) in under {
                        fields.entry(field).or_insert(value);
                    }
                }
                Some((Yaml::Map(layer), fields))
            }
        }
    }

    // -- Targets

    /// `fallback` is what `"*"` says.
    fn target(&mut self, target: &Target, fallback: &Others) -> (Yaml, Declared) {
        let mut entry = Vec::new();
        let mut declared = Declared { complete: !self.additive, ..Declared::default() };
        let settings = self.settings();
        entry.extend(settings.as_ref().map(|(written, _)| ("settings".to_owned(), written.clone())));
        let fields = settings.map_or_else(|| fallback.fields.clone(), |(_, fields)| fields);
        declared.settings = fields.keys().cloned().collect();
        if let Some(complete) = self.ownership(&mut entry).or(fallback.complete) {
            declared.complete = complete;
        }
        for kind in Kind::ALL {
            if self.choices.in_ten(6) {
                declared.lists.insert(kind);
                let never = fields.get(&format!("{kind}_assignment.expire_after")) == Some(&text("never"));
                entry.push((kind.to_string(), Yaml::List(self.list(target, kind, never))));
            }
        }
        (Yaml::Map(entry), declared)
    }

    fn ownership(&mut self, entry: &mut Entries) -> Option<bool> {
        let complete = match self.choices.below(6) {
            0 => false,
            1 => true,
            _ => return None,
        };
        entry.push(("ownership".to_owned(), Yaml::Word(if complete { "complete" } else { "additive" })));
        Some(complete)
    }

    fn list(&mut self, target: &Target, kind: Kind, never: bool) -> Vec<Yaml> {
        let there: Vec<There> = self.world.there.get(target).cloned().unwrap_or_default();
        let mut seen = BTreeSet::new();
        let mut list = Vec::new();
        let mut wanted: Vec<(u32, Option<u32>, Option<There>)> = Vec::new();
        for row in there {
            // Those of the other kind become conversions.
            if row.principal <= SERVICE.0 && self.choices.in_ten(if row.kind == kind { 7 } else { 3 }) {
                wanted.push((row.principal, row.unit, Some(row)));
            }
        }
        let directory = matches!(target, Target::Directory { .. });
        let candidates: Vec<u32> =
            [1, 2, 3, 4, 5, 11, 12, SERVICE.0].into_iter().chain(self.new_numbers(directory)).collect();
        for _ in 0..self.choices.below(3) {
            let unit = (directory && self.choices.one_in(4)).then(|| self.choices.pick(&[31, 32]));
            wanted.push((self.choices.pick(&candidates), unit, None));
        }
        for (number, unit, row) in wanted {
            let own = target.group().is_some_and(|group| self.id_of(number) == group.to_string());
            let service = number == SERVICE.0 && kind == Kind::Eligible;
            // A group that is active in a group is not in every group, and never an owner; only what is there is taken.
            let there = row.as_ref().is_some_and(|row| row.kind == kind);
            let is_group = (11..SERVICE.0).contains(&number) || number > SERVICE.0;
            let nested = kind == Kind::Active && target.group().is_some() && is_group && !there;
            if own || service || nested || !seen.insert((number, unit)) {
                continue;
            }
            list.push(self.assignment(target, number, unit, row.as_ref(), never));
        }
        list
    }

    fn id_of(&self, number: u32) -> String {
        let new = number.checked_sub(1000).and_then(|at| self.new.get(usize::try_from(at).unwrap()));
        new.map_or_else(|| guid(number), |(name, _)| stand_in(name))
    }

    fn assignment(
        &mut self,
        target: &Target,
        number: u32,
        unit: Option<u32>,
        row: Option<&There>,
        never: bool,
    ) -> Yaml {
        let mut entry = vec![self.principal(number)];
        if let Some((id, name)) = UNITS.into_iter().find(|(id, _)| Some(*id) == unit) {
            entry.push(("administrative_unit".to_owned(), self.spelled(name, guid(id))));
        }
        entry.extend(self.schedule(row, never).into_iter().map(|(key, value)| (key.to_owned(), value)));
        if !self.sloppy || self.choices.in_ten(8) {
            entry.push(("justification".to_owned(), text(self.choices.pick(&["as agreed", "\"why\": it's \\ so\n"]))));
            let mut ticket = vec![("number".to_owned(), text("CHG-1"))];
            if self.choices.in_ten(3) {
                ticket.push(("system".to_owned(), text("desk")));
            }
            entry.push(("ticket".to_owned(), Yaml::Map(ticket)));
        }
        if matches!(target, Target::Azure { .. }) {
            let had = row.and_then(|row| row.condition);
            let condition =
                if self.choices.in_ten(7) { had } else { self.choices.pick(&[None, CONDITIONS.first().copied()]) };
            entry.extend(condition.map(|condition| ("condition".to_owned(), text(condition))));
        }
        Yaml::Map(entry)
    }

    fn schedule(&mut self, row: Option<&There>, never: bool) -> Vec<(&'static str, Yaml)> {
        let end =
            row.and_then(|row| row.end).filter(|end| *end > super::tenant::days(0) && *end < super::tenant::days(25));
        match (self.choices.below(15), end) {
            (12.., Some(end)) => vec![("until", text(end.to_string()))],
            (12.., None) if never && row.is_some() => vec![("permanent", flag(true))],
            (12.., None) => vec![("for", text("24d")), ("renew", text("20d"))],
            (0, _) => vec![],
            (1, _) => vec![("for", text("7d"))],
            (2, _) => vec![("for", text("P20D")), ("renew", text("5d"))],
            (3, _) => vec![("until", text("2026-12-01"))],
            (4 | 5, Some(end)) => vec![("until", text(end.to_string()))],
            (4 | 5, None) => vec![("until", text("2026-12-03T18:00:00+02:00"))],
            (6, _) => vec![("from", text("2026-11-25")), ("for", text("10d"))],
            (7, _) => vec![("from", text("2026-11-24T08:30:00Z")), ("for", text("20d")), ("renew", text("48h"))],
            (8 | 9, _) if never || (self.sloppy && self.choices.one_in(3)) => vec![("permanent", flag(true))],
            (8, _) => vec![("for", text("14d")), ("renew", text("13d"))],
            (9, _) => vec![("from", text("2026-11-01")), ("until", text("2026-11-28T00:00:00Z"))],
            (10, _) if self.sloppy => vec![("until", text("2026-11-01"))],
            _ => vec![("from", text("2026-11-10")), ("for", text("20d")), ("renew", text("12h"))],
        }
    }

    // -- Surfaces

    fn groups(&mut self, policy: &mut Policy) -> Yaml {
        let mut groups = Vec::new();
        for (number, name) in GROUPS {
            if !self.choices.in_ten(if number >= 13 { 2 } else { 6 }) {
                continue;
            }
            let name = if self.choices.one_in(5) { guid(number) } else { name.to_owned() };
            let create = self.choices.one_in(5).then(|| one("description", text("is there already")));
            groups.push((name, self.group(number, create, policy)));
        }
        for (at, (name, role_assignable)) in (1000..).zip(self.new.clone()) {
            let create = Yaml::Map(vec![
                ("role_assignable".to_owned(), flag(role_assignable)),
                ("description".to_owned(), text("made by\tpolicy")),
            ]);
            groups.push((name.to_owned(), self.group(at, Some(create), policy)));
        }
        Yaml::Map(groups)
    }

    fn group(&mut self, number: u32, create: Option<Yaml>, policy: &mut Policy) -> Yaml {
        let mut entry: Entries = create.map(|create| ("create".to_owned(), create)).into_iter().collect();
        let id = self.id_of(number);
        let complete = self.ownership(&mut entry).unwrap_or(!self.additive);
        for access in [Access::Member, Access::Owner] {
            // The dynamic group cannot come under PIM, and a rule decides who its members are.
            match self.choices.below(match (number, access) {
                (14, Access::Member) => 1,
                (14, Access::Owner) => 2,
                _ => 3,
            }) {
                0 => {}
                1 => {
                    let people = self.choices.some(&[1, 2, 3, 4, 5], 4);
                    let people = people.into_iter().map(|number| Yaml::Map(vec![self.principal(number)])).collect();
                    entry.push((format!("{access}s"), Yaml::List(people)));
                    policy.members.insert((id.parse().unwrap(), access), complete);
                }
                _ => {
                    let target = group_target(&id, access);
                    let (written, declared) = self.target(&target, &Others::default());
                    entry.push((access.to_string(), written));
                    policy.targets.insert(target, declared);
                }
            }
        }
        Yaml::Map(entry)
    }

    fn others(&mut self) -> Option<(Yaml, Others)> {
        let mut entry = Vec::new();
        let settings = self.choices.in_ten(3).then(|| self.settings())??;
        entry.push(("settings".to_owned(), settings.0));
        let complete = self.ownership(&mut entry);
        Some((Yaml::Map(entry), Others { fields: settings.1, complete }))
    }

    /// The roles of one map, `"*"` among them.
    fn roles(&mut self, all: Vec<(Yaml, Target)>, policy: &mut Policy) -> Vec<(String, Yaml)> {
        let others = self.others();
        let fallback = others.as_ref().map(|(_, others)| others.clone()).unwrap_or_default();
        let mut entries = Vec::new();
        for (name, target) in all {
            let Yaml::Text(name) = name else { continue };
            if self.choices.in_ten(5) {
                let (written, declared) = self.target(&target, &fallback);
                entries.push((name, written));
                policy.targets.insert(target, declared);
            } else if others.is_some() {
                let settings = fallback.fields.keys().cloned().collect();
                policy.targets.insert(target, Declared { settings, ..Declared::default() });
            }
        }
        entries.extend(others.map(|(written, _)| ("*".to_owned(), written)));
        entries
    }

    fn directory_roles(&mut self, policy: &mut Policy) -> Yaml {
        let mut all = Vec::new();
        for (id, name) in ROLES {
            let twin = name.eq_ignore_ascii_case("helpdesk");
            let name = if twin { text(id) } else { self.spelled(name, id.to_owned()) };
            all.push((name, directory_role(id)));
        }
        Yaml::Map(self.roles(all, policy))
    }

    fn azure(&mut self, policy: &mut Policy) -> Yaml {
        let mut entries = Vec::new();
        let [core, subscription, resource_group] = scopes();
        let spellings: [Vec<Entries>; 3] = [
            vec![
                keys(&[("management_group", "core")]),
                keys(&[("management_group", "Core PLATFORM")]),
                keys(&[("scope", &core)]),
            ],
            vec![
                keys(&[("subscription", "Production")]),
                keys(&[("subscription", SUBSCRIPTION)]),
                keys(&[("scope", &subscription.to_uppercase())]),
            ],
            vec![
                keys(&[("subscription", "production"), ("resource_group", "app-1")]),
                keys(&[("resource_group", &resource_group)]),
            ],
        ];
        for (scope, spellings) in scopes().into_iter().zip(spellings) {
            if self.choices.in_ten(3) {
                continue;
            }
            let mut all = Vec::new();
            for (id, name) in roles_at(&scope) {
                all.push((self.spelled(name, guid(id)), azure_role(&scope, id)));
            }
            let roles = self.roles(all, policy);
            // The same scope in two entries, spelled in two ways.
            let at = if self.choices.in_ten(3) { self.choices.below(AZURE_ROLES.len()).min(roles.len()) } else { 0 };
            let (first, second) = roles.split_at(at);
            for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
                let mut entry = spellings.get(self.choices.below(spellings.len())).cloned().unwrap();
                entry.push(("roles".to_owned(), Yaml::Map(part.to_vec())));
                entries.push(Yaml::Map(entry));
            }
        }
        Yaml::List(entries)
    }
}

/// What `"*"` says.
#[derive(Clone, Default)]
struct Others {
    fields: BTreeMap<String, Yaml>,
    complete: Option<bool>,
}

fn keys(pairs: &[(&str, &str)]) -> Entries {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), text(*value))).collect()
}

/// Every field by its path.
fn flatten(path: &str, value: &Yaml, out: &mut BTreeMap<String, Yaml>) {
    match value {
        Yaml::Map(entries) if !path.ends_with("authentication") && !path.ends_with("approval") => {
            for (key, value) in entries {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(&path, value, out);
            }
        }
        _ => {
            out.insert(path.to_owned(), value.clone());
        }
    }
}

/// The content in one file.
pub(crate) fn in_one_file(policy: &Policy) -> Vec<String> {
    vec![Yaml::Map(policy.content.clone()).write(&mut Choices::new(&[]))]
}

/// The same content in other words: several files, any order, any style.
pub(crate) fn shuffled(policy: &Policy, choices: &mut Choices) -> Vec<String> {
    let mut files: Vec<Entries> = vec![Vec::new(); 1 + choices.below(3)];
    for (key, value) in policy.content.clone() {
        let parts = match value {
            Yaml::Map(entries) if key != "tenant" => {
                entries.into_iter().map(|entry| Yaml::Map(vec![entry])).collect::<Vec<_>>()
            }
            Yaml::List(items) => items.into_iter().map(|item| Yaml::List(vec![item])).collect(),
            other => vec![other],
        };
        for part in parts {
            let at = choices.below(files.len());
            let file = files.get_mut(at).unwrap();
            match (file.iter_mut().find(|(name, _)| *name == key), part) {
                (Some((_, Yaml::Map(entries))), Yaml::Map(more)) => entries.extend(more),
                (Some((_, Yaml::List(items))), Yaml::List(more)) => items.extend(more),
                (_, part) => file.push((key.clone(), part)),
            }
        }
    }
    let write = |file: Entries, choices: &mut Choices| {
        let mut file = Yaml::Map(file);
        file.shuffle(choices);
        file.write(choices)
    };
    files.into_iter().map(|file| write(file, choices)).collect()
}
