#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| auditor_fuzz::state::read(bytes));
