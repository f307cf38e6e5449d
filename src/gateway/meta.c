#include "gateway/meta.h"

#include "base/container.h"
#include "base/encode.h"
#include "base/text.h"
#include "http/cookie.h"

#define BLOCK_FIRST_ROOM 4096u
#define SERVER_SOFTWARE  "Longhouse/" LONGHOUSE_VERSION

/* One walk over all variables; the first that fails ends it, the later calls do nothing. */
struct teller {
    const struct meta_source *source;
    struct meta_sink *sink;
    struct arena *arena;
    const struct conf_pair *setenv; /* what has these names is left to them; NULL at their turn */
    enum meta_end too_long;         /* what it is when a variable does not fit */
    enum meta_end end;
    struct slice failed_name;
};

/* ---- one variable ---- */

/* A program that sees a name twice takes the first or the last: a name that Setenv has is left to
 * it. */
static bool is_overridden(const struct teller *teller, struct slice name)
{
    for (const struct conf_pair *pair = teller->setenv; pair; pair = pair->next)
        if (slice_equal(pair->name, name))
            return true;
    return false;
}

static void tell(struct teller *teller, struct slice name, struct slice value)
{
    if (teller->end != META_DONE || is_overridden(teller, name))
        return;
    if (slice_has(value, '\0'))
        teller->end = META_NOT_TEXT; /* would begin a variable of its own in an environment */
    else if (!teller->sink->put(teller->sink, name, value))
        teller->end = teller->too_long;
    if (teller->end != META_DONE)
        teller->failed_name = arena_copy(teller->arena, name);
}

static void tell_some(struct teller *teller, struct slice name, struct slice value)
{
    if (value.len > 0)
        tell(teller, name, value);
}

static void tell_number(struct teller *teller, struct slice name, uint64_t number)
{
    char digits[24];
    struct text text = text_on(digits, sizeof(digits));

    text_add_u64(&text, number);
    tell(teller, name, text_slice(&text));
}

/* ---- the variables of the house ---- */

static struct slice protocol_text(int version)
{
    switch (version) {
    case 10:
        return SLICE("HTTP/1.0");
    case 20:
        return SLICE("HTTP/2.0");
    default:
        return SLICE("HTTP/1.1");
    }
}

static void tell_server(struct teller *teller)
{
    const struct exchange *x = teller->source->exchange;
    const struct visit *visit = x->visit;
    const struct binding_conf *binding = visit->binding;
    char address[ADDRESS_TEXT_MOST];
    struct slice local = { 0 };

    if (visit->local.any.sa_family == AF_INET || visit->local.any.sa_family == AF_INET6)
        local = slice_cstr(address_text(&visit->local, address));
    else if (binding)
        local = binding->interface;

    struct slice name = teller->source->server_name;
    if (name.len == 0)
        name = x->request.host.len > 0 ? x->request.host : local;

    uint16_t port = visit->local_port;
    if (port == 0 && binding)
        port = binding->port;

    tell(teller, SLICE("SERVER_SOFTWARE"), SLICE(SERVER_SOFTWARE));
    tell(teller, SLICE("SERVER_NAME"), name);
    tell_some(teller, SLICE("SERVER_ADDR"), local);
    tell_number(teller, SLICE("SERVER_PORT"), port);
    tell(teller, SLICE("SERVER_PROTOCOL"), protocol_text(x->request.version));
    if (binding)
        tell_some(teller, SLICE("SERVER_BINDING"), binding->id);
}

static void tell_client(struct teller *teller)
{
    const struct exchange *x = teller->source->exchange;

    tell(teller, SLICE("REMOTE_ADDR"), slice_cstr(x->visit->client_text));
    if (x->visit->client_port != 0)
        tell_number(teller, SLICE("REMOTE_PORT"), x->visit->client_port);
    tell_some(teller, SLICE("REMOTE_USER"), x->record.user);
}

static void tell_script(struct teller *teller)
{
    const struct meta_source *source = teller->source;
    const struct request *request = &source->exchange->request;

    tell(teller, SLICE("REQUEST_URI"), request->target.raw);
    if (source->for_authorizer) {
        tell_some(teller, SLICE("SCRIPT_FILENAME"), source->script_filename);
    } else {
        tell(teller, SLICE("SCRIPT_NAME"), source->script_name);
        tell(teller, SLICE("SCRIPT_FILENAME"), source->script_filename);
    }
    tell(teller, SLICE("DOCUMENT_ROOT"), source->document_root);
    tell_some(teller, SLICE("ALIAS_FROM"), source->alias_from);
    tell_some(teller, SLICE("ALIAS_TO"), source->alias_to);
    if (source->path_info.len > 0) {
        tell(teller, SLICE("PATH_INFO"), source->path_info);
        tell(teller, SLICE("PATH_TRANSLATED"), source->path_translated);
    }
    tell(teller, SLICE("QUERY_STRING"), request->target.query); /* RFC 3875 4.1.7: always */
}

static void tell_body(struct teller *teller)
{
    const struct request *request = &teller->source->exchange->request;
    const struct field *type = fields_find(&request->fields, FIELD_CONTENT_TYPE);

    if (teller->source->body_length >= 0)
        tell_number(teller, SLICE("CONTENT_LENGTH"), (uint64_t)teller->source->body_length);
    if (type)
        tell_some(teller, SLICE("CONTENT_TYPE"), type->value);
}

static void tell_certificate(struct teller *teller, const struct client_certificate *shown)
{
    tell(teller, SLICE("TLS_SUBJECT_DN"), shown->subject);
    tell(teller, SLICE("TLS_ISSUER_DN"), shown->issuer);
    tell(teller, SLICE("TLS_CERT_SERIAL"), shown->serial);
    tell(teller, SLICE("TLS_CERT_FINGERPRINT"), shown->fingerprint);
}

static void tell_house(struct teller *teller)
{
    const struct exchange *x = teller->source->exchange;
    struct slice scheme = x->visit->secure ? SLICE("https") : SLICE("http");
    uint64_t code = x->request.error_status != 0 ? (uint64_t)x->request.error_status : 200;

    tell(teller, SLICE("GATEWAY_INTERFACE"), SLICE("CGI/1.1"));
    tell(teller, SLICE("REQUEST_METHOD"), x->request.method_name);
    tell_script(teller);
    tell_client(teller);
    tell_body(teller);
    tell_server(teller);
    tell_number(teller, SLICE("REDIRECT_STATUS"), code); /* php-cgi refuses to run without */
    tell_number(teller, SLICE("HTTP_RETURN_CODE"), code);
    if (x->request.error_status != 0)
        tell_number(teller, SLICE("HTTP_GENERATED_ERROR"), code);
    tell(teller, SLICE("REQUEST_SCHEME"), scheme);
    tell(teller, SLICE("HTTP_SCHEME"), scheme);
    if (x->visit->secure)
        tell(teller, SLICE("HTTPS"), SLICE("on")); /* programs take any value, "off" too, for yes */
    if (x->visit->tls_version)
        tell(teller, SLICE("TLS_VERSION"), slice_cstr(x->visit->tls_version));
    if (x->visit->tls_cipher)
        tell(teller, SLICE("TLS_CIPHER"), slice_cstr(x->visit->tls_cipher));
    if (x->visit->certificate)
        tell_certificate(teller, x->visit->certificate);
    tell(teller, SLICE("UNIQUE_ID"), slice_cstr(x->id_text));
    tell_some(teller, SLICE("PATH"), teller->source->search_path);
}

/* ---- the fields of the request ---- */

static bool is_plain_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.at[i]) && !ascii_is_digit(name.at[i]) && name.at[i] != '-')
            return false;
    return name.len > 0;
}

static bool is_told(const struct teller *teller, const struct field *field)
{
    static const struct slice reserved[] = {
        /* would fall on variables that the house sets */
        SLICE_INIT("Scheme"),
        SLICE_INIT("Return-Code"),
        SLICE_INIT("Generated-Error"),
    };

    switch (field->id) {
    case FIELD_AUTHORIZATION:
        return teller->source->tell_authorization;
    case FIELD_PROXY:
    case FIELD_CONTENT_LENGTH:
    case FIELD_CONTENT_TYPE:
        return false;
    default:
        break;
    }
    if (field_is_hop_by_hop(field->id) || !is_plain_name(field->name))
        return false;
    for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
        if (slice_equal_nocase(field->name, reserved[i]))
            return false;
    return true;
}

static bool is_same_field(const struct field *a, const struct field *b)
{
    return a->id == b->id && slice_equal_nocase(a->name, b->name);
}

static struct slice variable_name(struct arena *arena, struct slice name)
{
    const struct slice prefix = SLICE("HTTP_");
    char *at = arena_bytes(arena, prefix.len + name.len);

    memcpy(at, prefix.at, prefix.len);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.at[i];

        if (c == '-')
            c = '_';
        else if (c >= 'a' && c <= 'z')
            c = (char)(c - ('a' - 'A'));
        at[prefix.len + i] = c;
    }
    return slice_of(at, prefix.len + name.len);
}

/* The value of fields->at[first], joined with those of its repetitions behind it. */
static struct slice joined_value(struct arena *arena, const struct fields *fields, uint32_t first)
{
    const struct field *field = &fields->at[first];
    const struct slice glue = field->id == FIELD_COOKIE ? SLICE("; ") : SLICE(", ");
    size_t len = field->value.len;

    for (uint32_t i = first + 1; i < fields->count; i++)
        if (is_same_field(field, &fields->at[i]))
            len += glue.len + fields->at[i].value.len;
    if (len == field->value.len)
        return field->value;

    struct text text = text_on(arena_bytes(arena, len), len);
    text_add(&text, field->value);
    for (uint32_t i = first + 1; i < fields->count; i++) {
        if (!is_same_field(field, &fields->at[i]))
            continue;
        text_add(&text, glue);
        text_add(&text, fields->at[i].value);
    }
    return text_slice(&text);
}

/* The house's own cookie is its own affair. */
static void tell_cookies(struct teller *teller, struct slice value)
{
    const struct slice hidden = teller->source->hidden_cookie;
    const struct slice left = hidden.len > 0 ? cookie_without(value, hidden, teller->arena) : value;

    if (left.len > 0 || value.len == 0)
        tell(teller, SLICE("HTTP_COOKIE"), left);
}

static bool was_before(const struct fields *fields, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++)
        if (is_same_field(&fields->at[i], &fields->at[at]))
            return true;
    return false;
}

static void tell_fields(struct teller *teller)
{
    const struct request *request = &teller->source->exchange->request;
    const struct fields *fields = &request->fields;
    const bool absolute = request->target.form == TARGET_ABSOLUTE;

    /* RFC 9112 3.2.2: the authority of an absolute target is the host, whatever the field says. */
    if (absolute)
        tell_some(teller, SLICE("HTTP_HOST"), request->target.authority);
    for (uint32_t i = 0; i < fields->count; i++) {
        const struct field *field = &fields->at[i];

        if (!is_told(teller, field) || was_before(fields, i) ||
            (absolute && field->id == FIELD_HOST))
            continue;
        if (field->id == FIELD_COOKIE)
            tell_cookies(teller, joined_value(teller->arena, fields, i));
        else
            tell(teller, variable_name(teller->arena, field->name),
                 joined_value(teller->arena, fields, i));
    }
}

/* ---- the variables of an authorizer ---- */

static bool is_word(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (!ascii_is_alpha(name.at[i]) && !ascii_is_digit(name.at[i]) && name.at[i] != '_')
            return false;
    return name.len > 0 && !ascii_is_digit(name.at[0]);
}

bool meta_may_be_granted(struct slice name)
{
    static const struct slice beginnings[] = {
        /* told by the house */
        SLICE_INIT("ALIAS_"), SLICE_INIT("CONTENT_"), SLICE_INIT("DOCUMENT_"),
        SLICE_INIT("GATEWAY_"), SLICE_INIT("HTTP_"), SLICE_INIT("PATH_"), SLICE_INIT("REDIRECT_"),
        SLICE_INIT("REQUEST_"), SLICE_INIT("SCRIPT_"), SLICE_INIT("SERVER_"), SLICE_INIT("SSL_"),
        /* heeded by loaders and interpreters */
        SLICE_INIT("BASH_"), SLICE_INIT("GLIBC_"), SLICE_INIT("LD_"), SLICE_INIT("LUA_"),
        SLICE_INIT("MALLOC_"), SLICE_INIT("NODE_"), SLICE_INIT("PERL"), SLICE_INIT("PHP"),
        SLICE_INIT("PYTHON"), SLICE_INIT("RUBY")
    };
    static const struct slice whole[] = {
        SLICE_INIT("HTTPS"),       SLICE_INIT("PATH"),        SLICE_INIT("QUERY_STRING"),
        SLICE_INIT("REMOTE_ADDR"), SLICE_INIT("REMOTE_HOST"), SLICE_INIT("REMOTE_PORT"),
        SLICE_INIT("REMOTE_USER"), SLICE_INIT("SCGI"),        SLICE_INIT("UNIQUE_ID"),
        SLICE_INIT("ENV"),         SLICE_INIT("GCONV_PATH"),  SLICE_INIT("HOME"),
        SLICE_INIT("IFS"),         SLICE_INIT("LOCPATH"),     SLICE_INIT("NLSPATH"),
        SLICE_INIT("SHELL"),       SLICE_INIT("SHELLOPTS"),   SLICE_INIT("TMPDIR")
    };

    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++)
        if (slice_starts(name, beginnings[i]))
            return false;
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
        if (slice_equal(name, whole[i]))
            return false;
    return is_word(name);
}

static void tell_granted(struct teller *teller)
{
    const struct fields *granted = &teller->source->exchange->request.granted;

    for (uint32_t i = 0; i < granted->count; i++)
        tell(teller, granted->at[i].name, granted->at[i].value);
}

/* ---- the variables of the host ---- */

/* The first of its name in the list. */
static bool counts(const struct conf_pair *list, const struct conf_pair *pair)
{
    while (!slice_equal(list->name, pair->name))
        list = list->next;
    return list == pair;
}

static void tell_setenv(struct teller *teller)
{
    teller->setenv = NULL;
    teller->too_long = META_TOO_LONG_CONF;
    for (const struct conf_pair *pair = teller->source->setenv; pair; pair = pair->next)
        if (counts(teller->source->setenv, pair))
            tell(teller, pair->name, pair->value);
}

enum meta_end meta_build(const struct meta_source *source, struct meta_sink *sink,
                         struct slice *ret_name)
{
    struct teller teller = {
        .source = source,
        .sink = sink,
        .arena = &source->exchange->arena,
        .setenv = source->setenv,
        .too_long = META_TOO_LONG_REQUEST,
        .end = META_DONE,
    };

    tell_house(&teller);
    tell_fields(&teller);
    tell_granted(&teller);
    tell_setenv(&teller);
    if (teller.end != META_DONE)
        *ret_name = teller.failed_name;
    return teller.end;
}

/* ---- arguments ---- */

/* Decodes a word to the end of `text`, with NUL. */
static bool add_word(struct slice word, char *text, size_t *len)
{
    size_t added;

    if (!percent_decode(word, text + *len, &added))
        return false;

    struct slice decoded = slice_of(text + *len, added);
    if (slice_starts(decoded, SLICE("-")) || slice_has(decoded, '\0'))
        return false;
    text[*len + added] = '\0';
    *len += added + 1;
    return true;
}

struct slice meta_query_words(const struct request *request, struct arena *arena)
{
    struct slice rest = request->target.query;
    size_t len = 0;

    if (rest.len == 0 || slice_has(rest, '=') ||
        (request->method != METHOD_GET && request->method != METHOD_HEAD))
        return SLICE("");

    char *text = arena_bytes(arena, rest.len + 1);
    for (bool more = true; more;) {
        struct slice word;

        more = slice_cut(rest, '+', &word, &rest);
        if (!add_word(word, text, &len))
            return SLICE("");
    }
    return slice_of(text, len);
}

/* ---- the environment block ---- */

static bool block_make_room(struct meta_block *block, size_t more)
{
    if (more > block->most - block->len)
        return false;
    if (more <= block->room - block->len)
        return true;

    size_t room = block->room > 0 ? block->room : BLOCK_FIRST_ROOM;
    while (room < block->len + more)
        room *= 2;

    char *at = arena_bytes(block->arena, room);
    if (block->len > 0)
        memcpy(at, block->at, block->len);
    block->at = at;
    block->room = room;
    return true;
}

static void block_add(struct meta_block *block, struct slice more)
{
    if (more.len > 0)
        memcpy(block->at + block->len, more.at, more.len);
    block->len += more.len;
}

static bool block_put(struct meta_sink *sink, struct slice name, struct slice value)
{
    struct meta_block *block = container_of(sink, struct meta_block, sink);

    if (!block_make_room(block, name.len + 1 + value.len + 1))
        return false;
    block_add(block, name);
    block_add(block, SLICE("="));
    block_add(block, value);
    block_add(block, slice_of("", 1));
    return true;
}

void meta_block_init(struct meta_block *block, struct arena *arena, size_t most)
{
    *block = (struct meta_block){ .sink.put = block_put, .arena = arena, .most = most };
}
