# host/engine: catalog, plan, cursor, state, and the conductor that moves pages from a source to a destination
noinst_LIBRARIES += host/libengine.a
host_libengine_a_SOURCES = \
	host/engine/catalog.c host/engine/catalog.h \
	host/engine/checkpoint.c host/engine/checkpoint.h \
	host/engine/choice.c host/engine/choice.h host/engine/choice_rule.c \
	host/engine/compare.c host/engine/compare.h \
	host/engine/cursor.c host/engine/cursor.h \
	host/engine/due.c host/engine/due.h \
	host/engine/flow.c host/engine/flow.h host/engine/joint.c host/engine/joint.h \
	host/engine/infer.c host/engine/infer.h \
	host/engine/intake.c host/engine/intake.h host/engine/intake_private.h \
	host/engine/intake_stream.c \
	host/engine/keyless.c host/engine/keyless.h \
	host/engine/look.c \
	host/engine/memory.c host/engine/memory.h \
	host/engine/plan.c host/engine/plan.h host/engine/plan_rule.c host/engine/plan_rule.h \
	host/engine/queue.c host/engine/queue.h \
	host/engine/read.c host/engine/read.h \
	host/engine/reader.c host/engine/reader.h \
	host/engine/report.c host/engine/report.h \
	host/engine/session.c host/engine/session.h \
	host/engine/shelf.c host/engine/shelf.h \
	host/engine/state.c host/engine/state.h \
	host/engine/state_airbyte.c host/engine/state_airbyte.h \
	host/engine/state_airbyte_in.c \
	host/engine/state_out.c \
	host/engine/state_edit.c host/engine/state_edit.h host/engine/state_import.c \
	host/engine/state_part.c host/engine/state_part.h \
	host/engine/state_row.c host/engine/state_row.h \
	host/engine/sync.c host/engine/sync.h \
	host/engine/track.c host/engine/track.h \
	host/engine/wait.c host/engine/wait.h \
	host/engine/writer.c host/engine/writer.h
