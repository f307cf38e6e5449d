/* Requests to the authority, by libcurl: https, its certificate checked, or http where asked for;
 * no redirections. */
#include "acme_private.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_S    15L
#define WHOLE_S      60L
#define RETRY_MOST_S UINT64_C(604800)
#define VALUE_MOST   2048u /* bytes of a field's value that is kept */

struct web {
    CURL *curl;
    struct curl_blob roots; /* data is owned; NULL: the system's */
    char why[CURL_ERROR_SIZE];
};

/* What comes in while one request is under way. */
struct intake {
    struct arena *arena;
    struct web_answer *answer;
    char *body; /* owned */
    size_t len;
    bool too_long;
};

static size_t on_body(char *at, size_t one, size_t count, void *user)
{
    struct intake *intake = user;
    const size_t len = one * count;

    if (len > ANSWER_BYTES_MOST - intake->len) {
        intake->too_long = true;
        return 0;
    }
    char *wider = realloc(intake->body, intake->len + len + 1);
    if (!wider)
        abort();
    memcpy(wider + intake->len, at, len);
    intake->body = wider;
    intake->len += len;
    return len;
}

static void keep(struct intake *intake, struct slice value, struct slice *where)
{
    if (value.len <= VALUE_MOST)
        *where = arena_copy(intake->arena, value);
}

static size_t on_field(char *at, size_t one, size_t count, void *user)
{
    struct intake *intake = user;
    struct slice name;
    struct slice value;

    if (slice_cut(slice_of(at, one * count), ':', &name, &value)) {
        value = slice_trim_space(value);
        if (slice_equal_nocase(name, SLICE("Replay-Nonce")))
            keep(intake, value, &intake->answer->nonce);
        else if (slice_equal_nocase(name, SLICE("Location")))
            keep(intake, value, &intake->answer->location);
    }
    return one * count;
}

struct web *web_new(struct slice roots)
{
    struct web *web = calloc(1, sizeof(*web));

    if (!web || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK ||
        !(web->curl = curl_easy_init()))
        abort();
    if (roots.len > 0) {
        web->roots = (struct curl_blob){ .data = malloc(roots.len), .len = roots.len };
        if (!web->roots.data)
            abort();
        memcpy(web->roots.data, roots.at, roots.len);
    }
    return web;
}

void web_free(struct web *web)
{
    if (!web)
        return;
    curl_easy_cleanup(web->curl);
    free(web->roots.data);
    free(web);
}

static void set_up(struct web *web, struct intake *intake)
{
    CURL *curl = web->curl;

    curl_easy_reset(curl); /* connections are kept */
    web->why[0] = '\0';
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, web->why);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, CONNECT_S);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, WHOLE_S);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "Longhouse/" LONGHOUSE_VERSION);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, intake);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_field);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, intake);
    if (web->roots.data) {
        curl_easy_setopt(curl, CURLOPT_CAINFO_BLOB, &web->roots);
        curl_easy_setopt(curl, CURLOPT_CAPATH, NULL);
    }
}

static void set_request(CURL *curl, const struct web_request *request, const char *url)
{
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, request->is_plain ? "http" : "https");
    curl_easy_setopt(curl, CURLOPT_URL, url);
    if (strcmp(request->method, "HEAD") == 0) {
        curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    } else if (strcmp(request->method, "POST") == 0) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request->body.at);
    }
}

static void read_numbers(CURL *curl, struct web_answer *answer)
{
    long status = 0;
    curl_off_t retry_s = 0;

    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(curl, CURLINFO_RETRY_AFTER, &retry_s); /* a date, too, comes as seconds */
    answer->status = (int)status;
    if (retry_s > 0)
        answer->retry_after_s = (uint64_t)retry_s < RETRY_MOST_S ? (uint64_t)retry_s : RETRY_MOST_S;
}

static const char *perform(struct web *web, struct intake *intake)
{
    const CURLcode code = curl_easy_perform(web->curl);

    if (intake->too_long)
        return "the answer is too long";
    if (code != CURLE_OK)
        return web->why[0] != '\0' ? web->why : curl_easy_strerror(code);
    return NULL;
}

const char *web_ask(struct web *web, const struct web_request *request, struct arena *arena,
                    struct web_answer *ret)
{
    struct web_answer answer = { 0 };
    struct intake intake = { .arena = arena, .answer = &answer };
    struct curl_slist *fields = NULL;

    set_up(web, &intake);
    set_request(web->curl, request, arena_cstr(arena, request->url));
    if (request->type)
        fields =
            curl_slist_append(fields, arena_printf(arena, "Content-Type: %s", request->type).at);
    fields = curl_slist_append(fields, "Expect:");
    curl_easy_setopt(web->curl, CURLOPT_HTTPHEADER, fields);
    const char *why = perform(web, &intake);
    if (!why) {
        read_numbers(web->curl, &answer);
        answer.body = arena_copy(arena, slice_of(intake.body, intake.len));
        *ret = answer;
    }
    curl_slist_free_all(fields);
    free(intake.body);
    return why;
}
