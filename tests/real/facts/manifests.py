"""The lists of echo.py as descriptions in Airbyte's manifest language; tests/real/cdk.c has the same for the kit."""

SIZE = {"type": "RequestOption", "inject_into": "request_parameter", "field_name": "limit"}


def option(place, name):
    return {"type": "RequestOption", "inject_into": place, "field_name": name}


def cursor(value, stop=None, size=True):
    strategy = {"type": "CursorPagination", "cursor_value": value}
    if stop:
        strategy["stop_condition"] = stop
    return {**strategy, **({"page_size": 2} if size else {})}


def numbers(kind, **more):
    return {"type": kind, "page_size": 2, **more}


def pages(strategy, token=None, size=SIZE):
    found = {"type": "DefaultPaginator", "pagination_strategy": strategy}
    if token:
        found["page_token_option"] = token
    if size and "page_size" in strategy:
        found["page_size_option"] = size
    return found


NEXT = "{{ response.get('next') or '' }}"
PATH = {"type": "RequestPath"}
AFTER = {"type": "RequestOption", "inject_into": "body_json", "field_path": ["variables", "after"]}
SINCE = {"type": "DatetimeBasedCursor", "cursor_field": "updated_at", "datetime_format": "%Y-%m-%dT%H:%M:%SZ",
         "start_datetime": "2026-01-01T00:00:00Z", "start_time_option": option("request_parameter", "since")}
QUERY = "query ($after: String) { items(after: $after) { id } }"

# name: paginator, parts of the requester, parts of the stream
LISTS = {
    "plain": (None, {}, {}),
    "parameters": (None, {"request_parameters": {"a": "x y&z", "empty": "", "b": "\u00e4/:"},
                          "request_headers": {"X-Extra": "yes"}}, {}),
    "cursor": (pages(cursor(NEXT), option("request_parameter", "cursor")), {}, {}),
    "cursor-from-header": (pages(cursor("{{ headers.get('X-Next', '') }}"), option("request_parameter", "cursor")), {}, {}),
    "cursor-to-header": (pages(cursor(NEXT), option("header", "X-Cursor")), {}, {}),
    "cursor-to-json": (pages(cursor(NEXT), option("body_json", "cursor"), option("body_json", "limit")),
                       {"http_method": "POST", "request_body_json": {"kind": "all"}}, {}),
    "cursor-to-form": (pages(cursor(NEXT), option("body_data", "cursor"), option("body_data", "limit")),
                       {"http_method": "POST", "request_body_data": {"kind": "a&b c"}}, {}),
    "next-url": (pages(cursor("{{ response.get('next_url') or '' }}", size=False), PATH), {}, {}),
    "next-url-parameters": (pages(cursor("{{ response.get('next_url') or '' }}"), PATH),
                            {"request_parameters": {"kind": "all"}}, {}),
    "link": (pages(cursor("{{ headers['link']['next']['url'] if headers.get('link') else '' }}"), PATH), {}, {}),
    "page": (pages(numbers("PageIncrement", start_from_page=1), option("request_parameter", "page")), {}, {}),
    "page-zero": (pages(numbers("PageIncrement"), option("request_parameter", "page0")), {}, {}),
    "page-said": (pages(numbers("PageIncrement", start_from_page=1, inject_on_first_request=True),
                        option("request_parameter", "page")), {}, {}),
    "page-even": (pages(numbers("PageIncrement", start_from_page=1, inject_on_first_request=True),
                        option("request_parameter", "page")), {}, {}),
    "offset": (pages(numbers("OffsetIncrement"), option("request_parameter", "offset")), {}, {}),
    "offset-said": (pages(numbers("OffsetIncrement", inject_on_first_request=True),
                          option("request_parameter", "offset")), {}, {}),
    "offset-even": (pages(numbers("OffsetIncrement"), option("request_parameter", "offset")), {}, {}),
    "last-field": (pages(cursor("{{ last_record['id'] }}", "{{ not response['has_more'] }}"),
                         option("request_parameter", "after_id")), {}, {}),
    "graphql": (pages(cursor("{{ response['pageInfo']['endCursor'] or '' }}",
                             "{{ not response['pageInfo']['hasNextPage'] }}", size=False), AFTER),
                {"http_method": "POST", "request_body": {"type": "RequestBodyGraphQL", "value": {"query": QUERY}}}, {}),
    "since": (pages(cursor(NEXT), option("request_parameter", "cursor")), {}, {"incremental_sync": SINCE}),
    "values": (None, {}, {"partition_router": {
        "type": "ListPartitionRouter", "values": ["a b", "c"], "cursor_field": "kind",
        "request_option": option("request_parameter", "kind")}}),
    "windows": (None, {}, {"incremental_sync": {
        **SINCE, "end_datetime": "2026-01-05T00:00:00Z", "step": "P2D", "cursor_granularity": "PT1S",
        "end_time_option": option("request_parameter", "until")}}),
}
OAUTH = {"type": "OAuthAuthenticator", "token_refresh_endpoint": "{{ config['base_url'] }}/token",
         "client_id": "{{ config['client'] }}", "client_secret": "{{ config['secret'] }}"}
AUTH = {
    "bearer": {"type": "BearerAuthenticator", "api_token": "{{ config['secret'] }}"},
    "basic": {"type": "BasicHttpAuthenticator", "username": "{{ config['client'] }}", "password": "{{ config['secret'] }}"},
    "key-header": {"type": "ApiKeyAuthenticator", "api_token": "Token {{ config['secret'] }}",
                   "inject_into": option("header", "X-Api-Key")},
    "key-query": {"type": "ApiKeyAuthenticator", "api_token": "{{ config['secret'] }}",
                  "inject_into": option("request_parameter", "api_key")},
    "key-json": {"type": "ApiKeyAuthenticator", "api_token": "{{ config['secret'] }}",
                 "inject_into": option("body_json", "api_key")},
    "client-credentials": {**OAUTH, "grant_type": "client_credentials", "scopes": ["read", "write"]},
    "refresh-token": {**OAUTH, "refresh_token": "{{ config['refresh'] }}"},
    "session": {"type": "SessionTokenAuthenticator", "session_token_path": ["data", "session"],
                "expiration_duration": "PT1H",
                "login_requester": {"type": "HttpRequester", "url_base": "{{ config['base_url'] }}", "path": "login",
                                    "http_method": "POST", "request_body_json": {"user": "{{ config['client'] }}",
                                                                                 "password": "{{ config['secret'] }}"}},
                "request_authentication": {"type": "ApiKey",
                                           "inject_into": option("header", "X-Session")}},
    "jwt": {"type": "JwtAuthenticator", "secret_key": "{{ config['secret'] }}", "algorithm": "HS256",
            "token_duration": 600, "jwt_payload": {"iss": "{{ config['client'] }}", "aud": "echo"}},
}


def stream(name, auth=None):
    paginator, requester, more = LISTS[name]
    requester = {"type": "HttpRequester", "url_base": "{{ config['base_url'] }}", "path": name, "http_method": "GET",
                 **requester}
    if auth:
        requester["authenticator"] = AUTH[auth]
        requester["path"] = auth
        requester["http_method"] = "POST" if auth == "key-json" else "GET"
    retriever = {"type": "SimpleRetriever", "requester": requester,
                 "record_selector": {"type": "RecordSelector",
                                     "extractor": {"type": "DpathExtractor", "field_path": ["data"]}}}
    if paginator:
        retriever["paginator"] = paginator
    if "partition_router" in more:
        retriever["partition_router"] = more["partition_router"]
    found = {"type": "DeclarativeStream", "name": auth or name, "primary_key": ["id"], "retriever": retriever,
             "schema_loader": {"type": "InlineSchemaLoader", "schema": {"type": "object", "properties": {}}}}
    if "incremental_sync" in more:
        found["incremental_sync"] = more["incremental_sync"]
    return found


def named(name, like):
    """Another list with the description of this one."""
    found = stream(like)
    found["name"] = found["retriever"]["requester"]["path"] = name
    return found


def family():
    """A list, and one for each of its records."""
    parents, children = named("parents", "next-url"), named("children", "plain")
    children["retriever"]["requester"]["path"] = "children/{{ stream_partition.parents_id }}"
    children["retriever"]["partition_router"] = {"type": "SubstreamPartitionRouter", "parent_stream_configs": [
        {"type": "ParentStreamConfig", "parent_key": "id", "partition_field": "parents_id", "stream": parents}]}
    return [parents, children]


def manifest():
    streams = [stream(name) for name in LISTS] + family() + [stream("cursor", auth) for auth in AUTH]
    return {"version": "7.0.0", "type": "DeclarativeSource", "streams": streams,
            "check": {"type": "CheckStream", "stream_names": ["plain"]},
            "spec": {"type": "Spec", "connection_specification": {"type": "object", "properties": {}}}}
