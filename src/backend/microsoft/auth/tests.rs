use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::backend::microsoft::cloud::{Cloud, Endpoints};
use crate::backend::microsoft::http::tests::server::{Act, Server};
use crate::backend::microsoft::http::{Pause, Service, VirtualTime};

fn environment(set: &[(&str, &str)]) -> Environment {
    Environment::read(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
}

fn sign_in<'a>(method: AuthMethod, environment: &'a Environment, endpoints: &'a Endpoints) -> SignIn<'a> {
    SignIn { method, environment, cloud: Cloud::Public, endpoints, tenant: None, trusted: None }
}

#[test]
fn the_first_way_that_is_set_up_is_taken() {
    let real = Endpoints::new(Cloud::Public, None, None).unwrap();
    let local = Endpoints::same("http://127.0.0.1:1").unwrap();
    // From the last to the first: each comes before all that are set already.
    let steps: [(&[(&str, &str)], AuthMethod); 8] = [
        (&[], AuthMethod::AzureCli),
        (&[("AZURE_CLIENT_SECRET", " "), ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x")], AuthMethod::AzureCli),
        (&[("IDENTITY_ENDPOINT", "http://x")], AuthMethod::ManagedIdentity),
        (
            &[
                ("SYSTEM_OIDCREQUESTURI", "https://x"),
                ("SYSTEM_ACCESSTOKEN", "x"),
                ("AZURESUBSCRIPTION_SERVICE_CONNECTION_ID", "x"),
            ],
            AuthMethod::AzureDevOps,
        ),
        (&[("AZURE_CLIENT_ID", "x")], AuthMethod::GitHub),
        (&[("AZURE_FEDERATED_TOKEN_FILE", "x")], AuthMethod::WorkloadIdentity),
        (&[("AZURE_CLIENT_CERTIFICATE_PATH", "x")], AuthMethod::ClientCertificate),
        (&[("AZURE_CLIENT_SECRET", "x")], AuthMethod::ClientSecret),
    ];
    let mut set: Vec<(&str, &str)> = Vec::new();
    for (more, method) in steps {
        set.retain(|(name, _)| more.iter().all(|(other, _)| name != other));
        set.extend(more);
        let environment = environment(&set);
        assert_eq!(sign_in(AuthMethod::Auto, &environment, &real).choose().method, method, "{set:?}");
        assert_eq!(sign_in(AuthMethod::Auto, &environment, &local).choose().method, AuthMethod::Emulator);
        let asked = sign_in(AuthMethod::AzureCli, &environment, &local).choose();
        assert_eq!(asked.to_string(), "azure-cli (as asked for)");
    }
    let chosen = sign_in(AuthMethod::Auto, &environment(&set), &real).choose();
    assert_eq!(chosen.to_string(), "client-secret (AZURE_CLIENT_SECRET is set)");
}

#[test]
fn every_way_has_its_own_name() {
    for method in AuthMethod::ALL {
        assert_eq!(method.name().parse::<AuthMethod>().unwrap(), method);
        assert!(!method.about().is_empty());
    }
    let error = "azure".parse::<AuthMethod>().unwrap_err();
    insta::assert_snapshot!(format!("{error}\n  help: {}", error.help.as_deref().unwrap()));
}

#[test]
fn what_is_missing_is_named() {
    let real = Endpoints::new(Cloud::Public, None, None).unwrap();
    let mut texts = Vec::new();
    for (method, set) in [
        (AuthMethod::ClientSecret, &[][..]),
        (AuthMethod::ClientSecret, &[("AZURE_CLIENT_SECRET", "hunter22")]),
        (AuthMethod::Auto, &[("AZURE_CLIENT_SECRET", "hunter22"), ("AZURE_TENANT_ID", "t")]),
        (AuthMethod::ClientCertificate, &[("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")]),
        (AuthMethod::GitHub, &[("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")]),
        (AuthMethod::AzureDevOps, &[]),
        (AuthMethod::WorkloadIdentity, &[("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c")]),
        (AuthMethod::Emulator, &[]),
    ] {
        let environment = environment(set);
        texts.push(sign_in(method, &environment, &real).credential().unwrap_err().what);
    }
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn a_credential_is_made_without_asking_anybody() {
    let real = Endpoints::new(Cloud::UsGov, None, None).unwrap();
    let environment = environment(&[("AZURE_CLIENT_SECRET", "hunter22"), ("AZURE_CLIENT_ID", "c")]);
    let tenant = Some("0f4a2a3e-0000-4000-8000-000000000001".parse().unwrap());
    let sign_in = SignIn { tenant, ..sign_in(AuthMethod::Auto, &environment, &real) };
    let (credential, chosen) = sign_in.credential().unwrap();
    assert!(chosen.method == AuthMethod::ClientSecret && !credential.is_for_emulator());
    let shown = format!("{environment:?} {credential:?} {sign_in:?}");
    assert!(!shown.contains("hunter22") && shown.contains("AZURE_CLIENT_SECRET"), "{shown}");
}

#[test]
fn nothing_prints_a_secret() {
    let token = Token { secret: Secret::new("hunter22"), expires: Timestamp::UNIX_EPOCH };
    assert_eq!(format!("{token:?}"), "Token { secret: (secret), expires: 1970-01-01T00:00:00Z }");
    let error = AuthError::new("got eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0.c2ln", "try again");
    assert_eq!(error.to_string(), "got (removed)");
}

#[test]
fn a_token_says_who_it_is_for() {
    let token = |claims: &str| Token {
        secret: Secret::new(format!("e30.{}.x", URL_SAFE_NO_PAD.encode(claims))),
        expires: Timestamp::UNIX_EPOCH,
    };
    let claims = Claims::of(&token(
        r#"{"tid":"0f4a2a3e-0000-4000-8000-000000000001","oid":"0f4a2a3e-0000-4000-8000-000000000002","appid":"app","x":1}"#,
    ));
    assert_eq!(claims.tenant, Some("0f4a2a3e-0000-4000-8000-000000000001".parse().unwrap()));
    assert_eq!(claims.object, Some("0f4a2a3e-0000-4000-8000-000000000002".parse().unwrap()));
    assert_eq!(claims.application.as_deref(), Some("app"));
    for odd in ["{}", "[]", "no json"] {
        assert_eq!(Claims::of(&token(odd)), Claims::default());
    }
    let opaque = Token { secret: Secret::new("opaque"), expires: Timestamp::UNIX_EPOCH };
    assert_eq!(Claims::of(&opaque), Claims::default());
}

/// Hands out tokens that live so long, until it is told to fail.
struct Source {
    time: Arc<VirtualTime>,
    life: SignedDuration,
    asked: AtomicU64,
    fails_from: u64,
}

#[async_trait]
impl TokenSource for Arc<Source> {
    async fn token(&self, _: &str) -> Result<Token, AuthError> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        // Others get their turn meanwhile.
        tokio::task::yield_now().await;
        if number >= self.fails_from {
            return Err(AuthError::new("no", "no"));
        }
        Ok(Token { secret: Secret::new(number.to_string()), expires: self.time.now() + self.life })
    }
}

fn tokens(life: i64, fails_from: u64) -> (Arc<VirtualTime>, Arc<Source>, Tokens) {
    let time = Arc::new(VirtualTime::default());
    let life = SignedDuration::from_mins(life);
    let source = Arc::new(Source { time: Arc::clone(&time), life, asked: AtomicU64::new(0), fails_from });
    let credential = Credential::new(Arc::new(Arc::clone(&source)));
    let tokens = Tokens::new(Cloud::Public, credential, Arc::clone(&time) as _);
    (time, source, tokens)
}

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_token_is_kept_and_replaced_before_its_end() {
    let (time, source, tokens) = tokens(60, u64::MAX);
    let all = futures::future::join_all((0..10).map(|_| tokens.get(Service::Graph))).await;
    assert!(all.iter().all(|token| token.as_ref().unwrap().secret.reveal() == "0"), "ten ask, one is fetched");
    tokens.get(Service::Arm).await.unwrap();
    assert_eq!(source.asked.load(Ordering::Relaxed), 2);
    time.pause(54 * MINUTE).await;
    assert_eq!(tokens.get(Service::Graph).await.unwrap().secret.reveal(), "0");
    time.pause(MINUTE).await;
    assert_eq!(tokens.get(Service::Graph).await.unwrap().secret.reveal(), "2");
    let (time, source, tokens) = self::tokens(4, u64::MAX);
    tokens.get(Service::Graph).await.unwrap();
    time.pause(MINUTE).await;
    tokens.get(Service::Graph).await.unwrap();
    assert_eq!(source.asked.load(Ordering::Relaxed), 1, "a short life does not mean a new one each time");
}

#[tokio::test]
async fn a_failed_renewal_is_no_failure_while_the_old_one_is_good() {
    let (time, source, tokens) = tokens(60, 1);
    tokens.get(Service::Graph).await.unwrap();
    time.pause(57 * MINUTE).await;
    assert_eq!(tokens.get(Service::Graph).await.unwrap().secret.reveal(), "0");
    time.pause(4 * MINUTE).await;
    let asked = source.asked.load(Ordering::Relaxed);
    for _ in 0..5 {
        assert!(tokens.get(Service::Graph).await.is_err());
    }
    assert_eq!(source.asked.load(Ordering::Relaxed), asked + 1, "a failure is believed for a while");
    time.pause(MINUTE).await;
    assert!(tokens.get(Service::Graph).await.is_err());
    assert_eq!(source.asked.load(Ordering::Relaxed), asked + 2);
}

#[tokio::test]
async fn only_the_token_that_was_refused_is_forgotten() {
    let (_, _, tokens) = tokens(60, u64::MAX);
    let first = tokens.get(Service::Graph).await.unwrap();
    tokens.forget(Service::Graph, &first).await;
    assert_eq!(tokens.get(Service::Graph).await.unwrap().secret.reveal(), "1");
    tokens.forget(Service::Graph, &first).await;
    assert_eq!(tokens.get(Service::Graph).await.unwrap().secret.reveal(), "1");
}

#[tokio::test]
async fn the_emulator_is_asked_as_entra_would_be() {
    let server =
        Server::start(|_, _| Act::json(200, r#"{"token_type":"Bearer","expires_in":3600,"access_token":"e"}"#)).await;
    let endpoints = Endpoints::same(&server.url).unwrap();
    let environment = environment(&[]);
    let (credential, chosen) = sign_in(AuthMethod::Auto, &environment, &endpoints).credential().unwrap();
    assert_eq!(chosen.to_string(), "emulator (both endpoints are on this machine)");
    assert!(credential.is_for_emulator());
    let token = credential.token(Cloud::Public.graph()).await.unwrap();
    assert_eq!(token.secret.reveal(), "e");
    assert_eq!(server.lines(), ["POST /common/oauth2/v2.0/token"]);
    assert_eq!(
        server.seen()[0].body,
        "grant_type=client_credentials&client_id=pimform&client_secret=not-a-secret&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
    );
    let gone = Server::start(|_, _| Act::json(500, "")).await;
    let endpoints = Endpoints::same(&gone.url).unwrap();
    let (credential, _) = sign_in(AuthMethod::Emulator, &environment, &endpoints).credential().unwrap();
    let error = credential.token(Cloud::Public.graph()).await.unwrap_err();
    assert_eq!(error.what, format!("the emulator at `{}` gives no token: it answers with status 500", gone.url));
}
