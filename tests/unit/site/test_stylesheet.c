#include "site/stylesheet.h"

#include "slice_assert.h"
#include "suite.h"

#define XSL   "<xsl:stylesheet xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\" version='1.0'>"
#define OTHER "<xsl:stylesheet xmlns:xsl=\"http://example.org/\">"

static const struct {
    const char *text;
    const char *type;
} sheets[] = {
    { "", "text/html; charset=utf-8" },
    { XSL, "text/html; charset=utf-8" },
    { XSL "<xsl:output method=\"html\"/>", "text/html; charset=utf-8" },
    { XSL "<xsl:output method='xml' indent='yes'/>", "application/xml; charset=utf-8" },
    { XSL "<xsl:output\n\tencoding = 'ISO-8859-1'\n\tmethod = \"text\" />",
      "text/plain; charset=ISO-8859-1" },
    { XSL "<xsl:output method=\"xml\" media-type=\"image/svg+xml\"/>",
      "image/svg+xml; charset=utf-8" },
    { XSL "<xsl:output method=\"xml\"/><xsl:output method=\"text\"/>",
      "text/plain; charset=utf-8" },
    /* another prefix, and none */
    { "<t:transform xmlns:t='http://www.w3.org/1999/XSL/Transform'><t:output method='text'/>",
      "text/plain; charset=utf-8" },
    { "<stylesheet xmlns='http://www.w3.org/1999/XSL/Transform'><output method='text'/>",
      "text/plain; charset=utf-8" },
    /* of another namespace, no element, no tag */
    { OTHER "<xsl:output method='text'/>", "text/html; charset=utf-8" },
    { XSL "<output method='text'/>", "text/html; charset=utf-8" },
    { XSL "<xsl:outputs method='text'/></xsl:output method='text'>", "text/html; charset=utf-8" },
    { XSL "<!-- <xsl:output method='text'/> -->", "text/html; charset=utf-8" },
    { XSL "<![CDATA[<xsl:output method='text'/>]]>", "text/html; charset=utf-8" },
    { "<?x <?>" XSL "<xsl:output method='text'/>", "text/plain; charset=utf-8" },
    /* what must not stand in a field */
    { XSL "<xsl:output media-type='text/x\r\nA: b'/>", "text/html; charset=utf-8" },
    { XSL "<xsl:output media-type='text'/>", "text/html; charset=utf-8" },
    { XSL "<xsl:output media-type='text/'/>", "text/html; charset=utf-8" },
    { XSL "<xsl:output media-type='text/a; b' encoding='a b'/>", "text/html; charset=utf-8" },
    /* torn */
    { XSL "<xsl:output method='te", "text/html; charset=utf-8" },
    { XSL "<xsl:output method", "text/html; charset=utf-8" },
    { XSL "<xsl:output method=text/>", "text/html; charset=utf-8" },
    { XSL "<!--", "text/html; charset=utf-8" },
    { "<", "text/html; charset=utf-8" },
};

START_TEST(the_type_is_what_its_output_says)
{
    struct arena arena = { 0 };

    assert_slice(stylesheet_type(slice_cstr(sheets[_i].text), &arena), sheets[_i].type);
    arena_done(&arena);
}
END_TEST

static const struct {
    struct slice text;
    bool sheet;
    bool document;
} texts[] = {
    { SLICE_INIT(XSL "<xsl:template match=\"/\"/>"), true, true },
    { SLICE_INIT(XSL "<xsl:include href='a.xslt'/>"), false, true },
    { SLICE_INIT(XSL "<xsl:import href='a.xslt'/>"), false, true },
    { SLICE_INIT(XSL "<xsl:value-of select=\"document('a.xml')\"/>"), false, true },
    { SLICE_INIT(XSL "<xsl:value-of select=\"docu&#109;ent('a.xml')\"/>"), false, true },
    { SLICE_INIT("<x xmlns:d='http://exslt.org/dates-and-times'/>"), false, true },
    { SLICE_INIT("<!DOCTYPE a SYSTEM 'a.dtd'><a/>"), false, false },
    { SLICE_INIT("<\0a\0>\0"), false, false },
};

START_TEST(what_names_other_files_does_not_stand_alone)
{
    ck_assert_int_eq(stylesheet_stands_alone(texts[_i].text), texts[_i].sheet);
    ck_assert_int_eq(stylesheet_document_stands_alone(texts[_i].text), texts[_i].document);
}
END_TEST

START_TEST(of_a_long_one_nobody_knows_the_end)
{
    static char text[STYLESHEET_MOST];

    memset(text, ' ', sizeof(text));
    ck_assert(stylesheet_stands_alone(slice_of(text, sizeof(text) - 1)));
    ck_assert(!stylesheet_stands_alone(slice_of(text, sizeof(text))));
}
END_TEST

SUITE("stylesheet", LOOP(the_type_is_what_its_output_says, sheets),
      LOOP(what_names_other_files_does_not_stand_alone, texts),
      TEST(of_a_long_one_nobody_knows_the_end))
