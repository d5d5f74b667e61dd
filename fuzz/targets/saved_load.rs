#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ticketing_fuzz::saved_load(bytes));
