//! Who we are where we answer https requests out of an archive: a key that is made anew in each process and never leaves it.
//!
//! The browser is told to take certificates with this key for any host. Nobody else has it, so nobody else gains by that.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::PublicKeyData;
use rustls::pki_types::PrivatePkcs8KeyDer;
use tokio_rustls::TlsAcceptor;

/// A certificate that only our own browsers trust.
pub(crate) struct Identity {
    /// Ends TLS with it.
    pub acceptor: TlsAcceptor,
    /// SHA-256 of the public key, in base64, as Chromium's switch wants it.
    pub public_key: String,
}

/// The one of this process.
pub(crate) static IDENTITY: LazyLock<Identity> = LazyLock::new(Identity::new);

impl Identity {
    fn new() -> Identity {
        let made = rcgen::generate_simple_self_signed(["archive.invalid".to_owned()]);
        let made = made.expect("the system gives random numbers for a key");
        let public_key = ring::digest::digest(&ring::digest::SHA256, &made.signing_key.subject_public_key_info());
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider knows TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key.into())
            .expect("the key belongs to the certificate");
        Identity { acceptor: TlsAcceptor::from(Arc::new(config)), public_key: STANDARD.encode(public_key) }
    }
}
