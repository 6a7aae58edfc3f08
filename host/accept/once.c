/* once.c - all that a connector is asked for, once, in this process: what valgrind and a debugger want to see. */
#include <config.h>

#include "accept/act.h"
#include "accept/checks.h"
#include "accept/spoil.h"

/* The streams, as the checks have them. */
static ab_status
list_streams(struct kit *k, struct error *e)
{
	struct finding f = {.expected = {0}};

	finding_init(&f);
	if (check_streams_list(k, &f) != ACCEPT_OK || check_streams_modes(k, &f) != ACCEPT_OK)
		error_set(e, AB_EDATA, "its streams: %s%s", buf_str(&f.seen), buf_str(&f.reason));
	finding_fini(&f);
	return e->status;
}

ab_status
accept_once(const struct accept_options *o, struct error *e)
{
	const struct act_options none = {0};
	struct act a = {0};
	struct kit k;

	if (kit_init(&k, o, e) == AB_OK && k.file_error.status != AB_OK)
		error_set(e, k.file_error.status, "%s", k.file_error.text);
	if (e->status == AB_OK && k.config_error.status != AB_OK)
		error_set(e, k.config_error.status, "%s", k.config_error.text);
	if (e->status == AB_OK && list_streams(&k, e) == AB_OK) {
		if (act_open(&a, &k, &none) != AB_OK || spoil_all(&a) != AB_OK ||
		    act_finish(&a) != AB_OK)
			error_set(e, a.error.status, "%s", a.error.text);
		act_close(&a);
	}
	kit_fini(&k);
	return e->status;
}
