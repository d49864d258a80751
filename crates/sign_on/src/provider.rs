//! Who vouches, and how this installation is known there.

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthPrompt, CoreClaimName, CoreClaimType, CoreClientAuthMethod, CoreErrorResponseType,
    CoreGenderClaim, CoreGrantType, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreRevocationErrorResponse,
    CoreSubjectIdentifierType, CoreTokenIntrospectionResponse, CoreTokenType,
};
use openidconnect::{
    AdditionalClaims, AdditionalProviderMetadata, Client, EmptyExtraTokenFields, EndpointMaybeSet, EndpointNotSet,
    EndpointSet, IdTokenFields, ProviderMetadata, StandardErrorResponse, StandardTokenResponse,
};
use outbound::Whose;
use serde::{Deserialize, Serialize};
use std::fmt;
use zeroize::Zeroizing;

/// A provider, and how this installation is known there.
#[derive(Clone)]
pub struct Provider {
    /// Its name for itself, which is where it is found: `https://accounts.google.com`.
    pub issuer: String,
    /// What it calls this installation.
    pub client_id: String,
    /// What shows that; none for a public client.
    pub client_secret: Option<Zeroizing<String>>,
    /// Whether its `xms_edov` is believed: Microsoft's word that the address's domain is who has made the account.
    pub edov: bool,
    /// Who has typed all this.
    pub whose: Whose,
    /// In whose share of what is shared it is asked: that of a tenant, or, where the operator has set it, its own.
    pub share: Option<u128>,
}

/// The secret does not print.
impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider").field("issuer", &self.issuer).field("whose", &self.whose).finish_non_exhaustive()
    }
}

/// What a token says besides the standard's claims.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Extra {
    /// Microsoft's word that the owner of the address's domain is who has made the account.
    #[serde(default)]
    pub xms_edov: Option<serde_json::Value>,
}

/// Whether what is written there says yes: it comes as a truth, a number or a text.
pub(crate) fn yes(told: &serde_json::Value) -> bool {
    told.as_bool() == Some(true) || told.as_i64() == Some(1) || matches!(told.as_str(), Some("1" | "true"))
}

impl AdditionalClaims for Extra {}

/// What a provider says of itself besides the standard's fields.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct More {
    /// Whether it says in its answer who it is (RFC 9207).
    #[serde(default)]
    pub authorization_response_iss_parameter_supported: bool,
}

impl AdditionalProviderMetadata for More {}

/// What a provider says of itself.
pub(crate) type Metadata = ProviderMetadata<
    More,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

type Tokens = StandardTokenResponse<
    IdTokenFields<
        Extra,
        EmptyExtraTokenFields,
        CoreGenderClaim,
        CoreJweContentEncryptionAlgorithm,
        CoreJwsSigningAlgorithm,
    >,
    CoreTokenType,
>;

/// The library's client, with what a token says besides.
pub(crate) type Known = Client<
    Extra,
    CoreAuthDisplay,
    CoreGenderClaim,
    CoreJweContentEncryptionAlgorithm,
    CoreJsonWebKey,
    CoreAuthPrompt,
    StandardErrorResponse<CoreErrorResponseType>,
    Tokens,
    CoreTokenIntrospectionResponse,
    CoreRevocableToken,
    CoreRevocationErrorResponse,
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;
