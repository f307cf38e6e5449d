/* What the authority says, as structs: what is not as RFC 8555 7.1 wants it is refused here. */
#include "acme_private.h"

#include <jansson.h>
#include <string.h>

#define TEXT_MOST    2048u /* bytes of a URL or a token */
#define PROBLEM_TYPE "urn:ietf:params:acme:error:"

/* ---- members ---- */

static json_t *parse(struct slice text)
{
    json_t *value = json_loadb(text.at, text.len, JSON_REJECT_DUPLICATES, NULL);

    if (json_is_object(value))
        return value;
    json_decref(value);
    return NULL;
}

/* Empty: it is not there, no text, or longer than such a text is. */
static struct slice text_of(const json_t *object, const char *name, struct arena *arena)
{
    const json_t *value = json_object_get(object, name);
    const size_t len = json_string_length(value);

    if (len > TEXT_MOST)
        return (struct slice){ 0 };
    return len > 0 ? arena_copy(arena, slice_of(json_string_value(value), len))
                   : (struct slice){ 0 };
}

/* Nothing but https is followed, whatever an answer names (RFC 8555 6.1). */
static struct slice url_of(const json_t *object, const char *name, struct arena *arena)
{
    const struct slice url = text_of(object, name, arena);

    return slice_starts(url, SLICE("https://")) ? url : (struct slice){ 0 };
}

static enum order_status status_of(const json_t *object)
{
    static const char *const words[] = { "pending", "ready", "processing", "valid" };
    const char *word = json_string_value(json_object_get(object, "status"));

    for (size_t i = 0; word && i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(word, words[i]) == 0)
            return (enum order_status)i;
    return ORDER_INVALID;
}

static struct problem problem_of(const json_t *object, struct arena *arena)
{
    const struct slice type = text_of(object, "type", arena);
    struct problem problem = { .detail = text_of(object, "detail", arena) };

    if (slice_starts(type, SLICE(PROBLEM_TYPE)))
        problem.type = slice_skip(type, SLICE(PROBLEM_TYPE).len);
    return problem;
}

static struct slice error_of(const json_t *object, struct arena *arena)
{
    const json_t *error = json_object_get(object, "error");
    const struct problem problem = problem_of(error, arena);

    if (!error)
        return (struct slice){ 0 };
    return problem.detail.len > 0 ? problem.detail : problem.type;
}

/* ---- documents ---- */

const char *read_directory(struct slice text, struct arena *arena, struct directory *ret)
{
    json_t *root = parse(text);

    if (!root)
        return "it is no JSON object";
    *ret = (struct directory){
        .new_nonce = url_of(root, "newNonce", arena),
        .new_account = url_of(root, "newAccount", arena),
        .new_order = url_of(root, "newOrder", arena),
        .terms = text_of(json_object_get(root, "meta"), "termsOfService", arena),
    };
    json_decref(root);
    if (ret->new_nonce.len == 0 || ret->new_account.len == 0 || ret->new_order.len == 0)
        return "newNonce, newAccount or newOrder is no https URL in it";
    return NULL;
}

static const char *take_authorizations(const json_t *list, struct arena *arena, struct order *ret)
{
    const size_t count = json_array_size(list);

    if (count == 0 || count > AUTHORIZATIONS_MOST)
        return "it has no authorizations, or too many";
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_array_get(list, i);
        const struct slice url = slice_of(json_string_value(value), json_string_length(value));

        if (!slice_starts(url, SLICE("https://")) || url.len > TEXT_MOST)
            return "an authorization is no https URL";
        ret->authorizations[ret->authorization_count++] = arena_copy(arena, url);
    }
    return NULL;
}

const char *read_order(struct slice text, struct arena *arena, struct order *ret)
{
    json_t *root = parse(text);

    if (!root)
        return "it is no JSON object";
    *ret = (struct order){
        .status = status_of(root),
        .finalize = url_of(root, "finalize", arena),
        .certificate = url_of(root, "certificate", arena),
        .error = error_of(root, arena),
    };
    const char *why = take_authorizations(json_object_get(root, "authorizations"), arena, ret);
    json_decref(root);
    if (!why && ret->finalize.len == 0)
        why = "finalize is no https URL";
    if (!why && ret->status == ORDER_VALID && ret->certificate.len == 0)
        why = "it is valid, and certificate is no https URL";
    return why;
}

/* It is put into a path and a file name: base64url and nothing else (RFC 8555 8.1). */
static bool is_token(struct slice token)
{
    for (size_t i = 0; i < token.len; i++)
        if (!ascii_is_alpha(token.at[i]) && !ascii_is_digit(token.at[i]) && token.at[i] != '-' &&
            token.at[i] != '_')
            return false;
    return token.len > 0 && token.len <= 256;
}

static const char *take_challenges(const json_t *list, const char *type, struct arena *arena,
                                   struct authorization *ret)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *challenge = json_array_get(list, i);
        const struct slice error = error_of(challenge, arena);

        if (error.len > 0)
            ret->error = error;
        if (!slice_equal_cstr(text_of(challenge, "type", arena), type))
            continue;
        ret->challenge = url_of(challenge, "url", arena);
        ret->token = text_of(challenge, "token", arena);
        if (ret->challenge.len == 0)
            return "the URL of a challenge is no https URL";
        if (!is_token(ret->token))
            return "the token of a challenge is no base64url";
    }
    return NULL;
}

const char *read_authorization(struct slice text, enum acme_proof proof, struct arena *arena,
                               struct authorization *ret)
{
    static const char *const types[] = {
        [ACME_PROOF_HTTP] = "http-01", [ACME_PROOF_ALPN] = "tls-alpn-01"
    };
    json_t *root = parse(text);

    if (!root)
        return "it is no JSON object";
    *ret = (struct authorization){
        .status = status_of(root),
        .name = text_of(json_object_get(root, "identifier"), "value", arena),
    };
    const char *why =
        take_challenges(json_object_get(root, "challenges"), types[proof], arena, ret);
    json_decref(root);
    if (!why && ret->name.len == 0)
        why = "it is for no name";
    return why;
}

struct problem read_problem(struct slice text, struct arena *arena)
{
    json_t *root = parse(text);
    struct problem problem = problem_of(root, arena);

    json_decref(root);
    return problem;
}
