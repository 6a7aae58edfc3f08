/* foreign_end.c - see foreign.h: what the end of a process means for who asked, and the last events.
 *
 * A stream has ended well where the process has and nothing speaks against it; or where it was said to be COMPLETE before
 * the process failed. */
#include "config.h"

#include "source/foreign.h"

/* What its end says, where nothing else does. */
static void
judge_end(const struct foreign *f, struct error *e)
{
	char how[PROGRAM_HOW];

	if (f->info.si_code == CLD_EXITED && f->info.si_status == 0)
		return;
	error_set(e, AB_EBUG, "%s ended with %s%s", f->who, program_how(&f->info, how),
	    f->info.si_code == CLD_EXITED && f->info.si_status == 2
		? ": it did not understand its arguments"
		: ", and did not say why in a TRACE message");
}

/* Why a stream did not end well; AB_OK: it did. */
static void
judge_stream(const struct foreign *f, const struct foreign_stream *s, struct error *e)
{
	if (s->is_dropped || f->is_stopped)
		error_set(e, AB_ECANCELLED, "stopped");
	if (f->is_enough)
		return;
	if (s->error.status != AB_OK)
		error_set(e, s->error.status, "%s", s->error.text);
	if (f->is_broken)
		error_set(e, f->error.status, "%s", f->error.text);
	if (s->status == FOREIGN_COMPLETE)
		return;
	if (f->error.status != AB_OK)
		error_set(e, f->error.status, "%s", f->error.text);
	judge_end(f, e);
	if (s->status == FOREIGN_INCOMPLETE)
		error_set(e, AB_EBUG,
		    "%s, stream \"%s\": it says that it is INCOMPLETE, and not why", f->who,
		    s->name);
	/* an overwrite would leave an empty table */
	if (s->status == FOREIGN_SILENT && f->has_status && s->records == 0 && s->pages == 0)
		error_set(e, AB_EBUG,
		    "%s, stream \"%s\": the program told how other streams went, and nothing of this one",
		    f->who, s->name);
	if (!f->has_status && !f->has_word)
		error_set(e, AB_EBUG,
		    "%s ended well, but said nothing of any stream: no RECORD, no STATE and no status came, and "
		    "the tables were left as they were",
		    f->who);
	if (s->status == FOREIGN_STARTED)
		error_set(e, AB_EBUG,
		    "%s, stream \"%s\": the program ended well, but never said that the stream is COMPLETE",
		    f->who, s->name);
}

static void
judge_command(const struct foreign *f, struct error *e)
{
	if (f->is_stopped)
		error_set(e, AB_ECANCELLED, "stopped");
	else if (f->has_answer && !f->is_refused && !f->is_broken)
		return;
	if (f->error.status != AB_OK)
		error_set(e, f->error.status, "%s", f->error.text);
	judge_end(f, e);
	error_set(e, AB_EBUG, "%s ended without an answer (%s)", f->who,
	    f->job == FOREIGN_CHECK ? "CONNECTION_STATUS" : "CATALOG");
}

static void
end_job(struct foreign *f)
{
	program_end(&f->program);
	f->job = FOREIGN_IDLE;
}

/* The last events of a command. */
void
foreign_end_command(struct foreign *f, struct source_event *ev)
{
	struct error e = ERROR_INIT;

	ev->stream = SOURCE_ALL;
	judge_command(f, &e);
	if (e.status != AB_OK && !f->has_answer && foreign_tail(f, ev))
		return;
	if (e.status == AB_OK && f->job == FOREIGN_DISCOVER &&
	    line_each(
		(struct ab_str){buf_str(&f->catalog), f->catalog.len}, &f->catalog_at, &ev->text)) {
		ev->type = SOURCE_STREAM;
		return;
	}
	ev->type = e.status == AB_OK ? SOURCE_DONE : SOURCE_FAILED;
	ev->error = e;
	end_job(f);
}

/* The last events of a read that went well: what is left, the end of its partition, its own end. */
static void
end_well(struct foreign *f, struct foreign_stream *s, struct source_event *ev)
{
	if (foreign_rest(f, s, ev))
		return;
	ev->stream = s->index;
	if (!s->has_part_ended) {
		s->has_part_ended = 1;
		ev->type = SOURCE_PARTITION_END;
		return;
	}
	ev->type = SOURCE_DONE;
	foreign_forget(f, s);
}

/* The process has ended: one event after another, until all reads have. */
void
foreign_end_reads(struct foreign *f, struct source_event *ev)
{
	struct foreign_stream *s = NULL;
	struct error e = ERROR_INIT;

	if (foreign_flush(f, 1, ev))
		return;
	for (size_t i = 0; i < f->n && s == NULL; i++)
		if (f->streams[i]->is_running)
			s = f->streams[i];
	if (s == NULL) {
		end_job(f);
		return;
	}
	judge_stream(f, s, &e);
	if (e.status == AB_OK) {
		end_well(f, s, ev);
		return;
	}
	if (e.status != AB_ECANCELLED && foreign_tail(f, ev))
		return;
	ev->type = SOURCE_FAILED;
	ev->stream = s->index;
	ev->error = e;
	foreign_forget(f, s);
}
