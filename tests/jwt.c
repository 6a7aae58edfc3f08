/* Laws of host/net/jwt: what is signed can be verified by anyone who has the key, and says what it should. */
#include "suite.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <string.h>

#include "net/jwt.h"

#define NOW_US INT64_C(1700000000000000)

static struct error error;
static struct buf token;
static EVP_PKEY *key;
static char pem[8192];

static void
set_up(void)
{
	error_clear(&error);
	buf_init(&token, 64u << 10);
	key = NULL;
}

static void
tear_down(void)
{
	buf_fini(&token);
	EVP_PKEY_free(key);
}

static void
write_pem(void)
{
	BIO *bio = BIO_new(BIO_s_mem());
	int n;

	ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
	n = BIO_read(bio, pem, sizeof(pem) - 1);
	ck_assert_int_gt(n, 0);
	pem[n] = '\0';
	BIO_free(bio);
}

/* A key of the algorithm's kind. */
static void
make_key(const char *algorithm)
{
	if (algorithm[0] == 'R' || algorithm[0] == 'P')
		key = EVP_RSA_gen(2048);
	else if (strcmp(algorithm, "EdDSA") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		key = EVP_EC_gen(strcmp(algorithm, "ES256") == 0 ? "P-256"
			: strcmp(algorithm, "ES384") == 0	 ? "P-384"
								 : "P-521");
	ck_assert_ptr_nonnull(key);
	write_pem();
}

static void
sign(const struct jwt_parts *parts)
{
	struct jwt *j;
	const char *wrong = jwt_new(parts, &j);

	ck_assert_msg(wrong == NULL, "%s: %s", parts->algorithm, wrong);
	ck_assert_int_eq(jwt_lifetime_s(j), parts->lifetime_s);
	buf_reset(&token);
	ck_assert_msg(jwt_sign(j, NOW_US, &token, &error) == AB_OK, "%s", error.text);
	jwt_free(j);
}

/* Decodes one of the three parts; returns its length. */
static size_t
part(int which, unsigned char *out, size_t size)
{
	const char *p = token.ptr;
	char text[8192];
	size_t n, pad;

	for (; which > 0; which--)
		p = strchr(p, '.') + 1;
	n = strcspn(p, ".");
	ck_assert_uint_lt(n + 3, sizeof(text));
	memcpy(text, p, n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_ne(text[i], '+');
		ck_assert_int_ne(text[i], '/');
		ck_assert_int_ne(text[i], '=');
		text[i] = (char)(text[i] == '-' ? '+' : text[i] == '_' ? '/' : text[i]);
	}
	for (pad = 0; (n + pad) % 4 != 0; pad++)
		text[n + pad] = '=';
	ck_assert_uint_lt((n + pad) / 4 * 3, size);
	return (size_t)EVP_DecodeBlock(out, (unsigned char *)text, (int)(n + pad)) - pad;
}

static json_t *
json_part(int which)
{
	unsigned char text[8192];
	size_t n = part(which, text, sizeof(text));
	json_t *value = json_loadb((char *)text, n, 0, NULL);

	ck_assert_ptr_nonnull(value);
	return value;
}

/* The two numbers side by side, as ASN.1. */
static int
wrap_ec(const unsigned char *sig, size_t n, unsigned char **out)
{
	ECDSA_SIG *pair = ECDSA_SIG_new();
	int len;

	ECDSA_SIG_set0(
	    pair, BN_bin2bn(sig, (int)n / 2, NULL), BN_bin2bn(sig + n / 2, (int)n / 2, NULL));
	*out = NULL;
	len = i2d_ECDSA_SIG(pair, out);
	ECDSA_SIG_free(pair);
	return len;
}

static int
verify(const char *algorithm)
{
	const EVP_MD *digest = strstr(algorithm, "256") ? EVP_sha256()
	    : strstr(algorithm, "384")			? EVP_sha384()
	    : strstr(algorithm, "512")			? EVP_sha512()
							: NULL;
	size_t signed_len = (size_t)(strrchr(token.ptr, '.') - token.ptr);
	unsigned char sig[2048], *der = sig;
	size_t n = part(2, sig, sizeof(sig));
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *how;
	int ok;

	if (algorithm[0] == 'E' && algorithm[1] == 'S') {
		ck_assert_uint_eq(n,
		    strstr(algorithm, "256")	   ? 64
			: strstr(algorithm, "384") ? 96
						   : 132);
		n = (size_t)wrap_ec(sig, n, &der);
	}
	ck_assert_int_eq(EVP_DigestVerifyInit(ctx, &how, digest, NULL, key), 1);
	if (algorithm[0] == 'P') {
		EVP_PKEY_CTX_set_rsa_padding(how, RSA_PKCS1_PSS_PADDING);
		EVP_PKEY_CTX_set_rsa_pss_saltlen(how, RSA_PSS_SALTLEN_DIGEST);
	}
	ok = EVP_DigestVerify(ctx, der, n, (unsigned char *)token.ptr, signed_len);
	EVP_MD_CTX_free(ctx);
	if (der != sig)
		OPENSSL_free(der);
	return ok == 1;
}

static const char *const with_keys[] = {
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"};

START_TEST(what_a_key_signs_its_other_half_verifies)
{
	const char *algorithm = with_keys[_i];
	struct jwt_parts parts = {.algorithm = algorithm, .key = pem, .lifetime_s = 60};
	json_t *header;

	make_key(algorithm);
	parts.key_len = strlen(pem);
	for (int i = 0; i < 20; i++) { /* numbers of an EC signature may begin with zeroes */
		sign(&parts);
		ck_assert(verify(algorithm));
	}
	header = json_part(0);
	ck_assert_str_eq(json_string_value(json_object_get(header, "alg")), algorithm);
	ck_assert_str_eq(json_string_value(json_object_get(header, "typ")), "JWT");
	json_decref(header);
}
END_TEST

/* The token was made with Python's hmac. */
START_TEST(a_secret_signs_as_everywhere)
{
	json_t *claims = json_pack("{s:s}", "iss", "joe");
	const struct jwt_parts parts = {.algorithm = "HS256",
	    .key = "top secret",
	    .key_len = 10,
	    .claims = claims,
	    .lifetime_s = 60};

	sign(&parts);
	ck_assert_str_eq(token.ptr,
	    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
	    "eyJpc3MiOiJqb2UiLCJpYXQiOjE2OTk5OTk5OTAsImV4cCI6MTcwMDAwMDA1MH0."
	    "yT4TaUnmyPXwuV1lfJ-lZ8KEEv2lig9iUS9Dn8TymLE");
	json_decref(claims);
}
END_TEST

START_TEST(claims_and_header_are_as_given)
{
	json_t *claims = json_pack("{s:s, s:[s,s], s:i}", "sub", "me", "aud", "a", "b", "n", 7);
	json_t *more = json_pack("{s:s, s:s}", "kid", "k-1", "typ", "at+jwt"), *got;
	struct jwt_parts parts = {.algorithm = "HS512",
	    .key = "k",
	    .key_len = 1,
	    .header = more,
	    .claims = claims,
	    .lifetime_s = 300,
	    .with_id = 1};
	char first[64];

	sign(&parts);
	got = json_part(0);
	ck_assert_str_eq(json_string_value(json_object_get(got, "kid")), "k-1");
	ck_assert_str_eq(json_string_value(json_object_get(got, "typ")), "at+jwt");
	json_decref(got);
	got = json_part(1);
	ck_assert(json_equal(json_object_get(got, "aud"), json_object_get(claims, "aud")));
	ck_assert_int_eq(json_integer_value(json_object_get(got, "n")), 7);
	ck_assert_int_eq(json_integer_value(json_object_get(got, "iat")), 1700000000 - 10);
	ck_assert_int_eq(json_integer_value(json_object_get(got, "exp")), 1700000000 + 290);
	snprintf(first, sizeof(first), "%s", json_string_value(json_object_get(got, "jti")));
	ck_assert_uint_eq(strlen(first), 32);
	json_decref(got);
	sign(&parts);
	got = json_part(1);
	ck_assert_str_ne(json_string_value(json_object_get(got, "jti")), first);
	json_decref(got);
	json_decref(claims);
	json_decref(more);
}
END_TEST

START_TEST(line_ends_that_were_escaped_are_mended)
{
	struct jwt_parts parts = {.algorithm = "ES256", .lifetime_s = 60};
	char flat[8192];
	size_t n = 0;

	make_key("ES256");
	for (const char *p = pem; *p != '\0'; p++)
		n += (size_t)snprintf(flat + n, sizeof(flat) - n, *p == '\n' ? "\\n" : "%c", *p);
	parts.key = flat;
	parts.key_len = n;
	sign(&parts);
	ck_assert(verify("ES256"));
}
END_TEST

START_TEST(a_key_of_another_kind_is_refused)
{
	static const char *const cases[][3] = {{"RS256", "ES256", "is of another kind"},
	    {"ES256", "ES384", "is of another kind"}, {"ES256", "RS256", "is of another kind"},
	    {"EdDSA", "ES256", "is of another kind"}, {"PS256", NULL, "is no private key in PEM"},
	    {"HS256", "", "is empty"}, {"HS999", "", "is for an algorithm"}};
	struct jwt *j = (void *)&j;
	struct jwt_parts parts = {.algorithm = cases[_i][0], .lifetime_s = 60};
	const char *wrong;

	snprintf(pem, sizeof(pem), "-----BEGIN PRIVATE KEY-----\nAAAA\n");
	if (cases[_i][1] != NULL && cases[_i][1][0] != '\0')
		make_key(cases[_i][1]);
	else if (cases[_i][1] != NULL)
		pem[0] = '\0';
	parts.key = pem;
	parts.key_len = strlen(pem);
	wrong = jwt_new(&parts, &j);
	ck_assert_ptr_nonnull(wrong);
	ck_assert_ptr_eq(strstr(wrong, cases[_i][2]), wrong);
	ck_assert_ptr_null(j);
}
END_TEST

static Suite *
jwt_suite(void)
{
	Suite *s = suite_create("jwt");
	TCase *t = tcase_create("jwt");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, what_a_key_signs_its_other_half_verifies, 0, 10);
	tcase_add_test(t, a_secret_signs_as_everywhere);
	tcase_add_test(t, claims_and_header_are_as_given);
	tcase_add_test(t, line_ends_that_were_escaped_are_mended);
	tcase_add_loop_test(t, a_key_of_another_kind_is_refused, 0, 7);
	suite_add_tcase(s, t);
	return s;
}

SUITE_MAIN(jwt_suite())
