//! The transport against servers on this machine. Nothing waits: time is virtual.

pub(in crate::backend::microsoft) mod server;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use self::server::{Act, Seen, Server};
use super::*;
use crate::backend::microsoft::Options;
use crate::backend::microsoft::auth::{AuthError, Credential, Secret, Token, TokenSource};
use crate::backend::microsoft::cloud::{Cloud, Endpoints};
use crate::backend::microsoft::error::ErrorKind;

/// Hands out `token-1`, `token-2` and so on.
#[derive(Default)]
struct Numbered(AtomicU64);

#[async_trait]
impl TokenSource for Numbered {
    async fn token(&self, audience: &str) -> Result<Token, AuthError> {
        let number = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        let service = if audience.contains("graph") { "graph" } else { "arm" };
        Ok(Token { secret: Secret::new(format!("{service}-token-{number}")), expires: Timestamp::MAX })
    }
}

struct Client {
    read: ReadClient,
    write: WriteClient,
    time: Arc<VirtualTime>,
}

fn options(url: &str, time: &Arc<VirtualTime>) -> Options {
    let credential = Credential::for_emulator(Arc::new(Numbered::default()));
    let time: Arc<dyn Pause> = Arc::clone(time) as _;
    Options { pause: time, ..Options::new(Cloud::Public, Endpoints::same(url).unwrap(), credential) }
}

fn client(url: &str) -> Client {
    client_with(url, |_| {})
}

fn client_with(url: &str, change: impl FnOnce(&mut Options)) -> Client {
    let time = Arc::new(VirtualTime::default());
    let mut options = options(url, &time);
    change(&mut options);
    let read = ReadClient::new(Arc::new(Transport::new(options).unwrap()));
    Client { write: WriteClient::new(read.clone()), read, time }
}

impl Client {
    fn waited(&self) -> Vec<u64> {
        self.time.pauses().iter().map(Duration::as_secs).collect()
    }

    async fn send(&self, method: WriteMethod, repeat: Repeat) -> Result<Reply, ServiceError> {
        let body = Some(json!({ "action": "adminAssign" }));
        self.write
            .send(WriteRequest { service: Service::Graph, method, path: "/v1.0/x".to_owned(), body, repeat })
            .await
    }

    async fn post(&self) -> Result<Reply, ServiceError> {
        self.send(WriteMethod::Post, Repeat::OnlyIfUnsent).await
    }

    async fn put(&self) -> Result<Reply, ServiceError> {
        self.send(WriteMethod::Put, Repeat::Safe).await
    }
}

/// The objects that single GETs in batches are answered with.
async fn parts(client: &ReadClient, paths: &[String]) -> Vec<Result<Value, ServiceError>> {
    let bodies = super::batch::get(client.reading(), paths).await;
    bodies.into_iter().map(|body| body?.object()).collect()
}

const EMPTY: &str = r#"{"value":[]}"#;

#[tokio::test]
async fn a_request_says_who_asks_and_how_to_find_it() {
    let server = Server::start(|_, _| Act::json(200, r#"{"id":"x"}"#).with("request-id", "r-1")).await;
    let client = client(&server.url);
    assert_eq!(client.read.get(Service::Graph, "/v1.0/users/x?$select=id").await.unwrap(), json!({ "id": "x" }));
    let reply = client.put().await.unwrap();
    assert_eq!(reply.request_id.as_deref(), Some("r-1"));
    client.read.get(Service::Arm, "/subscriptions").await.unwrap();
    let seen = server.seen();
    assert_eq!(server.lines(), ["GET /v1.0/users/x?$select=id", "PUT /v1.0/x", "GET /subscriptions"]);
    assert_eq!(seen[0].header("authorization"), Some("Bearer graph-token-1"));
    assert_eq!(seen[2].header("authorization"), Some("Bearer arm-token-2"));
    assert_eq!(seen[1].body, r#"{"action":"adminAssign"}"#);
    assert_eq!(seen[0].header("accept-encoding"), Some("gzip"));
    assert!(seen[0].header("user-agent").unwrap().starts_with("pimform/"));
    let ids = [seen[0].header("client-request-id"), seen[1].header("client-request-id")];
    assert!(ids.iter().all(|id| id.is_some_and(|id| uuid::Uuid::try_parse(id).is_ok())) && ids[0] != ids[1]);
    assert!(seen[2].header("x-ms-client-request-id").is_some());
    assert_eq!(client.read.stats(), Stats { calls: 3, bytes: 30, throttled: 0, repeated: 0 });
}

#[tokio::test]
async fn a_retry_after_is_honoured_and_holds_back_everybody() {
    let server = Server::start(|number, _| match number {
        0 => Act::json(429, r#"{"error":{"code":"TooManyRequests","message":"slow down"}}"#).with("retry-after", "7"),
        _ => Act::json(200, EMPTY),
    })
    .await;
    let client = client(&server.url);
    client.read.list(Service::Graph, "/v1.0/a").await.unwrap();
    assert_eq!(client.time.elapsed(), Duration::from_secs(7));
    assert_eq!(client.read.stats(), Stats { calls: 2, bytes: 70, throttled: 1, repeated: 1 });
}

#[tokio::test]
async fn what_one_was_told_counts_for_the_others() {
    let told = |after: &'static str| {
        Server::start(move |_, seen| match seen.target.as_str() {
            "/v1.0/told" => Act::json(429, "").with("retry-after", after),
            _ => Act::json(200, EMPTY),
        })
    };
    let server = told("50").await;
    let client = client(&server.url);
    let (refused, other) = tokio::join!(client.read.list(Service::Graph, "/v1.0/told"), async {
        while client.read.stats().throttled == 0 {
            tokio::task::yield_now().await;
        }
        client.read.list(Service::Graph, "/v1.0/other").await.map(|_| client.time.elapsed())
    });
    assert!(other.unwrap() >= Duration::from_secs(50));
    assert_eq!(refused.unwrap_err().kind, ErrorKind::Throttled);
    client.read.list(Service::Arm, "/other").await.unwrap();

    let server = told("3600").await;
    let client = self::client(&server.url);
    let error = client.read.list(Service::Graph, "/v1.0/told").await.unwrap_err();
    assert_eq!(error.help().as_deref(), Some("run the command again in 3600 s; what was done stays done"));
    let error = client.read.list(Service::Graph, "/v1.0/other").await.unwrap_err();
    assert_eq!((error.kind, server.lines().len()), (ErrorKind::Throttled, 1), "an hour is not waited for");
    client.read.list(Service::Arm, "/other").await.unwrap();
    assert!(client.waited().is_empty(), "the other service was never held back");
    client.time.pause(Duration::from_secs(3600)).await;
    client.read.list(Service::Graph, "/v1.0/other").await.unwrap();
}

#[tokio::test]
async fn what_may_have_been_done_is_repeated_only_where_that_is_safe() {
    let failing = || Server::start(|_, _| Act::json(502, ""));
    let server = failing().await;
    let error = client(&server.url).post().await.unwrap_err();
    assert_eq!((error.kind, error.status, server.lines().len()), (ErrorKind::Unavailable, Some(502), 1));
    assert!(error.leaves_in_doubt());

    let server = failing().await;
    let client = client(&server.url);
    client.put().await.unwrap_err();
    assert_eq!((server.lines().len(), client.waited()), (4, vec![1, 2, 4]));

    let broken = || Server::start(|number, _| if number == 0 { Act::Hangup } else { Act::json(201, "{}") });
    let server = broken().await;
    let error = self::client(&server.url).post().await.unwrap_err();
    assert_eq!((error.kind, server.lines().len()), (ErrorKind::Transport, 1));
    let server = broken().await;
    assert!(self::client(&server.url).put().await.is_ok());
    assert_eq!(server.lines().len(), 2);
    let server = broken().await;
    assert!(self::client(&server.url).send(WriteMethod::Delete, Repeat::Safe).await.is_ok());
}

#[tokio::test]
async fn a_post_that_is_not_answered_in_time_is_not_sent_again() {
    let server = Server::start(|_, _| Act::Silence).await;
    let client = client_with(&server.url, |options| options.timeout = Duration::from_millis(300));
    let error = client.post().await.unwrap_err();
    assert_eq!((error.kind, server.lines().len()), (ErrorKind::TimedOut, 1));
    assert!(error.leaves_in_doubt());
}

#[tokio::test]
async fn a_post_that_was_refused_for_throttling_is_sent_again() {
    for status in [429, 503] {
        let server = Server::start(move |number, _| match number {
            0 | 1 => Act::json(status, "").with("x-ms-retry-after-ms", "2500"),
            _ => Act::json(201, r#"{"status":"Provisioned"}"#),
        })
        .await;
        let client = client(&server.url);
        assert_eq!(client.post().await.unwrap().body, Some(json!({ "status": "Provisioned" })));
        assert_eq!(client.time.elapsed(), Duration::from_secs(5));
    }
    let server = Server::start(|_, _| Act::json(503, "")).await;
    client(&server.url).post().await.unwrap_err();
    assert_eq!(server.lines().len(), 1, "without a time to come back, 503 says nothing about what was done");
}

#[tokio::test]
async fn what_never_left_is_sent_again_and_told_in_plain_words() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = listener.local_addr().unwrap().to_string();
    drop(listener);
    let client = client(&format!("http://{place}"));
    let error = client.post().await.unwrap_err();
    assert_eq!(client.waited(), [1, 2, 4]);
    assert_eq!(error.to_string(), format!("cannot post to `/v1.0/x`: nothing answers at `{place}`"));
    assert_eq!(error.kind, ErrorKind::Transport);
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let server = Server::start(|_, seen| match seen.header("authorization") {
        Some("Bearer graph-token-1") => Act::json(401, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#),
        _ => Act::json(200, EMPTY),
    })
    .await;
    let client = client(&server.url);
    let both = tokio::join!(client.read.list(Service::Graph, "/v1.0/a"), client.read.list(Service::Graph, "/v1.0/b"));
    assert!(both.0.is_ok() && both.1.is_ok());
    let tokens: Vec<String> =
        server.seen().iter().map(|seen| seen.header("authorization").unwrap().to_owned()).collect();
    assert!(!tokens.contains(&"Bearer graph-token-3".to_owned()), "two requests share one renewal: {tokens:?}");
    assert!(client.waited().is_empty());

    let server = Server::start(|_, _| Act::json(401, r#"{"error":{"code":"InvalidAuthenticationToken"}}"#)).await;
    let error = self::client(&server.url).post().await.unwrap_err();
    assert_eq!((error.kind, server.lines().len()), (ErrorKind::Unauthenticated, 2));
}

#[tokio::test]
async fn every_page_is_read_from_the_same_host_only() {
    let server = Server::start(|_, seen| {
        let host = seen.header("host").unwrap();
        match seen.target.as_str() {
            "/v1.0/a?$top=1" => {
                let body = format!(r#"{{"value":[1],"@odata.nextLink":"http://{host}/v1.0/a?$skiptoken=x%20y"}}"#);
                Act::json(200, &body)
            }
            "/v1.0/a?$skiptoken=x%20y" => {
                Act::json(200, &format!(r#"{{"value":[],"nextLink":"http://{host}/v1.0/a?last"}}"#))
            }
            _ => Act::json(200, r#"{"value":[2,3],"@odata.nextLink":""}"#),
        }
    })
    .await;
    let rows = client(&server.url).read.list(Service::Graph, "/v1.0/a?$top=1").await.unwrap();
    assert_eq!(rows.iter().collect::<Vec<_>>(), [json!(1), json!(2), json!(3)]);

    let other = Server::start(|_, _| Act::json(200, EMPTY)).await;
    let host = other.url.strip_prefix("http://").unwrap();
    for link in [
        format!("http://{host}/v1.0/a"),
        "https://OWN/v1.0/a".to_owned(),
        "http://user:word@OWN/v1.0/a".to_owned(),
        format!("http://OWN@{host}/v1.0/a"),
        format!("//{host}/v1.0/a"),
        "/v1.0/a".to_owned(),
    ] {
        let sent = link.clone();
        let liar = Server::start(move |_, seen| {
            let link = sent.replace("OWN", seen.header("host").unwrap());
            Act::json(200, &json!({ "value": [1], "@odata.nextLink": link }).to_string())
        })
        .await;
        let error = client(&liar.url).read.list(Service::Graph, "/v1.0/a").await.unwrap_err();
        assert_eq!((error.kind, liar.lines().len()), (ErrorKind::Unexpected, 1), "{link}");
    }
    assert!(other.seen().is_empty(), "nothing was sent to the other host");
}

#[tokio::test]
async fn pages_that_do_not_end_are_noticed() {
    let server = Server::start(|number, seen| {
        let next = format!("http://{}/v1.0/a?page={}", seen.header("host").unwrap(), number % 3);
        Act::json(200, &json!({ "value": [number], "@odata.nextLink": next }).to_string())
    })
    .await;
    let error = client(&server.url).read.list(Service::Graph, "/v1.0/a").await.unwrap_err();
    let told = "cannot read `/v1.0/a`: the answer makes no sense: its pages lead back to one that was read before";
    assert_eq!((error.to_string().as_str(), server.lines().len()), (told, 4));

    let server = Server::start(|number, seen| {
        let next = format!("http://{}/v1.0/a?page={number}", seen.header("host").unwrap());
        Act::json(200, &json!({ "value": [], "@odata.nextLink": next }).to_string())
    })
    .await;
    let error = client(&server.url).read.list(Service::Graph, "/v1.0/a").await.unwrap_err();
    let told = "cannot read `/v1.0/a`: the answer makes no sense: its pages do not end";
    assert_eq!((error.to_string().as_str(), server.lines().len()), (told, 100));
}

#[tokio::test]
async fn answers_that_make_no_sense_are_errors() {
    for (body, told) in [
        ("", "it is empty"),
        ("<html>", "it is not JSON"),
        ("{}", "there is no list in it"),
        (r#"{"value":{}}"#, "there is no list in it"),
        ("[]", "there is no list in it"),
        (r#"{"value":[1],"@odata.nextLink":7}"#, "the link to its next page is no text"),
        (r#"{"value":[1],"@odata.nextLink":null,"nextLink":{}}"#, "the link to its next page is no text"),
    ] {
        let server = Server::start(move |_, _| Act::json(200, body)).await;
        let error = client(&server.url).read.list(Service::Graph, "/v1.0/a").await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Unexpected, told), "{body}");
    }
    let server = Server::start(|_, _| Act::json(206, r#"{"value":[1]}"#)).await;
    let error = client(&server.url).read.list(Service::Graph, "/v1.0/a").await.unwrap_err();
    let told = "its status is 206, so it may not be whole";
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Unexpected, told));
    let server = Server::start(|_, _| Act::json(302, "").with("location", "http://127.0.0.1:1/")).await;
    let error = client(&server.url).read.get(Service::Arm, "/a").await.unwrap_err();
    assert_eq!((error.kind, error.status, server.lines().len()), (ErrorKind::Unexpected, Some(302), 1));
    let server = Server::start(|_, _| Act::json(200, &"x".repeat(3 << 20))).await;
    let time = Arc::new(VirtualTime::default());
    let mut transport = Transport::new(options(&server.url, &time)).unwrap();
    transport.largest = 2 << 20;
    let error = ReadClient::new(Arc::new(transport)).get(Service::Arm, "/a").await.unwrap_err();
    assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Unexpected, "it is larger than 2 MB"));
    assert_eq!(server.lines().len(), 1);
}

#[tokio::test]
async fn a_path_cannot_lead_to_another_host() {
    let server = Server::start(|_, _| Act::json(200, EMPTY)).await;
    let client = client(&server.url);
    for path in ["@example.com/x", ".example.com/x", "x", ""] {
        assert_eq!(client.read.get(Service::Arm, path).await.unwrap_err().kind, ErrorKind::Unexpected, "{path}");
    }
    assert!(server.seen().is_empty());
}

#[tokio::test]
async fn squeezed_answers_are_read() {
    let squeezed = STANDARD.decode("H4sIAAAAAAACA6tWKkvMKU1VsoquVspMUbJSKi4sTU2tSk1Rqo2tBQDsXRkWHQAAAA==").unwrap();
    let server = Server::start(move |_, _| Act::Answer {
        status: 200,
        headers: vec![("content-encoding", "gzip".to_owned())],
        body: squeezed.clone(),
    })
    .await;
    let client = client(&server.url);
    let rows = client.read.list(Service::Arm, "/a").await.unwrap();
    assert_eq!(rows.iter().collect::<Vec<_>>(), [json!({ "id": "squeezed" })]);
    assert_eq!(client.read.stats().bytes, 29, "bytes are counted after decompression");
}

/// Answers each part of a batch by its address.
fn batch(seen: &Seen, part: impl Fn(&str) -> Value) -> Act {
    let body: Value = serde_json::from_str(&seen.body).unwrap();
    let requests = body["requests"].as_array().unwrap();
    // Graph answers in any order.
    let responses: Vec<Value> = requests
        .iter()
        .rev()
        .map(|request| {
            assert_eq!(request["method"], "GET");
            let mut answer = part(request["url"].as_str().unwrap());
            answer["id"] = request["id"].clone();
            answer
        })
        .collect();
    Act::json(200, &json!({ "responses": responses }).to_string())
}

fn found(id: &str) -> Value {
    json!({ "status": 200, "headers": {}, "body": { "id": id } })
}

#[tokio::test]
async fn batches_are_of_twenty_and_answered_in_order() {
    let server = Server::start(|_, seen| batch(seen, found)).await;
    let paths: Vec<String> = (0..45).map(|number| format!("/v1.0/users/{number}")).collect();
    let client = client(&server.url);
    let results = parts(&client.read, &paths).await;
    for (number, result) in results.iter().enumerate() {
        assert_eq!(result.as_ref().unwrap()["id"], format!("/users/{number}"));
    }
    assert_eq!((results.len(), client.read.stats().calls), (45, 3));
    assert!(server.lines().iter().all(|line| line == "POST /v1.0/$batch"));
    let mixed = ["/beta/a".to_owned(), "/v1.0/b".to_owned(), "/other/c".to_owned()];
    let results = parts(&client.read, &mixed).await;
    assert_eq!(results[0].as_ref().unwrap()["id"], "/a");
    assert_eq!(results[1].as_ref().unwrap()["id"], "/b");
    assert_eq!(results[2].as_ref().unwrap_err().kind, ErrorKind::Unexpected);
    assert_eq!(server.lines()[3..].iter().filter(|line| *line == "POST /beta/$batch").count(), 1);
    assert!(parts(&client.read, &[]).await.is_empty());
}

#[tokio::test]
async fn parts_that_were_throttled_come_again_alone_and_after_their_own_time() {
    let server = Server::start(|number, seen| {
        batch(seen, |url| match (url, number) {
            ("/early", 0) => json!({ "status": 429, "headers": { "Retry-After": "3" }, "body": {} }),
            ("/late", 0 | 1) => json!({ "status": 429, "headers": { "retry-after": 10 }, "body": {} }),
            ("/ill", 0) => json!({ "status": 503, "body": {} }),
            ("/gone", _) => json!({ "status": 404, "headers": { "request-id": "r-9" },
                "body": { "error": { "code": "ResourceNotFound", "message": "The resource is not found." } } }),
            _ => found(url),
        })
    })
    .await;
    let client = client(&server.url);
    let paths = ["/v1.0/fine", "/v1.0/early", "/v1.0/gone", "/v1.0/late", "/v1.0/ill"].map(str::to_owned);
    let results = parts(&client.read, &paths).await;
    let sent: Vec<Vec<String>> = server
        .seen()
        .iter()
        .map(|seen| {
            let body: Value = serde_json::from_str(&seen.body).unwrap();
            body["requests"].as_array().unwrap().iter().map(|part| part["url"].as_str().unwrap().to_owned()).collect()
        })
        .collect();
    assert_eq!(sent[0], ["/fine", "/early", "/gone", "/late", "/ill"]);
    assert_eq!(sent[1..].concat(), ["/ill", "/early", "/late"], "each comes again once, in the order of their times");
    assert_eq!(client.time.elapsed(), Duration::from_secs(10));
    assert_eq!(results[1].as_ref().unwrap()["id"], "/early");
    assert_eq!(results[3].as_ref().unwrap()["id"], "/late");
    let gone = results[2].as_ref().unwrap_err();
    assert_eq!((gone.kind, gone.path.as_str()), (ErrorKind::NotFound, "/v1.0/gone"));
    let told = "cannot read `/v1.0/gone`: the service does not find it (404 ResourceNotFound, request id r-9): The \
                resource is not found";
    assert_eq!(gone.to_string(), told);
    assert_eq!(client.read.stats().throttled, 2);
    assert_eq!(client.read.stats().repeated, 3);
}

#[tokio::test]
async fn a_part_that_is_never_let_through_is_throttled_and_the_others_are_there() {
    let server = Server::start(|_, seen| {
        batch(seen, |url| match url {
            "/never" => json!({ "status": 429, "headers": { "Retry-After": "60" }, "body": {} }),
            _ => found(url),
        })
    })
    .await;
    let client = client(&server.url);
    let results = parts(&client.read, &["/v1.0/never".to_owned(), "/v1.0/fine".to_owned()]).await;
    assert_eq!(results[0].as_ref().unwrap_err().kind, ErrorKind::Throttled);
    assert!(results[1].is_ok());
    assert_eq!(client.time.elapsed(), Duration::from_secs(300));
}

#[tokio::test]
async fn collections_in_batches_have_all_their_pages() {
    let server = Server::start(|_, seen| {
        let host = seen.header("host").unwrap().to_owned();
        if seen.method == "GET" {
            return Act::json(200, r#"{"value":["last"]}"#);
        }
        batch(seen, |url| match url {
            "/long" => {
                let next = format!("http://{host}/v1.0/long?2");
                json!({ "status": 200, "body": { "value": ["first"], "@odata.nextLink": next } })
            }
            "/foreign" => {
                json!({ "status": 200, "body": { "value": [], "@odata.nextLink": "https://example.com/x" } })
            }
            _ => json!({ "status": 200, "body": { "value": [] } }),
        })
    })
    .await;
    let paths = ["/v1.0/short", "/v1.0/long", "/v1.0/foreign"].map(str::to_owned);
    let results = client(&server.url).read.batch_list(&paths).await;
    assert!(results[0].as_ref().unwrap().is_empty());
    assert_eq!(results[1].as_ref().unwrap().iter().collect::<Vec<_>>(), [json!("first"), json!("last")]);
    assert_eq!(results[2].as_ref().unwrap_err().kind, ErrorKind::Unexpected);
    assert_eq!(server.lines(), ["POST /v1.0/$batch", "GET /v1.0/long?2"]);
}

#[tokio::test]
async fn what_a_batch_leaves_out_is_an_error_of_that_part() {
    let server =
        Server::start(|_, _| Act::json(200, r#"{"responses":[{"id":"2","status":200,"body":{"id":"b"}}]}"#)).await;
    let results = parts(&client(&server.url).read, &["/v1.0/a".to_owned(), "/v1.0/b".to_owned()]).await;
    assert_eq!(results[0].as_ref().unwrap_err().message, "its part of the batch was not answered");
    assert_eq!(results[1].as_ref().unwrap()["id"], "b");
    let part = r#"{"responses":[{"id":"1","status":206,"body":{"value":[]}}]}"#;
    let server = Server::start(move |_, _| Act::json(200, part)).await;
    let results = super::batch::list(client(&server.url).read.reading(), &["/v1.0/a".to_owned()]).await;
    assert_eq!(
        results[0].as_ref().unwrap_err().message,
        "its part of the batch has the status 206, so it may not be whole"
    );
    let server = Server::start(|_, _| Act::json(400, r#"{"error":{"code":"BadRequest","message":"no"}}"#)).await;
    let results = parts(&client(&server.url).read, &["/v1.0/a".to_owned(), "/v1.0/b".to_owned()]).await;
    for (result, path) in results.iter().zip(["/v1.0/a", "/v1.0/b"]) {
        let error = result.as_ref().unwrap_err();
        assert!(error.code_is("badrequest"));
        assert_eq!((error.method, error.path.as_str()), ("GET", path));
    }
}

#[tokio::test]
async fn objects_by_id_come_in_thousands_and_groups_as_ids() {
    let server = Server::start(|_, seen| {
        let body: Value = serde_json::from_str(&seen.body).unwrap();
        match body.get("ids") {
            Some(ids) => {
                let ids = ids.as_array().unwrap();
                Act::json(200, &json!({ "value": [{ "id": ids[0], "count": ids.len() }] }).to_string())
            }
            None => Act::json(200, r#"{"value":["0f4a2a3e-0000-4000-8000-000000000001","odd"]}"#),
        }
    })
    .await;
    let client = client(&server.url);
    let ids: Vec<PrincipalId> = (0..1001).map(|number| PrincipalId::new(uuid::Uuid::from_u128(number))).collect();
    let found = client.read.get_by_ids(&ids).await.unwrap();
    let counts: Vec<Value> = found.iter().map(|found| found["count"].clone()).collect();
    assert_eq!(counts, [1000, 1]);
    let groups = client.read.member_groups(ids[0]).await.unwrap();
    assert_eq!(groups, ["0f4a2a3e-0000-4000-8000-000000000001".parse().unwrap()]);
    let last = server.seen().pop().unwrap();
    assert_eq!(last.target, "/v1.0/directoryObjects/00000000-0000-0000-0000-000000000000/getMemberGroups");
    assert!(client.read.get_by_ids(&[]).await.unwrap().is_empty());
}

/// Collects what is written.
#[derive(Clone, Default)]
struct Paper(Arc<std::sync::Mutex<Vec<u8>>>);

impl std::io::Write for Paper {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn the_token_is_in_no_trace_and_no_error() {
    let server = Server::start(|number, seen| {
        // A server that shows everything it got.
        let token = seen.header("authorization").unwrap();
        match number {
            0 => Act::json(200, &json!({ "value": [{ "echo": token, "access_token": "abc" }] }).to_string()),
            1 => Act::json(
                403,
                &json!({ "error": { "code": "Denied", "message": format!("not with {token}") } }).to_string(),
            ),
            _ => Act::Hangup,
        }
    })
    .await;
    let paper = Paper::default();
    let trace = Trace::new(Box::new(paper.clone()));
    let client = client_with(&server.url, |options| options.trace = Some(trace.clone()));
    client.read.list(Service::Graph, "/v1.0/a?$top=1").await.unwrap();
    let error = client.read.list(Service::Graph, "/v1.0/b").await.unwrap_err();
    let broken = client.post().await.unwrap_err();
    let texts = [error.to_string(), format!("{error:?}"), broken.to_string(), format!("{broken:?}")];
    assert!(texts.iter().all(|text| !text.contains("graph-token")), "{texts:?}");
    let written = String::from_utf8(paper.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<Value> = written.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(!written.contains("graph-token") && !written.contains("authorization"), "{written}");
    assert_eq!(
        lines[0],
        json!({ "m": "GET", "p": "/v1.0/a?$top=1", "b": null, "status": 200,
            "rb": { "value": [{ "echo": "Bearer (removed)", "access_token": "(removed)" }] } })
    );
    assert_eq!(
        lines[2],
        json!({ "m": "POST", "p": "/v1.0/x", "b": r#"{"action":"adminAssign"}"#, "status": null, "rb": null })
    );
    assert_eq!(trace.problem(), None);
}

/// A disk that is full.
struct Full;

impl std::io::Write for Full {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(std::io::Error::from(std::io::ErrorKind::StorageFull))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_trace_that_cannot_be_written_stops_nothing() {
    let server = Server::start(|_, _| Act::json(200, EMPTY)).await;
    let trace = Trace::new(Box::new(Full));
    let client = client_with(&server.url, |options| options.trace = Some(trace.clone()));
    assert!(client.read.list(Service::Graph, "/v1.0/a").await.is_ok());
    assert!(trace.problem().is_some());
}

#[tokio::test]
async fn whoever_watches_is_told_after_each_call() {
    let server = Server::start(|_, _| Act::json(200, EMPTY)).await;
    let calls = Arc::new(std::sync::Mutex::new(Vec::new()));
    let own = Arc::clone(&calls);
    let client = client_with(&server.url, |options| {
        options.progress = Some(Arc::new(move |stats: Stats| own.lock().unwrap().push(stats.calls)));
    });
    client.read.list(Service::Graph, "/v1.0/a").await.unwrap();
    client.read.list(Service::Arm, "/b").await.unwrap();
    assert_eq!(*calls.lock().unwrap(), [1, 2]);
}

#[tokio::test]
async fn real_tokens_and_the_emulator_keep_apart() {
    let time = Arc::new(VirtualTime::default());
    let real =
        Options { credential: Credential::new(Arc::new(Numbered::default())), ..options("http://127.0.0.1:1", &time) };
    let error = Transport::new(real).err().unwrap();
    assert_eq!(
        error.to_string(),
        "cannot reach the services: a token of a real identity never goes over an unencrypted connection"
    );
    let far = Options {
        endpoints: Endpoints::new(Cloud::Public, Some("http://127.0.0.1:1"), None).unwrap(),
        ..options("http://127.0.0.1:1", &time)
    };
    let error = Transport::new(far).err().unwrap();
    assert!(error.to_string().ends_with("good for endpoints on this machine only"), "{error}");
}

#[tokio::test]
async fn tls_is_trusted_by_the_given_certificate_only() {
    crate::backend::microsoft::tls::install();
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    let key = rustls::pki_types::PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).unwrap();
    let server = Server::start_tls(config, |_, _| Act::json(200, EMPTY)).await;
    let error = client(&server.url).post().await.unwrap_err();
    let place = server.url.strip_prefix("https://").unwrap();
    assert_eq!(
        error.to_string(),
        format!("cannot post to `/v1.0/x`: no trusted connection to `{place}`: nobody trusted signed its certificate")
    );
    let client = client_with(&server.url, |options| options.trusted = Some(cert.pem().into_bytes()));
    assert!(client.read.list(Service::Graph, "/v1.0/a").await.is_ok());
}

/// Knows no name.
struct NoNames;

impl reqwest::dns::Resolve for NoNames {
    fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
        Box::pin(async { Err("no such name".into()) })
    }
}

#[tokio::test]
async fn a_name_that_cannot_be_looked_up_is_told_in_plain_words() {
    crate::backend::microsoft::tls::install();
    let client = reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(NoNames)).build().unwrap();
    let url = url::Url::parse("http://graph.example/v1.0/a").unwrap();
    let error = client.get(url.clone()).send().await.unwrap_err();
    let (setback, told) = connect::lost("GET", "/v1.0/a", &url, &error, Duration::from_secs(1));
    assert_eq!(setback, effort::Setback::Unsent);
    assert_eq!(
        told.to_string(),
        "cannot read `/v1.0/a`: there is no host `graph.example`, or its name cannot be looked up"
    );
}

// -- What a reading may take

fn bounded(url: &str, bounds: Bounds) -> Client {
    let client = client_with(url, |options| options.bounds = bounds);
    Client { read: client.read.bounded(Spent::default()), ..client }
}

#[tokio::test]
async fn a_reading_is_ended_by_its_bytes_and_a_change_is_not() {
    let page = json!({ "value": [{ "id": "x".repeat(1000) }] }).to_string();
    let most = 3 * page.len() as u64;
    let server = Server::start(move |_, _| Act::json(200, &page)).await;
    let client = bounded(&server.url, Bounds { bytes: most, ..Bounds::default() });
    for _ in 0..3 {
        client.read.list(Service::Arm, "/a").await.unwrap();
    }
    let error = client.read.list(Service::Graph, "/v1.0/b").await.unwrap_err();
    assert_eq!((error.kind, error.leaves_in_doubt()), (ErrorKind::TooMuch, false));
    assert!(error.message.starts_with(&format!("reading the tenant takes more than {most} bytes")), "{error}");
    assert!(error.help().unwrap().contains("--max-read-bytes"), "{error}");
    let sent = server.lines().len();
    assert_eq!(client.read.batch_list(&["/v1.0/c".to_owned()]).await.remove(0).unwrap_err().message, error.message);
    assert_eq!(client.read.spent().unwrap_err(), error);
    assert_eq!(server.lines().len(), sent, "nothing more is asked");
    client.put().await.unwrap();
    client.write.read.get(Service::Graph, "/v1.0/d").await.unwrap();
    client.read.bounded(Spent::default()).list(Service::Arm, "/a").await.unwrap();
}

#[tokio::test]
async fn a_reading_is_ended_by_its_time() {
    let server = Server::start(|_, seen| match seen.target.as_str() {
        "/v1.0/$batch" => {
            Act::json(200, r#"{"responses":[{"id":"1","status":429,"headers":{"Retry-After":"25"},"body":{}}]}"#)
        }
        "/v1.0/slow" => Act::json(429, "").with("retry-after", "25"),
        _ => Act::json(200, EMPTY),
    })
    .await;
    let bounds = Bounds { time: Duration::from_secs(60), ..Bounds::default() };
    let single = bounded(&server.url, bounds);
    let error = single.read.list(Service::Graph, "/v1.0/slow").await.unwrap_err();
    assert_eq!((error.kind, single.time.elapsed()), (ErrorKind::TooMuch, Duration::from_secs(60)));
    assert!(error.message.starts_with("reading the tenant takes more than 60 s"), "{error}");
    assert!(error.help().unwrap().contains("--max-read-time"), "{error}");
    let batch = bounded(&server.url, bounds);
    let error = batch.read.batch_list(&["/v1.0/x".to_owned()]).await.remove(0).unwrap_err();
    assert_eq!((error.kind, batch.time.elapsed()), (ErrorKind::TooMuch, Duration::from_secs(60)));
    batch.put().await.unwrap();
}

#[tokio::test]
async fn pages_that_make_no_sense_are_refused() {
    let deep = format!(r#"{{"value":[{}{}]}}"#, "[".repeat(1000), "]".repeat(1000));
    let large = json!({ "value": [{ "id": "x".repeat(5 << 20) }] }).to_string();
    let said = [
        (deep, "a row of it is not JSON, or nested too deeply"),
        (large, "a row of it is larger than 4 MB"),
        (format!(r#"{{"value":[{}1]}}"#, "1,".repeat(2000)), "it has 2001 rows in 4003 bytes, too small to be any"),
        (r#"{"value":[1e999]}"#.to_owned(), "a row of it is not JSON, or nested too deeply"),
        (r#"{"value":{}}"#.to_owned(), "there is no list in it"),
        ("[]".to_owned(), "there is no list in it"),
        (r#"{"value":[]"#.to_owned(), "it is not JSON"),
        (r#"{"value":[],"nextLink":7}"#.to_owned(), "the link to its next page is no text"),
    ];
    for (page, message) in said {
        let server = Server::start(move |_, _| Act::json(200, &page)).await;
        let error = client(&server.url).read.list(Service::Arm, "/a").await.unwrap_err();
        assert_eq!((error.kind, error.message.as_str()), (ErrorKind::Unexpected, message));
    }
}
