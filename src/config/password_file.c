#include "config/password_file.h"

#include "base/encode.h"
#include "os/password_hash.h"

#define MD5_DIGITS    32u
#define SHA256_DIGITS 64u
#define NAME_MOST     512u /* of a key: longer ones come from no client */

struct reading {
    struct password_file *file;
    struct arena *arena;
    struct password_critic *critic;
    unsigned line;
};

static void fault(const struct reading *reading, const char *why)
{
    reading->critic->fault(reading->critic, reading->line, why);
}

static void doubt(const struct reading *reading, const char *why)
{
    reading->critic->doubt(reading->critic, reading->line, why);
}

/* False: somebody has that name already. */
static bool add(const struct reading *reading, unsigned table, struct slice name, struct slice hash)
{
    struct table *names = &reading->file->names[table];

    if (table_find(names, name))
        return false;
    struct password_entry *entry = arena_new(reading->arena, struct password_entry);
    *entry = (struct password_entry){ .name = name, .hash = hash };
    entry->locked = password_hash_form(hash) == PASSWORD_FORM_LOCKED;
    table_put(names, name, entry);
    if (reading->file->kind == PASSWORD_BASIC && !entry->locked)
        reading->file->entries[reading->file->entry_count++] = entry;
    return true;
}

/* ---- lines ---- */

static const char *form_doubt(enum password_form form)
{
    if (form == PASSWORD_FORM_OLD)
        return "the hash is of an old kind that is quickly guessed; set the password anew with "
               "'longhouse password'";
    return form == PASSWORD_FORM_LOCKED ? "the user is locked and cannot log in" : NULL;
}

static void read_basic(const struct reading *reading, struct slice name, struct slice rest)
{
    struct slice hash;

    slice_cut(rest, ':', &hash, &rest);
    hash = slice_trim(hash);
    const enum password_form form = password_hash_form(hash);
    if (form == PASSWORD_FORM_UNKNOWN)
        fault(reading, hash.len == 0 ? "there is no hash behind the ':'"
                                     : "no hash that is known here; set the password anew with "
                                       "'longhouse password'");
    else if (!add(reading, 0, name, hash))
        fault(reading, "the user has a line above already, which counts");
    else if (form_doubt(form))
        doubt(reading, form_doubt(form));
}

static bool is_hex(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (hex_digit(text.at[i]) < 0)
            return false;
    return true;
}

/* `whole` is the line: "user:realm" is its beginning. */
static void read_digest(const struct reading *reading, struct slice whole, struct slice rest)
{
    struct slice realm;
    struct slice hash;
    const bool complete = slice_cut(rest, ':', &realm, &hash);

    hash = slice_trim(hash);
    if (!complete)
        fault(reading, "a line of a digest file has two ':', USER:REALM:HASH");
    else if ((hash.len != MD5_DIGITS && hash.len != SHA256_DIGITS) || !is_hex(hash))
        fault(reading, "the hash is neither MD5 (32 hexadecimal digits) nor SHA-256 (64)");
    else if (!add(reading, hash.len == MD5_DIGITS ? DIGEST_MD5 : DIGEST_SHA256,
                  slice_of(whole.at, (size_t)(realm.at + realm.len - whole.at)),
                  arena_lower(reading->arena, hash)))
        fault(reading, "the user has a line for this realm above already, which counts");
}

static size_t member_len(struct slice rest)
{
    size_t len = 0;

    while (len < rest.len && rest.at[len] != ' ' && rest.at[len] != '\t' && rest.at[len] != ',')
        len++;
    return len;
}

static void read_group(const struct reading *reading, struct slice group, struct slice rest)
{
    while (rest.len > 0) {
        const size_t len = member_len(rest);
        const struct slice parts[] = { group, SLICE(":"), slice_first(rest, len) };

        if (len > 0)
            add(reading, 0, arena_join(reading->arena, parts, 3), SLICE(""));
        rest = slice_skip(rest, len + 1);
    }
}

static void read_line(const struct reading *reading, struct slice line)
{
    struct slice name;
    struct slice rest;

    if (slice_trim(line).len == 0 || line.at[0] == '#')
        return;
    const bool complete = slice_cut(line, ':', &name, &rest);
    if (!complete) {
        fault(reading, "there is no ':' in the line");
    } else if (name.len == 0 || name.len > NAME_MOST) {
        fault(reading, name.len == 0 ? "there is no name in front of the ':'"
                                     : "the name in front of the ':' is too long");
    } else if (reading->file->kind == PASSWORD_BASIC) {
        read_basic(reading, name, rest);
    } else if (reading->file->kind == PASSWORD_DIGEST) {
        read_digest(reading, line, rest);
    } else {
        read_group(reading, name, rest);
    }
}

static unsigned count_lines(struct slice text)
{
    unsigned count = 1;

    for (size_t i = 0; i < text.len; i++)
        count += text.at[i] == '\n';
    return count;
}

/* Everybody in the one table is in the other one too. */
static bool holds_all(const struct table *table, const struct table *others)
{
    const struct table_entry *entry;
    size_t place = 0;

    while ((entry = table_next(others, &place)) != NULL)
        if (!table_find(table, entry->key))
            return false;
    return true;
}

static unsigned algorithms(const struct password_file *file)
{
    unsigned some = 0;
    unsigned all = 0;

    for (unsigned i = 0; i < DIGEST_ALGORITHMS; i++) {
        if (file->names[i].count == 0)
            continue;
        some |= 1u << i;
        if (holds_all(&file->names[i], &file->names[1 - i]))
            all |= 1u << i;
    }
    return all != 0 ? all : some;
}

void password_file_parse(struct slice text, enum password_kind kind, struct arena *arena,
                         struct password_critic *critic, struct password_file *ret)
{
    struct reading reading = { .file = ret, .arena = arena, .critic = critic };
    struct slice line;

    *ret = (struct password_file){ .kind = kind };
    if (kind == PASSWORD_BASIC)
        ret->entries = arena_array(arena, struct password_entry *, count_lines(text));
    while (text.len > 0) {
        slice_cut(text, '\n', &line, &text);
        reading.line++;
        if (slice_ends(line, SLICE("\r")))
            line.len--;
        read_line(&reading, line);
    }
    if (kind == PASSWORD_DIGEST)
        ret->algorithms = algorithms(ret);
}

void password_file_done(struct password_file *file)
{
    for (unsigned i = 0; i < DIGEST_ALGORITHMS; i++)
        table_done(&file->names[i]);
}

/* ---- questions ---- */

const struct password_entry *password_file_user(const struct password_file *file, struct slice user)
{
    return table_find(&file->names[0], user);
}

/* The pair as the tables have it. A name that is too long stands for nobody. */
static const struct password_entry *find_pair(const struct table *names, struct slice first,
                                              struct slice second)
{
    char key[2 * NAME_MOST + 1];
    struct text text = text_on(key, sizeof(key));

    text_add(&text, first);
    text_add_char(&text, ':');
    text_add(&text, second);
    return text.cut ? NULL : table_find(names, text_slice(&text));
}

const struct password_entry *password_file_digest(const struct password_file *file,
                                                  enum digest_algorithm algorithm,
                                                  struct slice user, struct slice realm)
{
    return slice_has(user, ':') ? NULL : find_pair(&file->names[algorithm], user, realm);
}

bool password_file_is_member(const struct password_file *file, struct slice group,
                             struct slice user)
{
    return !slice_has(group, ':') && find_pair(&file->names[0], group, user) != NULL;
}
