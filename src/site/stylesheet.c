#include "site/stylesheet.h"

#include <string.h>

#define NAMESPACE SLICE("http://www.w3.org/1999/XSL/Transform")

/* What xsl:output says; a later one overrides an earlier. */
struct output {
    struct slice prefix; /* of the namespace, with its colon; empty: it is the default one */
    bool is_xslt;        /* the namespace was declared */
    struct slice method;
    struct slice media_type;
    struct slice encoding;
};

/* ---- values that may stand in a field ---- */

static bool is_plain(struct slice value, const char *marks)
{
    for (size_t i = 0; i < value.len; i++)
        if (!ascii_is_alpha(value.at[i]) && !ascii_is_digit(value.at[i]) &&
            (value.at[i] == '\0' || !strchr(marks, value.at[i])))
            return false;
    return value.len > 0 && value.len < 100;
}

static bool is_media_type(struct slice value)
{
    struct slice type;
    struct slice subtype;

    return slice_cut(value, '/', &type, &subtype) && is_plain(type, "+-._") &&
           is_plain(subtype, "+-._");
}

static bool is_encoding(struct slice value)
{
    return is_plain(value, "+-._:");
}

/* ---- tags ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct slice skip_space(struct slice text)
{
    while (text.len > 0 && is_space(text.at[0]))
        text = slice_skip(text, 1);
    return text;
}

/* Behind the next `mark`; empty when there is none. */
static struct slice skip_behind(struct slice text, struct slice mark)
{
    const size_t at = slice_find_slice(text, mark);

    return at == SLICE_NONE ? slice_skip(text, text.len) : slice_skip(text, at + mark.len);
}

static struct slice take_name(struct slice *text)
{
    size_t len = 0;

    while (len < text->len && !is_space(text->at[len]) && !strchr("=/>\"'<", text->at[len]))
        len++;
    struct slice name = slice_first(*text, len);
    *text = slice_skip(*text, len);
    return name;
}

/* name="value"; false: the tag ends here, or is none. */
static bool take_attribute(struct slice *text, struct slice *ret_name, struct slice *ret_value)
{
    *text = skip_space(*text);
    *ret_name = take_name(text);
    *text = skip_space(*text);
    if (ret_name->len == 0 || !slice_starts(*text, SLICE("=")))
        return false;
    *text = skip_space(slice_skip(*text, 1));
    if (text->len == 0 || (text->at[0] != '"' && text->at[0] != '\''))
        return false;
    return slice_cut(slice_skip(*text, 1), text->at[0], ret_value, text);
}

static void note_namespace(struct output *output, struct slice name, struct slice value)
{
    if (output->is_xslt || !slice_equal(value, NAMESPACE))
        return;
    if (slice_equal(name, SLICE("xmlns"))) {
        output->is_xslt = true;
    } else if (slice_starts(name, SLICE("xmlns:"))) {
        output->is_xslt = true;
        output->prefix = slice_skip(name, SLICE("xmlns:").len);
    }
}

static void note_output(struct output *output, struct slice name, struct slice value)
{
    if (slice_equal(name, SLICE("method")))
        output->method = value;
    else if (slice_equal(name, SLICE("media-type")) && is_media_type(value))
        output->media_type = value;
    else if (slice_equal(name, SLICE("encoding")) && is_encoding(value))
        output->encoding = value;
}

static bool is_output(const struct output *output, struct slice element)
{
    struct slice prefix = { 0 };
    struct slice local = element;

    if (slice_has(element, ':'))
        slice_cut(element, ':', &prefix, &local);
    return output->is_xslt && slice_equal(prefix, output->prefix) &&
           slice_equal(local, SLICE("output"));
}

/* `text` stands behind the '<'. */
static struct slice read_tag(struct slice text, struct output *output)
{
    const struct slice element = take_name(&text);
    const bool is_wanted = is_output(output, element);
    struct slice name;
    struct slice value;

    while (take_attribute(&text, &name, &value)) {
        note_namespace(output, name, value);
        if (is_wanted)
            note_output(output, name, value);
    }
    return text;
}

static void read_output(struct slice text, struct output *output)
{
    for (;;) {
        text = skip_behind(text, SLICE("<"));
        if (text.len == 0)
            return;
        if (slice_starts(text, SLICE("!--")))
            text = skip_behind(text, SLICE("-->"));
        else if (slice_starts(text, SLICE("![CDATA[")))
            text = skip_behind(text, SLICE("]]>"));
        else if (text.at[0] != '!' && text.at[0] != '?' && text.at[0] != '/')
            text = read_tag(text, output);
    }
}

/* ---- the face ---- */

static struct slice type_of_method(struct slice method)
{
    if (slice_equal(method, SLICE("xml")))
        return SLICE("application/xml");
    return slice_equal(method, SLICE("text")) ? SLICE("text/plain") : SLICE("text/html");
}

struct slice stylesheet_type(struct slice text, struct arena *arena)
{
    struct output output = { 0 };

    read_output(text, &output);
    const struct slice type =
        output.media_type.len > 0 ? output.media_type : type_of_method(output.method);
    const struct slice charset = output.encoding.len > 0 ? output.encoding : SLICE("utf-8");
    return arena_printf(arena, "%.*s; charset=%.*s", SLICE_ARGS(type), SLICE_ARGS(charset));
}

bool stylesheet_stands_alone(struct slice text)
{
    /* xsl:import, xsl:include, document(), extensions; and an encoding that hides them */
    static const struct slice words[] = {
        SLICE_INIT("import"), SLICE_INIT("include"),   SLICE_INIT("document"),
        SLICE_INIT("exslt"),  SLICE_INIT("extension"), SLICE_INIT("xmlsoft"),
        SLICE_INIT("jclark"), SLICE_INIT("icl.com"),   SLICE_INIT("&#"),
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (slice_find_slice(text, words[i]) != SLICE_NONE)
            return false;
    return text.len < STYLESHEET_MOST && stylesheet_document_stands_alone(text);
}

bool stylesheet_document_stands_alone(struct slice text)
{
    return !slice_has(text, '\0') && slice_find_slice(text, SLICE("<!DOCTYPE")) == SLICE_NONE;
}
