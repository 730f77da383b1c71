//! What the emulator writes is what it has read, as the program itself reads it.

use std::path::Path;

use pimform::backend::ReadQuery;
use pimform::backend::local::{Tenant, TenantFile};
use pimform::emulator::{Emulator, Options};
use pimform::model::Time;

use super::client::NOW;
use crate::harness::{folders, project};

fn tenant(name: &Path, text: &str) -> Tenant {
    let name = name.display().to_string();
    Tenant::from_file(&name, TenantFile::parse(&name, text.as_bytes()).unwrap()).unwrap()
}

#[tokio::test]
async fn the_tenants_of_all_examples_and_scenarios_survive() {
    let now: Time = NOW.parse().unwrap();
    let mut count = 0;
    for root in ["examples", "tests/scenarios"] {
        for folder in folders(&project().join(root)) {
            let path = folder.join("tenant.json");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            let emulator = Emulator::start(Options::new(text.as_str()))
                .await
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            let written = emulator.tenant_file();
            emulator.stop().await;
            let (before, after) = (tenant(&path, &text), tenant(&path, &written));
            let (a, b) = (before.snapshot(&ReadQuery::Everything, now), after.snapshot(&ReadQuery::Everything, now));
            assert_eq!(a.targets, b.targets, "{}", path.display());
            assert_eq!(a.groups, b.groups, "{}", path.display());
            assert_eq!((a.tenant, a.tenant_name, a.runner), (b.tenant, b.tenant_name, b.runner));
            let (a, b) = (a.directory, b.directory);
            let sorted = |directory: &pimform::model::Directory| {
                let mut principals: Vec<String> = directory.principals().iter().map(|it| format!("{it:?}")).collect();
                principals.sort();
                let mut places: Vec<String> = directory.places().iter().map(|it| format!("{it:?}")).collect();
                places.sort();
                (principals, places)
            };
            assert_eq!(sorted(&a), sorted(&b), "{}", path.display());
            count += 1;
        }
    }
    assert!(count > 40, "only {count} tenants were found");
}
