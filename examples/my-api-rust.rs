//! my-api on the bare ABI, in Rust: the same requests, records and state as my-api.c.  See README.md.
//!
//! The structs of abhost/abi.h 1.0 by hand, in their order; nothing else stands between Rust and the host.
//!     rustc --edition 2021 -O -C panic=abort --crate-type cdylib -o my-api-rust.so my-api-rust.rs
#![allow(non_camel_case_types)]
#![deny(improper_ctypes_definitions)]
use std::ffi::{c_void, CStr, CString};
use std::mem::size_of;
use std::os::raw::{c_char, c_int};
use std::ptr::null;

type Text = *const c_char;
type View = *const ab_json;
type Host = *mut ab_host;
const AB_OK: i32 = 0;
const V1_0: u32 = 1 << 16;
const AB_MAGIC: u32 = 0x31434241;

#[repr(C)]
pub struct ab_json([u8; 0]);
#[repr(C)]
pub struct ab_response([u8; 0]);
#[repr(C)]
pub struct ab_catalog([u8; 0]);
#[repr(C)]
pub struct ab_page([u8; 0]);
#[repr(C)]
pub struct ab_state([u8; 0]);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ab_str {
    ptr: Text,
    len: usize,
}
#[repr(C)]
pub struct ab_request {
    size: u32,
    flags: u32,
    method: Text,
    url: Text,
    params: *const Text,
    headers: *const Text,
    body: ab_str,
    options: Text,
}
#[repr(C)]
pub struct ab_read {
    size: u32,
    flags: u32,
    limit: u32,
    reserved: u32,
    stream: Text,
    configured: View,
    partition: View,
    state: View,
    token: Text,
}
#[repr(C)]
pub struct ab_seen {
    size: u32,
    flags: u32,
    stream: Text,
    configured: View,
    partition: View,
    state: View,
    records: View,
}
#[repr(C)]
pub struct ab_host {
    size: u32,
    abi: u32,
    priv_: *mut c_void,
    log: extern "C" fn(Host, c_int, Text),
    cancelled: extern "C" fn(Host) -> c_int,
    now: extern "C" fn(Host) -> i64,
    fail: extern "C" fn(Host, i32, Text) -> i32,
    config: extern "C" fn(Host) -> View,
    wait: extern "C" fn(Host, c_int, c_int, u32) -> i32,
    endpoint: extern "C" fn(Host, Text) -> i32,
    http: extern "C" fn(Host, *const ab_request, *mut *const ab_response) -> i32,
    http_status: extern "C" fn(*const ab_response) -> c_int,
    http_header: extern "C" fn(*const ab_response, Text) -> Text,
    http_body: extern "C" fn(*const ab_response) -> ab_str,
    http_json: extern "C" fn(*const ab_response) -> View,
    http_read: extern "C" fn(*const ab_response, *mut ab_str) -> i32,
    http_done: extern "C" fn(*const ab_response),
    json_parse: extern "C" fn(Host, ab_str) -> View,
    json_get: extern "C" fn(View, Text) -> View,
    json_at: extern "C" fn(View, usize) -> View,
    json_key: extern "C" fn(View, usize) -> ab_str,
    json_len: extern "C" fn(View) -> usize,
    json_type: extern "C" fn(View) -> c_int,
    json_int: extern "C" fn(View) -> i64,
    json_real: extern "C" fn(View) -> f64,
    json_str: extern "C" fn(View) -> ab_str,
    json_text: extern "C" fn(View) -> ab_str,
    add_stream: extern "C" fn(*mut ab_catalog, Text) -> i32,
    emit: extern "C" fn(*mut ab_page, View) -> i32,
    emit_text: extern "C" fn(*mut ab_page, ab_str) -> i32,
    about: extern "C" fn(*mut ab_page, Text) -> i32,
    next: extern "C" fn(*mut ab_page, Text) -> i32,
    set_state: extern "C" fn(*mut ab_state, Text) -> i32,
    extension: extern "C" fn(Host, Text) -> *const c_void,
}
#[repr(C)]
pub struct ab_connector {
    magic: u32,
    size: u32,
    abi: u32,
    min_host: u32,
    id: Text,
    version: Text,
    spec: Text,
    open: Option<extern "C" fn(Host, *mut *mut c_void) -> i32>,
    close: Option<extern "C" fn(*mut c_void)>,
    check: Option<extern "C" fn(*mut c_void) -> i32>,
    streams: Option<extern "C" fn(*mut c_void, *mut ab_catalog) -> i32>,
    partitions: Option<extern "C" fn(*mut c_void, *const ab_read, *mut ab_page) -> i32>,
    read_page: Option<extern "C" fn(*mut c_void, *const ab_read, *mut ab_page) -> i32>,
    update_state: Option<extern "C" fn(*mut c_void, *const ab_seen, *mut ab_state) -> i32>,
    extension: Option<extern "C" fn(Text) -> *const c_void>,
}
unsafe impl Sync for ab_connector {} // all of it is constant

macro_rules! text {
    ($s:expr) => {
        concat!($s, "\0").as_ptr() as Text
    };
}

struct MyApi {
    host: Host,
    start_date: CString,
    limit: CString,
}

impl MyApi {
    fn host(&self) -> &ab_host {
        unsafe { &*self.host } // it lives until close
    }
    /// The string under a key, None where it is absent or null.
    fn string(&self, object: View, key: Text) -> Option<&CStr> {
        let value = (self.host().json_get)(object, key);
        match (self.host().json_type)(value) {
            0 => None,
            _ => Some(unsafe { CStr::from_ptr((self.host().json_str)(value).ptr) }),
        }
    }
}

fn source<'a>(this: *mut c_void) -> &'a MyApi {
    unsafe { &*(this as *const MyApi) }
}

fn is_events(stream: Text) -> bool {
    unsafe { CStr::from_ptr(stream) }.to_bytes() == b"events"
}

extern "C" fn open(host: Host, this: *mut *mut c_void) -> i32 {
    let mut api = MyApi { host, start_date: CString::default(), limit: CString::default() };
    let h = unsafe { &*host };
    let config = (h.config)(host);
    // defaults are filled in
    let limit = (h.json_int)((h.json_get)(config, text!("page_size")));
    api.limit = CString::new(limit.to_string()).unwrap_or_default();
    api.start_date = api.string(config, text!("start_date")).unwrap_or_default().to_owned();
    unsafe { *this = Box::into_raw(Box::new(api)) as *mut c_void };
    (h.endpoint)(host, text!(r#"{
        "base_url": {"config": "base_url", "default": "https://api.myservice.com/v1/"},
        "auth": {"type": "bearer", "config": "api_key"}
    }"#))
}

extern "C" fn close(this: *mut c_void) {
    drop(unsafe { Box::from_raw(this as *mut MyApi) });
}

fn get(api: &MyApi, url: Text, params: *const Text) -> Result<View, i32> {
    let none = ab_str { ptr: null(), len: 0 };
    let request = ab_request { size: size_of::<ab_request>() as u32, flags: 0, method: null(), url,
        params, headers: null(), body: none, options: null() };
    let mut response = null();
    match (api.host().http)(api.host, &request, &mut response) {
        AB_OK => Ok((api.host().http_json)(response)),
        status => Err(status),
    }
}

extern "C" fn check(this: *mut c_void) -> i32 {
    match get(source(this), text!("health"), null()) {
        Ok(_) => AB_OK,
        Err(status) => status,
    }
}

extern "C" fn streams(this: *mut c_void, catalog: *mut ab_catalog) -> i32 {
    let h = source(this).host();
    match (h.add_stream)(catalog, text!(r#"{
        "name": "users", "source_defined_primary_key": [["id"]], "is_resumable": true
    }"#)) {
        AB_OK => (h.add_stream)(catalog, text!(r#"{
            "name": "events", "source_defined_primary_key": [["id"]], "is_resumable": true,
            "source_defined_cursor": true, "default_cursor_field": ["updated_at"], "sorted": true
        }"#)),
        status => status,
    }
}

extern "C" fn read_page(this: *mut c_void, read: *const ab_read, page: *mut ab_page) -> i32 {
    let (api, read) = (source(this), unsafe { &*read });
    let (h, key) = (api.host(), text!("updated_at"));
    let mut since = null();
    if is_events(read.stream) {
        since = api.string(read.state, key).unwrap_or(&api.start_date).as_ptr();
    }
    let params = [text!("limit"), api.limit.as_ptr(), text!("cursor"), read.token,
        text!("updated_after"), since, null()];
    let body = match get(api, read.stream, params.as_ptr()) {
        Ok(body) => body,
        Err(status) => return status,
    };
    match (h.emit)(page, (h.json_get)(body, text!("data"))) {
        AB_OK => (h.next)(page, api.string(body, text!("nextCursor")).map_or(null(), CStr::as_ptr)),
        status => status,
    }
}

extern "C" fn update_state(this: *mut c_void, seen: *const ab_seen, out: *mut ab_state) -> i32 {
    let (api, seen) = (source(this), unsafe { &*seen });
    let (h, key) = (api.host(), text!("updated_at"));
    if !is_events(seen.stream) {
        return AB_OK; // users has no cursor, so no state
    }
    let records = (0..(h.json_len)(seen.records)).map(|i| (h.json_at)(seen.records, i));
    let greatest = std::iter::once(seen.state).chain(records).filter_map(|o| api.string(o, key)).max();
    let greatest = match greatest.map(|at| at.to_string_lossy()) {
        Some(at) => at,
        None => return AB_OK,
    };
    if greatest.contains(['"', '\\']) || greatest.contains(char::is_control) {
        return (h.fail)(api.host, -3, text!("an updated_at that is no time"));
    }
    let state = CString::new(format!(r#"{{"updated_at":"{greatest}"}}"#)).unwrap_or_default();
    (h.set_state)(out, state.as_ptr())
}

#[no_mangle]
pub static ab_connector_v1: ab_connector = ab_connector {
    magic: AB_MAGIC,
    size: size_of::<ab_connector>() as u32,
    abi: V1_0,
    min_host: V1_0,
    id: text!("my-api-rust"),
    version: text!("1.0.0"),
    spec: text!(r#"{
        "type": "object", "required": ["api_key"],
        "properties": {
            "api_key": {"type": "string", "airbyte_secret": true},
            "start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
            "page_size": {"type": "integer", "minimum": 1, "default": 200},
            "base_url": {"type": "string", "format": "uri", "default": "https://api.myservice.com/v1/"}
        }
    }"#),
    open: Some(open),
    close: Some(close),
    check: Some(check),
    streams: Some(streams),
    partitions: None,
    read_page: Some(read_page),
    update_state: Some(update_state),
    extension: None,
};
