//! The egress guard against URLs that mean harm: none of them reaches a listener on this machine.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::{
    io,
    net::{IpAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures_util::future::{BoxFuture, join_all};
use http::{HeaderMap, Method};
use proptest::prelude::*;
use switchyard_providers::transport::{
    Deadlines, Lookup, OutboundRequest, Transport, TransportBuildError, TransportFault, TransportSettings,
    Trust,
    egress::{ALLOW_SETTING, AllowList, AllowListTrouble, EgressPolicy, EgressRefusal, Purpose},
};
use switchyard_testkit::hostile_urls::{HostileUrl, all};
use url::Url;

/// A name server that says what the test wants, counts and, if wished, takes its time.
#[derive(Default)]
struct FakeLookup {
    answers: Vec<IpAddr>,
    asked: AtomicUsize,
}

impl Lookup for FakeLookup {
    fn lookup(&self, _name: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let answers = self.answers.clone();
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if answers.is_empty() { Err(io::Error::other("no such name")) } else { Ok(answers) }
        })
    }
}

/// A listener that nobody may connect to.
struct Canary(TcpListener);

impl Canary {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self(listener)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }

    /// Connections wait in the backlog until they are counted here.
    fn hits(&self) -> usize {
        std::iter::from_fn(|| self.0.accept().ok()).count()
    }
}

fn policy(purpose: Purpose, allow: &str, loopback: bool) -> Arc<EgressPolicy> {
    Arc::new(EgressPolicy::new(purpose, &AllowList::parse(allow).unwrap(), loopback))
}

fn transport(
    url: &Url,
    policy: Arc<EgressPolicy>,
    trust: &Trust,
    lookup: Arc<FakeLookup>,
) -> Result<Transport, TransportBuildError> {
    Transport::new(url, policy, trust, lookup, TransportSettings::default())
}

fn get(url: Url) -> OutboundRequest {
    OutboundRequest { method: Method::GET, url, headers: HeaderMap::new(), body: Bytes::new().into() }
}

const DEADLINES: Deadlines = Deadlines {
    first_byte: Duration::from_secs(2),
    idle: Duration::from_secs(2),
    total: Duration::from_secs(2),
};

fn tag_of(refusal: &EgressRefusal) -> &'static str {
    match refusal {
        EgressRefusal::Unreadable { .. } => "host",
        EgressRefusal::Scheme { .. } => "scheme",
        EgressRefusal::UserInfo => "userinfo",
        EgressRefusal::Fragment => "fragment",
        EgressRefusal::Port { .. } => "port",
        EgressRefusal::PlainHttp { .. } => "clear",
        EgressRefusal::Address { .. } => "address",
        EgressRefusal::ExactOnly { .. } => "exact",
        EgressRefusal::OtherOrigin { .. } => "origin",
    }
}

/// What becomes of a URL that is parsed with all the tolerance of a browser and then called.
async fn outcome(case: &HostileUrl, policy: Arc<EgressPolicy>, trust: &Trust) -> &'static str {
    let Ok(url) = Url::parse(&case.url) else { return "invalid" };
    let lookup = Arc::new(FakeLookup { answers: case.answers.clone(), ..FakeLookup::default() });
    let transport = match transport(&url, policy, trust, lookup) {
        Ok(transport) => transport,
        Err(TransportBuildError::Egress(refusal)) => return tag_of(&refusal),
    };
    match transport.send(get(url), &DEADLINES).await {
        Err(TransportFault::Egress(EgressRefusal::Address { .. } | EgressRefusal::ExactOnly { .. })) => {
            "connect"
        }
        Err(TransportFault::Egress(refusal)) => tag_of(&refusal),
        other => panic!("{}: {other:?}", case.url),
    }
}

#[tokio::test]
async fn no_url_of_the_corpus_reaches_the_canary() {
    let canary = Canary::new();
    let trust = Trust::load([]).unwrap();
    let cases = all(canary.port());
    assert!(cases.len() >= 180, "only {} cases", cases.len());
    let provider = policy(Purpose::Provider, "", false);
    let mut surprises = Vec::new();
    for case in &cases {
        let outcome = outcome(case, Arc::clone(&provider), &trust).await;
        if outcome != case.tag {
            surprises.push(format!("{:?} is not {} but {outcome}", case.url, case.tag));
        }
    }
    assert!(surprises.is_empty(), "{surprises:#?}");
    assert_eq!(canary.hits(), 0);
}

#[tokio::test]
async fn what_users_may_call_excludes_the_corpus_too_and_has_no_loopback_exception() {
    let trust = Trust::load([]).unwrap();
    let external = policy(Purpose::External, "", true);
    // On the usual port it is the address that must be refused, not the port. What remains is plain
    // http to public hosts, which carries no credential of ours.
    for case in all(80).iter().filter(|case| case.tag != "clear") {
        let refused = outcome(case, Arc::clone(&external), &trust).await;
        let by_port = refused == "port"
            && (case.tag == "port" || case.url.contains(":8080") || case.url.contains(":1900"));
        assert!(refused == case.tag || by_port, "{:?}: {refused}", case.url);
    }
}

#[test]
fn typed_urls_are_refused_before_anything_is_resolved() {
    let provider = policy(Purpose::Provider, "", false);
    for case in all(80) {
        let admitted = provider.admit(&case.url);
        if matches!(case.tag, "connect" | "clear") {
            assert!(admitted.is_ok(), "{:?}: {admitted:?}", case.url);
        } else {
            assert!(admitted.is_err(), "{:?} is admitted", case.url);
        }
    }
}

#[test]
fn a_typed_url_that_parsers_would_have_to_repair_is_refused() {
    // With the address admitted, only the spelling is left to object to.
    let policy = policy(Purpose::Provider, "127.0.0.0/8,localhost", false);
    assert_eq!(policy.admit("http://127.0.0.1:8080/v1").unwrap().as_str(), "http://127.0.0.1:8080/v1");
    for text in [
        "",
        " ",
        "127.0.0.1",
        "v1/chat",
        "/v1",
        "//127.0.0.1/",
        "http:127.0.0.1",
        "http:/127.0.0.1",
        "http:///127.0.0.1",
        "http:\\\\127.0.0.1",
        "http://127.0.0.1\\",
        "http://127.0.0.1/a b",
        "http://127.0.0.1/\r\nx",
        "http://127.0.0.1/\u{a0}",
        "http://local\thost/",
        "http://@127.0.0.1/",
        "http://%31%32%37.0.0.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:99999/",
        "http://127.0.0.1/#",
    ] {
        assert!(policy.admit(text).is_err(), "{text:?} is admitted");
    }
    assert!(policy.admit(&format!("http://127.0.0.1/{}", "a".repeat(2048))).is_err());
    assert!(policy.admit(&format!("http://127.0.0.1/{}", "\u{e9}".repeat(400))).is_err(), "as it is sent");
}

#[tokio::test]
async fn an_admitted_address_is_reached_so_the_canary_can_sing() {
    let canary = Canary::new();
    let trust = Trust::load([]).unwrap();
    let port = canary.port();
    let url: Url = format!("http://127.0.0.1:{port}/").parse().unwrap();
    let name: Url = format!("http://model.example:{port}/").parse().unwrap();
    let patience = Deadlines { first_byte: Duration::from_millis(300), ..DEADLINES };
    for (url, allow, loopback) in [
        (&url, format!("127.0.0.1:{port}"), false),
        (&url, "127.0.0.0/8".to_owned(), false),
        (&url, String::new(), true),
        (&name, format!("model.example:{port}"), false),
        (&name, "model.example".to_owned(), false),
        (&name, "provider=127.0.0.1".to_owned(), false),
    ] {
        let lookup = Arc::new(FakeLookup { answers: vec![[127, 0, 0, 1].into()], ..FakeLookup::default() });
        let policy = policy(Purpose::Provider, &allow, loopback);
        let transport = transport(url, policy, &trust, lookup).unwrap();
        let fault = transport.send(get(url.clone()), &patience).await.unwrap_err();
        assert_eq!(fault, TransportFault::FirstByteTimeout, "{allow}");
        assert_eq!(canary.hits(), 1, "{allow}");
    }
}

/// Whether `url`, whose name resolves to `address`, is called under these settings.
fn judged(
    purpose: Purpose,
    allow: &str,
    loopback: bool,
    url: &str,
    address: &str,
) -> Result<(), EgressRefusal> {
    let policy = policy(purpose, allow, loopback);
    let target = policy.check_url(&url.parse().unwrap())?;
    policy.check_address(&target, address.parse().unwrap())
}

#[test]
fn the_allow_list_admits_what_it_names_and_no_more() {
    use Purpose::{External, Provider};
    let cases = [
        // Public hosts need no entry.
        (Provider, "", "https://api.vendor.example/v1", "93.184.215.14", true),
        (Provider, "", "https://api.vendor.example:8443/v1", "2606:4700::1111", true),
        (Provider, "", "https://8.8.8.8/", "8.8.8.8", true),
        (Provider, "", "https://[64:ff9b::8.8.8.8]/", "64:ff9b::8.8.8.8", true),
        (External, "", "http://site.example/", "93.184.215.14", true),
        (External, "", "https://site.example:8443/", "93.184.215.14", false),
        (External, "site.example:8443", "https://site.example:8443/", "93.184.215.14", true),
        (External, "93.184.215.0/24", "http://93.184.215.14:8080/", "93.184.215.14", true),
        // Plain http to a public host shows the key, unless someone wants that.
        (Provider, "", "http://api.vendor.example/", "93.184.215.14", false),
        (Provider, "api.vendor.example", "http://api.vendor.example/", "93.184.215.14", true),
        (Provider, "93.184.215.0/24", "http://api.vendor.example/", "93.184.215.14", true),
        (Provider, "external=api.vendor.example", "http://api.vendor.example/", "93.184.215.14", false),
        // Names: exact, with or without port, any case, any trailing dot.
        (Provider, "ollama.lan", "http://ollama.lan:11434/", "10.0.0.5", true),
        (Provider, "OLLAMA.lan.", "http://ollama.LAN.:11434/", "10.0.0.5", true),
        (Provider, "ollama.lan:11434", "http://ollama.lan:11434/", "10.0.0.5", true),
        (Provider, "ollama.lan:11434", "http://ollama.lan:8080/", "10.0.0.5", false),
        (Provider, "ollama.lan", "http://evil.ollama.lan/", "10.0.0.5", false),
        (Provider, "lan", "http://ollama.lan/", "10.0.0.5", false),
        (Provider, "external=ollama.lan", "http://ollama.lan/", "10.0.0.5", false),
        (External, "external=ollama.lan", "http://ollama.lan:11434/", "10.0.0.5", true),
        (Provider, "b\u{fc}cher.lan", "http://xn--bcher-kva.lan/", "10.0.0.5", true),
        // Addresses and networks.
        (Provider, "10.0.0.5", "http://ollama.lan/", "10.0.0.5", true),
        (Provider, "10.0.0.5", "http://ollama.lan/", "10.0.0.6", false),
        (Provider, "10.0.0.5:80", "http://ollama.lan/", "10.0.0.5", true),
        (Provider, "10.0.0.5:81", "http://ollama.lan/", "10.0.0.5", false),
        (Provider, "10.0.0.0/8", "http://ollama.lan/", "10.9.9.9", true),
        (Provider, "10.0.0.0/8", "http://ollama.lan/", "::ffff:10.9.9.9", true),
        (Provider, "::ffff:10.0.0.5", "http://ollama.lan/", "10.0.0.5", true),
        (Provider, "10.0.0.0/8", "http://ollama.lan/", "11.0.0.1", false),
        (Provider, "fd00::/8", "http://ollama.lan/", "fd12::1", true),
        (Provider, "[fd12::1]:80", "http://ollama.lan/", "fd12::1", true),
        (Provider, "[fd12::1]", "http://[fd12::1]/", "fd12::1", true),
        // A tunnel prefix admits the tunnel, not what it carries.
        (Provider, "2002::/16", "https://ollama.lan/", "2002:a00:1::1", false),
        (Provider, "2002::/16", "https://[2002:a00:1::1]/", "2002:a00:1::1", false),
        (Provider, "2002::/16,10.0.0.0/8", "https://ollama.lan/", "2002:a00:1::1", true),
        (Provider, "2002::/16", "https://ollama.lan/", "2002:808:808::1", true),
        (Provider, "10.0.0.0/8", "https://ollama.lan/", "64:ff9b::10.0.0.1", true),
        // Link-local and metadata: by exact name only.
        (Provider, "169.254.0.0/16", "http://meta.lan/", "169.254.169.254", false),
        (Provider, "0.0.0.0/0,::/0", "http://meta.lan/", "169.254.169.254", false),
        (Provider, "0.0.0.0/0,::/0", "https://meta.lan/", "64:ff9b::169.254.169.254", false),
        (Provider, "0.0.0.0/0", "http://meta.lan/", "100.100.100.200", false),
        (Provider, "::/0", "http://meta.lan/", "fd00:ec2::254", false),
        (Provider, "meta.lan", "http://meta.lan/", "169.254.169.254", false),
        (Provider, "meta.lan:80", "http://meta.lan/", "169.254.169.254", true),
        (Provider, "169.254.169.254", "http://169.254.169.254/", "169.254.169.254", true),
        (Provider, "169.254.169.254:80", "http://169.254.169.254/", "169.254.169.254", true),
        (Provider, "169.254.169.254:80", "http://169.254.169.254:81/", "169.254.169.254", false),
        (Provider, "169.254.169.253", "http://169.254.169.254/", "169.254.169.254", false),
        // localhost is what its addresses are.
        (Provider, "localhost:11434", "http://localhost:11434/", "127.0.0.1", true),
        (Provider, "localhost:11434", "http://127.0.0.1:11434/", "127.0.0.1", false),
        (Provider, "127.0.0.0/8", "http://localhost:11434/", "127.0.0.1", true),
        (Provider, "127.0.0.0/8", "http://localhost:11434/", "::1", false),
        (Provider, "[::1]:11434", "http://localhost:11434/", "::1", true),
    ];
    for (purpose, allow, url, address, admitted) in cases {
        let verdict = judged(purpose, allow, false, url, address);
        assert_eq!(verdict.is_ok(), admitted, "{purpose:?} {allow:?} {url} -> {address}: {verdict:?}");
    }
}

#[test]
fn a_loopback_server_admits_loopback_providers_and_no_name_that_pretends_to_be_one() {
    let cases = [
        ("http://127.0.0.1:11434/", "127.0.0.1", true),
        ("http://127.8.8.8:11434/", "127.8.8.8", true),
        ("http://[::1]:11434/", "::1", true),
        ("http://[::ffff:127.0.0.1]:11434/", "127.0.0.1", true),
        ("http://localhost:11434/", "127.0.0.1", true),
        ("http://localhost:11434/", "::1", true),
        ("http://model.localhost.:11434/", "127.0.0.1", true),
        ("http://localhost:11434/", "10.0.0.1", false),
        ("http://localhost:11434/", "169.254.169.254", false),
        ("http://rebind.example:11434/", "127.0.0.1", false),
        ("http://0.0.0.0:11434/", "0.0.0.0", false),
        ("http://[::127.0.0.1]:11434/", "::127.0.0.1", false),
        ("http://[64:ff9b::127.0.0.1]:11434/", "64:ff9b::127.0.0.1", false),
        ("http://10.0.0.1:11434/", "10.0.0.1", false),
        ("http://169.254.169.254/", "169.254.169.254", false),
    ];
    for (url, address, admitted) in cases {
        let verdict = judged(Purpose::Provider, "", true, url, address);
        assert_eq!(verdict.is_ok(), admitted, "{url} -> {address}: {verdict:?}");
        assert!(judged(Purpose::External, "", true, url, address).is_err(), "{url} for users");
    }
}

#[test]
fn a_refusal_names_the_address_and_the_setting_that_admits_it() {
    let refusal = judged(Purpose::Provider, "", false, "https://ollama.lan:11434/", "10.0.0.5").unwrap_err();
    assert_eq!(
        refusal.to_string(),
        format!(
            "ollama.lan:11434 is refused: it leads to 10.0.0.5, a private address (RFC 1918); an administrator \
             can admit it by adding ollama.lan:11434 to {ALLOW_SETTING}"
        )
    );
    let long = format!("https://{}.lan/", "a.".repeat(100).trim_end_matches('.'));
    let refusal = judged(Purpose::Provider, "", false, &long, "10.0.0.5").unwrap_err();
    assert!(!refusal.to_string().contains(&"a.".repeat(100)), "{refusal}");
}

#[test]
fn the_suggested_entry_lifts_the_refusal() {
    for (url, address) in [
        ("https://ollama.lan:11434/", "10.0.0.5"),
        ("http://meta.lan/", "169.254.169.254"),
        ("http://[fe80::1]:8080/", "fe80::1"),
        ("http://127.1:8080/", "127.0.0.1"),
        ("http://api.vendor.example/", "93.184.215.14"),
        ("https://[2002:a00:1::1]/", "2002:a00:1::1"),
    ] {
        let refusal = judged(Purpose::Provider, "", false, url, address).unwrap_err().to_string();
        let entry = refusal.split("adding ").nth(1).unwrap().split(' ').next().unwrap();
        assert_eq!(judged(Purpose::Provider, entry, false, url, address), Ok(()), "{entry}");
    }
}

#[test]
fn an_entry_that_can_not_be_read_is_named() {
    use AllowListTrouble as T;
    let network = T::HostBits("10.0.0.0/8".parse().unwrap());
    for (text, entry, trouble) in [
        ("a.lan,,b.lan", "", T::Empty),
        ("a.lan,", "", T::Empty),
        ("provider=", "provider=", T::Empty),
        ("a.lan, users=b.lan", "users=b.lan", T::Prefix),
        ("http://a.lan", "http://a.lan", T::Url),
        ("*.lan", "*.lan", T::Wildcard),
        ("10.1.2.3/8", "10.1.2.3/8", network),
        ("10.0.0.0/33", "10.0.0.0/33", T::Network),
        ("a.lan/8", "a.lan/8", T::Network),
        ("::ffff:10.0.0.0/104", "::ffff:10.0.0.0/104", T::Mapped),
        ("a.lan:0", "a.lan:0", T::Port),
        ("a.lan:65536", "a.lan:65536", T::Port),
        ("a.lan:+80", "a.lan:+80", T::Port),
        ("a.lan:", "a.lan:", T::Port),
        ("[::1]:x", "[::1]:x", T::Port),
        ("[::1", "[::1", T::Host),
        ("[::1]80", "[::1]80", T::Host),
        ("[10.0.0.1]", "[10.0.0.1]", T::Host),
        ("a b", "a b", T::Host),
        ("a..lan", "a..lan", T::Host),
        ("a@b.lan", "a@b.lan", T::Host),
    ] {
        let error = AllowList::parse(text).unwrap_err();
        assert_eq!((error.entry.as_str(), error.trouble), (entry, trouble), "{text:?}");
        assert!(error.to_string().starts_with(ALLOW_SETTING), "{error}");
    }
    assert_eq!(AllowList::parse("  ").unwrap(), AllowList::default());
}

#[tokio::test(start_paused = true)]
async fn a_dead_name_is_asked_for_once_in_five_seconds() {
    let lookup = Arc::new(FakeLookup::default());
    let url: Url = "https://dead.example/".parse().unwrap();
    let trust = Trust::load([]).unwrap();
    let transport =
        transport(&url, policy(Purpose::Provider, "", false), &trust, Arc::clone(&lookup)).unwrap();
    for _ in 0..10 {
        assert_eq!(transport.send(get(url.clone()), &DEADLINES).await.unwrap_err(), TransportFault::Dns);
    }
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 1);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(transport.send(get(url), &DEADLINES).await.unwrap_err(), TransportFault::Dns);
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn calls_that_start_together_share_one_look_up_and_later_ones_ask_again() {
    let answers = vec![[10, 0, 0, 1].into()];
    let lookup = Arc::new(FakeLookup { answers, ..FakeLookup::default() });
    let url: Url = "https://inner.example/".parse().unwrap();
    let trust = Trust::load([]).unwrap();
    let transport =
        transport(&url, policy(Purpose::Provider, "", false), &trust, Arc::clone(&lookup)).unwrap();
    for asked in 1..=2 {
        for answer in join_all((0..16).map(|_| transport.send(get(url.clone()), &DEADLINES))).await {
            assert!(
                matches!(answer, Err(TransportFault::Egress(EgressRefusal::Address { .. }))),
                "{answer:?}"
            );
        }
        assert_eq!(lookup.asked.load(Ordering::SeqCst), asked);
    }
}

#[tokio::test]
async fn a_transport_sends_to_its_own_origin_only() {
    let canary = Canary::new();
    let port = canary.port();
    let trust = Trust::load([]).unwrap();
    let lookup = Arc::new(FakeLookup { answers: vec![[127, 0, 0, 1].into()], ..FakeLookup::default() });
    let base: Url = "https://api.vendor.example/v1/".parse().unwrap();
    // Everything is admitted; only the origin is left to object to.
    let policy = policy(Purpose::Provider, "0.0.0.0/0,::/0,other.example", false);
    let transport = transport(&base, policy, &trust, Arc::clone(&lookup)).unwrap();
    for url in [
        format!("http://127.0.0.1:{port}/"),
        format!("https://api.vendor.example:{port}/"),
        "http://api.vendor.example/".to_owned(),
        "https://other.example/".to_owned(),
        "https://api.vendor.example.other.example/".to_owned(),
        base.join("//other.example/x").unwrap().into(),
        base.join("https:other.example").unwrap().join("//127.0.0.1/").unwrap().into(),
    ] {
        let fault = transport.send(get(url.parse().unwrap()), &DEADLINES).await.unwrap_err();
        assert!(
            matches!(fault, TransportFault::Egress(EgressRefusal::OtherOrigin { .. })),
            "{url}: {fault:?}"
        );
    }
    let with_user: Url = "https://user:secret@api.vendor.example/".parse().unwrap();
    let fault = transport.send(get(with_user), &DEADLINES).await.unwrap_err();
    assert_eq!(fault, TransportFault::Egress(EgressRefusal::UserInfo));
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 0);
    assert_eq!(canary.hits(), 0);
}

proptest! {
    #[test]
    fn an_ipv4_address_is_no_more_welcome_inside_an_ipv6_one(bits: u32, upper: u64, tail: u16) {
        let v4 = std::net::Ipv4Addr::from(bits);
        let low = u128::from(bits);
        let verdict = |address: u128| {
            let address = std::net::Ipv6Addr::from(address).to_string();
            judged(Purpose::Provider, "", false, "https://name.example/", &address).is_ok()
        };
        let plain = judged(Purpose::Provider, "", false, "https://name.example/", &v4.to_string()).is_ok();
        let wrapped = [
            verdict(0xffff_0000_0000 | low),
            verdict((0x0064_ff9b << 96) | low),
            verdict((0x2002 << 112) | (low << 80) | u128::from(tail)),
            verdict((0x2001 << 112) | (u128::from(!bits) << 32) | u128::from(!bits)),
            verdict((u128::from(upper) << 64) | (0x5efe << 32) | low),
            verdict((u128::from(upper) << 64) | (0x0200_5efe << 32) | low),
            verdict(low),
        ];
        if !plain {
            prop_assert!(!wrapped.contains(&true), "{v4}: {wrapped:?}");
        }
        prop_assert_eq!(wrapped[0], plain);
        prop_assert_eq!(wrapped[1], plain);
        prop_assert!(!wrapped[6]);
    }

    #[test]
    fn what_the_standard_library_knows_to_be_special_is_refused(bits: u32) {
        let v4 = std::net::Ipv4Addr::from(bits);
        let special = v4.is_private() || v4.is_loopback() || v4.is_link_local() || v4.is_broadcast()
            || v4.is_documentation() || v4.is_unspecified() || v4.is_multicast();
        if special {
            prop_assert!(judged(Purpose::Provider, "", false, "https://name.example/", &v4.to_string()).is_err());
        }
    }

    #[test]
    fn an_admitted_ipv6_address_is_global_unicast(bits: u128) {
        let v6 = std::net::Ipv6Addr::from(bits);
        if judged(Purpose::Provider, "", false, "https://name.example/", &v6.to_string()).is_ok() {
            prop_assert_eq!(v6.segments()[0] >> 13, 1, "{}", v6);
        }
    }

    #[test]
    fn no_text_whatsoever_makes_the_guard_fail(text in "\\PC{0,60}|(https?|ftp):[/\\\\@:.\\[\\]0-9a-fx%#?]{0,40}") {
        let provider = policy(Purpose::Provider, "", false);
        if let Ok(url) = provider.admit(&text) {
            prop_assert!(matches!(url.scheme(), "http" | "https"));
            prop_assert!(provider.check_url(&url).is_ok());
        }
        let _ = AllowList::parse(&text);
    }
}
