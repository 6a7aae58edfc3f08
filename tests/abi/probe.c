/* probe.c - for abidiff: a function whose parameters reach every struct of abi.h.  Compiled with the frozen header and
 * with today's, never run. */
#include <abhost/abi.h>

__attribute__((visibility("default"))) ab_status
probe(struct ab_host *host, const struct ab_connector *connector, const struct ab_request *request,
    const struct ab_read *read, const struct ab_seen *seen, struct ab_str text);

ab_status
probe(struct ab_host *host, const struct ab_connector *connector, const struct ab_request *request,
    const struct ab_read *read, const struct ab_seen *seen, struct ab_str text)
{
	return (ab_status)(host->size + connector->size + request->size + read->size + seen->size +
	    text.len);
}
