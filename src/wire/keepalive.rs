//! What ends a TCP connection whose other side has gone silent.
//!
//! The driver leaves that to the system, which asks after two hours of silence, and takes a quarter of an hour for data
//! that nobody confirms. Until then whoever waits for an answer waits.

use std::time::Duration;

use tokio_postgres::Config;

/// How long nothing is heard before the other side is asked, in seconds.
const IDLE: Duration = Duration::from_secs(30);

/// How long until it is asked again, and how often.
const INTERVAL: Duration = Duration::from_secs(10);
const RETRIES: u32 = 3;

/// How long what was sent may stay unconfirmed.
const USER_TIMEOUT: Duration = Duration::from_secs(30);

/// Sets what the configuration leaves open.
pub(crate) fn keep_alive(config: &mut Config) {
    if config.get_keepalives_idle() == Config::new().get_keepalives_idle() {
        config.keepalives_idle(IDLE);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(INTERVAL);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(RETRIES);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(USER_TIMEOUT);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio_postgres::Config;

    use super::keep_alive;

    fn kept(text: &str) -> (bool, [Duration; 3], u32) {
        let mut config: Config = text.parse().unwrap();
        keep_alive(&mut config);
        let times = [
            config.get_keepalives_idle(),
            config.get_keepalives_interval().unwrap(),
            *config.get_tcp_user_timeout().unwrap(),
        ];
        (config.get_keepalives(), times, config.get_keepalives_retries().unwrap())
    }

    #[test]
    fn what_was_set_wins() {
        let seconds = Duration::from_secs;
        assert_eq!(kept("host=a"), (true, [seconds(30), seconds(10), seconds(30)], 3));
        let set = "host=a keepalives_idle=5 keepalives_interval=6 keepalives_retries=7 tcp_user_timeout=8";
        assert_eq!(kept(set), (true, [seconds(5), seconds(6), seconds(8)], 7));
        assert!(!kept("host=a keepalives=0").0);
    }
}
