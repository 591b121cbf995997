//! Signing in, where what judges a password is away or busy.

use crate::world::{Setting, World};
use secrecy::ExposeSecret;
use std::sync::Arc;
use switchyard_domain::audit::{AuditAction, AuditFilter};
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_domain::meta::Writer;
use switchyard_domain::role::Role;
use switchyard_domain::time::Timestamp;
use switchyard_domain::user::Username;
use switchyard_orchestrator::accounts::{
    AccountError, AccountPorts, AccountSettings, Client, IssuedTokens, LogIn, PasswordDesk, Rates, SignIn,
    Throttles, session_gate,
};
use switchyard_ports::passwords::{PasswordHash, Passwords};
use switchyard_ports::repositories::{Author, NewUser, UserRepository};
use switchyard_ports::throttle::Rate;
use switchyard_ports::tokens::{Claims, TokenKind};
use switchyard_testkit::clock::ManualClock;
use switchyard_testkit::entropy::SeededEntropy;
use switchyard_testkit::fakes::identity::{
    PlainCsrf, PlainPasswords, PlainSecrets, PlainTokens, StandingThrottle,
};
use switchyard_testkit::fakes::store::MemoryStore;
use uuid::Uuid;

const PASSWORD: &str = "Gravel-Otter-7";

/// What accounts need over this store and these passwords, with logins that no source's rate bounds.
pub(crate) fn ports(store: &Arc<MemoryStore>, passwords: Arc<dyn Passwords>) -> AccountPorts {
    let rates = Rates::default();
    let many = Rate { count: 1_000, ..rates.login };
    AccountPorts {
        clock: Arc::new(ManualClock::default()),
        entropy: Arc::new(SeededEntropy::default()),
        users: Arc::clone(store) as _,
        sessions: Arc::clone(store) as _,
        audit: Arc::clone(store) as _,
        passwords: Arc::new(PasswordDesk::new(passwords, 1)),
        tokens: Arc::new(PlainTokens),
        csrf: Arc::new(PlainCsrf),
        secrets: Arc::new(PlainSecrets::default()),
        throttles: Arc::new(Throttles::new(
            Arc::new(StandingThrottle::default()),
            Rates { login: many, ..rates },
        )),
        keeper: None,
    }
}

/// Makes a member's account.
pub(crate) async fn member(store: &MemoryStore, name: &str, password: &str) -> UserId {
    let member = NewUser {
        username: Username::new(name).unwrap(),
        email: None,
        password: PasswordHash(format!("1:{password}")),
        role: Role::Member,
    };
    let author = Author { by: Writer::API, at: Timestamp(0) };
    UserRepository::create(store, member, &author).await.unwrap().unwrap()
}

/// Ana's account.
async fn scene() -> (Arc<MemoryStore>, SignIn) {
    let store = Arc::new(MemoryStore::default());
    member(&store, "ana", PASSWORD).await;
    let ports = ports(&store, Arc::new(PlainPasswords::default()));
    (store, SignIn::new(ports, AccountSettings::default()))
}

async fn log_in(sign_in: &SignIn, password: &str) -> Result<IssuedTokens, AccountError> {
    let request = LogIn { username: "ana".to_owned(), password: password.into() };
    sign_in.log_in(request, &Client::default()).await
}

#[tokio::test]
async fn a_login_that_nobody_could_judge_is_no_wrong_try() {
    let (store, sign_in) = scene().await;
    store.set_away(true);
    for _ in 0..25 {
        assert!(matches!(log_in(&sign_in, PASSWORD).await, Err(AccountError::Unavailable)));
    }
    store.set_away(false);
    for _ in 0..9 {
        assert!(matches!(log_in(&sign_in, "another").await, Err(AccountError::BadCredentials)));
    }
    assert!(log_in(&sign_in, PASSWORD).await.is_ok(), "the tenth try is the first that is right");
    for _ in 0..10 {
        assert!(matches!(log_in(&sign_in, "another").await, Err(AccountError::BadCredentials)));
    }
    assert!(matches!(log_in(&sign_in, PASSWORD).await, Err(AccountError::Throttled(_))));
}

#[tokio::test]
async fn a_forged_request_is_written_down_of_sessions_that_run_and_not_often() {
    let (store, sign_in) = scene().await;
    let tokens = log_in(&sign_in, PASSWORD).await.unwrap();
    let keeper = World::over(Arc::clone(&store), Setting::default()).await.keeper;
    let ports = ports(&store, Arc::new(PlainPasswords::default()));
    let gate = session_gate(&ports, keeper);
    let claims =
        ports.tokens.verify(tokens.refresh.expose_secret(), TokenKind::Refresh, Timestamp(0)).unwrap();
    let written = async || {
        let filter = AuditFilter { action: Some(AuditAction::Access), ..AuditFilter::default() };
        ports.audit.page(filter, None, 100).await.unwrap().len()
    };
    // One that ended longer ago than its end is known in memory is as one that never was.
    let over = Claims { session: SessionId(Uuid::from_u128(7)), ..claims };
    for _ in 0..3 {
        gate.note_forged(&over, "POST /refresh", &Client::default()).await;
    }
    assert_eq!(written().await, 0);
    for _ in 0..10 {
        gate.note_forged(&claims, "POST /logout", &Client::default()).await;
    }
    assert_eq!(written().await, 3);
}
