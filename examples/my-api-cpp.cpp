// my-api on the bare ABI, in C++17: the same requests, records and state as my-api.c.  See README.md.
// What std:: may throw ends inside guarded(): no exception crosses the line to the host.
#include <algorithm>
#include <new>
#include <string>
#include <string_view>

#include <abhost/abi.h>

namespace {

class my_api {
public:
	explicit my_api(ab_host *h)
	    : host(h), config(h->config(h)), start_date(text(config, "start_date")),
	      limit(std::to_string(h->json_int(h->json_get(config, "page_size"))))
	{ // defaults are filled in
	}

	ab_status get(const char *url, const char *const *params, const ab_json *&body) const
	{
		ab_request request{};
		const ab_response *response = nullptr;

		request.size = sizeof request;
		request.url = url;
		request.params = params;
		const ab_status rc = host->http(host, &request, &response);
		body = rc == AB_OK ? host->http_json(response) : nullptr;
		return rc;
	}

	ab_status streams(ab_catalog *catalog) const
	{
		const ab_status rc = host->add_stream(catalog, R"({
			"name": "users", "source_defined_primary_key": [["id"]], "is_resumable": true
		})");
		return rc != AB_OK ? rc : host->add_stream(catalog, R"({
			"name": "events", "source_defined_primary_key": [["id"]], "is_resumable": true,
			"source_defined_cursor": true, "default_cursor_field": ["updated_at"], "sorted": true
		})");
	}

	ab_status read_page(const ab_read &read, ab_page *page) const
	{
		const char *since = nullptr;
		const ab_json *body;

		if (read.stream == std::string_view("events"))
			since = text(read.state, "updated_at", start_date.c_str());
		const char *const params[] = {"limit", limit.c_str(), "cursor", read.token,
		    "updated_after", since, nullptr};
		ab_status rc = get(read.stream, params, body);
		if (rc == AB_OK)
			rc = host->emit(page, host->json_get(body, "data"));
		return rc != AB_OK ? rc : host->next(page, text(body, "nextCursor", nullptr));
	}

	ab_status update_state(const ab_seen &seen, ab_state *out) const
	{
		std::string_view greatest = text(seen.state, "updated_at");

		if (seen.stream != std::string_view("events"))
			return AB_OK; // users has no cursor, so no state
		for (size_t i = 0, n = host->json_len(seen.records); i < n; i++)
			greatest = std::max<std::string_view>(
			    greatest, text(host->json_at(seen.records, i), "updated_at"));
		if (greatest.empty())
			return AB_OK;
		if (greatest.find_first_of("\"\\") != greatest.npos)
			return host->fail(host, AB_EDATA, "an updated_at that is no time");
		return host->set_state(out, ("{\"updated_at\":\"" + std::string(greatest) + "\"}").c_str());
	}

	ab_host *const host;

private:
	// The string under a key, or the fallback where it is absent or null; it lives until the call returns.
	const char *text(const ab_json *object, const char *key, const char *fallback = "") const
	{
		const ab_json *value = host->json_get(object, key);

		return host->json_type(value) == AB_NULL ? fallback : host->json_str(value).ptr;
	}

	const ab_json *const config;
	const std::string start_date, limit;
};

const my_api &
source(void *self)
{
	return *static_cast<my_api *>(self);
}

template <class Call>
ab_status
guarded(Call call) noexcept
{
	try {
		return call();
	} catch (const std::bad_alloc &) {
		return AB_ENOMEM;
	} catch (...) {
		return AB_EBUG;
	}
}

constexpr char spec[] = R"({
	"type": "object", "required": ["api_key"],
	"properties": {
		"api_key": {"type": "string", "airbyte_secret": true},
		"start_date": {"type": "string", "format": "date", "default": "2024-01-01"},
		"page_size": {"type": "integer", "minimum": 1, "default": 200},
		"base_url": {"type": "string", "format": "uri", "default": "https://api.myservice.com/v1/"}
	}
})";

constexpr char endpoint[] = R"({
	"base_url": {"config": "base_url", "default": "https://api.myservice.com/v1/"},
	"auth": {"type": "bearer", "config": "api_key"}
})";

} // namespace

extern "C" {
static ab_status
my_open(ab_host *host, void **self)
{
	return guarded([=] {
		*self = new my_api(host);
		return host->endpoint(host, endpoint);
	});
}

static void
my_close(void *self)
{
	delete static_cast<my_api *>(self);
}

static ab_status
my_check(void *self)
{
	const ab_json *body;

	return source(self).get("health", nullptr, body);
}

static ab_status
my_streams(void *self, ab_catalog *catalog)
{
	return source(self).streams(catalog);
}

static ab_status
my_read_page(void *self, const ab_read *read, ab_page *page)
{
	return source(self).read_page(*read, page);
}

static ab_status
my_update_state(void *self, const ab_seen *seen, ab_state *out)
{
	return guarded([=] { return source(self).update_state(*seen, out); });
}

const ab_connector ab_connector_v1 = {AB_MAGIC, sizeof(ab_connector), AB_ABI, AB_VERSION(1, 0),
    "my-api-cpp", "1.0.0", spec, my_open, my_close, my_check, my_streams, nullptr, my_read_page,
    my_update_state, nullptr};
}
