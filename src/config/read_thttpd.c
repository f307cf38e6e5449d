#include "config/read_thttpd.h"

#include "base/address.h"
#include "base/number.h"

#include "read_throttles.h"
#include "thttpd_words.h"

/* The path of a line says whose it was: "GET /www.example.org/a HTTP/1.1". */
#define VHOST_FORMAT "%h %l %u %t \"%m /%V%U%q %H\" %s %b \"%{Referer}i\" \"%{User-Agent}i\""

/* The last word of a key. */
struct setting {
    bool given;
    bool on; /* of keys without a value */
    struct thttpd_word word;
    const char *file;
};

struct reader {
    struct arena *arena;
    struct diags *diags;
    struct source *source;
    struct tree *tree;
    const char *file; /* of the text that is read now, or of the main one */
    struct setting settings[THTTPD_KEYS];
    struct diag_place place; /* see place_of() */
    unsigned errors_before;
    unsigned broken_line; /* its further words are parts of what was wrong */
};

static const struct setting *given(const struct reader *reader, enum thttpd_key key)
{
    return reader->settings[key].given ? &reader->settings[key] : NULL;
}

static bool is_on(const struct reader *reader, enum thttpd_key key)
{
    return reader->settings[key].given && reader->settings[key].on;
}

/* The place until the next call: diag_add() copies it. */
static const struct diag_place *place_of(struct reader *reader, const struct setting *setting,
                                         struct slice part)
{
    reader->place = thttpd_place(setting->file, &setting->word, part);
    return &reader->place;
}

/* ---- words to settings ---- */

static void read_words(struct reader *reader, const struct source_text *text);

/* Flag -C: the file counts from here on, as thttpd reads it. */
static void read_include(struct reader *reader, const struct setting *setting)
{
    struct slice path = setting->word.value;
    const char *why;
    const struct source_text *text = source_find_file(reader->source, reader->arena, path, &why);

    if (text && !slice_equal_cstr(slice_cstr(text->name), THTTPD_FLAGS_NAME)) {
        const char *outer = reader->file;

        reader->file = text->name;
        read_words(reader, text);
        reader->file = outer;
        return;
    }
    diag_hint(reader->diags,
              diag_add(reader->diags, DIAG_ERROR, place_of(reader, setting, path),
                       "cannot read '%.*s': %s", SLICE_ARGS(path),
                       text ? "it is the command line" : why),
              "-C names a file in the form of thttpd.conf");
}

static void fault_unknown(struct reader *reader, const struct setting *setting)
{
    struct slice name = setting->word.name;
    const char *nearest = thttpd_nearest(name);
    struct diag *diag = diag_add(reader->diags, DIAG_ERROR, place_of(reader, setting, name),
                                 "thttpd has no option '%.*s'", SLICE_ARGS(name));

    if (nearest)
        diag_hint(reader->diags, diag, "did you mean '%s'?", nearest);
    else
        diag_hint(reader->diags, diag,
                  "options are `name` or `name=value` without blanks around the '='; options of "
                  "Longhouse belong into a longhouse.conf");
}

/* Why the word cannot be right for its key, or NULL. */
static const char *form_fault(const struct thttpd_name *name, const struct thttpd_word *word)
{
    if (name->form != THTTPD_VALUE)
        return word->has_value ? "takes no value" : NULL;
    if (word->has_value && name->key == THTTPD_HOST) /* "host=" is every address */
        return NULL;
    return word->has_value && word->value.len > 0 ? NULL : "wants a value";
}

static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char byte = (unsigned char)text.at[i];

        if (byte < 0x20 || byte == 0x7f)
            return true;
    }
    return false;
}

static void read_word(struct reader *reader, const struct thttpd_word *word, bool flags)
{
    const struct thttpd_name *name = thttpd_name_of(word->name);
    struct setting setting = { .given = true, .word = *word, .file = reader->file };

    if (has_control(word->name) || has_control(word->value)) {
        diag_hint(reader->diags,
                  diag_add(reader->diags, DIAG_ERROR, place_of(reader, &setting, word->name),
                           "a control byte inside the word"),
                  "this is a text file: write the line anew");
    } else if (!name || (name->key == THTTPD_INCLUDE && !flags)) {
        fault_unknown(reader, &setting);
    } else if (form_fault(name, word)) {
        reader->broken_line = word->has_value ? 0 : word->number;
        diag_hint(reader->diags,
                  diag_add(reader->diags, DIAG_ERROR, place_of(reader, &setting, word->name),
                           "'%s' %s", name->name, form_fault(name, word)),
                  name->form == THTTPD_VALUE ? "write %s=VALUE, without blanks" : "write %s alone",
                  name->name);
    } else if (name->key == THTTPD_INCLUDE) {
        read_include(reader, &setting);
    } else {
        setting.on = name->form == THTTPD_ON;
        setting.given = name->form != THTTPD_VALUE || word->value.len > 0;
        reader->settings[name->key] = setting;
    }
}

static void read_words(struct reader *reader, const struct source_text *text)
{
    struct thttpd_words words;
    struct thttpd_word word;

    thttpd_words_init(&words, text);
    reader->broken_line = 0;
    while (thttpd_words_next(&words, &word))
        if (word.number != reader->broken_line)
            read_word(reader, &word, words.flags);
}

/* ---- settings to nodes ---- */

/* A node of our vocabulary with the place of `from`; NULL: what thttpd does without being told. */
static struct tree_node *put(struct reader *reader, struct tree_node *parent, const char *name,
                             struct slice value, const struct setting *from)
{
    struct tree_node *node = tree_add(reader->arena, parent, slice_cstr(name));
    struct tree_piece *piece = arena_new(reader->arena, struct tree_piece);

    node->value = value;
    node->raw_value = value;
    node->name_place = (struct diag_place){ .file = reader->file };
    node->value_place = node->name_place;
    if (from) {
        struct slice part = from->word.has_value ? from->word.value : from->word.name;

        node->name_place = thttpd_place(from->file, &from->word, from->word.name);
        node->value_place = thttpd_place(from->file, &from->word, part);
    }
    *piece = (struct tree_piece){
        .len = value.len,
        .verbatim = from && value.at == from->word.value.at,
        .place = node->value_place,
    };
    node->pieces = piece;
    return node;
}

static void put_outside(struct reader *reader, const char *name, struct slice value,
                        const struct setting *from)
{
    put(reader, &reader->tree->root, name, value, from);
}

static void put_default(struct reader *reader, const char *name, const char *value)
{
    put_outside(reader, name, slice_cstr(value), NULL);
}

/* What has no equal here: said at its line, and kept as a remark. */
static void leave(struct reader *reader, enum thttpd_key key, enum diag_level level,
                  const char *what, const char *cure)
{
    const struct setting *setting = given(reader, key);
    struct slice name = setting->word.name;
    struct tree_node *remark = tree_add(reader->arena, &reader->tree->root, SLICE(""));

    diag_hint(reader->diags,
              diag_add(reader->diags, level, place_of(reader, setting, name), "'%.*s' %s",
                       SLICE_ARGS(name), what),
              "%s", cure);
    remark->is_remark = true;
    remark->name_place = *place_of(reader, setting, name);
    remark->value = arena_printf(reader->arena, "%.*s%s%.*s: %s; %s", SLICE_ARGS(name),
                                 setting->word.has_value ? "=" : "",
                                 SLICE_ARGS(setting->word.value), what, cure);
}

/* ---- paths ---- */

/* Without "." and empty parts, and with `base` in front of a relative one. */
static struct slice join_path(struct reader *reader, struct slice base, struct slice path)
{
    struct slice whole =
        slice_starts(path, SLICE("/"))
            ? path
            : arena_printf(reader->arena, "%.*s/%.*s", SLICE_ARGS(base), SLICE_ARGS(path));
    char *bytes = arena_bytes(reader->arena, whole.len + 1);
    size_t len = 0;
    struct slice part;

    while (slice_cut(whole, '/', &part, &whole) || part.len > 0) {
        if (part.len > 0 && !slice_equal_cstr(part, ".")) {
            bytes[len++] = '/';
            memcpy(bytes + len, part.at, part.len);
            len += part.len;
        }
    }
    if (len == 0)
        bytes[len++] = '/';
    return slice_of(bytes, len);
}

/* As written when nothing is to be changed: then each byte has its own place. */
static struct slice absolute_path(struct reader *reader, const struct setting *setting)
{
    struct slice path = join_path(reader, reader->source->folder, setting->word.value);

    return slice_equal(path, setting->word.value) ? setting->word.value : path;
}

static void fault_no_dir(struct reader *reader)
{
    struct diag_place file = { .file = reader->file };

    if (reader->diags->errors > reader->errors_before)
        return; /* it may be among them */
    diag_hint(reader->diags, diag_add(reader->diags, DIAG_ERROR, &file, "there is no 'dir'"),
              "thttpd would serve whatever folder it is started in; write dir=/FOLDER");
}

/* thttpd asks for it where the file is there; it is, or the option would mean nothing. With vhost
 * each folder may have its own. */
static void put_password(struct reader *reader, struct slice root)
{
    const struct setting *setting = given(reader, THTTPD_GLOBAL_PASSWORD);

    if (!is_on(reader, THTTPD_GLOBAL_PASSWORD))
        return;
    if (is_on(reader, THTTPD_VHOST))
        leave(reader, THTTPD_GLOBAL_PASSWORD, DIAG_ERROR,
              "with vhost guards each folder by a file of its own",
              "write a VirtualHost with Hostname, WebsiteRoot and PasswordFile for each of the "
              "folders that have a .htpasswd: `longhouse import` makes the rest");
    else
        put_outside(reader, "PasswordFile",
                    arena_printf(reader->arena, "basic:%.*s/.htpasswd", SLICE_ARGS(root)), setting);
}

/* data_dir is gone to from dir; after a chroot its '/' is dir. */
static void put_root(struct reader *reader)
{
    const struct setting *dir = given(reader, THTTPD_DIR);
    const struct setting *data = given(reader, THTTPD_DATA_DIR);
    struct slice root = dir ? absolute_path(reader, dir) : reader->source->folder;

    if (!dir &&
        (!data || !slice_starts(data->word.value, SLICE("/")) || is_on(reader, THTTPD_CHROOT)))
        fault_no_dir(reader);
    if (data) {
        struct slice below = data->word.value;

        while (is_on(reader, THTTPD_CHROOT) && slice_starts(below, SLICE("/")))
            below = slice_skip(below, 1);
        root = join_path(reader, root, below);
    }
    put_outside(reader, "WebsiteRoot", root, data ? data : dir);
    if (is_on(reader, THTTPD_VHOST))
        put_outside(reader, "HostFolders", SLICE("yes"), given(reader, THTTPD_VHOST));
    put_password(reader, root);
}

/* ---- where it listens ---- */

static struct slice interface_of(struct reader *reader, const struct setting *host)
{
    union socket_address address;

    if (!host)
        return SLICE("0.0.0.0");
    if (slice_equal_nocase(host->word.value, SLICE("localhost")))
        return SLICE("127.0.0.1");
    if (address_parse_ip(host->word.value, 0, &address))
        return host->word.value;
    diag_hint(reader->diags,
              diag_add(reader->diags, DIAG_ERROR, place_of(reader, host, host->word.value),
                       "'%.*s' is a name, and a Binding wants an address",
                       SLICE_ARGS(host->word.value)),
              "write the address of this machine that the name stands for: host=ADDRESS");
    return SLICE("0.0.0.0");
}

static void put_binding(struct reader *reader)
{
    const struct setting *host = given(reader, THTTPD_HOST);
    const struct setting *port = given(reader, THTTPD_PORT);
    struct tree_node *binding = tree_add(reader->arena, &reader->tree->root, SLICE("Binding"));
    const struct setting *at = port ? port : host;

    binding->is_section = true;
    binding->name_place = at ? thttpd_place(at->file, &at->word, at->word.name)
                             : (struct diag_place){ .file = reader->file };
    binding->value_place = binding->name_place;
    put(reader, binding, "Port", port ? port->word.value : SLICE("80"), port);
    put(reader, binding, "Interface", interface_of(reader, host), host);
    put(reader, binding, "MaxRequestSize", SLICE("1G"), NULL); /* thttpd has no bound */
}

/* The name where a request names none. */
static void put_hostname(struct reader *reader)
{
    const struct setting *host = given(reader, THTTPD_HOST);
    bool usable = host && !slice_has(host->word.value, ':');

    put_outside(reader, "Hostname", usable ? host->word.value : SLICE("localhost"),
                usable ? host : NULL);
}

/* ---- logs and other files ---- */

/* "/var/log/thttpd.log" and "-error.log" give "/var/log/thttpd-error.log". */
static struct slice beside(struct reader *reader, struct slice path, struct slice ending,
                           const char *new_ending)
{
    if (slice_ends(path, ending))
        path.len -= ending.len;
    return arena_printf(reader->arena, "%.*s%s", SLICE_ARGS(path), new_ending);
}

/* thttpd's errors are syslog's. Here they lie beside the log; without one the terminal, or the
 * service manager, gets both. */
static void put_logs(struct reader *reader)
{
    const struct setting *log = given(reader, THTTPD_LOGFILE);
    bool nowhere = log && slice_equal_cstr(log->word.value, "/dev/null");
    bool to_stdout = !log || slice_equal_cstr(log->word.value, "-");
    struct slice access = SLICE("stdout");
    struct slice errors = SLICE("stderr");

    if (nowhere) {
        access = SLICE("none");
    } else if (!to_stdout) {
        access = absolute_path(reader, log);
        errors = beside(reader, access, SLICE(".log"), "-error.log");
    }
    put_outside(reader, "AccessLogfile", access, log);
    put_outside(reader, "ErrorLogfile", errors, log);
    put_outside(reader, "SystemLogfile", errors, log);
    put_default(reader, "LogFormat", is_on(reader, THTTPD_VHOST) ? VHOST_FORMAT : "extended");
}

static void put_places(struct reader *reader)
{
    const struct setting *pid = given(reader, THTTPD_PIDFILE);

    if (!pid)
        return;
    struct slice path = absolute_path(reader, pid);

    put_outside(reader, "PIDfile", path, pid);
    put_outside(reader, "ControlSocket", beside(reader, path, SLICE(".pid"), ".sock"), pid);
}

/* ---- programs ---- */

/* Refused beyond the limit, as thttpd does: nobody waits. 0 is no limit. */
static void put_cgi_limit(struct reader *reader)
{
    const struct setting *limit = given(reader, THTTPD_CGILIMIT);
    uint64_t count = 0;

    if (!limit || slice_equal_cstr(limit->word.value, "0"))
        return;
    put_outside(reader, "MaxCGI", limit->word.value, limit);
    put_outside(reader, "CGIqueue", SLICE("0"), limit);
    if (number_parse(limit->word.value, 100000, &count) && count > 64)
        put_outside(reader, "MaxCGItotal", limit->word.value, limit);
}

static void put_programs(struct reader *reader)
{
    const struct setting *pattern = given(reader, THTTPD_CGIPAT);

    if (!pattern)
        return;
    put_outside(reader, "ExecuteCGI", SLICE("yes"), pattern);
    put_outside(reader, "CGIpattern", pattern->word.value, pattern);
    put_cgi_limit(reader);
    put_default(reader, "ServerNameAs", "request");
    put_default(reader, "TimeForCGI", "30");
    put_default(reader, "KillGrace", "5");
    put_default(reader, "CGInice", "10");
}

/* ---- files ---- */

static void put_files(struct reader *reader)
{
    const struct setting *charset = given(reader, THTTPD_CHARSET);
    const struct setting *age = given(reader, THTTPD_MAX_AGE);
    const struct setting *p3p = given(reader, THTTPD_P3P);
    const struct setting *links = given(reader, THTTPD_SYMLINKS);

    put_default(reader, "StartFile",
                "index.html, index.htm, index.xhtml, index.xht, Default.htm, index.cgi");
    put_default(reader, "NoExtensionAs", "txt");
    if (links && !links->on && !is_on(reader, THTTPD_CHROOT)) /* there a link leads nowhere else */
        put_outside(reader, "FollowSymlinks", SLICE("yes"), links);
    if (charset)
        put_outside(reader, "Charset", charset->word.value, charset);
    if (age)
        put_outside(reader, "MaxAge", age->word.value, age);
    if (p3p)
        put_outside(reader, "CustomHeaderClient",
                    arena_printf(reader->arena, "P3P: %.*s", SLICE_ARGS(p3p->word.value)), p3p);
}

/* ---- the throttle file ---- */

static struct diag_place place_in(const char *file, const struct speed_line *line,
                                  struct slice part)
{
    return (struct diag_place){
        .file = file,
        .line = line->number,
        .column = 1 + (unsigned)(part.at - line->line.at),
        .span = (unsigned)part.len,
        .text = line->line,
    };
}

/* What cannot be read is left out, as thttpd does. */
static void put_throttle(struct reader *reader, const char *file, const struct speed_line *line)
{
    const struct diag_place place = place_in(file, line, line->pattern);

    if (line->why) {
        diag_hint(
            reader->diags,
            diag_add(reader->diags, DIAG_WARNING, &place, "the line is left out: %s", line->why),
            "write PATTERN MOST or PATTERN LEAST-MOST, in bytes per second");
        return;
    }
    struct slice least =
        line->least_per_s == 0
            ? SLICE("")
            : arena_printf(reader->arena, "%lluB-", (unsigned long long)line->least_per_s);
    struct tree_node *node =
        put(reader, &reader->tree->root, "ThrottlePattern",
            arena_printf(reader->arena, "%.*s %.*s%lluB", SLICE_ARGS(line->pattern),
                         SLICE_ARGS(least), (unsigned long long)line->bytes_per_s),
            NULL);
    node->name_place = node->value_place = place;
    ((struct tree_piece *)node->pieces)->place = place;
}

static void put_throttles(struct reader *reader)
{
    const struct setting *setting = given(reader, THTTPD_THROTTLES);
    const char *why;
    struct speed_line line;

    if (!setting)
        return;
    const struct source_text *text =
        source_find_file(reader->source, reader->arena, setting->word.value, &why);
    if (!text) {
        diag_hint(reader->diags,
                  diag_add(reader->diags, DIAG_ERROR,
                           place_of(reader, setting, setting->word.value), "cannot read '%.*s': %s",
                           SLICE_ARGS(setting->word.value), why),
                  "it is a file with lines such as `**.iso 100000`");
        return;
    }
    struct speed_lines walk = { .rest = text->text };
    while (speed_lines_next(&walk, &line))
        put_throttle(reader, text->name, &line);
}

static void leave_referrers(struct reader *reader)
{
    static const char cure[] = "pages elsewhere may show these files; a UrlToolkit that looks at "
                               "the Referer takes its place";
    static const enum thttpd_key keys[] = { THTTPD_URLPAT, THTTPD_LOCALPAT,
                                            THTTPD_NO_EMPTY_REFERRERS };

    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
        if (given(reader, keys[i]))
            leave(reader, keys[i], DIAG_WARNING, "is without effect: referrers are not looked at",
                  cure);
}

/* Files are found below the root only, whatever they are called: what is left are programs. */
static void settle_chroot(struct reader *reader)
{
    const struct setting *chroot = given(reader, THTTPD_CHROOT);

    if (!is_on(reader, THTTPD_CHROOT))
        return;
    if (!given(reader, THTTPD_CGIPAT)) {
        leave(reader, THTTPD_CHROOT, DIAG_NOTE, "is not needed",
              "no file outside of dir is ever opened for a visitor");
        return;
    }
    put_outside(reader, "Sandbox", SLICE("strict"), chroot);
    leave(reader, THTTPD_CHROOT, DIAG_WARNING, "becomes `Sandbox = strict`",
          "programs see the system's own folders and dir by their real names, and write nowhere: "
          "name what they write to in SandboxWrite of a longhouse.conf");
}

static void leave_others(struct reader *reader)
{
    if (given(reader, THTTPD_FASTOPEN))
        leave(reader, THTTPD_FASTOPEN, DIAG_WARNING, "is without effect",
              "connections that are kept open save more round trips; leave it out");
}

static void write_tree(struct reader *reader)
{
    const struct setting *user = given(reader, THTTPD_USER);

    put_outside(reader, "ServerId", user ? user->word.value : SLICE("nobody"), user);
    put_places(reader);
    put_binding(reader);
    /* A proxy in front is on this machine; see docs/migrate-thttpd.md. */
    put_default(reader, "TrustedProxy", "127.0.0.1, ::1");
    put_hostname(reader);
    put_root(reader);
    put_logs(reader);
    put_files(reader);
    put_programs(reader);
    settle_chroot(reader);
    put_throttles(reader);
    leave_referrers(reader);
    leave_others(reader);
}

void read_thttpd(const struct source_text *text, struct source *source, struct arena *arena,
                 struct diags *diags, struct tree *ret)
{
    struct reader reader = {
        .arena = arena,
        .diags = diags,
        .source = source,
        .tree = ret,
        .file = text->name,
        .errors_before = diags->errors,
    };

    tree_init(ret);
    read_words(&reader, text);
    write_tree(&reader);
}
