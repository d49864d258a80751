//! How often programs may ask: by key, and by tenant, so that more keys are not more requests. What is left stands in the
//! headers of every answer (draft-ietf-httpapi-ratelimit-headers-07).

use crate::config;
use crate::failure::Failure;
use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName},
    middleware::Next,
    response::Response,
};
use identity::{IdentityError, KeyMark};
use model::{ErrorCode, Problem, TenantId};
use shares::{Network, Rate, Rates, Wait};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use words::{Text, text};

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// How long a refusal waits: who goes on all the same gets two answers a second from each of its connections.
const SLOWLY: Duration = Duration::from_millis(500);

/// The buckets.
#[derive(Debug)]
pub struct ApiRates {
    keys: Rates<KeyMark>,
    tenants: Rates<TenantId>,
    /// Keys of the operator that opened nothing.
    failures: Rates<Network>,
}

/// What is left to whoever asks.
#[derive(Debug, Clone, Copy)]
struct Quota {
    limit: u32,
    left: u32,
    full_in: Duration,
    refused: bool,
}

/// Where a request's quota is put by whoever learns who asks.
#[derive(Debug, Clone, Default)]
pub struct Noted(Arc<Mutex<Option<Quota>>>);

impl Noted {
    fn note(&self, quota: Quota) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(quota);
    }
}

impl ApiRates {
    /// Buckets of that size, all full.
    pub fn new(api: &config::Api, sign_in: &config::SignIn) -> Self {
        let rate = |burst, per_minute: u32| Rate { burst, per_second: f64::from(per_minute) / 60.0 };
        Self {
            keys: Rates::new(rate(api.key_burst, api.key_per_minute)),
            tenants: Rates::new(rate(api.tenant_burst, api.tenant_per_minute)),
            failures: Rates::new(Rate::in_window(
                sign_in.address_failures,
                Duration::from_secs(60 * u64::from(sign_in.window_minutes)),
            )),
        }
    }

    /// Counts a request of a key's, whatever it opens: before the database is asked.
    ///
    /// # Errors
    /// `rate_limited`, when the key has made as many as it may.
    pub fn count_key(&self, key: KeyMark, noted: &Noted) -> Result<(), Failure> {
        let rate = self.keys.rate();
        match self.keys.take(key) {
            Ok(left) => {
                noted.note(Quota { limit: rate.burst, left: left.now, full_in: left.full_in, refused: false });
                Ok(())
            }
            Err(wait) => Err(refused(rate, wait, noted, |burst, per_minute| {
                text!(
                    "A key may make {burst} requests at once and {per_minute} a minute. Wait, then send this one \
                     again.",
                    burst,
                    per_minute
                )
            })),
        }
    }

    /// Whether an address may still come with a key of the operator that opens nothing.
    ///
    /// # Errors
    /// `rate_limited`, when too many have come from there.
    pub fn may_fail(&self, network: Network) -> Result<(), Failure> {
        let retry_after = |wait: Wait| IdentityError::TooManyAttempts { retry_after: wait.until.as_secs() + 1 };
        Ok(self.failures.look(network).map_err(retry_after)?)
    }

    /// Counts one that has.
    pub fn count_failure(&self, network: Network) {
        // None may be left, where several came at once.
        let _ = self.failures.take(network);
    }

    /// Counts it for the key's tenant, too.
    ///
    /// # Errors
    /// `rate_limited`, when all keys of the tenant together have made as many as they may.
    pub fn count_tenant(&self, tenant: TenantId, noted: &Noted) -> Result<(), Failure> {
        match self.tenants.take(tenant) {
            Ok(_) => Ok(()),
            Err(wait) => Err(refused(self.tenants.rate(), wait, noted, |burst, per_minute| {
                text!(
                    "The keys of a workspace together may make {burst} requests at once and {per_minute} a minute. \
                     Wait, then send this one again.",
                    burst,
                    per_minute
                )
            })),
        }
    }
}

fn refused(rate: Rate, wait: Wait, noted: &Noted, words: impl FnOnce(u32, String) -> Text) -> Failure {
    noted.note(Quota { limit: rate.burst, left: 0, full_in: wait.full_in, refused: true });
    let per_minute = format!("{:.0}", rate.per_second * 60.0);
    let mut problem = Problem::new(ErrorCode::RateLimited, words(rate.burst, per_minute));
    problem.retry_after = Some(wait.until.as_secs() + 1);
    Failure(problem)
}

/// Writes what is left into the headers of every answer to who has a quota, and has those wait who are refused: outside of
/// everything that holds a place.
pub async fn headers(mut request: Request, next: Next) -> Response {
    let noted = Noted::default();
    request.extensions_mut().insert(noted.clone());
    let mut response = next.run(request).await;
    let quota = *noted.0.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(quota) = quota {
        write(response.headers_mut(), &quota);
        if quota.refused {
            tokio::time::sleep(SLOWLY).await;
        }
    }
    response
}

fn write(headers: &mut HeaderMap, quota: &Quota) {
    headers.insert(LIMIT, quota.limit.into());
    headers.insert(REMAINING, quota.left.into());
    // Whole seconds, and not too few.
    headers.insert(RESET, quota.full_in.as_secs_f64().ceil().clamp(0.0, 1e9).to_string().parse().unwrap_or(0.into()));
}
