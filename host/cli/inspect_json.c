/* inspect_json.c - abhost inspect --json: one object for a program. */
#include "cli/inspect.h"
#include "source/sofile.h"

static json_t *
text(const char *t)
{
	return t != NULL && *t != '\0' ? json_string(t) : NULL;
}

/* A member that is not known is left out. */
static void
put(json_t *to, const char *key, json_t *value)
{
	if (value != NULL)
		json_object_set_new(to, key, value);
}

static json_t *
version(uint32_t abi)
{
	return abi == 0 ? NULL : json_sprintf("%u.%u", abi >> 16, abi & 0xffff);
}

static json_t *
pin_object(const struct inspection *in)
{
	static const char *const states[] = {
	    [PIN_NONE] = "none", [PIN_HELD] = "held", [PIN_CHANGED] = "changed"};
	const struct pin *p = &in->file.pin;
	json_t *o = json_object();

	put(o, "state", json_string(states[in->file.pinned]));
	put(o, "sha256", text(p->sha256));
	put(o, "source", text(p->source));
	put(o, "installed", text(p->installed));
	return o;
}

static json_t *
function_list(const struct loader_file *f, int missing)
{
	json_t *list = json_array();
	const char *name;

	for (unsigned i = 0; (name = loader_function(i)) != NULL; i++)
		if (!(f->missing & (1u << i)) == !missing)
			json_array_append_new(list, json_string(name));
	if (!missing && f->has_partitions)
		json_array_append_new(list, json_string("partitions"));
	if (!missing && f->has_update_state)
		json_array_append_new(list, json_string("update_state"));
	return list;
}

static json_t *
library_list(const struct loader_file *f)
{
	json_t *list = json_array();

	for (char **p = f->needed; p != NULL && *p != NULL; p++)
		json_array_append_new(list, json_string(*p));
	return list;
}

static json_t *
hardening_object(const struct inspection *in)
{
	unsigned t = in->file.traits;
	json_t *o = json_object();

	put(o, "relro",
	    json_string(!(t & SOFILE_RELRO) ? "none"
		    : t & SOFILE_BIND_NOW   ? "full"
					    : "partial"));
	put(o, "executable_stack", json_boolean(t & SOFILE_EXEC_STACK));
	put(o, "text_relocations", json_boolean(t & SOFILE_TEXTREL));
	put(o, "writable_code", json_boolean(t & SOFILE_WRITABLE_CODE));
	put(o, "library_path", json_boolean(t & SOFILE_RUNPATH));
	put(o, "stack_protector", json_boolean(in->has_stack_protector));
	put(o, "fortified_calls", json_boolean(in->has_fortified_calls));
	return o;
}

static void
put_identity(json_t *o, const struct inspection *in)
{
	const struct loader_file *f = &in->file;

	put(o, "file", text(f->path));
	put(o, "sha256", text(in->sha256));
	put(o, "pin", pin_object(in));
	put(o, "id", text(f->id));
	put(o, "version", text(f->version));
	put(o, "abi", version(f->abi));
	put(o, "min_host", version(f->min_host));
	put(o, "host_abi", version(AB_ABI));
}

int
inspect_print_json(const struct inspection *in)
{
	const struct loader_file *f = &in->file;
	json_t *o = json_object();
	int code;

	put_identity(o, in);
	if (f->spec != NULL) {
		put(o, "functions", function_list(f, 0));
		put(o, "missing", function_list(f, 1));
	}
	if (in->has_elf) {
		put(o, "libraries", library_list(f));
		put(o, "exports", json_incref(in->exports));
		put(o, "hardening", hardening_object(in));
	}
	if (in->spec != NULL) {
		put(o, "secrets", json_pack("{s:O, s:O}", "kept", in->kept, "shown", in->shown));
		put(o, "spec", json_incref(in->spec));
	}
	put(o, "problem", in->why.status != AB_OK ? text(in->why.text) : NULL);
	code = cli_print_json(o);
	json_decref(o);
	return code;
}
