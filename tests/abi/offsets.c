/* offsets.c - the layout of ABI 1.0, member by member, for 64 and for 32 bits.  Compiling it is the test.
 *
 * A line here never changes as long as the major version is 1; what a minor version appends gets lines in a file of its
 * own.  tests/abi/header.sh compiles it with the frozen header and with today's. */
#include <abhost/abi.h>

#if __SIZEOF_POINTER__ == 8
#define IS(bits64, bits32) (bits64)
#else
#define IS(bits64, bits32) (bits32)
#endif
#define AT(type, member, bits64, bits32) \
	_Static_assert( \
	    offsetof(struct type, member) == IS(bits64, bits32), #type "." #member " moved")
/* Later versions may be longer, but for what says that it never grows. */
#define ENDS(type, bits64, bits32) \
	_Static_assert(sizeof(struct type) == IS(bits64, bits32) || \
		(AB_ABI > AB_VERSION(1, 0) && sizeof(struct type) > IS(bits64, bits32)), \
	    #type " changed its size")

_Static_assert(
    sizeof(int) == 4 && sizeof(size_t) == sizeof(void *) && sizeof(double) == 8, "no such C");
_Static_assert(sizeof(ab_status) == 4 && (ab_status)-1 < 0, "ab_status is not int32_t");
_Static_assert(AB_MAGIC == 0x31434241u && AB_VERSION(1, 2) == 0x10002u, "the head changed");
_Static_assert(AB_OK == 0, "AB_OK changed");
_Static_assert(AB_ECONFIG == -1, "AB_ECONFIG changed");
_Static_assert(AB_ETRANSIENT == -2, "AB_ETRANSIENT changed");
_Static_assert(AB_EDATA == -3, "AB_EDATA changed");
_Static_assert(AB_EUNSUPPORTED == -4, "AB_EUNSUPPORTED changed");
_Static_assert(AB_ECANCELLED == -5, "AB_ECANCELLED changed");
_Static_assert(AB_ENOMEM == -6, "AB_ENOMEM changed");
_Static_assert(AB_EBUG == -7, "AB_EBUG changed");
_Static_assert(AB_ESTALE == -8, "AB_ESTALE changed");
_Static_assert(AB_DEBUG == 0, "AB_DEBUG changed");
_Static_assert(AB_INFO == 1, "AB_INFO changed");
_Static_assert(AB_WARN == 2, "AB_WARN changed");
_Static_assert(AB_ERROR == 3, "AB_ERROR changed");
_Static_assert(AB_NULL == 0, "AB_NULL changed");
_Static_assert(AB_BOOL == 1, "AB_BOOL changed");
_Static_assert(AB_INT == 2, "AB_INT changed");
_Static_assert(AB_REAL == 3, "AB_REAL changed");
_Static_assert(AB_STRING == 4, "AB_STRING changed");
_Static_assert(AB_ARRAY == 5, "AB_ARRAY changed");
_Static_assert(AB_OBJECT == 6, "AB_OBJECT changed");

AT(ab_str, ptr, 0, 0);
AT(ab_str, len, 8, 4);
_Static_assert(sizeof(struct ab_str) == IS(16, 8), "ab_str never grows");

AT(ab_request, size, 0, 0);
AT(ab_request, flags, 4, 4);
AT(ab_request, method, 8, 8);
AT(ab_request, url, 16, 12);
AT(ab_request, params, 24, 16);
AT(ab_request, headers, 32, 20);
AT(ab_request, body, 40, 24);
AT(ab_request, options, 56, 32);
ENDS(ab_request, 64, 36);

AT(ab_read, size, 0, 0);
AT(ab_read, flags, 4, 4);
AT(ab_read, limit, 8, 8);
AT(ab_read, reserved, 12, 12);
AT(ab_read, stream, 16, 16);
AT(ab_read, configured, 24, 20);
AT(ab_read, partition, 32, 24);
AT(ab_read, state, 40, 28);
AT(ab_read, token, 48, 32);
ENDS(ab_read, 56, 36);

AT(ab_seen, size, 0, 0);
AT(ab_seen, flags, 4, 4);
AT(ab_seen, stream, 8, 8);
AT(ab_seen, configured, 16, 12);
AT(ab_seen, partition, 24, 16);
AT(ab_seen, state, 32, 20);
AT(ab_seen, records, 40, 24);
ENDS(ab_seen, 48, 28);

AT(ab_host, size, 0, 0);
AT(ab_host, abi, 4, 4);
AT(ab_host, priv, 8, 8);
AT(ab_host, log, 16, 12);
AT(ab_host, cancelled, 24, 16);
AT(ab_host, now, 32, 20);
AT(ab_host, fail, 40, 24);
AT(ab_host, config, 48, 28);
AT(ab_host, wait, 56, 32);
AT(ab_host, endpoint, 64, 36);
AT(ab_host, http, 72, 40);
AT(ab_host, http_status, 80, 44);
AT(ab_host, http_header, 88, 48);
AT(ab_host, http_body, 96, 52);
AT(ab_host, http_json, 104, 56);
AT(ab_host, http_read, 112, 60);
AT(ab_host, http_done, 120, 64);
AT(ab_host, json_parse, 128, 68);
AT(ab_host, json_get, 136, 72);
AT(ab_host, json_at, 144, 76);
AT(ab_host, json_key, 152, 80);
AT(ab_host, json_len, 160, 84);
AT(ab_host, json_type, 168, 88);
AT(ab_host, json_int, 176, 92);
AT(ab_host, json_real, 184, 96);
AT(ab_host, json_str, 192, 100);
AT(ab_host, json_text, 200, 104);
AT(ab_host, add_stream, 208, 108);
AT(ab_host, emit, 216, 112);
AT(ab_host, emit_text, 224, 116);
AT(ab_host, about, 232, 120);
AT(ab_host, next, 240, 124);
AT(ab_host, set_state, 248, 128);
AT(ab_host, extension, 256, 132);
ENDS(ab_host, 264, 136);

AT(ab_connector, magic, 0, 0);
AT(ab_connector, size, 4, 4);
AT(ab_connector, abi, 8, 8);
AT(ab_connector, min_host, 12, 12);
AT(ab_connector, id, 16, 16);
AT(ab_connector, version, 24, 20);
AT(ab_connector, spec, 32, 24);
AT(ab_connector, open, 40, 28);
AT(ab_connector, close, 48, 32);
AT(ab_connector, check, 56, 36);
AT(ab_connector, streams, 64, 40);
AT(ab_connector, partitions, 72, 44);
AT(ab_connector, read_page, 80, 48);
AT(ab_connector, update_state, 88, 52);
AT(ab_connector, extension, 96, 56);
ENDS(ab_connector, 104, 60);
