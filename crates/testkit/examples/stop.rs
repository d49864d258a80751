//! Ends the servers that tests left running.
use testkit::{Version, cluster};

fn main() {
    for version in [Version::Pg18, Version::Pg16] {
        cluster::stop(version);
    }
}
