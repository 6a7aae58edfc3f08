/* shape_name.c - from names of streams and keys to names of tables and columns; see shape.h.
 * The same input must give the same name for ever: tables outlive this program. */
#include "dest/shape.h"

#include <inttypes.h>
#include <string.h>

#include "data/value.h"

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int
shape_same_name(const char *a, const char *b)
{
	for (; *a != '\0' && lower(*a) == lower(*b); a++, b++)
		;
	return lower(*a) == lower(*b);
}

static int
begins_with(const char *name, const char *prefix)
{
	for (; *prefix != '\0'; name++, prefix++)
		if (lower(*name) != *prefix)
			return 0;
	return 1;
}

/* Cuts a name that is too long at a character's edge; the hash of the whole keeps it apart from its like. */
static int
cut(struct buf *out)
{
	uint64_t hash = value_hash(out->ptr, out->len);
	size_t len = SHAPE_MAX_NAME - 17;

	while (len > 0 && ((unsigned char)out->ptr[len] & 0xc0) == 0x80)
		len--;
	out->len = len;
	return buf_addf(out, "_%016" PRIx64, hash);
}

static int
clean(struct buf *out)
{
	for (size_t i = 0; i < out->len; i++)
		if ((unsigned char)out->ptr[i] < 0x20 || out->ptr[i] == 0x7f)
			out->ptr[i] = '_';
	return out->len > SHAPE_MAX_NAME ? cut(out) : 0;
}

int
shape_column_name(struct buf *out, const char *key, size_t klen)
{
	buf_reset(out);
	if (klen == 0 ? buf_adds(out, "_empty") : buf_add(out, key, klen))
		return -1;
	return clean(out);
}

int
shape_table_name(struct buf *out, const char *namespace_, const char *stream)
{
	int has_namespace = namespace_ != NULL && namespace_[0] != '\0';

	buf_reset(out);
	/* The first '_' stays only where it must: SQLite keeps sqlite_ for itself, we keep _abhost_. */
	buf_addc(out, '_');
	buf_adds(out, has_namespace ? namespace_ : "");
	buf_adds(out, has_namespace ? "_" : "");
	buf_adds(out, stream);
	if (out->failed)
		return -1;
	if (out->len > 1 && !begins_with(out->ptr + 1, "sqlite_") &&
	    !begins_with(out->ptr + 1, "_abhost_"))
		memmove(out->ptr, out->ptr + 1, out->len--);
	return clean(out);
}

const char *
shape_system_name(enum shape_role role)
{
	switch (role) {
	case SHAPE_EXTRACTED_AT:
		return "_airbyte_extracted_at";
	case SHAPE_META:
		return "_airbyte_meta";
	case SHAPE_GENERATION:
		return "_airbyte_generation_id";
	case SHAPE_REST:
		return "_abhost_more";
	case SHAPE_RECEIVED:
		return "_abhost_received_us";
	case SHAPE_DELETED_AT:
		return "_ab_cdc_deleted_at";
	case SHAPE_FIELD:
	case SHAPE_FOREIGN:
		break;
	}
	return "";
}
