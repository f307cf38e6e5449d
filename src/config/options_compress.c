/* Options about the compression of answers (site/compression.h, docs/compression.md). */
#include "build.h"

#define MIB (UINT64_C(1024) * 1024)

static const struct {
    struct slice name;
    enum conf_coding coding;
} codings[CONF_CODINGS] = {
    { SLICE_INIT("zstd"), CONF_CODING_ZSTD },
    { SLICE_INIT("br"), CONF_CODING_BR },
    { SLICE_INIT("gzip"), CONF_CODING_GZIP },
};

static bool coding_parse(struct slice name, enum conf_coding *ret)
{
    for (unsigned i = 0; i < CONF_CODINGS; i++) {
        if (slice_equal_nocase(name, codings[i].name)) {
            *ret = codings[i].coding;
            return true;
        }
    }
    return false;
}

static bool has_coding(const struct conf_compress *compress, enum conf_coding coding)
{
    for (unsigned i = 0; i < compress->count; i++) {
        if (compress->codings[i] == coding)
            return true;
    }
    return false;
}

/* Once more is as good as once. */
static bool codings_parse(struct slice list, struct conf_compress *ret, struct slice *ret_bad)
{
    enum conf_coding coding;

    while (slice_next(&list, ',', ret_bad)) {
        *ret_bad = slice_trim(*ret_bad);
        if (!coding_parse(*ret_bad, &coding))
            return false;
        if (!has_coding(ret, coding))
            ret->codings[ret->count++] = coding;
    }
    return true;
}

static void compress_set(struct build *build, void *record, const struct tree_node *node,
                         const struct option_row *row)
{
    struct folder_conf *folder = record;
    struct conf_compress compress = { .count = 0 };
    struct slice list = node->value;
    struct slice bad;

    if (slice_equal_nocase(list, SLICE("yes")))
        list = SLICE("zstd, br, gzip");
    else if (slice_equal_nocase(list, SLICE("no")))
        list = SLICE("");
    if (!codings_parse(list, &compress, &bad)) {
        diag_hint(build->diags,
                  build_fault(build, DIAG_ERROR, node, bad,
                              "'%s' is yes, no or a list of zstd, br and gzip, not '%.*s'",
                              row->name, SLICE_ARGS(bad)),
                  "for example: %s = br, gzip", row->name);
        return;
    }
    folder->compress = compress;
}

/* "text/html", "text" followed by a slash and a star, "*+xml" */
static bool type_is_good(struct slice type)
{
    const size_t slash = slice_find(type, '/');

    if (slice_starts(type, SLICE("*+")))
        return type.len > 2 && slash == SLICE_NONE;
    return slash != SLICE_NONE && slash > 0 && slash + 1 < type.len &&
           slice_find(slice_skip(type, slash + 1), '/') == SLICE_NONE &&
           slice_find(type, ';') == SLICE_NONE;
}

static void compress_types_set(struct build *build, void *record, const struct tree_node *node,
                               const struct option_row *row)
{
    struct vhost_conf *host = record;
    struct conf_word **end = &host->compress_types;
    struct slice list = node->value;
    struct slice type;

    while (*end)
        end = &(*end)->next;
    while (slice_next(&list, ',', &type)) {
        type = slice_trim(type);
        if (!type_is_good(type)) {
            diag_hint(build->diags,
                      build_fault(build, DIAG_ERROR, node, type,
                                  "'%s' wants types of answers, not '%.*s'", row->name,
                                  SLICE_ARGS(type)),
                      "for example: %s = text/*, application/json, *+xml", row->name);
            return;
        }
        *end = arena_new(build->arena, struct conf_word);
        (*end)->text = arena_copy(build->arena, type);
        end = &(*end)->next;
    }
}

static const struct option_row rows[] = {
    {
        .name = "Compress",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST | SCOPE_DIRECTORY | SCOPE_LOCAL,
        AT_FOLDER(compress),
        .fallback = "yes",
        .set = compress_set,
        .grammar = "yes | no | (zstd | br | gzip)[, ...]",
        .text =
            "In which codings answers of CompressTypes may be sent while they are made, to "
            "clients that take them (Accept-Encoding); of those a client likes equally the "
            "first in this list. `yes` is `zstd, br, gzip`. `no` leaves answers as they are; "
            "compressed neighbours of files (.gz, .br, .zst) are sent all the same. Pages that "
            "show a secret beside something that their visitor has sent: see docs/compression.md "
            "for BREACH.",
    },
    {
        .name = "CompressTypes",
        .type = OPT_OWN,
        .scopes = SCOPE_HOST,
        .repeat = REPEAT_APPENDS,
        .set = compress_types_set,
        .grammar = "TYPE[, ...]",
        .text = "Which types of answers Compress is for, in place of the usual ones (texts, JSON, "
                "XML, SVG, WebAssembly, fonts that are not compressed). `text/*` is each type that "
                "begins so, `*+xml` each that ends so. May be repeated.",
    },
    {
        .name = "CompressCache",
        .type = OPT_SIZE,
        .scopes = SCOPE_SERVER,
        AT(server_conf, compress_cache_bytes),
        .fallback = "64",
        .least = 0,
        .most = 1024 * MIB,
        .unit = MIB,
        .grammar = "SIZE, a bare number counts megabytes",
        .text = "How many bytes of compressed files are kept for the next who ask for them, of all "
                "websites together; 0 keeps none. The reactors share it equally. Forms longer than "
                "64 KiB lie in WorkDirectory, in files without a name.",
    },
};

const struct option_group compress_options = { rows, sizeof(rows) / sizeof(rows[0]) };
