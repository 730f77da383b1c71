//! What a page costs in memory. A program of its own, since it counts all that is allocated.
#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use peak_alloc::PeakAlloc;
use pimform::backend::microsoft::auth::{AuthError, Credential, Secret, Token, TokenSource};
use pimform::backend::microsoft::{Cloud, Endpoints, MicrosoftReader, Options};
use pimform::backend::{ReadQuery, ReadState as _};
use pimform::model::{NameQuery, PrincipalKind, Target, Time};

#[global_allocator]
static ALLOCATED: PeakAlloc = PeakAlloc;

const BYTES: usize = 6 << 20;

struct Fixed;

#[async_trait]
impl TokenSource for Fixed {
    async fn token(&self, _: &str) -> Result<Token, AuthError> {
        let claims = URL_SAFE_NO_PAD.encode(r#"{"tid":"7a3c0d7e-0000-4000-8000-00000000000f"}"#);
        Ok(Token { secret: Secret::new(format!("e30.{claims}.e30")), expires: jiff::Timestamp::MAX })
    }
}

/// A server that answers everything with one body, and how many bytes it sent.
fn serve(body: Arc<str>) -> (String, Arc<AtomicUsize>) {
    let counted = Arc::new(AtomicUsize::new(0));
    let sent = Arc::clone(&counted);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            // The whole request is in the first part: it is small.
            let _ = connection.read(&mut [0; 16 << 10]).unwrap();
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
            sent.fetch_add(body.len(), Ordering::Relaxed);
            let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(body.as_bytes()));
            let mut rest = Vec::new();
            let _ = connection.read_to_end(&mut rest);
        }
    });
    (url, counted)
}

fn list(row: &str) -> String {
    format!(r#"{{"value":[{}{row}]}}"#, format!("{row},").repeat(BYTES / (row.len() + 1)))
}

/// So many rows, each of something else.
fn distinct(rows: u128, row: impl Fn(uuid::Uuid) -> String) -> String {
    let rows: Vec<String> = (0..rows).map(|number| row(uuid::Uuid::from_u128(number))).collect();
    format!(r#"{{"value":[{}]}}"#, rows.join(","))
}

/// How many times the size of the answers is taken while they are read.
fn times(body: &str, read: &impl AsyncFn(&MicrosoftReader)) -> f64 {
    let (url, sent) = serve(Arc::from(body));
    let endpoints = Endpoints::same(&url).unwrap();
    let reader =
        MicrosoftReader::new(Options::new(Cloud::Public, endpoints, Credential::for_emulator(Arc::new(Fixed))));
    let reader = reader.unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();
    runtime.block_on(read(&reader));
    #[expect(clippy::cast_precision_loss, reason = "a ratio of sizes")]
    let times = (ALLOCATED.peak_usage() - before) as f64 / sent.load(Ordering::Relaxed) as f64;
    times
}

/// The counter is one for the whole program, so one test runs after the other.
#[test]
fn what_is_read_takes_less_than_ten_times_its_size() {
    a_tenant_of_many_small_rows();
    a_page_of_many_small_rows();
}

fn a_tenant_of_many_small_rows() {
    let id = |id: uuid::Uuid| format!(r#"{{"id":"{id}"}}"#);
    let of_nothing = |id: uuid::Uuid| format!(r#"{{"id":"{id}","memberType":"Direct"}}"#);
    let role = "62e90394-69f5-4237-9190-012177145e10".parse().unwrap();
    let query = ReadQuery::Only {
        targets: [Target::Directory { directory_role: role }].into(),
        groups: [].into(),
        watched: [].into(),
    };
    let rows: [fn(uuid::Uuid) -> String; 2] = [id, of_nothing];
    for row in rows {
        let page = distinct(200_000, row);
        let shown = page.chars().take(100).collect::<String>();
        let whole = times(&page, &async |reader| drop(reader.snapshot(&query).await.unwrap()));
        assert!((1.0..10.0).contains(&whole), "a tenant of `{shown}` takes {whole:.1} times its size");
    }
}

fn a_page_of_many_small_rows() {
    let guid = r#"{"id":"7a3c0d7e-0000-4000-8000-000000000001"}"#;
    let user = r##"{"@odata.type":"#microsoft.graph.user","id":"7a3c0d7e-0000-4000-8000-000000000001"}"##;
    let shapes = ["1", "{}", "[]", r#"{"id":"x"}"#, r#"{"a":[[],[[]],{}]}"#, "[[[[[[[[[[]]]]]]]]]]", guid, user];
    let since = Time::from_unix(0);
    for row in shapes {
        let page = times(&list(row), &async |reader| drop(reader.audit(since).await));
        assert!((1.0..10.0).contains(&page), "a page of `{row}` takes {page:.1} times its size");
        let part = format!(r#"{{"responses":[{{"id":"1","status":200,"body":{}}}]}}"#, list(row));
        let names = [(PrincipalKind::User, Box::from("ada@contoso.example"))].into();
        let query = NameQuery { names, ..NameQuery::default() };
        let part = times(&part, &async |reader| drop(reader.directory(&query).await));
        assert!((1.0..10.0).contains(&part), "a part of a batch of `{row}` takes {part:.1} times its size");
        let parts =
            format!(r#"{{"responses":{}}}"#, list(row).trim_start_matches(r#"{"value":"#).trim_end_matches('}'));
        let parts = times(&parts, &async |reader| drop(reader.directory(&query).await));
        assert!((1.0..10.0).contains(&parts), "a batch of `{row}` takes {parts:.1} times its size");
    }
    let deep = format!(r#"{{"value":[{}{}]}}"#, "[".repeat(BYTES / 2), "]".repeat(BYTES / 2));
    let deep = times(&deep, &async |reader| drop(reader.audit(since).await));
    assert!((1.0..10.0).contains(&deep), "a deep page takes {deep:.1} times its size");
}
