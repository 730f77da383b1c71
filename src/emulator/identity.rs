//! Identity: the endpoints by which clients find the cloud, and the tokens by which they sign in.
//!
//! Tokens have the shape of real ones and are signed, so that a client can look into them, but they are good for nothing
//! else than this emulator. Every secret and every assertion is accepted: the tenant is made up.

mod metadata;

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::ECDSA_P256_SHA256_FIXED;
use ring::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
use ring::signature::EcdsaKeyPair;
use ring::signature::KeyPair as _;
use ring::signature::UnparsedPublicKey;
use serde_json::Value;
use serde_json::json;
use url::Url;
use uuid::Uuid;

use crate::emulator::wire::{Reply, Request, ServiceFailure};
use crate::emulator::world::{Caller, User, World};

/// How long a token is good, in seconds.
const LIFETIME: i64 = 3599;

/// The application ids of the two services; a token may be asked for by them as well.
const GRAPH_APP: &str = "00000003-0000-0000-c000-000000000000";
const ARM_APP: &str = "797f4846-ba00-4fd7-ba43-dac1f8f63013";

const GRAPH_AUDIENCES: &[&str] = &[
    "https://graph.microsoft.com",
    "https://graph.microsoft.us",
    "https://dod-graph.microsoft.us",
    "https://microsoftgraph.chinacloudapi.cn",
    GRAPH_APP,
];

const ARM_AUDIENCES: &[&str] = &[
    "https://management.azure.com",
    "https://management.core.windows.net",
    "https://management.usgovcloudapi.net",
    "https://management.core.usgovcloudapi.net",
    "https://management.chinacloudapi.cn",
    "https://management.core.chinacloudapi.cn",
    ARM_APP,
];

/// Permissions of Graph that the made-up application has.
const ROLES: &[&str] = &[
    "AdministrativeUnit.Read.All",
    "Application.ReadWrite.All",
    "AuditLog.Read.All",
    "AuthenticationContext.Read.All",
    "Directory.ReadWrite.All",
    "Group.ReadWrite.All",
    "Policy.Read.ConditionalAccess",
    "PrivilegedAccess.ReadWrite.AzureADGroup",
    "PrivilegedAssignmentSchedule.ReadWrite.AzureADGroup",
    "PrivilegedEligibilitySchedule.ReadWrite.AzureADGroup",
    "RoleManagement.ReadWrite.Directory",
    "RoleManagementPolicy.ReadWrite.AzureADGroup",
    "RoleManagementPolicy.ReadWrite.Directory",
    "User.ReadWrite.All",
];

/// The service that a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Microsoft Graph.
    Graph,
    /// Azure Resource Manager.
    Arm,
}

impl Audience {
    fn refusal(self, graph: (&str, &str), azure: (&str, String)) -> ServiceFailure {
        let failure = match self {
            Self::Graph => ServiceFailure::new(401, graph.0, graph.1),
            Self::Arm => ServiceFailure::new(401, azure.0, azure.1),
        };
        failure.with_header("WWW-Authenticate", "Bearer error=\"invalid_token\"")
    }

    fn missing(self) -> ServiceFailure {
        let text = "Authentication failed. The 'Authorization' header is missing.".to_owned();
        self.refusal(("InvalidAuthenticationToken", "Access token is empty."), ("AuthenticationFailed", text))
    }

    fn invalid(self) -> ServiceFailure {
        let text = "The access token is invalid.";
        let graph = "Access token validation failure. Invalid signature.";
        self.refusal(("InvalidAuthenticationToken", graph), ("InvalidAuthenticationToken", text.to_owned()))
    }

    fn expired(self) -> ServiceFailure {
        let text = "The access token expiry UTC time is earlier than current UTC time.";
        let graph = "Lifetime validation failed, the token is expired.";
        self.refusal(("InvalidAuthenticationToken", graph), ("ExpiredAuthenticationToken", text.to_owned()))
    }

    fn foreign(self, audience: &str) -> ServiceFailure {
        let text = format!(
            "The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with \
             one of the allowed audiences 'https://management.core.windows.net/','https://management.azure.com/'."
        );
        let graph = "Access token validation failure. Invalid audience.";
        self.refusal(("InvalidAuthenticationToken", graph), ("InvalidAuthenticationTokenAudience", text))
    }
}

/// Status and body.
type Told = (u16, Value);

/// The identity service of one tenant.
pub(crate) struct Identity {
    tenant: String,
    key: EcdsaKeyPair,
    key_id: String,
    random: SystemRandom,
    issued: AtomicU64,
}

impl Identity {
    /// The identity service of this tenant, with a key of its own. `None` when the system gives no random numbers.
    pub(crate) fn new(tenant: &str) -> Option<Self> {
        let random = SystemRandom::new();
        let made = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?;
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, made.as_ref(), &random).ok()?;
        let key_id = URL_SAFE_NO_PAD.encode(ring::digest::digest(&ring::digest::SHA256, key.public_key().as_ref()));
        Some(Self { tenant: tenant.to_ascii_lowercase(), key, key_id, random, issued: AtomicU64::new(0) })
    }

    /// Answers a request to one of the identity endpoints.
    pub(crate) fn answer(&self, request: &Request, world: &World) -> Reply {
        let (status, body) = self.told(request, world);
        Reply::json(status, body)
    }

    fn told(&self, request: &Request, world: &World) -> Told {
        match (request.method.as_str(), request.segments().as_slice()) {
            ("GET", ["metadata", "endpoints"]) => metadata::endpoints(request),
            ("GET", ["metadata", "identity", "oauth2", "token"]) => self.managed(request, world),
            ("GET", ["common", "discovery", "instance"]) => self.instance(request),
            ("GET", [tenant, word, name]) if is_realm(word) => self.of(tenant, || realm(name)),
            ("GET", [tenant, ".well-known", "openid-configuration"]) => {
                self.of(tenant, || self.openid(request, tenant, ""))
            }
            ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
                self.of(tenant, || self.openid(request, tenant, "/v2.0"))
            }
            ("GET", [tenant, "discovery", "keys"] | [tenant, "discovery", "v2.0", "keys"]) => {
                self.of(tenant, || self.keys())
            }
            ("POST", [tenant, "oauth2", "token"]) => self.of(tenant, || self.token(request, world, Version::One)),
            ("POST", [tenant, "oauth2", "v2.0", "token"]) => {
                self.of(tenant, || self.token(request, world, Version::Two))
            }
            _ => problem(404, "invalid_request", 90015, "There is no such endpoint of identity on this emulator."),
        }
    }

    /// Only this tenant is known. `common` and `organizations` lead to it, as a multi-tenant application would be led.
    fn of(&self, tenant: &str, then: impl FnOnce() -> Told) -> Told {
        if tenant.eq_ignore_ascii_case(&self.tenant) || tenant == "common" || tenant == "organizations" {
            return then();
        }
        problem(
            400,
            "invalid_request",
            90002,
            &format!("Tenant '{tenant}' not found. This emulator has the tenant '{}'.", self.tenant),
        )
    }

    fn instance(&self, request: &Request) -> Told {
        let host = request.base.split_once("://").map_or(request.base.as_str(), |(_, host)| host);
        let found = json!({
            "tenant_discovery_endpoint": format!("{}/{}/v2.0/.well-known/openid-configuration", request.base, self.tenant),
            "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
        });
        (200, found)
    }

    fn openid(&self, request: &Request, tenant: &str, version: &str) -> Told {
        let base = request.base.as_str();
        let oauth = format!("{base}/{tenant}/oauth2{version}");
        let configuration = json!({
            "token_endpoint": format!("{oauth}/token"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "jwks_uri": format!("{base}/{tenant}/discovery{version}/keys"),
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["ES256"],
            "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
            "scopes_supported": ["openid"],
            "issuer": format!("{base}/{}{version}", self.tenant),
            "authorization_endpoint": format!("{oauth}/authorize"),
            "device_authorization_endpoint": format!("{oauth}/devicecode"),
            "end_session_endpoint": format!("{oauth}/logout"),
            "claims_supported": ["sub", "iss", "aud", "exp", "iat", "tid", "oid", "appid", "roles", "ver"],
            "tenant_region_scope": "EU",
            "cloud_instance_name": "microsoftonline.com",
            "cloud_graph_host_name": "graph.windows.net",
            "msgraph_host": base.split_once("://").map_or(base, |(_, host)| host),
        });
        (200, configuration)
    }

    fn keys(&self) -> Told {
        // An uncompressed point: a byte that says so, and the two coordinates.
        let point = self.key.public_key().as_ref().get(1..).unwrap_or_default();
        let (x, y) = point.split_at_checked(32).unwrap_or_default();
        let key = json!({
            "kty": "EC", "use": "sig", "alg": "ES256", "crv": "P-256", "kid": self.key_id,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        });
        (200, json!({ "keys": [key] }))
    }

    /// The user who signs in; nobody where an application does.
    fn user(&self, grant: &str, form: &[(String, String)], world: &World) -> Result<Option<Uuid>, Told> {
        let field = |name: &str| option(form, name).filter(|value| !value.is_empty());
        let found = match grant {
            "client_credentials" => return Ok(None),
            "refresh_token" => {
                let again = field("refresh_token").and_then(|token| self.refreshed(token));
                again.filter(|id| world.users.get(id).is_some_and(|user| user.enabled == Some(true)))
            }
            _ => {
                let named = |name| world.users.values().find(|user| signs_in(user, name));
                field("username").and_then(named).map(|user| user.id)
            }
        };
        let refused = || match grant {
            "refresh_token" => problem(400, "invalid_grant", 9_002_313, "The refresh token is malformed or invalid."),
            _ => problem(400, "invalid_grant", 50034, "The user account does not exist or is disabled."),
        };
        found.map(Some).ok_or_else(refused)
    }

    fn token(&self, request: &Request, world: &World, version: Version) -> Told {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(request.text.as_bytes()).into_owned().collect();
        let field = |name: &str| option(&form, name).filter(|value| !value.is_empty());
        let Some(grant) = field("grant_type") else {
            return problem(
                400,
                "invalid_request",
                900_144,
                "The request body must contain the following parameter: 'grant_type'.",
            );
        };
        if !matches!(grant, "client_credentials" | "password" | "refresh_token") {
            return problem(
                400,
                "unsupported_grant_type",
                70003,
                &format!(
                    "This emulator supports no grant '{grant}', only 'client_credentials', 'password' and 'refresh_token'."
                ),
            );
        }
        let Some(client) = field("client_id") else {
            return problem(
                400,
                "invalid_request",
                900_144,
                "The request body must contain the following parameter: 'client_id'.",
            );
        };
        let user = match self.user(grant, &form, world) {
            Ok(user) => user,
            Err(problem) => return problem,
        };
        match (field("client_secret"), field("client_assertion"), field("client_assertion_type")) {
            // Whoever signs in by name may do so from a public client.
            _ if user.is_some() && (grant == "refresh_token" || field("password").is_some()) => {}
            (Some(_), None, _) => {}
            (None, Some(assertion), Some("urn:ietf:params:oauth:client-assertion-type:jwt-bearer")) => {
                if claims(assertion).is_none() {
                    return problem(400, "invalid_client", 50027, "JWT token is invalid or malformed.");
                }
            }
            _ => {
                return problem(
                    401,
                    "invalid_client",
                    7_000_218,
                    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
                );
            }
        }
        let resource = match version {
            Version::One => field("resource").map(str::to_owned),
            // `https://management.core.windows.net//.default` is what a resource with a slash at its end makes.
            Version::Two => field("scope").and_then(resource_of),
        };
        let Some(resource) = resource.filter(|resource| !resource.contains(char::is_whitespace)) else {
            return match version {
                Version::One => problem(
                    400,
                    "invalid_request",
                    900_144,
                    "The request body must contain the following parameter: 'resource'.",
                ),
                Version::Two => problem(
                    400,
                    "invalid_scope",
                    1_002_012,
                    "The provided value for scope is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.",
                ),
            };
        };
        let contexts = field("claims").map(asked_contexts).unwrap_or_default();
        let holder = user.map(|id| Holder { id, contexts });
        let (token, now) = (self.issue(client, holder.as_ref(), &resource, world), world.now().unix());
        match version {
            Version::One => (
                200,
                json!({
                    "token_type": "Bearer", "expires_in": LIFETIME.to_string(), "ext_expires_in": LIFETIME.to_string(),
                    "expires_on": (now + LIFETIME).to_string(), "not_before": now.to_string(),
                    "resource": resource, "access_token": token,
                }),
            ),
            Version::Two => {
                let mut told = json!({
                    "token_type": "Bearer", "expires_in": LIFETIME, "ext_expires_in": LIFETIME, "access_token": token,
                });
                if let (Some(told), Some(holder)) = (told.as_object_mut(), &holder) {
                    told.extend(self.of_a_user(&request.base, client, holder, &resource, world));
                }
                (200, told)
            }
        }
    }

    /// What a client that keeps accounts goes on from: who has signed in, and a token for more tokens.
    // docs/service.md: login-1
    fn of_a_user(
        &self,
        base: &str,
        client: &str,
        holder: &Holder,
        resource: &str,
        world: &World,
    ) -> serde_json::Map<String, Value> {
        let now = world.now().unix();
        let user = world.users.get(&holder.id);
        let id_token = json!({
            "aud": client, "iss": format!("{base}/{}/v2.0", self.tenant), "iat": now, "nbf": now, "exp": now + LIFETIME,
            "name": user.map(|user| user.name.as_str()), "oid": holder.id, "sub": holder.id, "tid": self.tenant,
            "preferred_username": user.map(|user| user.upn.as_str()), "ver": "2.0",
        });
        // No service takes it: it is meant for nobody.
        let refresh = json!({ "refresh": holder.id, "iat": now });
        let account = json!({ "uid": holder.id, "utid": self.tenant });
        let told = [
            ("scope", json!(format!("{resource}/.default"))),
            ("id_token", json!(self.sign(&id_token))),
            ("refresh_token", json!(self.sign(&refresh))),
            ("client_info", json!(URL_SAFE_NO_PAD.encode(account.to_string()))),
        ];
        told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whom a token for more tokens was given to.
    fn refreshed(&self, token: &str) -> Option<Uuid> {
        let claims = self.verified(token)?;
        claims.get("refresh").and_then(Value::as_str).and_then(|id| Uuid::parse_str(id).ok())
    }

    /// The endpoint that virtual machines and app services ask for the token of their managed identity.
    fn managed(&self, request: &Request, world: &World) -> Told {
        if request.header("metadata").is_none() && request.header("x-identity-header").is_none() {
            return problem(400, "invalid_request", 0, "Required metadata header not specified");
        }
        let Some(resource) = option(&request.query, "resource").filter(|resource| !resource.is_empty()) else {
            return problem(400, "invalid_request", 0, "Required query variable 'resource' is missing");
        };
        let client = option(&request.query, "client_id").unwrap_or(MANAGED).to_owned();
        let (token, now) = (self.issue(&client, None, resource, world), world.now().unix());
        let told = json!({
            "access_token": token, "client_id": client, "expires_in": LIFETIME.to_string(),
            "expires_on": (now + LIFETIME).to_string(), "not_before": now.to_string(),
            "resource": resource, "token_type": "Bearer",
        });
        (200, told)
    }

    fn issue(&self, client: &str, user: Option<&Holder>, resource: &str, world: &World) -> String {
        let now = world.now().unix();
        let known = world.service_principals.values().find(|service| {
            service.app_id.is_some_and(|app| Uuid::parse_str(client).is_ok_and(|client| client == app))
        });
        let object = known.map(|service| service.id).or(world.runner);
        let object = object.unwrap_or_else(|| world.id_of(&format!("client/{client}")));
        let audience = resource.trim_end_matches('/');
        let number = self.issued.fetch_add(1, Ordering::Relaxed);
        let mut claims = json!({
            "aud": audience, "iss": format!("https://sts.windows.net/{}/", self.tenant), "iat": now,
            "nbf": now, "exp": now + LIFETIME, "appid": client, "appidacr": "1",
            "idp": format!("https://sts.windows.net/{}/", self.tenant), "idtyp": "app", "oid": object, "sub": object,
            "tid": self.tenant, "uti": format!("emulator-{number}"), "ver": "1.0",
        });
        if let Some(claims) = claims.as_object_mut() {
            if let Some(user) = user {
                claims.extend(user.claims(world));
            } else if is_for(audience, Audience::Graph) {
                claims.insert("roles".to_owned(), json!(ROLES));
            }
        }
        self.sign(&claims)
    }

    fn sign(&self, claims: &Value) -> String {
        let header = json!({ "typ": "JWT", "alg": "ES256", "kid": self.key_id });
        let encode = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let signed = format!("{}.{}", encode(&header), encode(claims));
        // Without random numbers there is no signature, and the token is refused when it is used.
        let signature = self.key.sign(&self.random, signed.as_bytes());
        let signature = signature.as_ref().map_or(&[][..], AsRef::as_ref);
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// Who makes a call to a service, or the service's refusal.
    pub(crate) fn caller(&self, request: &Request, service: Audience, world: &World) -> Result<Caller, ServiceFailure> {
        let token = request.header("authorization").and_then(bearer).ok_or_else(|| service.missing())?;
        let now = world.now().unix();
        let claims = self.verified(token).ok_or_else(|| service.invalid())?;
        let text = |name: &str| claims.get(name).and_then(Value::as_str).unwrap_or_default();
        let until = claims.get("exp").and_then(Value::as_i64).unwrap_or_default();
        if until <= now || world.faults.expired(token) {
            return Err(service.expired());
        }
        if !is_for(text("aud"), service) {
            return Err(service.foreign(text("aud")));
        }
        let object = Uuid::parse_str(text("oid")).map_err(|_| service.invalid())?;
        let mut caller = world.caller(object);
        caller.app_id = caller.app_id.or_else(|| Uuid::parse_str(text("appid")).ok());
        let has = |name: &str, what: &str| {
            claims.get(name).and_then(Value::as_array).is_some_and(|list| list.iter().any(|it| it == what))
        };
        caller.mfa = !caller.is_application && has("amr", "mfa");
        let contexts = claims.get("acrs").and_then(Value::as_array).into_iter().flatten();
        caller.contexts = contexts.filter_map(Value::as_str).map(str::to_owned).collect();
        Ok(caller)
    }

    fn verified(&self, token: &str) -> Option<Value> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, self.key.public_key().as_ref());
        key.verify(signed.as_bytes(), &signature).ok()?;
        claims(token)
    }
}

/// A user who has signed in.
struct Holder {
    id: Uuid,
    /// The authentication contexts that the sign-in was asked to satisfy. It always does.
    contexts: Vec<String>,
}

impl Holder {
    /// What a token says of a user and not of an application.
    fn claims(&self, world: &World) -> serde_json::Map<String, Value> {
        let user = world.users.get(&self.id);
        let claims = [
            ("oid", json!(self.id)),
            ("sub", json!(self.id)),
            ("idtyp", json!("user")),
            ("name", json!(user.map(|user| user.name.as_str()))),
            ("upn", json!(user.map(|user| user.upn.as_str()))),
            ("amr", json!(["pwd", "mfa"])),
            ("acrs", json!(self.contexts)),
            ("scp", json!("Directory.AccessAsUser.All user_impersonation")),
        ];
        claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Where the users of a domain sign in: here, for there is no federation.
fn realm(name: &str) -> Told {
    let domain = name.rsplit_once('@').map_or(name, |(_, domain)| domain);
    let told = json!({
        "ver": "1.0", "account_type": "Managed", "domain_name": domain, "cloud_instance_name": "microsoftonline.com",
        "cloud_audience_urn": "urn:federation:MicrosoftOnline",
    });
    (200, told)
}

/// The one resource that a scope is about. What concerns the sign-in itself stands beside it.
fn resource_of(scope: &str) -> Option<String> {
    let own = |word: &&str| !["openid", "profile", "offline_access", "email"].contains(word);
    let mut words = scope.split_whitespace().filter(own);
    let resource = words.next()?.strip_suffix("/.default")?;
    words.next().is_none().then(|| resource.to_owned())
}

fn signs_in(user: &User, name: &str) -> bool {
    user.enabled == Some(true) && user.upn.to_lowercase() == name.to_lowercase()
}

/// The contexts in `{"access_token":{"acrs":{"essential":true,"value":"c1"}}}`.
fn asked_contexts(claims: &str) -> Vec<String> {
    let claims: Value = serde_json::from_str(claims).unwrap_or_default();
    let asked = claims.pointer("/access_token/acrs/value").and_then(Value::as_str);
    asked.map(|context| vec![context.to_owned()]).unwrap_or_default()
}

/// The application id of a managed identity that is not asked for by name.
const MANAGED: &str = "00000000-0000-0000-0000-000000000000";

#[derive(Clone, Copy)]
enum Version {
    One,
    Two,
}

/// True for paths that belong to identity and not to a service.
pub(crate) fn is_mine(path: &[&str]) -> bool {
    match path {
        ["metadata", ..] => true,
        [first, "oauth2" | "discovery" | ".well-known" | "v2.0", ..] => !is_service(first),
        // Clients spell it in two ways.
        [first, word, ..] if is_realm(word) => !is_service(first),
        _ => false,
    }
}

fn is_realm(word: &str) -> bool {
    word.eq_ignore_ascii_case("userrealm")
}

/// Words that begin paths of the services and can be no tenant.
fn is_service(first: &str) -> bool {
    matches!(first.to_ascii_lowercase().as_str(), "v1.0" | "beta" | "subscriptions" | "providers" | "tenants")
}

/// The token of an `Authorization` header.
fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn claims(token: &str) -> Option<Value> {
    let mut parts = token.split('.');
    let (Some(_), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return None;
    };
    let payload = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    serde_json::from_slice(&payload).ok().filter(Value::is_object)
}

/// A token for the emulator's own address is good for both services, which share it.
fn is_for(audience: &str, service: Audience) -> bool {
    let audience = audience.trim_end_matches('/');
    let known = match service {
        Audience::Graph => GRAPH_AUDIENCES,
        Audience::Arm => ARM_AUDIENCES,
    };
    known.iter().any(|known| known.eq_ignore_ascii_case(audience)) || is_loopback(audience)
}

fn is_loopback(audience: &str) -> bool {
    Url::parse(audience)
        .is_ok_and(|url| matches!(url.host_str(), Some("localhost" | "127.0.0.1" | "[::1]")) && url.path() == "/")
}

fn option<'a>(options: &'a [(String, String)], name: &str) -> Option<&'a str> {
    options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

/// An error of the identity service. The number is that of its documentation.
fn problem(status: u16, error: &str, number: u32, text: &str) -> Told {
    let body = json!({
        "error": error, "error_description": format!("AADSTS{number}: {text}"), "error_codes": [number],
        "trace_id": MANAGED, "correlation_id": MANAGED,
    });
    (status, body)
}

#[cfg(test)]
mod tests;
