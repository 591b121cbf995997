//! Changing one's own password, which keeps nobody from signing in.

use crate::sign_in::{member, ports};
use crate::world::World;
use secrecy::{ExposeSecret, SecretString};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use switchyard_domain::ids::{SessionId, UserId};
use switchyard_orchestrator::accounts::{
    AccountError, AccountSettings, Client, LogIn, OwnAccount, SignIn, SignedIn,
};
use switchyard_ports::passwords::{HashingFailed, PasswordHash, Passwords, Verdict};
use switchyard_testkit::fakes::identity::PlainPasswords;
use tokio::task::{JoinSet, yield_now};
use uuid::Uuid;

const OWNERS: &str = "Gravel-Otter-7";
const MEMBERS: &str = "Pebble-Heron-4";

/// Says which passwords it looked at, and looks at one for each word that it is given; at all once nobody gives any more.
struct Gated {
    plain: PlainPasswords,
    looked_at: Mutex<Vec<String>>,
    gate: Mutex<Receiver<()>>,
}

impl Passwords for Gated {
    fn hash(&self, password: &SecretString) -> Result<PasswordHash, HashingFailed> {
        self.plain.hash(password)
    }

    fn verify(&self, password: &SecretString, hash: &PasswordHash) -> Verdict {
        self.looked_at.lock().unwrap().push(password.expose_secret().to_owned());
        self.gate.lock().unwrap().recv().ok();
        self.plain.verify(password, hash)
    }

    fn decoy(&self) -> &PasswordHash {
        self.plain.decoy()
    }
}

struct Scene {
    world: World,
    passwords: Arc<Gated>,
    own: Arc<OwnAccount>,
    sign_in: SignIn,
}

impl Scene {
    async fn new() -> (Self, Sender<()>) {
        let (open, gate) = channel();
        let gate = Mutex::new(gate);
        let passwords =
            Arc::new(Gated { plain: PlainPasswords::default(), looked_at: Mutex::default(), gate });
        let world = World::empty().await;
        let ports = ports(&world.store, Arc::clone(&passwords) as _);
        let own = Arc::new(OwnAccount::new(ports.clone(), AccountSettings::default()));
        let sign_in = SignIn::new(ports, AccountSettings::default());
        (Self { world, passwords, own, sign_in }, open)
    }

    /// A member who is signed in.
    async fn member(&self, name: &str) -> SignedIn {
        let id: UserId = member(&self.world.store, name, MEMBERS).await;
        self.world.keeper.refresh().await.unwrap();
        SignedIn { entry: self.world.keeper.users().find(id).unwrap(), session: SessionId(Uuid::nil()) }
    }

    async fn log_in(&self) -> Result<(), AccountError> {
        let request = LogIn { username: "owner".to_owned(), password: OWNERS.into() };
        self.sign_in.log_in(request, &Client::default()).await.map(drop)
    }

    fn looked_at(&self) -> Vec<String> {
        self.passwords.looked_at.lock().unwrap().clone()
    }
}

async fn change(own: &OwnAccount, who: &SignedIn, new: &str) -> Result<(), AccountError> {
    own.change_password(who, &MEMBERS.into(), &new.into(), &Client::default()).await
}

#[tokio::test]
async fn whoever_signs_in_where_they_are_known_comes_before_all_who_change_their_passwords() {
    let (scene, open) = Scene::new().await;
    member(&scene.world.store, "owner", OWNERS).await;
    open.send(()).unwrap();
    scene.log_in().await.unwrap();
    let mut changes = JoinSet::new();
    for name in ["ana", "bob", "cleo", "dan"] {
        let who = scene.member(name).await;
        for round in 0..10 {
            let (own, who) = (Arc::clone(&scene.own), who.clone());
            changes.spawn(async move { change(&own, &who, &format!("Gravel-Heron-{round}")).await });
        }
    }
    while scene.looked_at().len() < 2 {
        yield_now().await;
    }
    for _ in 0..1_000 {
        yield_now().await;
    }
    let (login, ()) = tokio::join!(scene.log_in(), async {
        // Until it stands in the line.
        for _ in 0..100 {
            yield_now().await;
        }
        drop(open);
    });
    login.unwrap();
    assert_eq!(scene.looked_at().get(..3).unwrap(), [OWNERS, MEMBERS, OWNERS], "the owner is next");
    let changed = changes.join_all().await;
    assert!(changed.iter().all(Result::is_ok), "{changed:?}");
}

#[tokio::test]
async fn a_change_counts_though_its_password_is_right_and_a_weak_new_one_is_never_looked_at() {
    let (scene, open) = Scene::new().await;
    drop(open);
    let (ana, bob) = (scene.member("ana").await, scene.member("bob").await);
    for _ in 0..5 {
        let refused = change(&scene.own, &ana, "x").await;
        assert!(matches!(refused, Err(AccountError::Invalid { .. })), "{refused:?}");
    }
    assert_eq!(scene.looked_at(), [""; 0]);
    for _ in 0..5 {
        change(&scene.own, &ana, MEMBERS).await.unwrap();
    }
    let throttled = change(&scene.own, &ana, MEMBERS).await;
    assert!(matches!(throttled, Err(AccountError::Throttled(_))), "{throttled:?}");
    change(&scene.own, &bob, MEMBERS).await.unwrap();
    assert_eq!(scene.looked_at().len(), 6);
}
