use std::collections::BTreeMap;

use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::backend::BackendError;
use crate::model::{Access, Kind, Origin, RoleId, Window};

const ID: &str = "00000000-0000-0000-0000-00000000000";

fn file(lists: &str) -> TenantFile {
    let text = format!(
        r#"{{"format":"pimform-tenant","version":1,"tenant":{{"id":"{ID}1"}},
            "users":[{{"id":"{ID}2","name":"Ada","upn":"ada@contoso.example"}}],
            "directory_roles":[{{"id":"{ID}8","name":"Reader"}}]{lists}}}"#
    );
    TenantFile::parse("t.json", text.as_bytes()).unwrap()
}

fn complaint(lists: &str) -> String {
    match Tenant::from_file("t.json", file(lists)) {
        Err(BackendError::Invalid { what, help: Some(_) }) => what,
        other => panic!("{other:?}"),
    }
}

fn principal_id(n: u128) -> PrincipalId {
    PrincipalId::new(Uuid::from_u128(n))
}

#[test]
fn what_contradicts_itself_is_refused_with_its_place() {
    let groups = format!(r#","groups":[{{"id":"{ID}2","name":"G"}}]"#);
    assert_eq!(complaint(&groups), format!("`t.json`: `{ID}2` is the id of groups[0] and of users[0]"));
    let role = format!(r#","targets":[{{"directory_role":"{ID}9"}}]"#);
    assert_eq!(
        complaint(&role),
        format!("`t.json`: targets[0]: the directory role `{ID}9` is not listed in directory_roles")
    );
    let twice = format!(r#","targets":[{{"directory_role":"{ID}8"}},{{"directory_role":"{ID}8"}}]"#);
    assert_eq!(complaint(&twice), "`t.json`: targets[1]: `directory/Reader` is listed twice");
    let row = format!(r#"{{"principal":"{ID}2"}}"#);
    let rows = format!(r#","targets":[{{"directory_role":"{ID}8","active":[{row},{row}]}}]"#);
    assert_eq!(
        complaint(&rows),
        "`t.json`: targets[0]: `directory/Reader/active/user:ada@contoso.example` is listed twice"
    );
    let scope = format!(r#","targets":[{{"scope":"/subscriptions/{ID}3","role":"{ID}8"}}]"#);
    assert_eq!(complaint(&scope), format!("`t.json`: targets[0]: the scope `/subscriptions/{ID}3` is not listed"));
    assert!(complaint(r#","management_groups":[{"id":"a/b"}]"#).contains("`a/b`"));
}

#[test]
fn what_is_not_listed_is_untouched_and_what_does_not_exist_is_absent() {
    let lists = format!(r#","groups":[{{"id":"{ID}3","name":"G","unreadable":"denied"}}]"#);
    let tenant = Tenant::from_file("t.json", file(&lists)).unwrap();
    let role = |n| Target::Directory { directory_role: RoleId::new(Uuid::from_u128(n)) };
    let query = ReadQuery::Only {
        targets: [role(8), role(9)].into(),
        groups: [principal_id(3), principal_id(4)].into(),
        watched: [].into(),
    };
    let snapshot = tenant.snapshot(&query, Time::from_unix(0));
    let TargetRead::Present(state) = &snapshot.targets[&role(8)] else { panic!() };
    assert_eq!(*state.settings, Settings::service_default(Surface::Directory));
    assert!(Arc::ptr_eq(&state.settings, tenant.defaults.of(Surface::Directory)));
    assert_eq!(snapshot.targets.len(), 1);
    assert_eq!(snapshot.groups, [(principal_id(3), GroupRead::Unreadable("denied".into()))].into());
    assert!(Arc::ptr_eq(&snapshot.directory, &tenant.directory()));
}

#[test]
fn a_groups_list_shows_who_is_there_through_pim_while_it_lasts() {
    let lists = format!(
        r#","groups":[{{"id":"{ID}3","name":"G","pim":true,"members":["{ID}4"]}}],
           "targets":[{{"group":"{ID}3","access":"member","active":[
             {{"principal":"{ID}2","end":"1970-01-02"}}, {{"principal":"{ID}5","origin":"activated"}} ]}}]"#
    );
    let tenant = Tenant::from_file("t.json", file(&lists)).unwrap();
    let members = |at| match tenant.group(principal_id(3), Time::from_unix(at)) {
        Some(GroupRead::Present(state)) => state.members,
        other => panic!("{other:?}"),
    };
    assert_eq!(members(0), [2, 4, 5].map(principal_id).into());
    assert_eq!(members(86_400), [4, 5].map(principal_id).into());
}

#[test]
fn a_capture_keeps_what_a_snapshot_does_not_show() {
    // Ada is a member twice: through PIM since yesterday, and without. The file was read long before that.
    let lists = format!(
        r#","read_at":"1970-01-01","$schema":"x.json","runner":"{ID}2",
           "groups":[{{"id":"{ID}3","name":"G","description":"d","pim":true,"members":["{ID}2"]}}],
           "management_groups":[{{"id":"root"}},{{"id":"core","name":"Core","parent":"root"}}],
           "subscriptions":[{{"id":"{ID}4","name":"S","management_group":"core"}}],
           "targets":[{{"group":"{ID}3","access":"member","active":[{{"principal":"{ID}2","start":"1970-01-09"}}]}}]"#
    );
    let original = file(&lists);
    let tenant = Tenant::from_file("t.json", original.clone()).unwrap();
    let now = Time::from_unix(10 * 86_400);
    assert_eq!(tenant.capture(now), TenantFile { schema: None, ..original.clone() });
    let unread = Tenant::from_file("t.json", TenantFile { read_at: None, ..original }).unwrap();
    assert_eq!(unread.capture(now).read_at, Some(now));
}

fn same(a: &Snapshot, b: &Snapshot) {
    assert_eq!((a.tenant, &a.tenant_name, a.read_at, a.runner), (b.tenant, &b.tenant_name, b.read_at, b.runner));
    assert_eq!(a.targets, b.targets);
    assert_eq!(a.groups, b.groups);
    assert_eq!(a.directory.principals(), b.directory.principals());
    assert_eq!(a.directory.directory_roles(), b.directory.directory_roles());
    assert_eq!(a.directory.places(), b.directory.places());
}

prop_compose! {
    fn any_row()(
        active in any::<bool>(), who in 1_u128..9, start in prop::option::of(0_i64..100),
        end in prop::option::of(0_i64..100), origin in 0_usize..5,
    ) -> Row {
        let origins = [
            Origin::Assigned, Origin::Activated, Origin::OutsidePim, Origin::Inherited, Origin::ThroughGroup,
        ];
        Row {
            key: crate::model::AssignmentKey {
                kind: if active { Kind::Active } else { Kind::Eligible },
                principal: principal_id(who),
                scope: crate::model::AssignmentScope::Whole,
            },
            window: Window { start: start.map(Time::from_unix), end: end.map(Time::from_unix) },
            origin: origins[origin],
            condition: None,
        }
    }
}

proptest! {
    #[test]
    fn a_snapshot_survives_its_way_through_a_file(
        rows in prop::collection::vec((0_usize..3, any_row()), 0..20),
        members in prop::collection::btree_set(1_u128..9, 0..6),
        unreadable in any::<bool>(), ticket in any::<bool>(), now in 0_i64..100,
    ) {
        let lists = format!(r#","groups":[{{"id":"{ID}3","name":"G","pim":true}}],"subscriptions":[{{"id":"{ID}4"}}],
            "azure_roles":[{{"id":"{ID}8","name":"Owner"}}]"#);
        let mut tenant = Tenant::from_file("t.json", file(&lists)).unwrap();
        let role = RoleId::new(Uuid::from_u128(8));
        let targets = [
            Target::Directory { directory_role: role },
            Target::Group { group: principal_id(3), access: Access::Member },
            Target::Azure { scope: format!("/subscriptions/{ID}4").parse().unwrap(), role },
        ];
        for (at, target) in targets.into_iter().enumerate() {
            let mut settings = Settings::service_default(target.surface());
            settings.activation.ticket = ticket.into();
            let mut rows: Vec<Row> = rows.iter().filter(|(n, _)| *n == at).map(|(_, row)| row.clone()).collect();
            rows.sort_by_key(|row| (row.key, row.origin));
            rows.dedup_by_key(|row| (row.key, row.origin));
            let unreadable = (unreadable && at == 0).then(|| Arc::from("denied"));
            tenant.targets.insert(target, Arc::new(Record { settings: Arc::new(settings), rows, unreadable, without_settings: false, makers: BTreeMap::new() }));
        }
        let group = Arc::make_mut(tenant.groups.get_mut(&principal_id(3)).unwrap());
        group.lists.members = members.into_iter().map(principal_id).collect();
        let before = tenant.snapshot(&ReadQuery::Everything, Time::from_unix(now));
        let mut text = Vec::new();
        tenant.capture(Time::from_unix(now)).write_to(&mut text).unwrap();
        let again = Tenant::from_file("t.json", TenantFile::parse("t.json", &text).unwrap()).unwrap();
        same(&before, &again.snapshot(&ReadQuery::Everything, Time::from_unix(now)));
        // And what is kept of the tenant itself says the same as well.
        let kept = Tenant::from_file("t.json", tenant.to_file()).unwrap();
        same(&before, &kept.snapshot(&ReadQuery::Everything, Time::from_unix(now)));
    }
}
