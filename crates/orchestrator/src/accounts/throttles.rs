//! How often something about accounts may be tried, and by whom.

use super::Client;
use super::error::AccountError;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::role::Role;
use switchyard_domain::user::User;
use switchyard_ports::throttle::{Rate, Throttle};

const MINUTE: Duration = Duration::from_secs(60);

/// Wrong passwords for one account from one source. Others' tries never count against its owner.
const WRONG_PASSWORDS: Rate = Rate { count: 10, window: Duration::from_secs(15 * 60) };
/// How many times as often as from one source may be tried from an IPv6 /56, as one site has.
const OF_A_SITE: u32 = 4;
/// The same from an IPv6 /48, as anybody has who asks for a tunnel.
const OF_A_TUNNEL: u32 = 16;
/// Wrong links from one source.
const WRONG_LINKS: Rate = Rate { count: 10, window: MINUTE };

/// Writes of configuration by one person who does not administer: each leaves an entry in a log that is never cut.
const CHANGES: Rate = Rate { count: 120, window: MINUTE };
/// Changes of one person's own password, right or wrong: each is two hashes.
const PASSWORD_CHANGES: Rate = Rate { count: 10, window: MINUTE };
/// Virtual keys made from one source where everybody may make them.
const MINTED_KEYS: Rate = Rate { count: 10, window: MINUTE };
/// Unknown virtual keys presented from one source where they are looked up for their own sake.
const UNKNOWN_KEYS: Rate = Rate { count: 10, window: MINUTE };

/// How often may be tried from one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rates {
    /// Registrations.
    pub register: Rate,
    /// Logins.
    pub login: Rate,
    /// Refreshes, and likewise logouts.
    pub session: Rate,
    /// Requests of the documented `/api/auth/*`, `/api/profile` and `/api/external/*` together, of one person or, of nobody known, one
    /// address; absent: any number.
    pub documented: Option<Rate>,
}

impl Default for Rates {
    fn default() -> Self {
        let per_minute = |count| Rate { count, window: MINUTE };
        Self {
            register: per_minute(5),
            login: per_minute(10),
            session: per_minute(20),
            documented: Some(per_minute(60)),
        }
    }
}

/// Counts tries.
pub struct Throttles {
    throttle: Arc<dyn Throttle>,
    rates: Rates,
}

impl Throttles {
    /// Counts by these rates.
    #[must_use]
    pub fn new(throttle: Arc<dyn Throttle>, rates: Rates) -> Self {
        Self { throttle, rates }
    }

    pub(super) async fn registration(&self, client: &Client) -> Result<(), AccountError> {
        self.take("register", client, self.rates.register).await
    }

    pub(super) async fn login(&self, client: &Client) -> Result<(), AccountError> {
        self.take("login", client, self.rates.login).await
    }

    pub(super) async fn refresh(&self, client: &Client) -> Result<(), AccountError> {
        self.take("refresh", client, self.rates.session).await
    }

    pub(super) async fn logout(&self, client: &Client) -> Result<(), AccountError> {
        self.take("logout", client, self.rates.session).await
    }

    pub(super) async fn link(&self, client: &Client) -> Result<(), AccountError> {
        self.take("link", client, WRONG_LINKS).await
    }

    /// A request of the surface whose document names one rate for all.
    ///
    /// # Errors
    /// [`AccountError::Throttled`]
    pub async fn documented(&self, client: &Client) -> Result<(), AccountError> {
        match self.rates.documented {
            Some(rate) => self.take("documented", client, rate).await,
            None => Ok(()),
        }
    }

    /// The same of somebody who is signed in, who counts for themselves: others behind their address take nothing from them.
    ///
    /// # Errors
    /// [`AccountError::Throttled`]
    pub async fn documented_of(&self, person: UserId) -> Result<(), AccountError> {
        let Some(rate) = self.rates.documented else { return Ok(()) };
        self.throttle.take(&format!("documented:user:{person}"), rate).await.map_err(AccountError::Throttled)
    }

    /// Somebody is about to write configuration of their own, such as a key.
    ///
    /// # Errors
    /// [`AccountError::Throttled`]
    pub async fn change(&self, person: &User) -> Result<(), AccountError> {
        if person.role == Role::Admin {
            return Ok(());
        }
        self.throttle.take(&format!("change:{}", person.id), CHANGES).await.map_err(AccountError::Throttled)
    }

    /// Somebody who is signed in is about to change their password. A right one gives nothing back.
    pub(super) async fn password_change(&self, person: &User) -> Result<(), AccountError> {
        let scope = format!("password-change:{}", person.id);
        self.throttle.take(&scope, PASSWORD_CHANGES).await.map_err(AccountError::Throttled)
    }

    /// Whoever holds a virtual key is about to write configuration of its own.
    ///
    /// # Errors
    /// [`AccountError::Throttled`]
    pub async fn change_of_key(&self, key: VirtualKeyId) -> Result<(), AccountError> {
        self.throttle.take(&format!("change-of-key:{key}"), CHANGES).await.map_err(AccountError::Throttled)
    }

    /// Somebody who need not say who they are wants a virtual key.
    ///
    /// # Errors
    /// [`AccountError::Throttled`]
    pub async fn minting(&self, client: &Client) -> Result<(), AccountError> {
        self.take("mint", client, MINTED_KEYS).await
    }

    /// Somebody named a virtual key that is not known.
    ///
    /// # Errors
    /// [`AccountError::Throttled`] where they did so too often.
    pub async fn unknown_key(&self, client: &Client) -> Result<(), AccountError> {
        self.take("unknown-key", client, UNKNOWN_KEYS).await
    }

    /// A password for this account is about to be looked at.
    pub(super) async fn password(&self, key: &str, client: &Client) -> Result<PasswordTry, AccountError> {
        // No account has a longer key, and scopes stay small.
        let key: String = key.chars().take(64).collect();
        let scope = |source: &str| format!("password:{source}:{key}");
        Ok(PasswordTry(self.of_all_sources(client, scope, WRONG_PASSWORDS).await?))
    }

    async fn take(&self, what: &str, client: &Client, rate: Rate) -> Result<(), AccountError> {
        let tries = self.of_all_sources(client, |source| format!("{what}:{source}"), rate).await?;
        tries.count();
        Ok(())
    }

    /// A try that counts for each of the networks that a client may have to themselves, or for none of them.
    async fn of_all_sources(
        &self,
        client: &Client,
        scope: impl Fn(&str) -> String,
        rate: Rate,
    ) -> Result<Tries, AccountError> {
        let mut tries = Tries { throttle: Arc::clone(&self.throttle), scopes: Vec::new() };
        for (source, times) in sources(client) {
            let (scope, count) = (scope(&source), rate.count.saturating_mul(times));
            self.throttle.take(&scope, Rate { count, ..rate }).await.map_err(AccountError::Throttled)?;
            tries.scopes.push(scope);
        }
        Ok(tries)
    }
}

/// Tries of one kind, given back when they are dropped.
struct Tries {
    throttle: Arc<dyn Throttle>,
    /// The nearest first.
    scopes: Vec<String>,
}

impl Tries {
    /// They count.
    fn count(mut self) {
        self.scopes.clear();
    }
}

impl Drop for Tries {
    fn drop(&mut self) {
        for scope in &self.scopes {
            self.throttle.give_back(scope);
        }
    }
}

/// A password that is being looked at. It counts as a wrong one once it turned out to be wrong: dropped before that (its client left,
/// the database was away, too many were looked at) it was no try.
pub(super) struct PasswordTry(Tries);

impl PasswordTry {
    /// It was wrong.
    pub(super) fn was_wrong(self) {
        self.0.count();
    }

    /// It was right: what came before from there counts no more.
    pub(super) async fn was_right(mut self) {
        if !self.0.scopes.is_empty() {
            let nearest = self.0.scopes.remove(0);
            self.0.throttle.forget(&nearest).await;
        }
    }
}

/// The networks that a try counts for, the nearest first, and how many times as often as from the nearest may be tried from each.
/// Somebody may have many addresses of IPv6: they count together too, at a rate that leaves room for others there.
fn sources(client: &Client) -> Vec<(String, u32)> {
    let mut sources = vec![(source(client), 1)];
    if let Some(IpAddr::V6(address)) = client.address.map(|address| address.to_canonical()) {
        let [a, b, c, d, ..] = address.segments();
        sources.push((format!("{a:x}:{b:x}:{c:x}:{:x}/56", d & 0xff00), OF_A_SITE));
        sources.push((format!("{a:x}:{b:x}:{c:x}/48"), OF_A_TUNNEL));
    }
    sources
}

/// A network that one person may have for themselves: an IPv4 address, an IPv6 /64.
pub(super) fn source(client: &Client) -> String {
    match client.address.map(|address| address.to_canonical()) {
        None => "local".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use std::collections::HashMap;
    use std::sync::Mutex;

    #[derive(Default)]
    struct Standing(Mutex<HashMap<String, u32>>);

    #[async_trait]
    impl Throttle for Standing {
        async fn take(&self, scope: &str, rate: Rate) -> Result<(), Duration> {
            let mut tries = self.0.lock().unwrap();
            let taken = tries.entry(scope.to_owned()).or_default();
            if *taken >= rate.count {
                return Err(rate.window);
            }
            *taken += 1;
            Ok(())
        }

        fn give_back(&self, scope: &str) {
            *self.0.lock().unwrap().get_mut(scope).unwrap() -= 1;
        }

        async fn forget(&self, scope: &str) {
            self.0.lock().unwrap().remove(scope);
        }
    }

    fn throttles() -> Throttles {
        Throttles::new(Arc::new(Standing::default()), Rates::default())
    }

    fn at(address: &str) -> Client {
        Client { address: Some(address.parse().unwrap()), ..Client::default() }
    }

    #[tokio::test]
    async fn what_turned_out_to_be_no_try_is_not_counted() {
        let throttles = throttles();
        for from in ["192.0.2.1", "2001:db8::1"] {
            let client = at(from);
            for _ in 0..200 {
                drop(throttles.password("ana", &client).await.unwrap());
            }
            for _ in 0..10 {
                throttles.password("ana", &client).await.unwrap().was_wrong();
            }
            assert!(throttles.password("ana", &client).await.is_err(), "{from}");
            throttles.password("bob", &client).await.unwrap().was_wrong();
        }
    }

    #[tokio::test]
    async fn a_right_password_clears_what_its_own_source_tried() {
        let (throttles, client) = (throttles(), at("192.0.2.1"));
        for _ in 0..3 {
            for _ in 0..9 {
                throttles.password("ana", &client).await.unwrap().was_wrong();
            }
            throttles.password("ana", &client).await.unwrap().was_right().await;
        }
    }

    #[tokio::test]
    async fn what_anybody_may_try_is_bounded_for_a_whole_tunnel_too() {
        let throttles = throttles();
        let mut made = 0;
        for network in 0..2_000 {
            let client = at(&format!("2001:db8:7:{network:x}::1"));
            made += u32::from(throttles.minting(&client).await.is_ok());
        }
        assert_eq!(made, 160);
        let elsewhere = at("2001:db8:8::1");
        for _ in 0..10 {
            throttles.minting(&elsewhere).await.unwrap();
            throttles.unknown_key(&elsewhere).await.unwrap();
        }
        assert!(throttles.minting(&elsewhere).await.is_err());
        assert!(throttles.unknown_key(&elsewhere).await.is_err());
        for _ in 0..160 {
            assert!(throttles.minting(&elsewhere).await.is_err());
        }
        throttles
            .minting(&at("2001:db8:8:1::1"))
            .await
            .expect("what was refused is no try of their neighbours");
    }

    #[tokio::test]
    async fn the_networks_of_one_tunnel_have_no_more_tries_than_some_sites_together() {
        let throttles = throttles();
        let mut wrong = [0, 0];
        let addresses = (0..256).map(|network| (0, 0, network)).chain((0..256).map(|site| (1, site, 1)));
        for (turn, site, network) in addresses {
            let client = at(&format!("2001:db8:7:{:x}::1", (site << 8) | network));
            if let Ok(attempt) = throttles.password("ana", &client).await {
                attempt.was_wrong();
                wrong[turn] += 1;
            }
        }
        let [of_a_site, of_all] = wrong;
        assert_eq!(of_a_site, 40);
        assert_eq!(of_all, 120, "160 together");
        assert!(throttles.password("ana", &at("2001:db8:8::1")).await.is_ok(), "the owner is elsewhere");
        assert!(throttles.password("ana", &at("192.0.2.1")).await.is_ok());
    }
}
