# host/dest: where records end up, with the state that covers them
noinst_LIBRARIES += host/libdest.a
host_libdest_a_SOURCES = \
	host/dest/about.c host/dest/about.h \
	host/dest/airbyte.c host/dest/airbyte.h host/dest/airbyte_message.c host/dest/airbyte_out.c host/dest/airbyte_out.h \
	host/dest/dest.c host/dest/dest.h \
	host/dest/jsonl.c host/dest/jsonl.h host/dest/jsonl_file.c host/dest/jsonl_runs.c host/dest/jsonl_state.c \
	host/dest/jsonl_rule.c host/dest/jsonl_stream.c host/dest/jsonl_verify.c \
	host/dest/shape.c host/dest/shape.h host/dest/shape_fit.c host/dest/shape_name.c \
	host/dest/shape_private.h host/dest/shape_rule.c host/dest/shape_schema.c host/dest/shape_type.c \
	host/dest/verify.c host/dest/verify.h host/dest/sqlite.c host/dest/sqlite.h host/dest/sqlite_batch.c host/dest/sqlite_declared.c host/dest/sqlite_error.c \
	host/dest/sqlite_format.c host/dest/sqlite_journal.c host/dest/sqlite_key.c host/dest/sqlite_lock.c host/dest/sqlite_order.c host/dest/sqlite_place.c host/dest/sqlite_rows.c \
	host/dest/sqlite_verify.c host/dest/sqlite_verify.h host/dest/sqlite_verify_read.c \
	host/dest/sqlite_runs.c host/dest/sqlite_state.c host/dest/sqlite_stream.c host/dest/sqlite_table.c host/dest/sqlite_temp.c
host_libdest_a_CPPFLAGS = $(AM_CPPFLAGS) $(SQLITE_CFLAGS) $(JANSSON_CFLAGS)
