// oidc-provider with one client: node oidc.mjs PORT SECONDS (how long a token lives).
import Provider from "oidc-provider";
const [port, ttl] = process.argv.slice(2).map(Number);
new Provider(`http://127.0.0.1:${port}`, {
	clients: [{ client_id: "cc", client_secret: "s3cret", grant_types: ["client_credentials"],
		redirect_uris: [], response_types: [], token_endpoint_auth_method: "client_secret_basic" }],
	features: { clientCredentials: { enabled: true }, introspection: { enabled: true } },
	ttl: { ClientCredentials: ttl }, scopes: ["api"],
}).listen(port, "127.0.0.1");
