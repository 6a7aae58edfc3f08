/* libFuzzer target: lines of Airbyte's protocol, of any bytes.  In whatever pieces they come the lines are the same; what is
 * said to be a message is one JSON value, and all of it can be asked for. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "data/lines.h"
#include "data/scan.h"

#define LONGEST 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
walk(struct ab_str v, int depth)
{
	struct ab_str one;
	struct buf b;
	size_t at = 0;

	buf_init(&b, 4096);
	line_string(v, &b);
	buf_fini(&b);
	(void)line_int(v, 0);
	(void)line_get(v, "stream");
	while (depth < 8 && line_each(v, &at, &one))
		walk(one, depth + 1);
}

static void
check(const struct line *line)
{
	size_t used;

	if (line->type == LINE_BROKEN && line->error.status == AB_OK)
		abort();
	if (line->type == LINE_TEXT || line->type == LINE_BROKEN)
		return;
	if (scan_value(line->text.ptr, line->text.len, &used, NULL) != AB_OK ||
	    used != line->text.len)
		abort();
	if (line->type == LINE_RECORD &&
	    (scan_value(line->data.ptr, line->data.len, &used, NULL) != AB_OK ||
		used != line->data.len || line->stream.ptr == NULL))
		abort();
	walk(line->payload, 0);
}

/* What came out, as bytes that can be compared. */
static void
read_all(const uint8_t *data, size_t size, size_t step, struct buf *out)
{
	struct lines l;
	struct line line;
	size_t at = 0, room, n;
	char *to;

	lines_init(&l, LONGEST);
	for (;;) {
		lines_next(&l, &line);
		if (line.type != LINE_NONE) {
			check(&line);
			buf_addf(out, "%d %llu ", (int)line.type, (unsigned long long)line.number);
			buf_add(out, line.data.ptr, line.data.len);
			buf_add(out, line.stream.ptr, line.stream.len);
		} else if (at == size) {
			if (l.is_ended)
				break;
			lines_end(&l);
		} else {
			if ((to = lines_room(&l, &room)) == NULL || room == 0)
				abort();
			n = size - at < step ? size - at : step;
			n = n < room ? n : room;
			memcpy(to, data + at, n);
			lines_fed(&l, n);
			at += n;
		}
	}
	lines_fini(&l);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, pieces;

	if (size == 0)
		return 0;
	buf_init(&whole, (size_t)1 << 20);
	buf_init(&pieces, (size_t)1 << 20);
	read_all(data + 1, size - 1, size, &whole);
	read_all(data + 1, size - 1, 1 + data[0] % 64, &pieces);
	if (whole.failed || pieces.failed || whole.len != pieces.len ||
	    (whole.len > 0 && memcmp(whole.ptr, pieces.ptr, whole.len) != 0))
		abort();
	buf_fini(&whole);
	buf_fini(&pieces);
	return 0;
}
