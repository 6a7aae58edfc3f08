/* jwt.c - see jwt.h. */
#include "net/jwt.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/base64.h"
#include "data/jsontext.h"

#define SIGNATURE_MAX 2048 /* RSA of 16384 bits */
#define SKEW_S	      10
#define ID_BYTES      16

enum family { FAMILY_HMAC, FAMILY_RSA, FAMILY_PSS, FAMILY_EC, FAMILY_ED };

static const struct algorithm {
	const char *name;
	enum family family;
	const EVP_MD *(*digest)(void);
	const char *curve;
	int number_bytes; /* EC: of each of the two numbers in a signature */
} algorithms[] = {{"HS256", FAMILY_HMAC, EVP_sha256, NULL, 0},
    {"HS384", FAMILY_HMAC, EVP_sha384, NULL, 0}, {"HS512", FAMILY_HMAC, EVP_sha512, NULL, 0},
    {"RS256", FAMILY_RSA, EVP_sha256, NULL, 0}, {"RS384", FAMILY_RSA, EVP_sha384, NULL, 0},
    {"RS512", FAMILY_RSA, EVP_sha512, NULL, 0}, {"PS256", FAMILY_PSS, EVP_sha256, NULL, 0},
    {"PS384", FAMILY_PSS, EVP_sha384, NULL, 0}, {"PS512", FAMILY_PSS, EVP_sha512, NULL, 0},
    {"ES256", FAMILY_EC, EVP_sha256, "prime256v1", 32},
    {"ES384", FAMILY_EC, EVP_sha384, "secp384r1", 48},
    {"ES512", FAMILY_EC, EVP_sha512, "secp521r1", 66}, {"EdDSA", FAMILY_ED, NULL, NULL, 0}};

const char *const jwt_algorithms[] = {"HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256",
    "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", NULL};

struct jwt {
	const struct algorithm *alg;
	EVP_PKEY *key;
	unsigned char *secret;
	size_t secret_len;
	json_t *header, *claims;
	int64_t lifetime_s;
	int with_id;
};

static const struct algorithm *
find_algorithm(const char *name)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++)
		if (strcmp(algorithms[i].name, name) == 0)
			return &algorithms[i];
	return NULL;
}

/* Nobody is asked on the terminal. */
static int
no_password(char *buf, int size, int rwflag, void *ctx)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)ctx;
	return -1;
}

static int
fits(const struct algorithm *alg, const EVP_PKEY *key)
{
	char curve[64] = "";

	switch (alg->family) {
	case FAMILY_RSA:
	case FAMILY_PSS:
		return EVP_PKEY_is_a(key, "RSA");
	case FAMILY_EC:
		return EVP_PKEY_get_group_name(key, curve, sizeof(curve), NULL) == 1 &&
		    strcmp(curve, alg->curve) == 0;
	default:
		return EVP_PKEY_is_a(key, "ED25519") || EVP_PKEY_is_a(key, "ED448");
	}
}

/* Keys come through environments and JSON, where line ends often arrive as a backslash and an n. */
static char *
mend_lines(const char *text, size_t len)
{
	char *copy = malloc(len + 1), *to = copy;
	int mend = memchr(text, '\n', len) == NULL;

	for (size_t i = 0; copy != NULL && i < len; i++) {
		if (mend && text[i] == '\\' && i + 1 < len && text[i + 1] == 'n') {
			*to++ = '\n';
			i++;
		} else {
			*to++ = text[i];
		}
	}
	if (copy != NULL)
		*to = '\0';
	return copy;
}

static const char *
take_pem(struct jwt *j, const char *text, size_t len)
{
	char *pem = mend_lines(text, len);
	BIO *bio = pem == NULL ? NULL : BIO_new_mem_buf(pem, -1);

	if (bio != NULL)
		j->key = PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
	ERR_clear_error();
	BIO_free(bio);
	if (pem != NULL)
		explicit_bzero(pem, len + 1);
	free(pem);
	if (bio == NULL)
		return "does not fit into memory";
	if (j->key == NULL)
		return "is no private key in PEM form (-----BEGIN PRIVATE KEY-----), or has a "
		       "password";
	return fits(j->alg, j->key) ? NULL : "is of another kind than the algorithm signs with";
}

static const char *
take_secret(struct jwt *j, const char *bytes, size_t len)
{
	if (len == 0)
		return "is empty";
	j->secret = malloc(len);
	if (j->secret == NULL)
		return "does not fit into memory";
	memcpy(j->secret, bytes, len);
	j->secret_len = len;
	return NULL;
}

const char *
jwt_new(const struct jwt_parts *p, struct jwt **out)
{
	struct jwt *j = calloc(1, sizeof(*j));
	const char *wrong = "does not fit into memory";

	*out = NULL;
	if (j == NULL)
		return wrong;
	j->alg = find_algorithm(p->algorithm);
	j->lifetime_s = p->lifetime_s;
	j->with_id = p->with_id;
	j->header = p->header != NULL ? json_deep_copy(p->header) : json_object();
	j->claims = p->claims != NULL ? json_deep_copy(p->claims) : json_object();
	if (j->alg == NULL)
		wrong = "is for an algorithm that is not known";
	else if (json_object_set_new(j->header, "alg", json_string(p->algorithm)) == 0)
		wrong = j->alg->family == FAMILY_HMAC ? take_secret(j, p->key, p->key_len)
						      : take_pem(j, p->key, p->key_len);
	if (wrong == NULL && json_object_get(j->header, "typ") == NULL &&
	    json_object_set_new(j->header, "typ", json_string("JWT")) != 0)
		wrong = "does not fit into memory";
	if (wrong != NULL || j->claims == NULL) {
		jwt_free(j);
		return wrong != NULL ? wrong : "does not fit into memory";
	}
	*out = j;
	return NULL;
}

void
jwt_free(struct jwt *j)
{
	if (j == NULL)
		return;
	EVP_PKEY_free(j->key);
	if (j->secret != NULL)
		explicit_bzero(j->secret, j->secret_len);
	free(j->secret);
	json_decref(j->header);
	json_decref(j->claims);
	free(j);
}

int64_t
jwt_lifetime_s(const struct jwt *j)
{
	return j->lifetime_s;
}

/* Base64 for URLs, without padding (RFC 4648, 5). */
static int
add_base64url(struct buf *out, const void *bytes, size_t n)
{
	char *p = buf_reserve(out, BASE64_SIZE(n));

	if (p == NULL)
		return -1;
	base64_encode(bytes, n, p);
	for (; *p != '\0' && *p != '='; p++, out->len++)
		*p = (char)(*p == '+' ? '-' : *p == '/' ? '_' : *p);
	*p = '\0';
	return 0;
}

static int
add_json(struct buf *out, const json_t *value)
{
	char *text = jsontext_make(value, JSON_COMPACT);
	int rc = text == NULL ? -1 : add_base64url(out, text, strlen(text));

	free(text);
	return rc;
}

static int
set_id(json_t *claims)
{
	unsigned char random[ID_BYTES];
	char text[2 * ID_BYTES + 1];

	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return -1;
	for (int i = 0; i < ID_BYTES; i++) {
		text[2 * i] = "0123456789abcdef"[random[i] >> 4];
		text[2 * i + 1] = "0123456789abcdef"[random[i] & 15];
	}
	text[sizeof(text) - 1] = '\0';
	return json_object_set_new(claims, "jti", json_string(text));
}

static int
add_claims(const struct jwt *j, int64_t now_us, struct buf *out)
{
	json_t *claims = json_copy(j->claims);
	int64_t issued = now_us / 1000000 - SKEW_S;
	int rc = claims == NULL ? -1 : 0;

	rc |= json_object_set_new(claims, "iat", json_integer(issued));
	rc |= json_object_set_new(claims, "exp", json_integer(issued + j->lifetime_s));
	if (rc == 0 && j->with_id && json_object_get(claims, "jti") == NULL)
		rc = set_id(claims);
	if (rc == 0)
		rc = add_json(out, claims);
	json_decref(claims);
	return rc;
}

/* OpenSSL writes the two numbers as ASN.1; RFC 7518 wants them side by side. */
static int
flatten_ec(const struct jwt *j, unsigned char *sig, size_t *len)
{
	const unsigned char *p = sig;
	ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &p, (long)*len);
	int n = j->alg->number_bytes, rc = -1;

	if (pair != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(pair), sig, n) == n &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(pair), sig + n, n) == n) {
		*len = 2 * (size_t)n;
		rc = 0;
	}
	ECDSA_SIG_free(pair);
	return rc;
}

static int
sign_with_key(const struct jwt *j, const struct buf *text, unsigned char *sig, size_t *len)
{
	const EVP_MD *digest = j->alg->digest == NULL ? NULL : j->alg->digest();
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how = NULL;
	int ok = ctx != NULL && EVP_DigestSignInit(ctx, &how, digest, NULL, j->key) == 1;

	if (ok && j->alg->family == FAMILY_PSS)
		ok = EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST) == 1;
	ok = ok && EVP_DigestSign(ctx, sig, len, (const unsigned char *)text->ptr, text->len) == 1;
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok && (j->alg->family != FAMILY_EC || flatten_ec(j, sig, len) == 0) ? 0 : -1;
}

static int
sign(const struct jwt *j, const struct buf *text, unsigned char *sig, size_t *len)
{
	unsigned n = 0;

	if (j->alg->family != FAMILY_HMAC)
		return sign_with_key(j, text, sig, len);
	if (HMAC(j->alg->digest(), j->secret, (int)j->secret_len, (const unsigned char *)text->ptr,
		text->len, sig, &n) == NULL)
		return -1;
	*len = n;
	return 0;
}

ab_status
jwt_sign(const struct jwt *j, int64_t now_us, struct buf *out, struct error *e)
{
	unsigned char sig[SIGNATURE_MAX];
	size_t len = sizeof(sig);
	struct buf text;
	int rc;

	buf_init(&text, out->max);
	rc = add_json(&text, j->header);
	if (rc == 0)
		rc = buf_addc(&text, '.');
	if (rc == 0)
		rc = add_claims(j, now_us, &text);
	if (rc == 0)
		rc = sign(j, &text, sig, &len);
	if (rc == 0)
		rc = buf_add(out, text.ptr, text.len) | buf_addc(out, '.') |
		    add_base64url(out, sig, len);
	buf_fini(&text);
	return rc == 0 ? AB_OK
		       : error_set(e, AB_ECONFIG, "a %s token cannot be signed", j->alg->name);
}
