//! Which implementation of cryptography TLS uses.

/// Makes `ring` the one that all TLS of the process uses. To be called before anything builds a client; more often does
/// no harm.
pub fn install() {
    // An error means that it was done before.
    let _ = rustls::crypto::ring::default_provider().install_default();
}
