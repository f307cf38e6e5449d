#ifndef CONFIG_XSLT_H
#define CONFIG_XSLT_H

/*
 * The program that applies stylesheets, of the package that Debian calls by its name, and the words
 * that bound it: no network, no document type from elsewhere, no file is written. Behind the
 * stylesheet stands '-': the document comes by stdin.
 */
#define XSLT_PROGRAM   "/usr/bin/xsltproc"
#define XSLT_ARGUMENTS "--nonet", "--novalid", "--nodtdattr", "--nowrite", "--nomkdir"

#endif
