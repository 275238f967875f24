//! Who asks, and by which request.

use std::net::IpAddr;

use domain::{Actor, ActorKind, Authentication, Grant, Role, Scope};

/// A key a client chose so that repeating a request does not repeat its effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Idempotency {
    /// The client's key, at most 200 characters.
    pub key: String,
    /// Hex SHA-256 of method, path and body: the same key with another digest is refused.
    pub digest: String,
}

/// An actor and the request they make. Edges build it after authenticating.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// The network address the request came from, if it came over a network.
    pub source: Option<IpAddr>,
    /// Id of the request, as in the log and in the answer's headers.
    pub request_id: String,
    /// The revision the actor says they saw.
    pub revision_seen: Option<u64>,
    /// The client's key against repetition, if it sent one.
    pub idempotency: Option<Idempotency>,
}

impl Caller {
    /// A caller without a network address, a revision seen or a key against repetition.
    pub fn new(actor: Actor, request_id: impl Into<String>) -> Self {
        Self {
            actor,
            source: None,
            request_id: request_id.into(),
            revision_seen: None,
            idempotency: None,
        }
    }

    /// The server acting for itself, at first start and for `--demo`.
    pub fn server(request_id: impl Into<String>) -> Self {
        Self::new(
            Actor {
                id: "conductor".into(),
                name: "conductor".into(),
                kind: ActorKind::Conductor,
                authentication: Authentication::Server,
                grants: vec![Grant {
                    scope: Scope::All,
                    role: Role::Admin,
                }],
            },
            request_id,
        )
    }
}
