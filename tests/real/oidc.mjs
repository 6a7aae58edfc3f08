// oidc-provider, a certified token server: node oidc.mjs PORT SECONDS (how long a token lives).
// Clients: cc (client_credentials, Basic), post (the same, by form), rt (refresh tokens that rotate; the first
// one, as a browser would have got it, is printed).
import Provider from "oidc-provider";
const [port, ttl] = process.argv.slice(2).map(Number);
const client = (client_id, token_endpoint_auth_method, more) => ({ client_id, client_secret: "s3cret-" + client_id,
	grant_types: ["client_credentials"], redirect_uris: [], response_types: [], token_endpoint_auth_method, ...more });
const provider = new Provider(`http://127.0.0.1:${port}`, {
	clients: [client("cc", "client_secret_basic"), client("post", "client_secret_post"),
		client("rt", "client_secret_basic", { grant_types: ["authorization_code", "refresh_token"],
			redirect_uris: ["https://app.example.com/cb"], response_types: ["code"] })],
	features: { clientCredentials: { enabled: true }, introspection: { enabled: true,
		allowedPolicy: () => true } },
	findAccount: (ctx, sub) => ({ accountId: sub, claims: () => ({ sub }) }),
	rotateRefreshToken: true,
	ttl: { ClientCredentials: ttl, AccessToken: ttl, RefreshToken: 3600, Grant: 3600 },
	scopes: ["api", "openid", "offline_access"],
});
const grant = new provider.Grant({ accountId: "somebody", clientId: "rt" });
grant.addOIDCScope("openid offline_access");
const grantId = await grant.save();
const token = new provider.RefreshToken({ accountId: "somebody", client: await provider.Client.find("rt"), grantId,
	gty: "authorization_code", scope: "openid offline_access", authTime: Math.floor(Date.now() / 1000) });
const first = await token.save();
provider.listen(port, "127.0.0.1", () => console.log("refresh token", first));
