//! File descriptors: each connection takes one, and a process without any stops answering everybody. So the limit is raised as
//! far as the system allows, and what does not fit is taken from the number of connections, before the first one comes.

use crate::config::Config;
use crate::state::PICTURES;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What else needs descriptors: the runtime, files that are served or received, the log.
const ELSE: usize = 128;

/// Raises the limit and makes the settings fit into it.
pub fn fit(config: &mut Config) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    // None is no limit.
    let Some(allowed) = allowed.map(|n| usize::try_from(n).unwrap_or(usize::MAX)) else { return };
    let (connections, sockets) = (config.server.connections, config.server.sockets.total);
    (config.server.connections, config.server.sockets.total) = fitting(config, allowed);
    if (connections, sockets) != (config.server.connections, config.server.sockets.total) {
        tracing::warn!(
            connections = config.server.connections,
            sockets = config.server.sockets.total,
            "the system allows this process {allowed} file descriptors: fewer connections and sockets than the settings \
             say; raise the limit (`ulimit -n`, LimitNOFILE=) for more"
        );
    }
}

/// How many connections and sockets so many descriptors are enough for.
fn fitting(config: &Config, allowed: usize) -> (usize, usize) {
    let database = &config.database;
    let pools = (database.tenant_connections + database.platform_connections) as usize;
    let left = allowed.saturating_sub(ELSE + pools + config.server.uploads + PICTURES).max(16);
    let (connections, sockets) = (config.server.connections, config.server.sockets.total);
    if connections + sockets <= left {
        return (connections, sockets);
    }
    // In the proportion that the settings have.
    let share = |of: usize| (left * of / (connections + sockets)).max(1);
    (share(connections), share(sockets))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_taken_from_connections() {
        let config = Config::default();
        assert_eq!(fitting(&config, 1_000_000), (20_000, 10_000));
        let (connections, sockets) = fitting(&config, 1_024);
        assert!(connections + sockets < 1_024 - ELSE && connections > sockets, "{connections} {sockets}");
        assert!(fitting(&config, 10).0 >= 1);
    }
}
