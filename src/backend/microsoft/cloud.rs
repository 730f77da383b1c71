//! The clouds of Microsoft, and where their services are (docs/service.md: sign-in-5).

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// A cloud: which hosts answer, and who is asked for tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Cloud {
    /// The worldwide one.
    #[default]
    Public,
    /// For the government of the United States (GCC High).
    UsGov,
    /// In China, run by 21Vianet.
    China,
}

impl Cloud {
    /// Every cloud.
    pub const ALL: [Self; 3] = [Self::Public, Self::UsGov, Self::China];

    /// Its name in the policy files: `tenant.cloud`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::UsGov => "usgov",
            Self::China => "china",
        }
    }

    /// Where Microsoft Graph answers.
    pub const fn graph(self) -> &'static str {
        match self {
            Self::Public => "https://graph.microsoft.com",
            Self::UsGov => "https://graph.microsoft.us",
            Self::China => "https://microsoftgraph.chinacloudapi.cn",
        }
    }

    /// Where Azure Resource Manager answers.
    pub const fn arm(self) -> &'static str {
        match self {
            Self::Public => "https://management.azure.com",
            Self::UsGov => "https://management.usgovcloudapi.net",
            Self::China => "https://management.chinacloudapi.cn",
        }
    }

    /// Who is asked for tokens.
    pub const fn authority(self) -> &'static str {
        match self {
            Self::Public => "https://login.microsoftonline.com",
            Self::UsGov => "https://login.microsoftonline.us",
            Self::China => "https://login.chinacloudapi.cn",
        }
    }
}

impl fmt::Display for Cloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Cloud {
    type Err = UnknownCloud;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|cloud| cloud.name() == text).ok_or(UnknownCloud)
    }
}

/// There is no cloud of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such cloud: there are `public`, `usgov` and `china`")]
pub struct UnknownCloud;

/// Where the two services answer. Each is the origin, with at most a path before that of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoints {
    /// Microsoft Graph.
    pub graph: Url,
    /// Azure Resource Manager.
    pub arm: Url,
}

impl Endpoints {
    /// Those of a cloud, or what stands in for them.
    pub fn new(cloud: Cloud, graph: Option<&str>, arm: Option<&str>) -> Result<Self, EndpointError> {
        Ok(Self { graph: endpoint(graph.unwrap_or(cloud.graph()))?, arm: endpoint(arm.unwrap_or(cloud.arm()))? })
    }

    /// One server for both, as the emulator is.
    pub fn same(both: &str) -> Result<Self, EndpointError> {
        Self::new(Cloud::Public, Some(both), Some(both))
    }

    /// Whether both are on this machine.
    pub fn are_loopback(&self) -> bool {
        is_loopback(&self.graph) && is_loopback(&self.arm)
    }

    /// Whether anything would travel in the clear.
    pub(super) fn any_plain(&self) -> bool {
        self.graph.scheme() != "https" || self.arm.scheme() != "https"
    }
}

/// Why an address cannot be an endpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It is no address at all.
    #[error("`{0}` is not the address of a server, such as `https://graph.microsoft.com`")]
    NotAnAddress(String),
    /// It has parts that an endpoint has not.
    #[error("`{0}` has more than an endpoint may have: no user, query or fragment")]
    TooMuch(String),
    /// It is in the clear, and not on this machine.
    #[error("`{0}` is not encrypted, which is only allowed for the emulator on this machine")]
    Plain(String),
}

/// Reads an endpoint: https, or http on this machine.
pub(super) fn endpoint(text: &str) -> Result<Url, EndpointError> {
    let url = Url::parse(text).map_err(|_| EndpointError::NotAnAddress(text.to_owned()))?;
    if url.host().is_none() || !matches!(url.scheme(), "http" | "https") {
        return Err(EndpointError::NotAnAddress(text.to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() || !url.username().is_empty() || url.password().is_some() {
        return Err(EndpointError::TooMuch(text.to_owned()));
    }
    if url.scheme() == "http" && !is_loopback(&url) {
        return Err(EndpointError::Plain(text.to_owned()));
    }
    Ok(url)
}

/// Whether an address is on this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cloud_has_a_name_and_encrypted_endpoints() {
        for cloud in Cloud::ALL {
            assert_eq!(cloud.name().parse(), Ok(cloud));
            let endpoints = Endpoints::new(cloud, None, None).unwrap();
            assert!(!endpoints.any_plain() && !endpoints.are_loopback());
            assert_eq!(endpoint(cloud.authority()).unwrap().scheme(), "https");
        }
        assert_eq!("Public".parse::<Cloud>(), Err(UnknownCloud));
    }

    #[test]
    fn plain_endpoints_are_on_this_machine_only() {
        assert!(endpoint("http://127.0.0.1:8080").is_ok());
        assert!(endpoint("http://[::1]:8080").is_ok());
        assert!(endpoint("http://localhost:8080").is_ok());
        for far in ["http://graph.microsoft.com", "http://127.0.0.1.example.com", "http://10.0.0.1"] {
            assert_eq!(endpoint(far), Err(EndpointError::Plain(far.to_owned())));
        }
        for nothing in ["graph.microsoft.com", "file:///x", ""] {
            assert_eq!(endpoint(nothing), Err(EndpointError::NotAnAddress(nothing.to_owned())));
        }
        for more in ["https://a@b.example", "https://b.example?x=1"] {
            assert_eq!(endpoint(more), Err(EndpointError::TooMuch(more.to_owned())));
        }
    }
}
