/* offsets.c - the layout of 1.0 on LP64, member by member.  Compiling it is the test.
 *
 * A line here changes only with the major version; new members add lines at the end of their struct. */
#include <abhost/abi.h>

#define AT(type, member, offset) \
	_Static_assert(offsetof(struct type, member) == (offset), #type "." #member " moved")
#define SIZE(type, size) _Static_assert(sizeof(struct type) == (size), #type " changed its size")

_Static_assert(sizeof(void *) == 8 && sizeof(long) == 8, "these figures are those of LP64");
_Static_assert(AB_EBUG == -7 && AB_ESTALE == -8 && AB_OBJECT == 6, "a constant changed");

AT(ab_str, ptr, 0);
AT(ab_str, len, 8);
SIZE(ab_str, 16);

AT(ab_request, size, 0);
AT(ab_request, flags, 4);
AT(ab_request, method, 8);
AT(ab_request, url, 16);
AT(ab_request, params, 24);
AT(ab_request, headers, 32);
AT(ab_request, body, 40);
AT(ab_request, options, 56);
SIZE(ab_request, 64);

AT(ab_read, size, 0);
AT(ab_read, flags, 4);
AT(ab_read, limit, 8);
AT(ab_read, reserved, 12);
AT(ab_read, stream, 16);
AT(ab_read, configured, 24);
AT(ab_read, partition, 32);
AT(ab_read, state, 40);
AT(ab_read, token, 48);
SIZE(ab_read, 56);

AT(ab_seen, size, 0);
AT(ab_seen, flags, 4);
AT(ab_seen, stream, 8);
AT(ab_seen, configured, 16);
AT(ab_seen, partition, 24);
AT(ab_seen, state, 32);
AT(ab_seen, records, 40);
SIZE(ab_seen, 48);

AT(ab_host, size, 0);
AT(ab_host, abi, 4);
AT(ab_host, priv, 8);
AT(ab_host, log, 16);
AT(ab_host, cancelled, 24);
AT(ab_host, now, 32);
AT(ab_host, fail, 40);
AT(ab_host, config, 48);
AT(ab_host, wait, 56);
AT(ab_host, endpoint, 64);
AT(ab_host, http, 72);
AT(ab_host, http_status, 80);
AT(ab_host, http_header, 88);
AT(ab_host, http_body, 96);
AT(ab_host, http_json, 104);
AT(ab_host, http_read, 112);
AT(ab_host, http_done, 120);
AT(ab_host, json_parse, 128);
AT(ab_host, json_get, 136);
AT(ab_host, json_at, 144);
AT(ab_host, json_key, 152);
AT(ab_host, json_len, 160);
AT(ab_host, json_type, 168);
AT(ab_host, json_int, 176);
AT(ab_host, json_real, 184);
AT(ab_host, json_str, 192);
AT(ab_host, json_text, 200);
AT(ab_host, add_stream, 208);
AT(ab_host, emit, 216);
AT(ab_host, emit_text, 224);
AT(ab_host, about, 232);
AT(ab_host, next, 240);
AT(ab_host, set_state, 248);
AT(ab_host, extension, 256);
SIZE(ab_host, 264);

AT(ab_connector, magic, 0);
AT(ab_connector, size, 4);
AT(ab_connector, abi, 8);
AT(ab_connector, min_host, 12);
AT(ab_connector, id, 16);
AT(ab_connector, version, 24);
AT(ab_connector, spec, 32);
AT(ab_connector, open, 40);
AT(ab_connector, close, 48);
AT(ab_connector, check, 56);
AT(ab_connector, streams, 64);
AT(ab_connector, partitions, 72);
AT(ab_connector, read_page, 80);
AT(ab_connector, update_state, 88);
AT(ab_connector, extension, 96);
SIZE(ab_connector, 104);
