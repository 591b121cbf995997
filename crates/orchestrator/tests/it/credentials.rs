//! Whose credential a call uses.

use crate::world::{SECOND, Setting, World, buffered, named};
use secrecy::SecretString;
use switchyard_domain::fault::{FaultKind, ProviderFault};
use switchyard_domain::ids::{UserId, VirtualKeyId};
use switchyard_domain::limits::Limits;
use switchyard_domain::meta::Writer;
use switchyard_domain::provider::{CredentialOwner, CredentialSource};
use switchyard_domain::route::Avoidance;
use switchyard_domain::virtual_key::VirtualKey;
use switchyard_orchestrator::admin::{EmptySecret, UNREADABLE};
use switchyard_orchestrator::error::{AdminError, CallErrorKind};
use switchyard_orchestrator::principal::Principal;
use switchyard_ports::repositories::{ProviderPatch, RepositoryError};
use switchyard_testkit::fakes::provider::Act;

const OWN: &str = "sk-own-0123456789";
const SHARED: &str = "sk-shared-0123456789";

/// A provider that needs a credential, and has a shared one.
async fn with_shared(setting: Setting) -> World {
    let world = World::set(setting).await;
    world.provider_of("locked", "p", &["m", "n"]).await;
    let stored = world.providers.find(&named("p")).await.unwrap();
    let secret = SecretString::from(SHARED);
    world.providers.update(&stored, ProviderPatch::default(), Some(&secret), &Writer::API).await.unwrap();
    world
}

pub(crate) fn owner(principal: &Principal) -> CredentialOwner {
    let VirtualKeyId(id) = principal.key_id().unwrap();
    CredentialOwner::VirtualKey(id)
}

impl World {
    pub(crate) async fn store(&self, owner: &CredentialOwner, secret: &str) -> bool {
        let (provider, secret) = (named("p"), SecretString::from(secret));
        let by = Writer::API;
        self.credentials.set(owner, &provider, &secret, EmptySecret::Clears, &by).await.unwrap()
    }

    /// The credential that came along with a call, and whose the record says it is.
    async fn used_by(&self, principal: &Principal) -> (Option<String>, Option<CredentialSource>) {
        self.finish(self.call_as(principal.clone(), buffered("p/m"))).await.unwrap();
        let credential = self.factory.calls().last().unwrap().credential.clone();
        (credential, self.journal.events().last().unwrap().credential)
    }
}

#[tokio::test]
async fn a_keys_own_credential_is_used_before_the_shared_one_and_nobody_elses() {
    let world = with_shared(Setting::default()).await;
    let mine = world.key("mine", Limits::NONE, None).await;
    let other = world.key("other", Limits::NONE, None).await;
    let shared = (Some(SHARED.to_owned()), Some(CredentialSource::Shared));
    assert_eq!(world.used_by(&mine).await, shared);
    assert!(world.store(&owner(&mine), &format!("  {OWN}\n")).await);
    assert_eq!(world.used_by(&mine).await, (Some(OWN.to_owned()), Some(CredentialSource::Key)));
    assert_eq!(world.used_by(&other).await, shared);
    assert_eq!(world.used_by(&Principal::Program).await, shared);

    world.store(&owner(&mine), "sk-newer-0123456789").await;
    assert_eq!(world.used_by(&mine).await.0.unwrap(), "sk-newer-0123456789");
    assert!(world.store(&owner(&mine), " ").await, "an empty one clears");
    assert_eq!(world.used_by(&mine).await, shared);
}

#[tokio::test]
async fn a_keys_owner_pays_where_the_key_has_no_credential_of_its_own() {
    let world = with_shared(Setting::default()).await;
    let Principal::Key(key) = world.key("mine", Limits::NONE, None).await else { panic!("a key") };
    let mine = Principal::Key(std::sync::Arc::new(VirtualKey { user: Some(UserId(7)), ..(*key).clone() }));
    assert_eq!(world.used_by(&mine).await.1, Some(CredentialSource::Shared));
    world.store(&CredentialOwner::User(7), "sk-users-0123456789").await;
    let users = (Some("sk-users-0123456789".to_owned()), Some(CredentialSource::User));
    assert_eq!(world.used_by(&mine).await, users);
    world.store(&owner(&mine), OWN).await;
    assert_eq!(world.used_by(&mine).await, (Some(OWN.to_owned()), Some(CredentialSource::Key)));
}

#[tokio::test]
async fn a_call_of_a_provider_without_a_shared_credential_is_served_to_who_has_one() {
    let world = World::usual().await;
    world.provider_of("locked", "p", &["m"]).await;
    let (mine, other) =
        (world.key("mine", Limits::NONE, None).await, world.key("other", Limits::NONE, None).await);
    world.store(&owner(&mine), OWN).await;
    assert_eq!(world.used_by(&mine).await, (Some(OWN.to_owned()), Some(CredentialSource::Key)));
    let error = world.finish(world.call_as(other.clone(), buffered("p/m"))).await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamUnavailable);
    assert!(world.models.find(&mine, "p/m").is_some() && world.models.find(&other, "p/m").is_none());
}

#[tokio::test]
async fn shared_credentials_serve_no_key_where_they_are_not_to() {
    let world = with_shared(Setting { shares_credentials: false, ..Setting::default() }).await;
    let mine = world.key("mine", Limits::NONE, None).await;
    let refused = world.finish(world.call_as(mine.clone(), buffered("p/m"))).await.err().unwrap();
    assert_eq!(refused.kind, CallErrorKind::UpstreamUnavailable);
    assert!(world.factory.calls().is_empty());
    world.store(&owner(&mine), OWN).await;
    assert_eq!(world.used_by(&mine).await.0.unwrap(), OWN);
    assert_eq!(world.used_by(&Principal::Program).await.0.unwrap(), SHARED);
}

#[tokio::test]
async fn a_credential_that_does_not_open_is_told_and_the_shared_one_does_not_pay_for_it() {
    let world = with_shared(Setting::default()).await;
    let mine = world.key("mine", Limits::NONE, None).await;
    world.store(&owner(&mine), OWN).await;
    let listed = world.credentials.list(&owner(&mine)).await.unwrap();
    assert_eq!((listed.len(), listed[0].name.as_str(), listed[0].hint.as_str()), (1, "p", "…6789"));
    world.vault.lose_key();
    let error = world.finish(world.call_as(mine.clone(), buffered("p/m"))).await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamUnavailable);
    assert!(error.message.contains("can't be opened"), "{}", error.message);
    assert!(world.factory.calls().is_empty());
    assert_eq!(world.credentials.list(&owner(&mine)).await.unwrap()[0].hint, UNREADABLE);
    world.is_idle();
}

#[tokio::test]
async fn a_credential_is_kept_without_being_tried_and_tried_on_request_which_is_written_down() {
    let world = World::usual().await;
    world.provider_of("locked", "p", &["m"]).await;
    world.factory.list(["m"]);
    let (user, provider) = (CredentialOwner::User(7), named("p"));
    let missing = world.credentials.test(&user, &provider, SECOND, &Writer::API).await.unwrap_err();
    assert!(matches!(missing, AdminError::Repository(RepositoryError::NotFound { .. })), "{missing:?}");
    world.store(&user, "dummy").await;
    let tests = || world.store.audit_entries().iter().filter(|entry| entry.action == "test_secret").count();
    assert_eq!(tests(), 0);
    let by = Writer { name: "ana".into(), ..Writer::API };
    world.credentials.test(&user, &provider, SECOND, &by).await.unwrap();
    let entries = world.store.audit_entries();
    let entry = entries.last().unwrap();
    assert_eq!((entry.actor.as_str(), entry.action.as_str()), ("ana", "test_secret"));
    assert!(entry.details.contains("user:7") && !entry.details.contains("dummy"), "{}", entry.details);

    let kept = EmptySecret::LeavesAlone;
    assert!(!world.credentials.set(&user, &provider, &" ".into(), kept, &by).await.unwrap());
    assert_eq!(world.credentials.list(&user).await.unwrap().len(), 1);
    let unfit = world.credentials.set(&user, &provider, &"two words".into(), kept, &by).await.unwrap_err();
    assert!(matches!(unfit, AdminError::Invalid { .. }));
    world.credentials.forget(&user, &provider, &by).await.unwrap();
    assert!(world.credentials.list(&user).await.unwrap().is_empty());
    world.credentials.forget(&user, &provider, &by).await.unwrap_err();
}

#[tokio::test]
async fn an_explanation_says_whose_credential_would_be_used() {
    let world = with_shared(Setting::default()).await;
    let mine = world.key("mine", Limits::NONE, None).await;
    let explainer = world.explainer();
    let source = |model: &str| {
        let explained = explainer.explain(&mine, &buffered(model)).unwrap();
        explained.targets[0].credential.clone()
    };
    assert_eq!(source("p/m"), Ok(Some(CredentialSource::Shared)));
    assert_eq!(source("a/m"), Ok(None));
    world.store(&owner(&mine), OWN).await;
    assert_eq!(source("p/m"), Ok(Some(CredentialSource::Key)));
}

#[tokio::test]
async fn what_belonged_to_a_key_or_a_provider_that_is_gone_is_used_no_more() {
    let world = World::usual().await;
    world.provider_of("locked", "p", &["m"]).await;
    let mine = world.key("mine", Limits::NONE, None).await;
    world.store(&owner(&mine), OWN).await;
    world.used_by(&mine).await;
    world.providers.remove(&named("p"), &Writer::API).await.unwrap();
    world.provider_of("locked", "p", &["m"]).await;
    let error = world.finish(world.call_as(mine.clone(), buffered("p/m"))).await.err().unwrap();
    assert_eq!(error.kind, CallErrorKind::UpstreamUnavailable);
}

#[tokio::test]
async fn a_callers_own_account_that_is_throttled_is_left_alone_for_as_long_as_it_was_told_and_nobody_elses_is()
 {
    let world = with_shared(Setting::default()).await;
    world.route("pair", &["p/m", "a/m"]).await;
    let (mine, other) =
        (world.key("mine", Limits::NONE, None).await, world.key("other", Limits::NONE, None).await);
    world.store(&owner(&mine), OWN).await;
    let fault = ProviderFault::new(FaultKind::Throttled, "slow down");
    let throttled = Act::Fail(ProviderFault { retry_after: Some(30 * SECOND), ..fault });
    world.factory.with_credential(OWN, Some(throttled));
    let ask = async |model: &str, who: &Principal| {
        let before = world.factory.targets().len();
        let reply = world.finish(world.call_as(who.clone(), buffered(model))).await;
        (reply.map(|reply| reply.head.target), world.factory.targets().len() - before)
    };
    let (first, calls) = ask("p/m", &mine).await;
    let error = first.unwrap_err();
    assert_eq!(
        (error.kind, error.retry_after, calls),
        (CallErrorKind::UpstreamThrottled, Some(30 * SECOND), 1)
    );
    assert!(error.message.contains("the key that is stored for your calls"), "{}", error.message);
    let (again, calls) = ask("p/m", &mine).await;
    let error = again.unwrap_err();
    assert_eq!(
        (error.kind, error.retry_after, calls),
        (CallErrorKind::UpstreamThrottled, Some(30 * SECOND), 0)
    );
    world.factory.with_credential(OWN, None);
    assert_eq!(ask("p/n", &mine).await.0.unwrap(), "p/n", "providers limit by model");
    let (passed, calls) = ask("pair", &mine).await;
    assert_eq!((passed.unwrap().as_str(), calls), ("a/m", 1));
    let explainer = world.explainer();
    let first = |who: &Principal| {
        let explained = explainer.explain(who, &buffered("pair")).unwrap();
        (explained.targets[0].target.clone(), explained.targets[1].avoided.map(Avoidance::as_str))
    };
    assert_eq!(first(&mine), ("a/m".to_owned(), Some("resting")), "what is foreseen is what calls do");
    assert_eq!(first(&other), ("p/m".to_owned(), None));
    let told = world.journal.events().pop().unwrap().passed_over.remove(0);
    assert_eq!((told.target.as_str(), &*told.reason), ("p/m", "resting"));
    assert_eq!(ask("p/m", &other).await.0.unwrap(), "p/m");
    world.clock.advance(30 * SECOND);
    assert_eq!(ask("p/m", &mine).await.0.unwrap(), "p/m");
    world.is_idle();
}

#[tokio::test]
async fn whoever_stored_a_key_hears_that_theirs_is_refused_or_used_up_and_no_administrator_is_called() {
    let world = with_shared(Setting::default()).await;
    let mine = world.key("mine", Limits::NONE, None).await;
    world.store(&owner(&mine), OWN).await;
    for (kind, expected, word) in [
        (FaultKind::AuthFailed, CallErrorKind::UpstreamAuthFailed, "refused"),
        (FaultKind::QuotaExhausted, CallErrorKind::UpstreamError, "used up"),
    ] {
        world.factory.with_credential(OWN, Some(Act::fail(kind)));
        let error = world.finish(world.call_as(mine.clone(), buffered("p/m"))).await.err().unwrap();
        assert_eq!(error.kind, expected);
        let said = &error.message;
        assert!(
            said.contains(word) && said.contains("your calls") && !said.contains("dministrator"),
            "{said}"
        );
    }
}
