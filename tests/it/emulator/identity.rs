//! Signing in, over plain HTTP and over TLS.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pimform::emulator::{Emulator, Options, Tls};
use serde_json::{Value, json};

use super::client::{ADA, Client, RUNNER, SUBSCRIPTION, TENANT, http, options, token};

const ASKED: &str = "?api-version=2022-12-01";

#[tokio::test]
async fn the_metadata_lead_to_a_token_that_is_taken() {
    let emulator = Emulator::start(options()).await.unwrap();
    let http = http(&emulator);
    let url = format!("{}/metadata/endpoints?api-version=2022-09-01", emulator.url());
    let cloud: Value = http.get(url).send().await.unwrap().json().await.unwrap();
    let login = cloud["authentication"]["loginEndpoint"].as_str().unwrap();
    let manager = cloud["resourceManager"].as_str().unwrap();
    let token = token(&http, login, manager).await;
    let answer = http.get(format!("{manager}{SUBSCRIPTION}{ASKED}")).bearer_auth(token).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn openid_configuration_and_keys_lead_back_here() {
    let emulator = Emulator::start(options()).await.unwrap();
    let (http, base) = (http(&emulator), emulator.url());
    let get = async |url: String| http.get(url).send().await.unwrap().json::<Value>().await.unwrap();
    let instance = get(format!("{base}/common/discovery/instance?api-version=1.1&authorization_endpoint=x")).await;
    let found = get(instance["tenant_discovery_endpoint"].as_str().unwrap().to_owned()).await;
    assert!(found["token_endpoint"].as_str().unwrap().starts_with(&base));
    assert!(found["issuer"].as_str().unwrap().starts_with(&base));
    let keys = get(found["jwks_uri"].as_str().unwrap().to_owned()).await;
    assert_eq!(keys["keys"][0]["kty"], "EC");
}

#[tokio::test]
async fn links_have_the_name_that_the_client_uses() {
    let emulator = Emulator::start(options()).await.unwrap();
    let base = emulator.url().replace("127.0.0.1", "localhost");
    let url = format!("{base}/metadata/endpoints?api-version=2022-09-01");
    let cloud: Value = http(&emulator).get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(cloud["resourceManager"], base);
}

#[tokio::test]
async fn without_a_token_or_with_one_for_another_service_each_service_answers_401_in_its_own_form() {
    let client = Client::start().await.with_token("nonsense");
    let path = format!("{SUBSCRIPTION}{ASKED}");
    let refused = client.get(&path).await;
    assert_eq!(refused.refusal(), (401, "InvalidAuthenticationToken"));
    assert!(refused.headers.contains_key("www-authenticate"));
    let graph = token(&http(&client.emulator), &client.emulator.url(), "https://graph.microsoft.com").await;
    let client = client.with_token(&graph);
    assert_eq!(client.get(&path).await.refusal(), (401, "InvalidAuthenticationTokenAudience"));
    let arm = token(&http(&client.emulator), &client.emulator.url(), "https://management.azure.com").await;
    let client = client.with_token(&arm);
    assert_eq!(client.get(&path).await.status, 200);
    let refused = client.get("/v1.0/users").await;
    assert_eq!(refused.refusal(), (401, "InvalidAuthenticationToken"));
    assert!(refused.body["error"]["innerError"]["request-id"].is_string());
}

#[tokio::test]
async fn a_token_ends_when_its_time_is_up() {
    let client = Client::start().await;
    let path = format!("{SUBSCRIPTION}{ASKED}");
    client.emulator.advance(3_598);
    assert_eq!(client.get(&path).await.status, 200);
    client.emulator.advance(1);
    assert_eq!(client.get(&path).await.refusal(), (401, "ExpiredAuthenticationToken"));
}

#[tokio::test]
async fn over_tls_the_throw_away_ca_is_enough_to_trust_the_server() {
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    let tls = Tls::ThrowAway { ca_file: Some(ca_file.clone()) };
    let client = Client::with(Options { tls, ..options() }).await;
    assert!(client.emulator.url().starts_with("https://localhost:"));
    assert_eq!(client.get(&format!("{SUBSCRIPTION}{ASKED}")).await.body["displayName"], "Production");
    assert_eq!(std::fs::read_to_string(ca_file).unwrap(), client.emulator.ca_pem().unwrap());
    // Who does not trust that CA gets nowhere.
    let stranger = reqwest::Client::builder().no_proxy().tls_certs_only([]).build().unwrap();
    assert!(stranger.get(client.emulator.url()).send().await.is_err());
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_used_and_a_bad_one_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let own = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("own.pem"), folder.path().join("own.key"));
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let given = Tls::Given { certificate: certificate.clone(), key };
    let emulator = Emulator::start(Options { tls: given, ..options() }).await.unwrap();
    let _ = http(&emulator);
    let trusted = reqwest::Certificate::from_pem(own.cert.pem().as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([trusted]).build().unwrap();
    let url = format!("{}/metadata/endpoints?api-version=2022-09-01", emulator.url());
    assert_eq!(http.get(url).send().await.unwrap().status(), 200);

    let no_key = Tls::Given { certificate: certificate.clone(), key: certificate };
    let error = Emulator::start(Options { tls: no_key, ..options() }).await.unwrap_err();
    assert!(error.to_string().contains("own.pem"), "{error}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_and_one_is_free_again_after_stopping() {
    let first = Emulator::start(options()).await.unwrap();
    let port = first.url().rsplit(':').next().unwrap().parse().unwrap();
    let error = Emulator::start(Options { port, ..options() }).await.unwrap_err();
    assert!(error.to_string().contains(&port.to_string()), "{error}");
    // A connection that is kept open holds up nobody.
    let http = http(&first);
    let metadata = format!("{}/metadata/endpoints?api-version=2022-09-01", first.url());
    assert_eq!(http.get(&metadata).send().await.unwrap().status(), 200);
    first.stop().await;
    assert!(http.get(&metadata).send().await.is_err());
    let second = Emulator::start(Options { port, ..options() }).await.unwrap();
    assert!(second.url().ends_with(&port.to_string()));
}

#[tokio::test]
async fn no_secret_and_no_token_is_logged() {
    let client = Client::start().await;
    client.get(&format!("{SUBSCRIPTION}{ASKED}")).await;
    let log = client.emulator.log();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(!log.contains("Bearer") && !log.contains("access_token") && !log.contains("anything"));
    let line: Value = serde_json::from_str(log.lines().next().unwrap()).unwrap();
    assert_eq!((line["m"].as_str(), line["status"].as_u64()), (Some("GET"), Some(200)));
    assert_eq!(line["p"], format!("{SUBSCRIPTION}{ASKED}"));
    assert!(line["b"].is_null() && line["rb"]["displayName"] == "Production");
    assert!(!log.contains(RUNNER));
}

#[tokio::test]
async fn who_signs_in_by_name_gets_what_a_client_that_keeps_accounts_goes_on_from() {
    let emulator = Emulator::start(options()).await.unwrap();
    let (http, base) = (http(&emulator), emulator.url());
    for word in ["userrealm", "UserRealm"] {
        let realm = format!("{base}/common/{word}/ada@contoso.example?api-version=1.0");
        let realm: Value = http.get(realm).send().await.unwrap().json().await.unwrap();
        assert_eq!(realm["account_type"], "Managed");
    }
    let client = "04b07795-8ddb-461a-bbee-02f9e1bf7b46";
    let scope = format!("{base}/.default offline_access openid profile");
    let tokens = format!("{base}/organizations/oauth2/v2.0/token");
    let ask = async |form: &[(&str, &str)]| {
        let answer = http.post(&tokens).form(form).send().await.unwrap();
        (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
    };
    let common = [("client_id", client), ("scope", scope.as_str()), ("client_info", "1")];
    let by_name = [("grant_type", "password"), ("username", "Ada@contoso.example"), ("password", "anything")];
    let (status, told) = ask(&[common.as_slice(), &by_name].concat()).await;
    assert_eq!(status, 200, "{told}");
    let claims = part(told["id_token"].as_str().unwrap().split('.').nth(1).unwrap());
    assert_eq!((&claims["aud"], &claims["oid"], &claims["tid"]), (&json!(client), &json!(ADA), &json!(TENANT)));
    assert_eq!(claims["preferred_username"], "ada@contoso.example");
    let account = part(told["client_info"].as_str().unwrap());
    assert_eq!(account, json!({ "uid": ADA, "utid": TENANT }));
    let refresh = told["refresh_token"].as_str().unwrap();
    let again = [("grant_type", "refresh_token"), ("refresh_token", refresh)];
    let (status, told) = ask(&[common.as_slice(), &again].concat()).await;
    assert_eq!(status, 200, "{told}");
    let me = http.get(format!("{base}/v1.0/me")).bearer_auth(told["access_token"].as_str().unwrap());
    assert_eq!(me.send().await.unwrap().json::<Value>().await.unwrap()["id"], ADA);
    // It is good for tokens only, and nothing else is good for it.
    let (http, path) = (&http, format!("{base}/v1.0/me"));
    assert_eq!(http.get(path).bearer_auth(refresh).send().await.unwrap().status(), 401);
    let wrong = [("grant_type", "refresh_token"), ("refresh_token", told["access_token"].as_str().unwrap())];
    let (status, told) = ask(&[common.as_slice(), &wrong].concat()).await;
    assert_eq!((status, &told["error"]), (400, &json!("invalid_grant")));
}

fn part(text: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}
