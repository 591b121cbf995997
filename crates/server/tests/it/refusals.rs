//! What the binary refuses, and with which exit code.

use crate::place::Place;

#[test]
fn a_wrong_setting_ends_with_78_and_its_name_and_never_its_secret() {
    const WEAK: &str = "change-me-in-production-please-0001";
    let wrong = [
        ("SECRET_KEY", WEAK, "SECRET_KEY"),
        ("ENCRYPTION_KEY", WEAK, "ENCRYPTION_KEY"),
        ("BACKEND_API_KEY_SECRET", "a-string-secret-at-least-256-bits-long", "BACKEND_API_KEY_SECRET"),
        ("SWITCHYARD_LISTNE", "127.0.0.1:1", "did you mean SWITCHYARD_LISTEN?"),
        ("PORT", "99999", "PORT"),
        ("SWITCHYARD_LISTEN", "0.0.0.0:0", "SWITCHYARD_ALLOW_PLAIN_HTTP"),
        ("SWITCHYARD_DRAIN_SECONDS", "-1", "SWITCHYARD_DRAIN_SECONDS"),
        ("SWITCHYARD_CONFIG", "absent.yaml", "absent.yaml"),
        ("SWITCHYARD_DATABASE_URL", "mysql://a:hunter2@b/c", "SWITCHYARD_DATABASE_URL"),
    ];
    for (name, value, said) in wrong {
        let place = Place::new().set(name, value);
        for command in ["serve", "check", "keys list"] {
            let ended = place.say(command);
            assert_eq!(ended.code, 78, "{name}: {ended:?}");
            assert!(ended.err.contains(said), "{name}: {}", ended.err);
            assert!(!ended.err.contains(WEAK) && !ended.err.contains("hunter2"), "{}", ended.err);
        }
        assert_eq!(place.content(), Vec::<String>::new(), "{name}");
    }
    println!("{tried} of {tried} wrong settings were refused", tried = wrong.len());
}

#[test]
fn a_listener_that_others_reach_without_tls_ends_with_78_and_is_taken_where_that_is_said_to_be_wanted() {
    let open = [
        ("SWITCHYARD_LISTEN", "0.0.0.0:0"),
        ("SWITCHYARD_LISTEN", "[::]:0"),
        ("SWITCHYARD_LISTEN", "192.0.2.1:3044"),
        ("SWITCHYARD_LISTEN", "127.0.0.1:0,0.0.0.0:0"),
        ("SWITCHYARD_METRICS_LISTEN", "0.0.0.0:0"),
    ];
    for (name, address) in open {
        let place = Place::new().set(name, address);
        for command in ["serve", "check", "keys list"] {
            let ended = place.say(command);
            assert_eq!(ended.code, 78, "{name}={address}: {command}: {ended:?}");
            assert!(ended.err.contains(name), "{address}: {}", ended.err);
        }
        assert_eq!(place.content(), Vec::<String>::new(), "{name}={address}");
    }
    println!("{tried} of {tried} listeners that others reach were refused", tried = open.len());
    Place::new()
        .set("SWITCHYARD_LISTEN", "0.0.0.0:0")
        .set("SWITCHYARD_ALLOW_PLAIN_HTTP", "true")
        .say("keys list")
        .good();
}

#[test]
fn a_key_file_that_others_may_read_ends_with_78() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.say("keys list").good();
    let file = place.path("data/master.key");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    for command in ["serve", "check", "keys list"] {
        let ended = place.say(command);
        assert!(ended.code == 78 && ended.err.contains("master.key"), "{command}: {ended:?}");
    }
}

#[test]
fn a_wrong_line_ends_with_2() {
    let place = Place::new();
    for line in [
        "nonsense",
        "keys create",
        "keys create --name a/b",
        "keys create --name ci --expires soon",
        "keys create --name ci --rpm 0",
        "routes add fast --target swift",
        r#"routes add fast --target {"provider":"sim"}"#,
        r#"routes add fast --target {"provider":"sim","model":"swift","colour":"red"}"#,
        "routes add fast --target sim/swift --fallback nobody",
        "routes add fast --target sim/swift --idle-ms 0",
        "routes add fast --target sim/swift --failover-on never",
        "routes try demo --model nobody-s",
        "routes try demo --calls 0",
        "routes try demo --tag a,b",
        "providers add mine --vendor nobody --model m",
        "providers add mine --vendor openai --key-env ABSENT --model m",
        "providers add mine --vendor openai --key-file absent --model m",
        "usage --from yesterday",
    ] {
        let ended = place.say(line);
        assert_eq!(ended.code, 2, "{line}: {ended:?}");
        assert!(!ended.err.is_empty(), "{line}");
    }
}

#[test]
fn a_taken_name_ends_with_6() {
    let place = Place::new();
    place.say("keys create --name ci").good();
    assert_eq!(place.say("keys create --name ci").code, 6);
    place.say("routes add mine --target sim/swift").good();
    assert_eq!(place.say("routes add mine --target sim/steady").code, 6);
}

#[test]
fn what_comes_with_the_product_gives_way_and_comes_back_when_asked_for() {
    let place = Place::new();
    assert_eq!(place.say("routes add demo --target sim/steady").good().matches("id 1000000").count(), 1);
    assert_eq!(
        place.say("routes try demo").good(),
        "1. sim/steady: the only target that can take the call\n"
    );
    assert_eq!(place.say("routes add demo --target sim/swift").code, 6, "it is somebody's now");
    assert_eq!(place.say("seed").good(), "nothing is missing\n");
    place.say("routes remove demo").good();
    assert_eq!(place.say("seed").good(), "added route demo\n");
    let tried = place.say("routes try demo").good();
    assert!(tried.starts_with("1. sim/flaky: ") && tried.contains("\n2. sim/swift: "), "{tried}");
    assert!(place.say("routes add mine --target sim/swift").good().contains("(id 1)"));
}
