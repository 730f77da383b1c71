use std::fmt;
use std::sync::Mutex;

use azure_core::Bytes;
use azure_core::http::headers::Headers;
use azure_core::http::{AsyncRawResponse, HttpClient, Request, RetryOptions, StatusCode, Transport};

use super::super::federated::{GitHub, Pipelines};
use super::*;
use crate::backend::microsoft::http::tests::server::{Act, Server};

/// Stands for Microsoft Entra: answers always the same, and keeps what it was sent.
struct Entra {
    status: u16,
    body: String,
    seen: Mutex<Vec<(String, String)>>,
}

impl fmt::Debug for Entra {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entra")
    }
}

#[async_trait]
impl HttpClient for Entra {
    async fn execute_request(&self, request: &Request) -> azure_core::Result<AsyncRawResponse> {
        let body = match request.body() {
            azure_core::http::Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            azure_core::http::Body::SeekableStream(_) => String::new(),
        };
        self.seen.lock().unwrap().push((request.url().to_string(), body));
        let status = StatusCode::from(self.status);
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), Bytes::from(self.body.clone())))
    }
}

fn entra(status: u16, body: &str) -> Arc<Entra> {
    Arc::new(Entra { status, body: body.to_owned(), seen: Mutex::default() })
}

fn over(entra: &Arc<Entra>, cloud: Cloud) -> impl Fn() -> ClientOptions + Send + Sync + 'static {
    let entra = Arc::clone(entra);
    move || ClientOptions {
        transport: Some(Transport::new(Arc::clone(&entra) as Arc<dyn HttpClient>)),
        retry: RetryOptions::none(),
        ..options(cloud)
    }
}

fn application() -> Application {
    Application { tenant: "0f4a2a3e-0000-4000-8000-000000000001".to_owned(), client: "app".to_owned() }
}

const GOOD: &str = r#"{"token_type":"Bearer","expires_in":3600,"ext_expires_in":3600,"access_token":"the-token"}"#;

#[tokio::test]
async fn a_secret_becomes_a_token_of_the_right_cloud() {
    for (cloud, authority) in [
        (Cloud::Public, "https://login.microsoftonline.com"),
        (Cloud::UsGov, "https://login.microsoftonline.us"),
        (Cloud::China, "https://login.chinacloudapi.cn"),
    ] {
        let entra = entra(200, GOOD);
        let source = with_secret(application(), Secret::new("hunter22"), over(&entra, cloud));
        let token = source.token(cloud.graph()).await.unwrap();
        assert_eq!(token.secret.reveal(), "the-token");
        source.token(cloud.graph()).await.unwrap();
        let seen = entra.seen.lock().unwrap();
        assert_eq!(seen.len(), 2, "nothing is kept here, so that a refused token is not given again");
        let (url, body) = &seen[0];
        assert_eq!(url, &format!("{authority}/0f4a2a3e-0000-4000-8000-000000000001/oauth2/v2.0/token"));
        assert!(body.contains("client_secret=hunter22") && body.contains("%2F.default"), "{body}");
    }
}

#[tokio::test]
async fn what_entra_refuses_is_told_without_the_secret() {
    let cases = [
        r#"{"error":"invalid_client","error_codes":[7000215],"error_description":"AADSTS7000215: Invalid client secret provided: 'hunter22'. Trace ID: 1 Correlation ID: 2 Timestamp: 3"}"#,
        r#"{"error":"unauthorized_client","error_codes":[700016],"error_description":"AADSTS700016: Application with identifier 'app' was not found in the directory 'x'."}"#,
        r#"{"error":"invalid_client","error_codes":[700213],"error_description":"AADSTS700213: No matching federated identity record found for presented assertion subject 'repo:a/b'."}"#,
        r#"{"error":"invalid_request","error_codes":[1],"error_description":"echo eyJhbGciOiJub25lIn0.eyJvaWQiOiJ4In0.c2ln"}"#,
    ];
    let mut texts = Vec::new();
    for body in cases {
        let source = with_secret(application(), Secret::new("hunter22"), over(&entra(401, body), Cloud::Public));
        let error = source.token(Cloud::Public.graph()).await.unwrap_err();
        texts.push(format!("{}\n  help: {}", error.what, error.help.unwrap()));
    }
    let text = texts.join("\n");
    assert!(!text.contains("hunter22") && !text.contains("eyJ"), "{text}");
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn a_job_of_github_vouches_for_the_application() {
    let job = Server::start(|_, _| Act::json(200, r#"{"value":"vouched","count":1}"#)).await;
    let github = GitHub::new(&format!("{}/token?api-version=2.0", job.url), Secret::new("job-token")).unwrap();
    let entra = entra(200, GOOD);
    let source = with_assertion(AuthMethod::GitHub, application(), github, over(&entra, Cloud::Public));
    assert_eq!(source.token(Cloud::Public.arm()).await.unwrap().secret.reveal(), "the-token");
    assert_eq!(job.lines(), ["GET /token?api-version=2.0&audience=api%3A%2F%2FAzureADTokenExchange"]);
    assert_eq!(job.seen()[0].header("authorization"), Some("Bearer job-token"));
    let (_, body) = entra.seen.lock().unwrap().pop().unwrap();
    assert!(body.contains("client_assertion=vouched") && body.contains("client_id=app"), "{body}");
}

#[tokio::test]
async fn a_job_of_azure_devops_vouches_for_the_service_connection() {
    let job = Server::start(|_, _| Act::json(200, r#"{"oidcToken":"vouched"}"#)).await;
    let pipelines = Pipelines::new(&format!("{}/oidc", job.url), "c-1", Secret::new("job-token")).unwrap();
    let entra = entra(200, GOOD);
    let source = with_assertion(AuthMethod::AzureDevOps, application(), pipelines, over(&entra, Cloud::Public));
    source.token(Cloud::Public.arm()).await.unwrap();
    assert_eq!(job.lines(), ["POST /oidc?api-version=7.1&serviceConnectionId=c-1"]);
    assert_eq!(job.seen()[0].header("x-tfs-fedauthredirect"), Some("Suppress"));
    assert!(entra.seen.lock().unwrap()[0].1.contains("client_assertion=vouched"));
}

#[tokio::test]
async fn a_job_that_may_not_vouch_is_told() {
    let mut texts = Vec::new();
    for (status, body) in [(403, "no"), (200, "no"), (200, "{}"), (302, "")] {
        let job = Server::start(move |_, _| Act::json(status, body)).await;
        let github = GitHub::new(&job.url, Secret::new("job-token")).unwrap();
        let source = with_assertion(AuthMethod::GitHub, application(), github, over(&entra(200, GOOD), Cloud::Public));
        texts.push(source.token(Cloud::Public.arm()).await.unwrap_err().what);
    }
    insta::assert_snapshot!(texts.join("\n"));
    assert!(GitHub::new("http://far.example/token", Secret::new("x")).is_err());
    let shown = format!("{:?}", GitHub::new("https://far.example/?secret=1", Secret::new("job-token")).unwrap());
    assert_eq!(shown, "GitHub { .. }");
}

/// Stands for the shell in which the Azure CLI runs.
#[cfg(unix)]
#[derive(Debug)]
struct Shell {
    code: i32,
    out: &'static str,
    err: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
}

#[cfg(unix)]
#[async_trait]
impl Executor for Shell {
    async fn run(&self, _: &std::ffi::OsStr, args: &[&std::ffi::OsStr]) -> std::io::Result<std::process::Output> {
        self.seen.lock().unwrap().push(args.last().unwrap().to_string_lossy().into_owned());
        // A wait status has the exit code in its second byte.
        let status = std::os::unix::process::ExitStatusExt::from_raw(self.code << 8);
        Ok(std::process::Output { status, stdout: self.out.into(), stderr: self.err.into() })
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_azure_cli_is_asked_for_the_tenant() {
    let seen = Arc::default();
    let out = r#"{"accessToken":"cli-token","expires_on":1900000000,"tokenType":"Bearer"}"#;
    let shell = Shell { code: 0, out, err: "", seen: Arc::clone(&seen) };
    let tenant = Some("0f4a2a3e-0000-4000-8000-000000000001".to_owned());
    let token = cli_run_by(Arc::new(shell), tenant).token(Cloud::China.arm()).await.unwrap();
    assert_eq!((token.secret.reveal(), token.expires.as_second()), ("cli-token", 1_900_000_000));
    let command = seen.lock().unwrap().concat();
    assert!(command.contains("--scope https://management.chinacloudapi.cn/.default"), "{command}");
    assert!(command.ends_with("--tenant 0f4a2a3e-0000-4000-8000-000000000001"), "{command}");
    let mut texts = Vec::new();
    for (code, out, err) in [
        (127, "", "sh: az: not found"),
        (1, "", "ERROR: Please run 'az login' to setup account."),
        (1, "", "ERROR: AADSTS50076: Due to a configuration change made by your administrator, ...\nTrace ID: 1"),
        (0, r#"{"accessToken":"cli-token"}"#, ""),
    ] {
        let shell = Shell { code, out, err, seen: Arc::default() };
        let error = cli_run_by(Arc::new(shell), None).token(Cloud::Public.arm()).await.unwrap_err();
        texts.push(format!("{}\n  help: {}", error.what, error.help.unwrap()));
    }
    let text = texts.join("\n");
    assert!(!text.contains("cli-token"));
    insta::assert_snapshot!(text);
}
