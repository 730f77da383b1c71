//! A tenant twice: in memory, and on an emulator that the live backend reads.

use std::path::Path;
use std::sync::Arc;

use pimform::backend::local::{LocalReader, Tenant, TenantFile};
use pimform::backend::microsoft::auth::{AuthMethod, Environment, SignIn};
use pimform::backend::microsoft::{Cloud, Endpoints, MicrosoftReader, Options, VirtualTime};
use pimform::emulator::{Emulator, Fault, Options as EmulatorOptions, Running};
use pimform::model::Time;
use pimform::policy::Loaded;

use crate::harness::NOW;

/// When everything is read.
pub(crate) fn now() -> Time {
    NOW.parse().unwrap()
}

/// An emulator, and who reads it.
pub(crate) struct Live {
    pub(crate) emulator: Running,
}

impl Live {
    /// A tenant file on an emulator.
    pub(crate) async fn start(tenant: &str) -> Self {
        Self::with(tenant, |_| ()).await
    }

    /// The same, with other options.
    pub(crate) async fn with(tenant: &str, change: impl FnOnce(&mut EmulatorOptions)) -> Self {
        let mut options = EmulatorOptions::new(tenant);
        options.now = Some(NOW.to_owned());
        options.log = true;
        change(&mut options);
        Self { emulator: Emulator::start(options).await.unwrap() }
    }

    /// Switches faults on, by their names.
    pub(crate) fn faults(&self, faults: &[&str]) {
        self.emulator.set_faults(faults.iter().map(|fault| fault.parse::<Fault>().unwrap()).collect());
    }

    /// How to reach it. Nothing waits: the clock goes forward instead.
    pub(crate) fn options(&self) -> Options {
        let endpoints = Endpoints::same(&self.emulator.url()).unwrap();
        let sign_in = SignIn {
            method: AuthMethod::Emulator,
            environment: &Environment::read(|_| None),
            cloud: Cloud::Public,
            endpoints: &endpoints,
            tenant: None,
            trusted: None,
        };
        let (credential, _) = sign_in.credential().unwrap();
        let mut options = Options::new(Cloud::Public, endpoints, credential);
        options.pause = Arc::new(VirtualTime::new(NOW.parse().unwrap()));
        options
    }

    /// A reader of it.
    pub(crate) fn reader(&self) -> MicrosoftReader {
        MicrosoftReader::new(self.options()).unwrap()
    }

    /// Every exchange so far, as `GET /v1.0/users?...`.
    pub(crate) fn requests(&self) -> Vec<String> {
        let line = |line: &str| {
            let exchange: serde_json::Value = serde_json::from_str(line).unwrap();
            let text = |key: &str| exchange.get(key).and_then(serde_json::Value::as_str).unwrap().to_owned();
            format!("{} {}", text("m"), text("p"))
        };
        self.emulator.log().lines().map(line).filter(|request| !request.contains("/oauth2/")).collect()
    }
}

/// The same tenant in memory.
pub(crate) fn local(tenant: &str) -> LocalReader {
    let file = TenantFile::parse("tenant.json", tenant.as_bytes()).unwrap();
    LocalReader::of(Tenant::from_file("tenant.json", file).unwrap(), now())
}

/// The policies below a folder.
pub(crate) fn policies(folder: &Path) -> Loaded {
    pimform::policy::load(folder).unwrap_or_else(|error| panic!("{}: {error:?}", folder.display()))
}
