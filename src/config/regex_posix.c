/* POSIX extended regular expressions, written as PCRE2 wants them. */
#include "base/text.h"
#include "config/regex.h"

#define REPEAT_MOST 255u /* RE_DUP_MAX of POSIX */

struct translation {
    struct slice in;
    size_t at;
    struct text out;
    size_t atom;       /* where the last atom begins in `out`; SLICE_NONE: nothing to repeat */
    bool repeated;     /* it has a quantifier already */
    unsigned depth;    /* open groups */
    size_t *groups;    /* where they begin in `out` */
    size_t *group_ats; /* and in `in` */
    struct parse_fault *fault;
    struct parse_fault doubt;
};

static bool has_more(const struct translation *t)
{
    return t->at < t->in.len;
}

static char peek(const struct translation *t)
{
    return t->in.at[t->at];
}

static bool bad(struct translation *t, size_t at, const char *why)
{
    parse_bad(t->fault, at, why);
    return false;
}

static void doubt(struct translation *t, size_t at, const char *why)
{
    if (!t->doubt.why)
        t->doubt = (struct parse_fault){ .at = at, .why = why };
}

static void begin_atom(struct translation *t)
{
    t->atom = t->out.len;
    t->repeated = false;
}

static bool is_word_byte(char c)
{
    return ascii_is_alpha(c) || ascii_is_digit(c) || c == '_' || (unsigned char)c >= 0x80;
}

static void put_literal(struct translation *t, char c)
{
    if (!is_word_byte(c))
        text_add_char(&t->out, '\\');
    text_add_char(&t->out, c);
}

/* ---- escapes ---- */

static bool is_anchor_escape(char c)
{
    return c == 'b' || c == 'B' || c == '<' || c == '>' || c == '`' || c == '\'';
}

static void put_anchor_escape(struct translation *t, char c)
{
    static const struct {
        char posix;
        const char *pcre;
    } anchors[] = {
        { 'b', "\\b" },         { 'B', "\\B" }, { '<', "\\b(?=\\w)" },
        { '>', "\\b(?<=\\w)" }, { '`', "\\A" }, { '\'', "\\z" },
    };

    for (size_t i = 0; i < sizeof(anchors) / sizeof(anchors[0]); i++)
        if (anchors[i].posix == c)
            text_add_cstr(&t->out, anchors[i].pcre);
    t->atom = SLICE_NONE;
}

static bool take_escape(struct translation *t)
{
    size_t at = t->at++;

    if (!has_more(t))
        return bad(t, at, "a backslash at the end; write \\\\ for the character itself");
    char c = t->in.at[t->at++];
    if (is_anchor_escape(c)) {
        put_anchor_escape(t, c);
        return true;
    }
    begin_atom(t);
    if (c >= '1' && c <= '9')
        return bad(t, at, "a pattern cannot refer to its own groups; write what is to repeat");
    if (c == 'w' || c == 'W' || c == 's' || c == 'S') {
        text_add_char(&t->out, '\\');
        text_add_char(&t->out, c);
        return true;
    }
    if (ascii_is_alpha(c) || c == '0')
        doubt(t, at,
              "in these patterns a backslash before a letter is the letter alone: for a digit "
              "write [0-9]");
    put_literal(t, c);
    return true;
}

/* ---- brackets ---- */

/* [:alpha:], [.x.] and [=x=], behind their '['. */
static bool take_class(struct translation *t, size_t open)
{
    static const char *const names[] = { "alpha", "digit", "alnum", "upper", "lower", "space",
                                         "blank", "punct", "print", "graph", "cntrl", "xdigit" };
    const char kind = peek(t);
    const char ends[] = { kind, ']', '\0' };
    struct slice rest = slice_skip(t->in, t->at + 1);
    size_t len = slice_find_slice(rest, slice_cstr(ends));

    if (len == SLICE_NONE)
        return bad(t, open, "a '[' with its ':', '.' or '=' that is not closed");
    struct slice name = slice_first(rest, len);
    t->at += 1 + len + 2;
    if (kind != ':') {
        if (name.len != 1)
            return bad(t, open, "only single characters may stand in [. .] and [= =]");
        put_literal(t, name.at[0]);
        return true;
    }
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (!slice_equal_cstr(name, names[i]))
            continue;
        text_printf(&t->out, "[:%s:]", names[i]);
        return true;
    }
    return bad(t, open,
               "no such class; there are alpha, digit, alnum, upper, lower, space, blank, "
               "punct, print, graph, cntrl and xdigit");
}

/* One member of a bracket; *ret_c is its byte, or -1 for a class. */
static bool take_member(struct translation *t, int *ret_c)
{
    size_t open = t->at;
    char c = t->in.at[t->at++];

    *ret_c = -1;
    if (c == '[' && has_more(t) && (peek(t) == ':' || peek(t) == '.' || peek(t) == '=')) {
        if (peek(t) != ':')
            *ret_c = t->at + 1 < t->in.len ? (unsigned char)t->in.at[t->at + 1] : -1;
        return take_class(t, open);
    }
    if (c == '\\')
        doubt(t, open, "a backslash in brackets is a backslash, it quotes nothing");
    *ret_c = (unsigned char)c;
    put_literal(t, c);
    return true;
}

static bool is_range(const struct translation *t)
{
    return t->at + 1 < t->in.len && peek(t) == '-' && t->in.at[t->at + 1] != ']';
}

static bool take_range(struct translation *t, size_t open, int from)
{
    int to;

    if (from < 0)
        return bad(t, open, "a class cannot begin a range");
    t->at++;
    text_add_char(&t->out, '-');
    if (!take_member(t, &to))
        return false;
    if (to < 0)
        return bad(t, open, "a class cannot end a range");
    return to >= from || bad(t, open, "a range that ends before it begins");
}

static bool take_bracket(struct translation *t)
{
    size_t open = t->at++;
    bool first = true;

    begin_atom(t);
    text_add_char(&t->out, '[');
    if (has_more(t) && peek(t) == '^') {
        text_add_char(&t->out, '^');
        t->at++;
    }
    while (has_more(t) && (first || peek(t) != ']')) {
        size_t at = t->at;
        int c;

        first = false;
        if (!take_member(t, &c) || (is_range(t) && !take_range(t, at, c)))
            return false;
    }
    if (!has_more(t))
        return bad(t, open, "a '[' without its ']'");
    t->at++;
    text_add_char(&t->out, ']');
    return true;
}

/* ---- groups ---- */

static bool open_group(struct translation *t)
{
    t->groups[t->depth] = t->out.len;
    t->group_ats[t->depth++] = t->at++;
    text_add_char(&t->out, '(');
    t->atom = SLICE_NONE;
    return true;
}

/* One without its '(' is a character. */
static bool close_group(struct translation *t)
{
    t->at++;
    if (t->depth == 0) {
        begin_atom(t);
        put_literal(t, ')');
        return true;
    }
    text_add_char(&t->out, ')');
    t->atom = t->groups[--t->depth];
    t->repeated = false;
    return true;
}

/* ---- how often ---- */

/* What is repeated already is a whole for the next quantifier, never "lazy" or "possessive". */
static void wrap_atom(struct translation *t)
{
    static const struct slice before = SLICE_INIT("(?:");
    size_t len = t->out.len - t->atom;

    if (t->out.room - t->out.len < before.len + 1) {
        t->out.cut = true;
        return;
    }
    memmove(t->out.at + t->atom + before.len, t->out.at + t->atom, len);
    memcpy(t->out.at + t->atom, before.at, before.len);
    t->out.len += before.len;
    text_add_char(&t->out, ')');
}

static bool take_count(struct translation *t, unsigned *ret)
{
    unsigned count = 0;
    size_t begin = t->at;

    while (has_more(t) && ascii_is_digit(peek(t)) && count <= REPEAT_MOST)
        count = count * 10 + (unsigned)(t->in.at[t->at++] - '0');
    *ret = count;
    return t->at > begin;
}

static bool take_interval(struct translation *t)
{
    size_t open = t->at++;
    unsigned least = 0;
    unsigned most = 0;
    bool has_least = take_count(t, &least);
    bool has_comma = has_more(t) && peek(t) == ',';
    bool has_most;

    t->at += has_comma;
    has_most = has_comma && take_count(t, &most);
    if (!has_more(t) || peek(t) != '}' || (!has_least && !has_most))
        return bad(t, open,
                   "'{' begins a repetition like {2} or {1,3}; write \\{ for the "
                   "character itself");
    t->at++;
    if (least > REPEAT_MOST || most > REPEAT_MOST || (has_most && most < least))
        return bad(t, open, "a repetition is at most 255, the smaller number first");
    text_printf(&t->out, "{%u", least);
    if (has_comma)
        text_add_char(&t->out, ',');
    if (has_most)
        text_add_u64(&t->out, most);
    text_add_char(&t->out, '}');
    return true;
}

static bool take_quantifier(struct translation *t)
{
    char c = peek(t);

    if (t->atom == SLICE_NONE)
        return bad(t, t->at,
                   t->at > 0 && t->in.at[t->at - 1] == '(' && c == '?'
                       ? "these patterns have no (?...) groups; MatchCI ignores the case"
                       : "nothing stands before it that could be repeated");
    if (t->repeated) {
        if (c == '?')
            doubt(t, t->at, "these patterns know no lazy repetition: the longest match counts");
        wrap_atom(t);
    }
    t->repeated = true;
    if (c == '{')
        return take_interval(t);
    text_add_char(&t->out, c);
    t->at++;
    return true;
}

/* ---- the whole ---- */

static bool take_one(struct translation *t)
{
    char c = peek(t);

    switch (c) {
    case '\\':
        return take_escape(t);
    case '[':
        return take_bracket(t);
    case '(':
        return open_group(t);
    case ')':
        return close_group(t);
    case '*':
    case '+':
    case '?':
    case '{':
        return take_quantifier(t);
    case '|':
    case '^':
    case '$':
        text_add_char(&t->out, c);
        t->atom = SLICE_NONE;
        t->at++;
        return true;
    case '.':
        begin_atom(t);
        text_add_char(&t->out, c);
        t->at++;
        return true;
    default:
        begin_atom(t);
        put_literal(t, c);
        t->at++;
        return true;
    }
}

enum parse regex_translate(struct slice posix, struct arena *arena, struct slice *ret,
                           struct parse_fault *reterr, struct parse_fault *ret_doubt)
{
    /* A byte becomes at most twelve ("\<"), or four more when it is repeated once more. */
    size_t room = posix.len * 12 + 16;
    struct translation t = { .in = posix, .atom = SLICE_NONE, .fault = reterr };

    if (posix.len > REGEX_MOST)
        return parse_bad(reterr, REGEX_MOST, "a pattern has at most 4096 bytes");
    t.out = text_on(arena_bytes(arena, room), room);
    t.groups = arena_array(arena, size_t, posix.len + 1);
    t.group_ats = arena_array(arena, size_t, posix.len + 1);
    while (has_more(&t))
        if (!take_one(&t))
            return PARSE_BAD;
    if (t.depth > 0)
        return parse_bad(reterr, t.group_ats[t.depth - 1], "a '(' without its ')'");
    if (t.out.cut)
        return parse_bad(reterr, 0, "the pattern is too complicated");
    *ret = text_slice(&t.out);
    *ret_doubt = t.doubt;
    return PARSE_DONE;
}
