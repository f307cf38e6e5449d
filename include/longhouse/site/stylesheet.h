#ifndef SITE_STYLESHEET_H
#define SITE_STYLESHEET_H

/*
 * What a stylesheet (XSLT 1.0) says about its output, by its xsl:output elements alone. It is read
 * as a sequence of tags: what is no well-formed XML, is included from elsewhere, or lies behind the
 * first STYLESHEET_MOST bytes is not understood, and nothing is said about it. Pure.
 */
#include "base/arena.h"
#include "base/slice.h"

#include <stdbool.h>

#define STYLESHEET_MOST 65536u

/*
 * The media type of what comes out, ready for Content-Type: media-type, or what stands for method
 * (html, xml, text), with encoding as its charset. Where neither is said, text/html.
 */
struct slice stylesheet_type(struct slice text, struct arena *arena);

/*
 * The output depends on the stylesheet and the document only: it names no other file and no
 * function that gives another value each time. Careful: false where that is not sure.
 */
bool stylesheet_stands_alone(struct slice text);

/* The document draws in no other files, as one with a document type may: by its beginning. */
bool stylesheet_document_stands_alone(struct slice text);

#endif
