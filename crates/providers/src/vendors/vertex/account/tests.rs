use super::*;
use crate::transport::egress::{AllowList, EgressPolicy, Purpose};
use crate::transport::{SystemLookup, TransportSettings, Transports, Trust};
use crate::vendors::vertex::key::tests::made_at;
use async_trait::async_trait;
use futures_util::future::join_all;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Moved by hand.
#[derive(Default)]
struct Stopped(AtomicU64);

impl Stopped {
    fn advance(&self, seconds: u64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        Timestamp(1_795_262_400_000)
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic(Duration::from_secs(self.0.load(Ordering::SeqCst)))
    }

    async fn sleep(&self, _: Duration) {}
}

/// Gives these answers in turn, the last one for ever; the number of those who asked.
async fn google(answers: &'static [(u16, &'static str)]) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = format!("http://{}/token", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let serve = async move {
        loop {
            let (mut socket, _) = listener.accept().await.unwrap();
            let number = count.fetch_add(1, Ordering::SeqCst);
            let mut request = String::new();
            while !request.contains("&assertion=eyJ") {
                let mut piece = [0; 4096];
                let read = socket.read(&mut piece).await.unwrap();
                request.push_str(std::str::from_utf8(&piece[..read]).unwrap());
            }
            assert!(request.starts_with("POST /token HTTP/1.1\r\n"), "{request}");
            assert!(request.contains("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&"));
            let (status, body) = answers[number.min(answers.len() - 1)];
            let length = body.len();
            let answer = format!(
                "HTTP/1.1 {status} x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
        }
    };
    #[expect(clippy::disallowed_methods, reason = "a test has no tasks to be waited for")]
    tokio::spawn(serve);
    (place, asked)
}

fn account(place: &str, clock: &Arc<Stopped>) -> Account {
    let egress = EgressPolicy::new(Purpose::Provider, &AllowList::default(), true);
    let transports = Transports {
        egress: Arc::new(egress),
        trust: Trust::load([]).unwrap(),
        lookup: Arc::new(SystemLookup),
        settings: TransportSettings { worker_threads: 1, ..TransportSettings::default() },
    };
    let clock: Arc<dyn Clock> = Arc::<Stopped>::clone(clock);
    Account::with(made_at(place), &Means { transports, clock }).ok().unwrap()
}

async fn kinds(account: &Account, calls: usize) -> Vec<Result<String, FaultKind>> {
    let asked = join_all((0..calls).map(|_| account.token())).await;
    let told = |outcome: Result<Arc<SecretString>, ProviderFault>| {
        outcome.map(|token| token.expose_secret().to_owned()).map_err(|fault| fault.kind)
    };
    asked.into_iter().map(told).collect()
}

#[tokio::test]
async fn many_calls_ask_once_and_keep_the_token_until_its_last_minute() {
    let (place, asked) = google(&[
        (200, r#"{"access_token":"one","expires_in":3600,"token_type":"Bearer"}"#),
        (200, r#"{"access_token":"two","expires_in":3600,"token_type":"Bearer"}"#),
    ])
    .await;
    let clock = Arc::new(Stopped::default());
    let account = account(&place, &clock);
    assert_eq!(kinds(&account, 8).await, vec![Ok("one".to_owned()); 8]);
    clock.advance(3539);
    assert_eq!(kinds(&account, 1).await, [Ok("one".to_owned())]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.advance(1);
    assert_eq!(kinds(&account, 3).await, vec![Ok("two".to_owned()); 3]);
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_failure_is_shared_by_all_who_waited_and_asked_about_again_after_five_seconds() {
    let (place, asked) = google(&[
        (503, ""),
        (400, r#"{"error":"invalid_grant","error_description":"Invalid grant: account not found"}"#),
        (200, r#"{"access_token":"one","expires_in":3600}"#),
    ])
    .await;
    let clock = Arc::new(Stopped::default());
    let account = account(&place, &clock);
    assert_eq!(kinds(&account, 8).await, vec![Err(FaultKind::ServerError); 8]);
    clock.advance(4);
    assert_eq!(kinds(&account, 1).await, [Err(FaultKind::ServerError)]);
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    clock.advance(1);
    assert_eq!(kinds(&account, 2).await, vec![Err(FaultKind::AuthFailed); 2]);
    clock.advance(5);
    assert_eq!(kinds(&account, 2).await, vec![Ok("one".to_owned()); 2]);
    assert_eq!(asked.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_answer_that_is_no_token_is_not_understood() {
    let (place, _) = google(&[(200, "<html>")]).await;
    let account = account(&place, &Arc::default());
    assert_eq!(kinds(&account, 1).await, [Err(FaultKind::InvalidResponse)]);
}

#[tokio::test]
async fn nobody_at_googles_address_is_a_connection_that_failed() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let account = account(&format!("http://{free}/token"), &Arc::default());
    assert_eq!(kinds(&account, 2).await, vec![Err(FaultKind::Connect); 2]);
}
