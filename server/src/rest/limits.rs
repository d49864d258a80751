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
use model::{ApiKeyId, ErrorCode, Problem, TenantId};
use shares::{Rate, Rates};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The buckets.
#[derive(Debug)]
pub struct ApiRates {
    keys: Rates<ApiKeyId>,
    tenants: Rates<TenantId>,
}

/// What is left to whoever asks.
#[derive(Debug, Clone, Copy)]
struct Quota {
    limit: u32,
    left: u32,
    full_in: Duration,
}

/// Where a request's quota is put by whoever learns who asks.
#[derive(Debug, Clone, Default)]
pub struct Noted(Arc<OnceLock<Quota>>);

impl ApiRates {
    /// Buckets of that size, all full.
    pub fn new(api: &config::Api) -> Self {
        let rate = |burst, per_second: u32| Rate { burst, per_second: f64::from(per_second) };
        Self {
            keys: Rates::new(rate(api.key_burst, api.key_per_second)),
            tenants: Rates::new(rate(api.tenant_burst, api.tenant_per_second)),
        }
    }

    /// Counts a request of a key's.
    ///
    /// # Errors
    /// `rate_limited`, when key or tenant has made as many as it may.
    pub fn count(&self, key: ApiKeyId, tenant: TenantId, noted: Option<&Noted>) -> Result<(), Failure> {
        let note = |limit, left, full_in| {
            if let Some(Noted(place)) = noted {
                let _ = place.set(Quota { limit, left, full_in });
            }
        };
        let refuse = |who: &str, rate: Rate, wait: shares::Wait| {
            note(rate.burst, 0, wait.full_in);
            let (burst, per_second) = (rate.burst, rate.per_second);
            let mut problem = Problem::new(
                ErrorCode::RateLimited,
                format!(
                    "{who} may make {burst} requests at once and {per_second} a second. Wait, then send this one again."
                ),
            );
            problem.retry_after = Some(wait.until.as_secs() + 1);
            Failure(problem)
        };
        let left = self.keys.take(key).map_err(|wait| refuse("A key", self.keys.rate(), wait))?;
        if let Err(wait) = self.tenants.take(tenant) {
            // Refused for another's sake, it does not count against the key.
            self.keys.give_back(key);
            return Err(refuse("The keys of a workspace together", self.tenants.rate(), wait));
        }
        note(self.keys.rate().burst, left.now, left.full_in);
        Ok(())
    }
}

/// Writes what is left into the headers of the answer.
pub async fn headers(mut request: Request, next: Next) -> Response {
    let noted = Noted::default();
    request.extensions_mut().insert(noted.clone());
    let mut response = next.run(request).await;
    if let Some(quota) = noted.0.get() {
        write(response.headers_mut(), quota);
    }
    response
}

fn write(headers: &mut HeaderMap, quota: &Quota) {
    headers.insert(LIMIT, quota.limit.into());
    headers.insert(REMAINING, quota.left.into());
    // Whole seconds, and not too few.
    headers.insert(RESET, quota.full_in.as_secs_f64().ceil().clamp(0.0, 1e9).to_string().parse().unwrap_or(0.into()));
}
