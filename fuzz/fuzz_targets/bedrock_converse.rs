#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| switchyard_fuzz::run(
    &switchyard_fuzz::subject::BEDROCK_CONVERSE,
    data
));
