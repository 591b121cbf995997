//! The tables, as both migration trees make them; a test compares the two databases column by column.
//!
//! Portable types only. Times are milliseconds UTC, money is nano-USD, `rates`, `capabilities`, `models`, `lines` and
//! `token_details` are JSON.

diesel::table! {
    providers (id) {
        id -> BigInt,
        name -> Text,
        vendor -> Text,
        base_url -> Nullable<Text>,
        is_enabled -> Bool,
        version -> BigInt,
        owner -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
        is_withdrawn -> Bool,
        given_keys -> Text,
    }
}

diesel::table! {
    provider_models (id) {
        id -> BigInt,
        provider_id -> BigInt,
        position -> Integer,
        model -> Text,
        rates -> Nullable<Text>,
        rpm -> Nullable<BigInt>,
        tpm -> Nullable<BigInt>,
        rpd -> Nullable<BigInt>,
        concurrency -> Nullable<BigInt>,
        context_window -> Nullable<BigInt>,
        max_output_tokens -> Nullable<BigInt>,
        is_enabled -> Bool,
        capabilities -> Nullable<Text>,
    }
}

diesel::table! {
    provider_health (provider_id) {
        provider_id -> BigInt,
        status -> Text,
        status_code -> Nullable<BigInt>,
        latency_ms -> Nullable<BigInt>,
        detail -> Nullable<Text>,
        last_tested_at -> Nullable<BigInt>,
        is_healthy -> Bool,
        consecutive_failures -> BigInt,
        checked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// `owner` is whose the credential is; `source` is what the other tables call `owner`.
    credentials (id) {
        id -> BigInt,
        provider_id -> BigInt,
        owner -> Text,
        sealed -> Text,
        sealed_under -> Text,
        hint -> Text,
        version -> BigInt,
        source -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
    }
}

diesel::table! {
    routes (id) {
        id -> BigInt,
        name -> Text,
        mode -> Text,
        strategy -> Text,
        failover_on -> Text,
        strict -> Bool,
        is_active -> Bool,
        version -> BigInt,
        owner -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
        timeouts -> Text,
        on_disconnect -> Text,
        fallback_id -> Nullable<BigInt>,
        config -> Text,
        is_withdrawn -> Bool,
    }
}

diesel::table! {
    route_versions (route_id, version) {
        route_id -> BigInt,
        version -> BigInt,
        document -> Text,
        written_at -> BigInt,
        written_by -> Text,
    }
}

diesel::table! {
    targets (id) {
        id -> BigInt,
        route_id -> BigInt,
        position -> Integer,
        provider_id -> BigInt,
        model -> Text,
        weight -> BigInt,
        priority -> BigInt,
        rpm -> Nullable<BigInt>,
        tpm -> Nullable<BigInt>,
        rpd -> Nullable<BigInt>,
        concurrency -> Nullable<BigInt>,
        is_enabled -> Bool,
        models -> Nullable<Text>,
        strategy -> Nullable<Text>,
        conditions -> Text,
        timeouts -> Text,
        metadata -> Text,
    }
}

diesel::table! {
    virtual_keys (id) {
        id -> BigInt,
        name -> Text,
        prefix -> Text,
        hash -> Binary,
        is_active -> Bool,
        models -> Nullable<Text>,
        rpm -> Nullable<BigInt>,
        tpm -> Nullable<BigInt>,
        rpd -> Nullable<BigInt>,
        concurrency -> Nullable<BigInt>,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        version -> BigInt,
        owner -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
        user_id -> Nullable<BigInt>,
        tags -> Nullable<Text>,
        previous_hash -> Nullable<Binary>,
        previous_until -> Nullable<BigInt>,
        lent -> Bool,
        barred -> Bool,
        made_by -> Nullable<Text>,
    }
}

diesel::table! {
    /// `scope` is `global`, `user:<id>`, `provider:<id>` or `key:<id>`.
    quotas (id) {
        id -> BigInt,
        scope -> Text,
        rpm -> Nullable<BigInt>,
        tpm -> Nullable<BigInt>,
        rpd -> Nullable<BigInt>,
        concurrency -> Nullable<BigInt>,
        budget_amount -> Nullable<BigInt>,
        budget_window -> Nullable<Text>,
        budget_zone -> Nullable<Text>,
        version -> BigInt,
        owner -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        name_key -> Text,
        look_key -> Text,
        email -> Nullable<Text>,
        email_key -> Nullable<Text>,
        password_hash -> Text,
        role -> Text,
        is_active -> Bool,
        rpm -> Nullable<BigInt>,
        tpm -> Nullable<BigInt>,
        rpd -> Nullable<BigInt>,
        concurrency -> Nullable<BigInt>,
        last_login_at -> Nullable<BigInt>,
        version -> BigInt,
        owner -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        updated_by -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Binary,
        user_id -> BigInt,
        refresh_id -> Binary,
        created_at -> BigInt,
        refreshed_at -> BigInt,
        expires_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        address -> Nullable<Text>,
        client -> Nullable<Text>,
    }
}

diesel::table! {
    one_time_links (hash) {
        hash -> Binary,
        user_id -> Nullable<BigInt>,
        created_at -> BigInt,
        expires_at -> BigInt,
        created_by -> Text,
    }
}

diesel::table! {
    /// One row.
    revision (id) {
        id -> Integer,
        value -> BigInt,
    }
}

diesel::table! {
    changes (revision) {
        revision -> BigInt,
        kind -> Text,
        object_id -> BigInt,
    }
}

diesel::table! {
    counters (name) {
        name -> Text,
        value -> BigInt,
    }
}

diesel::table! {
    keyring (key_id) {
        key_id -> Text,
        check_value -> Text,
        created_at -> BigInt,
        retired_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    usage_events (id) {
        id -> Binary,
        call_id -> Binary,
        attempt -> BigInt,
        is_final -> Bool,
        request_id -> Text,
        at -> BigInt,
        key_id -> Nullable<BigInt>,
        dialect -> Text,
        requested_model -> Text,
        route -> Nullable<Text>,
        provider_id -> BigInt,
        provider_name -> Text,
        model -> Text,
        stream -> Bool,
        simulated -> Bool,
        outcome -> Text,
        status -> Nullable<Integer>,
        fault -> Nullable<Text>,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
        token_details -> Nullable<Text>,
        usage_source -> Text,
        cost -> Nullable<BigInt>,
        price_version -> Nullable<Text>,
        dropped -> Nullable<Text>,
        first_content_ms -> Nullable<BigInt>,
        duration_ms -> BigInt,
        service_tier -> Nullable<Text>,
        user_id -> Nullable<BigInt>,
        credential -> Nullable<Text>,
        address -> Nullable<Text>,
        target_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// Beside the events: a table of more columns than these 32 would double the time that diesel takes to compile.
    attempt_choices (attempt_id) {
        attempt_id -> Binary,
        rule -> Nullable<Text>,
        passed_over -> Nullable<Text>,
    }
}

diesel::table! {
    /// The requests of a day that count for a target's limit.
    target_days (day, target_id) {
        day -> Integer,
        target_id -> BigInt,
        requests -> BigInt,
    }
}

diesel::table! {
    /// Calls that were refused before anything was sent; the newest of them.
    refused_calls (id) {
        id -> Binary,
        at -> BigInt,
        request_id -> Text,
        key_id -> Nullable<BigInt>,
        user_id -> Nullable<BigInt>,
        address -> Nullable<Text>,
        dialect -> Text,
        model -> Text,
        reason -> Text,
        duration_ms -> BigInt,
    }
}

diesel::table! {
    ledger_entries (id) {
        id -> Binary,
        call_id -> Binary,
        at -> BigInt,
        key_id -> Nullable<BigInt>,
        provider_id -> BigInt,
        model -> Text,
        amount -> Nullable<BigInt>,
        price_version -> Nullable<Text>,
        usage_source -> Text,
        lines -> Text,
        user_id -> Nullable<BigInt>,
    }
}

diesel::table! {
    /// `key_id` 0 is "no key", `route` '' is "no route".
    usage_daily (day, key_id, user_id, provider_id, provider_name, model, route, outcome, simulated) {
        day -> Integer,
        key_id -> BigInt,
        provider_id -> BigInt,
        provider_name -> Text,
        model -> Text,
        route -> Text,
        outcome -> Text,
        simulated -> Bool,
        calls -> BigInt,
        attempts -> BigInt,
        input_tokens -> BigInt,
        output_tokens -> BigInt,
        cost -> BigInt,
        unpriced -> BigInt,
        user_id -> BigInt,
    }
}

diesel::table! {
    /// `scope` is a quota's word, `quarter` the first millisecond of a quarter of an hour.
    usage_quarters (scope, quarter) {
        scope -> Text,
        quarter -> BigInt,
        cost -> BigInt,
    }
}

diesel::table! {
    audit_entries (sequence) {
        sequence -> BigInt,
        at -> BigInt,
        actor -> Text,
        action -> Text,
        object -> Text,
        outcome -> Text,
        address -> Nullable<Text>,
        request_id -> Nullable<Text>,
        details -> Text,
        key_id -> Text,
        previous -> Binary,
        hash -> Binary,
    }
}

diesel::table! {
    /// One row: the end of the log.
    audit_head (id) {
        id -> Integer,
        sequence -> BigInt,
        hash -> Binary,
        key_id -> Text,
        seal -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(usage_events, ledger_entries);
diesel::allow_tables_to_appear_in_same_query!(targets, routes);
