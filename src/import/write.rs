//! From a draft to the texts of policy files.

use std::collections::{BTreeMap, BTreeSet};

use super::Layout;
use super::draft::{Approvers, Draft, End, Entry, GroupDraft, Layer, Name, PlaceDraft, TargetDraft, Who};
use super::profiles::{Shared, targets, unique};
use super::yaml::{Item, Map, Value as Yaml, comments};
use crate::model::{
    Approval, Authentication, Condition, Duration, Expiry, Extensions, Level, PrincipalKind, TenantId, Time, Value,
};

/// The schema that editors check the files with, beside them.
pub const SCHEMA_FILE: &str = "policy.schema.json";

/// Writes all files: names below the policy directory, and texts.
pub(super) fn files(
    draft: &mut Draft,
    shared: &Shared,
    backend: Option<&str>,
    layout: Layout,
) -> BTreeMap<String, String> {
    let top = top(draft, backend);
    let shared_part = shared_map(shared);
    let directory = roles(&draft.directory_roles);
    let groups = group_map(&draft.groups);
    let mut files = Files::default();
    if layout == Layout::Flat {
        let mut all = top;
        all.extend(shared_part);
        all.extend(section("groups", groups));
        all.extend(section("directory_roles", directory));
        all.extend(places(&draft.azure));
        all.extend(protected(&draft.protected));
        files.add("policy.yaml", &draft.notes, &all);
        return files.0;
    }
    let mut top = top;
    top.extend(protected(&draft.protected));
    files.add("tenant.yaml", &draft.notes, &top);
    files.add("profiles.yaml", &[], &shared_part);
    files.add("groups.yaml", &[], &section("groups", groups));
    files.add("directory.yaml", &[], &section("directory_roles", directory));
    if layout == Layout::Surface {
        files.add("azure.yaml", &[], &places(&draft.azure));
        return files.0;
    }
    let mut by_file: Vec<(&str, Vec<PlaceDraft>)> = Vec::new();
    for place in &draft.azure {
        match by_file.iter_mut().find(|(file, _)| *file == place.file) {
            Some((_, places)) => places.push(place.clone()),
            None => by_file.push((&place.file, vec![place.clone()])),
        }
    }
    for (file, list) in by_file {
        files.add(&format!("azure/{file}.yaml"), &[], &places(&list));
    }
    files.0
}

/// Different places must not share a file by accident.
pub(super) fn file_names<'n>(wanted: impl IntoIterator<Item = (&'n str, String)>) -> BTreeMap<&'n str, String> {
    let (mut taken, mut names) = (BTreeSet::new(), BTreeMap::new());
    for (place, name) in wanted {
        names.entry(place).or_insert_with(|| unique(&name, &mut taken));
    }
    names
}

/// How many targets and assignments a draft declares.
pub(super) fn count(draft: &mut Draft) -> (usize, usize) {
    let lists = |target: &TargetDraft| [&target.eligible, &target.active].into_iter().flatten().map(Vec::len).sum();
    let each: Vec<usize> = targets(draft).map(|target| lists(target)).collect();
    (each.len(), each.iter().sum())
}

#[derive(Default)]
struct Files(BTreeMap<String, String>);

type Section = Vec<(&'static str, Item)>;

impl Files {
    fn add(&mut self, name: &str, notes: &[String], sections: &Section) {
        if sections.is_empty() {
            return;
        }
        let up = "../".repeat(name.matches('/').count());
        let mut text = format!("# yaml-language-server: $schema={up}{SCHEMA_FILE}\n\n");
        comments(&mut text, notes, 0);
        if !notes.is_empty() {
            text.push('\n');
        }
        let short = |name: &str| matches!(name, "version" | "backend" | "ownership");
        for (at, (key, item)) in sections.iter().enumerate() {
            if at > 0 && !short(key) {
                text.push('\n');
            }
            let mut map = Map::tall();
            map.put(key, item.clone());
            text.push_str(&map.document());
        }
        self.0.insert(name.to_owned(), text);
    }
}

fn top(draft: &Draft, backend: Option<&str>) -> Section {
    let mut top = vec![("version", Item::from(Yaml::Word("1".to_owned())))];
    top.extend(backend.map(|backend| ("backend", Item::from(backend))));
    top.extend(draft.tenant.as_ref().map(|tenant| {
        let mut map = Map::tall();
        let id: TenantId = tenant.id;
        map.put("id", id.to_string());
        if let Some(name) = tenant.name.as_ref().filter(|name| !name.trim().is_empty()) {
            map.put("name", name.as_str());
        }
        ("tenant", Item::from(map))
    }));
    if draft.additive {
        top.push(("ownership", Item::from("additive")));
    }
    top
}

fn section(key: &'static str, map: Map) -> Section {
    if map.is_empty() { Vec::new() } else { vec![(key, Item::from(map))] }
}

fn protected(list: &[Who]) -> Section {
    if list.is_empty() { Vec::new() } else { vec![("protected", Item::list(list.iter().map(principal)))] }
}

fn shared_map(shared: &Shared) -> Section {
    let mut sections = Vec::new();
    let mut sets = Map::spaced();
    for (name, people) in &shared.approvers {
        sets.put(name, Item::list(people.iter().map(principal)));
    }
    sections.extend(section("approvers", sets));
    let mut profiles = Map::spaced();
    for profile in &shared.profiles {
        profiles.put(&profile.name, layer(profile.extends.as_deref(), &profile.own));
    }
    sections.extend(section("profiles", profiles));
    sections
}

fn roles(targets: &[TargetDraft]) -> Map {
    let mut map = Map::spaced();
    for target in targets {
        map.put(&target.name.text, entry_of(target, &target.name));
    }
    map
}

fn places(places: &[PlaceDraft]) -> Section {
    let items = places.iter().map(|place| {
        let mut map = Map::tall();
        for (key, name) in &place.keys {
            map.put(key, named(name));
        }
        map.put("roles", roles(&place.roles));
        Item::from(map).above(place.notes.clone()).apart()
    });
    let items: Vec<Item> = items.collect();
    if items.is_empty() { Vec::new() } else { vec![("azure", Item::list(items))] }
}

fn group_map(groups: &[GroupDraft]) -> Map {
    let mut map = Map::spaced();
    for group in groups {
        let mut entry = Map::tall();
        if group.additive {
            entry.put("ownership", "additive");
        }
        for (key, list) in [("members", &group.members), ("owners", &group.owners)] {
            if let Some(list) = list {
                entry.put(key, Item::list(list.iter().map(principal)));
            }
        }
        for (key, target) in [("member", &group.member), ("owner", &group.owner)] {
            if let Some(target) = target {
                entry.put(key, entry_of(target, &Name::plain("")));
            }
        }
        map.put(&group.name.text, named_entry(entry, &group.name).above(group.notes.clone()));
    }
    map
}

fn entry_of(target: &TargetDraft, name: &Name) -> Item {
    let mut map = Map::tall();
    match (&target.profile, target.layer.is_empty()) {
        (Some(profile), true) => map.put("settings", profile.as_str()),
        (_, false) => map.put("settings", layer(target.profile.as_deref(), &target.layer)),
        (None, true) => {}
    }
    if target.additive {
        map.put("ownership", "additive");
    }
    for (key, list) in [("eligible", &target.eligible), ("active", &target.active)] {
        if let Some(list) = list {
            map.put(key, Item::list(list.iter().map(assignment)));
        }
    }
    named_entry(map, name).above(target.notes.clone())
}

fn named_entry(map: Map, name: &Name) -> Item {
    Item::from(map).beside(name.beside.clone())
}

fn named(name: &Name) -> Item {
    Item::from(name.text.as_str()).beside(name.beside.clone())
}

fn kind_key(kind: PrincipalKind) -> &'static str {
    match kind {
        PrincipalKind::User => "user",
        PrincipalKind::Group => "group",
        PrincipalKind::ServicePrincipal => "service_principal",
    }
}

fn principal(who: &Who) -> Item {
    let mut map = Map::short();
    map.put(kind_key(who.kind), who.name.text.as_str());
    Item::from(map).beside(who.name.beside.clone())
}

fn assignment(entry: &Entry) -> Item {
    let mut map = Map::short();
    map.put(kind_key(entry.who.kind), entry.who.name.text.as_str());
    let mut beside = entry.who.name.beside.clone();
    if let Some(unit) = &entry.unit {
        map.put("administrative_unit", unit.text.as_str());
        beside = match (beside, &unit.beside) {
            (Some(who), Some(unit)) => Some(format!("{who}; {unit}")),
            (who, unit) => who.or_else(|| unit.clone()),
        };
    }
    if let Some(start) = entry.start {
        map.put("from", moment(start, "T00:00:00Z"));
    }
    match entry.end {
        End::Permanent => map.put("permanent", true),
        End::Until(end) => map.put("until", moment(end, "T23:59:59Z")),
        End::For(length) => map.put("for", length.to_string()),
        End::AsAllowed => {}
    }
    if let Some(justification) = &entry.justification {
        map.put("justification", justification.as_str());
    }
    if let Some(Condition(text)) = &entry.condition {
        map.put("condition", &**text);
    }
    Item::from(map).beside(beside)
}

/// A time; a day where that means the same.
fn moment(time: Time, edge: &str) -> Yaml {
    let text = time.to_string();
    Yaml::Word(text.strip_suffix(edge).map(str::to_owned).unwrap_or(text))
}

/// Settings, nested by the parts of each field's path.
fn layer(extends: Option<&str>, layer: &Layer) -> Map {
    let mut root = Map::tall();
    if let Some(extends) = extends {
        root.put("extends", extends);
    }
    for (field, value) in &layer.fields {
        let path = field.to_string();
        let mut parts: Vec<&str> = path.split('.').collect();
        let Some(last) = parts.pop() else { continue };
        let inner = parts.into_iter().try_fold(&mut root, |map, part| map.map(part));
        if let Some(map) = inner {
            map.put(last, leaf(value, &layer.by));
        }
    }
    root
}

fn leaf(value: &Value, by: &[Approvers]) -> Item {
    let text = |text: String| Item::from(text);
    match value {
        Value::Duration(length) => {
            let length: Duration = *length;
            text(length.to_string())
        }
        Value::Flag(flag) => Item::from(*flag),
        Value::Authentication(Authentication::None) => Item::from("none"),
        Value::Authentication(Authentication::Mfa) => Item::from("mfa"),
        Value::Authentication(Authentication::Context(id)) => {
            let mut map = Map::short();
            map.put("context", id.to_string());
            Item::from(map)
        }
        Value::Approval(Approval::NotRequired) => Item::from("none"),
        Value::Approval(_) => {
            let mut map = Map::short();
            map.put(
                "by",
                Item::list(by.iter().map(|approver| match approver {
                    Approvers::Set(name) => Item::from(name.as_str()),
                    Approvers::One(who) => principal(who),
                })),
            );
            Item::from(map)
        }
        Value::Extension(extensions) if extensions.is_none() => Item::from("none"),
        Value::Extension(Extensions { before_approval, after_approval }) => {
            let mut map = Map::short();
            for (key, id) in [("before_approval", before_approval), ("after_approval", after_approval)] {
                if let Some(id) = id {
                    map.put(key, id.to_string());
                }
            }
            Item::from(map)
        }
        Value::Expiry(expiry) => {
            let expiry: Expiry = *expiry;
            text(expiry.to_string())
        }
        Value::Level(level) => Item::from(*level == Level::Critical),
        Value::Recipients(recipients) => Item::list(recipients.0.iter().map(|mail| text(mail.to_string()))),
    }
}
