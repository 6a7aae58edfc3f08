// @NAME@: what it reads, and from where.  Written by hand; abhost/abi.h is the whole contract.
#include <new>
#include <string>
#include <string_view>

#include <abhost/connector.h>

namespace {

class source {
public:
	explicit source(ab_host *h)
	    : host(h), start_date(ab_cstr(h, h->config(h), "start_date", "2024-01-01"))
	{
	}

	// A failure is already told by http: its status is passed on.
	ab_status get(const char *url, const char *const *params, const ab_json *&body) const
	{
		const ab_request request = { .size = sizeof(ab_request), .url = url, .params = params };
		const ab_response *response;
		const ab_status rc = host->http(host, &request, &response);

		body = rc == AB_OK ? host->http_json(response) : nullptr;
		return rc;
	}

	ab_status streams(ab_catalog *catalog) const
	{
		const ab_status rc = host->add_stream(catalog, R"({
			"name": "owners", "source_defined_primary_key": [["id"]], "is_resumable": true
		})");

		return rc != AB_OK ? rc : host->add_stream(catalog, R"({
			"name": "items", "source_defined_primary_key": [["id"]], "is_resumable": true,
			"source_defined_cursor": true, "default_cursor_field": ["updated_at"], "sorted": true,
			"json_schema": {"type": "object", "properties": {
				"id": {"type": "integer"},
				"owner_id": {"type": "integer"},
				"name": {"type": ["string", "null"]},
				"price": {"type": ["number", "null"]},
				"updated_at": {"type": "string", "format": "date-time"}
			}}
		})");
	}

	// One page: its records, and how the next one is asked for (nullptr: it was the last).
	ab_status read_page(const ab_read &read, ab_page *page) const
	{
		const char *since = nullptr;
		const ab_json *body;

		if (read.stream == std::string_view("items"))
			since = ab_cstr(host, read.state, "updated_at", start_date.c_str());
		const char *const params[] = { "limit", "100", "cursor", read.token, "since", since, nullptr };
		ab_status rc = get(read.stream, params, body);
		if (rc == AB_OK)
			rc = host->emit(page, host->json_get(body, "data"));
		return rc != AB_OK ? rc : host->next(page, ab_cstr(host, body, "next_cursor", nullptr));
	}

private:
	ab_host *const host;
	const std::string start_date;
};

// No exception crosses the line to the host.
template <class Call> ab_status guarded(Call call) noexcept
{
	try {
		return call();
	} catch (const std::bad_alloc &) {
		return AB_ENOMEM;
	} catch (...) {
		return AB_EBUG;
	}
}

const source &self_of(void *self)
{
	return *static_cast<source *>(self);
}

} // namespace

extern "C" {
// Makes the source and says where the API is; sends nothing.  The host adds the key to the requests.
static ab_status api_open(ab_host *host, void **self)
{
	return guarded([=] {
		*self = new source(host);
		return host->endpoint(host, R"({
			"base_url": {"config": "base_url", "default": "https://api.example.com/v1/"},
			"auth": {"type": "bearer", "config": "api_key"}
		})");
	});
}

static void api_close(void *self)
{
	delete static_cast<source *>(self);
}

static ab_status api_check(void *self)
{
	const ab_json *body;

	return self_of(self).get("me", nullptr, body);
}

static ab_status api_streams(void *self, ab_catalog *catalog)
{
	return self_of(self).streams(catalog);
}

static ab_status api_read_page(void *self, const ab_read *read, ab_page *page)
{
	return guarded([=] { return self_of(self).read_page(*read, page); });
}

// No update_state: the host keeps the greatest updated_at that it has seen.
const ab_connector ab_connector_v1 = {
	.magic = AB_MAGIC, .size = sizeof(ab_connector), .abi = AB_ABI, .min_host = AB_TARGET,
	.id = "@NAME@", .version = "0.1.0", .spec = R"({
		"type": "object", "required": ["api_key"],
		"properties": {
			"api_key": {"type": "string", "airbyte_secret": true},
			"start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
			"base_url": {"type": "string", "format": "uri", "default": "https://api.example.com/v1/"}
		}
	})",
	.open = api_open, .close = api_close, .check = api_check, .streams = api_streams,
	.read_page = api_read_page,
};
}
