#include "site/media.h"

#include "base/table.h"

#include <stdbool.h>

#define EXTENSION_MOST 32u /* a longer extension is in no table */

static const struct slice unknown = SLICE_INIT("application/octet-stream");

/* Type, then its extensions. Text gets its charset when the table is built. */
static const char *const built_in[] = {
    "text/html html htm shtml",
    "text/css css",
    "text/javascript js mjs",
    "text/plain txt text log conf cfg ini def list in diff patch",
    "text/markdown md markdown",
    "text/csv csv",
    "text/tab-separated-values tsv",
    "text/calendar ics ifb",
    "text/vcard vcf vcard",
    "text/vtt vtt",
    "text/cache-manifest appcache manifest",
    "text/yaml yaml yml",
    "text/x-c c h cc cpp hpp cxx hxx",
    "text/x-java-source java",
    "text/x-tex tex sty",
    "text/x-component htc",
    "text/rtf rtf",
    "text/mathml mml",
    "text/vnd.wap.wml wml",
    "text/vnd.sun.j2me.app-descriptor jad",
    "application/json json map topojson",
    "application/ld+json jsonld",
    "application/geo+json geojson",
    "application/manifest+json webmanifest",
    "application/feed+json jsonfeed",
    "application/xml xml xsl xsd rng",
    "application/xslt+xml xslt",
    "application/xhtml+xml xhtml xht",
    "application/rss+xml rss",
    "application/atom+xml atom",
    "application/mathml+xml mathml",
    "application/rdf+xml rdf",
    "application/gpx+xml gpx",
    "application/vnd.google-earth.kml+xml kml",
    "application/dash+xml mpd",
    "application/xspf+xml xspf",
    "application/wasm wasm",
    "application/pdf pdf",
    "application/postscript ps eps ai",
    "application/epub+zip epub",
    "application/zip zip",
    "application/gzip gz tgz",
    "application/zstd zst",
    "application/x-bzip2 bz2 tbz2",
    "application/x-xz xz txz",
    "application/x-7z-compressed 7z",
    "application/vnd.rar rar",
    "application/x-tar tar",
    "application/x-cpio cpio",
    "application/java-archive jar war ear",
    "application/java-vm class",
    "application/vnd.android.package-archive apk",
    "application/vnd.debian.binary-package deb udeb",
    "application/x-rpm rpm",
    "application/x-iso9660-image iso",
    "application/x-apple-diskimage dmg",
    "application/x-msdownload exe dll",
    "application/x-msi msi",
    "application/x-shockwave-flash swf",
    "application/x-bittorrent torrent",
    "application/x-x509-ca-cert crt der",
    "application/x-pem-file pem",
    "application/pkix-crl crl",
    "application/pkcs10 p10 csr",
    "application/pgp-signature asc sig",
    "application/pgp-encrypted pgp",
    "application/sql sql",
    "application/toml toml",
    "application/x-ndjson ndjson",
    "application/ogg ogx",
    "application/vnd.apple.mpegurl m3u8",
    "application/vnd.ms-fontobject eot",
    "application/msword doc dot",
    "application/vnd.ms-excel xls xlt",
    "application/vnd.ms-powerpoint ppt pps",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation pptx",
    "application/vnd.oasis.opendocument.text odt",
    "application/vnd.oasis.opendocument.spreadsheet ods",
    "application/vnd.oasis.opendocument.presentation odp",
    "application/vnd.oasis.opendocument.graphics odg",
    "application/vnd.google-earth.kmz kmz",
    "application/vnd.mozilla.xul+xml xul",
    "application/vnd.sqlite3 sqlite sqlite3",
    "application/x-dvi dvi",
    "application/x-java-jnlp-file jnlp",
    "application/x-ns-proxy-autoconfig pac",
    "application/x-xpinstall xpi",
    "application/wsdl+xml wsdl",
    "application/octet-stream bin img dump lha lzh so",
    "font/woff woff",
    "font/woff2 woff2",
    "font/ttf ttf",
    "font/otf otf",
    "font/collection ttc",
    "image/svg+xml svg",
    "image/png png",
    "image/apng apng",
    "image/jpeg jpg jpeg jpe jfif",
    "image/gif gif",
    "image/webp webp",
    "image/avif avif",
    "image/jxl jxl",
    "image/heic heic",
    "image/heif heif",
    "image/jp2 jp2",
    "image/bmp bmp",
    "image/tiff tif tiff",
    "image/x-icon ico cur",
    "image/vnd.adobe.photoshop psd",
    "image/vnd.djvu djvu djv",
    "image/x-portable-bitmap pbm",
    "image/x-portable-graymap pgm",
    "image/x-portable-pixmap ppm",
    "image/x-xbitmap xbm",
    "image/x-xpixmap xpm",
    "audio/mpeg mp3 mpga",
    "audio/mp4 m4a",
    "audio/aac aac",
    "audio/ogg ogg oga opus",
    "audio/flac flac",
    "audio/wav wav",
    "audio/webm weba",
    "audio/midi mid midi kar",
    "audio/x-aiff aif aiff",
    "audio/basic au snd",
    "audio/x-mpegurl m3u",
    "audio/x-scpls pls",
    "audio/x-ms-wma wma",
    "video/mp4 mp4 m4v mp4v",
    "video/webm webm",
    "video/ogg ogv",
    "video/mpeg mpg mpeg mpe",
    "video/mp2t ts m2ts",
    "video/iso.segment m4s",
    "video/quicktime mov qt",
    "video/x-matroska mkv",
    "video/x-msvideo avi",
    "video/x-ms-wmv wmv",
    "video/x-ms-asf asf asx",
    "video/x-flv flv",
    "video/3gpp 3gp 3gpp",
    "video/3gpp2 3g2",
    "model/gltf+json gltf",
    "model/gltf-binary glb",
    "model/stl stl",
    "model/obj obj",
    "message/rfc822 eml mht mhtml",
};

static const struct slice utf8 = SLICE_INIT("; charset=utf-8");

struct media {
    struct table types; /* extension, small letters -> struct slice * */
};

/* Types that are text for people or machines, whatever their first half says. */
static bool is_text(struct slice type)
{
    return slice_starts(type, SLICE("text/")) || slice_ends(type, SLICE("+xml")) ||
           slice_ends(type, SLICE("+json")) || slice_equal(type, SLICE("application/json")) ||
           slice_equal(type, SLICE("application/xml")) ||
           slice_equal(type, SLICE("application/javascript"));
}

static bool next_word(struct slice *rest, struct slice *ret)
{
    struct slice at = *rest;
    size_t len = 0;

    while (at.len > 0 && (at.at[0] == ' ' || at.at[0] == '\t' || at.at[0] == '\r'))
        at = slice_skip(at, 1);
    while (len < at.len && at.at[len] != ' ' && at.at[len] != '\t' && at.at[len] != '\r')
        len++;
    *ret = slice_first(at, len);
    *rest = slice_skip(at, len);
    return len > 0;
}

/* It becomes the value of a field: visible ASCII with a slash. */
static bool is_type(struct slice word)
{
    for (size_t i = 0; i < word.len; i++) {
        if (word.at[i] <= ' ' || word.at[i] > '~')
            return false;
    }
    return slice_has(word, '/') && !slice_ends(word, SLICE(";"));
}

/* "type ext ext ...": the last line that names an extension counts. Other lines say nothing. */
static void add_line(struct media *media, struct slice line, struct arena *arena)
{
    struct slice word;

    slice_cut(line, '#', &line, &(struct slice){ 0 });
    if (!next_word(&line, &word) || !is_type(word))
        return;

    struct slice *type = arena_new(arena, struct slice);
    const struct slice parts[] = { word, utf8 };
    *type = arena_join(arena, parts, is_text(word) && !slice_has(word, ';') ? 2 : 1);

    while (next_word(&line, &word)) {
        if (slice_starts(word, SLICE(".")))
            word = slice_skip(word, 1);
        if (word.len > 0 && word.len <= EXTENSION_MOST)
            table_put(&media->types, arena_lower(arena, word), type);
    }
}

struct media *media_build(struct slice text, struct arena *arena)
{
    struct media *media = arena_new(arena, struct media);

    if (text.len == 0) {
        for (size_t i = 0; i < sizeof(built_in) / sizeof(built_in[0]); i++)
            add_line(media, slice_cstr(built_in[i]), arena);
    }
    while (text.len > 0) {
        struct slice line;

        slice_cut(text, '\n', &line, &text);
        add_line(media, line, arena);
    }
    return media;
}

void media_done(struct media *media)
{
    table_done(&media->types);
}

struct slice media_type(const struct media *media, struct slice extension)
{
    char lower[EXTENSION_MOST];

    if (extension.len == 0 || extension.len > EXTENSION_MOST)
        return unknown;
    for (size_t i = 0; i < extension.len; i++)
        lower[i] = ascii_lower(extension.at[i]);

    const struct slice *type = table_find(&media->types, slice_of(lower, extension.len));
    return type ? *type : unknown;
}

struct slice media_type_in(const struct media *media, struct slice extension, struct slice charset,
                           struct arena *arena)
{
    struct slice type = media_type(media, extension);

    if (!slice_ends(type, utf8) || slice_equal_nocase(charset, SLICE("utf-8")))
        return type;
    type.len -= utf8.len;
    if (charset.len == 0)
        return type;
    const struct slice parts[] = { type, SLICE("; charset="), charset };
    return arena_join(arena, parts, 3);
}

/* ---- kin ---- */

static struct slice without_parameters(struct slice type)
{
    struct slice rest;

    slice_cut(type, ';', &type, &rest);
    return slice_trim(type);
}

static bool is_font(struct slice type)
{
    return slice_starts_nocase(type, SLICE("font/")) ||
           slice_starts_nocase(type, SLICE("application/font-")) ||
           slice_starts_nocase(type, SLICE("application/x-font-")) ||
           slice_equal_nocase(type, SLICE("application/vnd.ms-fontobject"));
}

static bool is_script(struct slice type)
{
    return slice_equal_nocase(type, SLICE("text/javascript")) ||
           slice_equal_nocase(type, SLICE("application/javascript")) ||
           slice_equal_nocase(type, SLICE("application/x-javascript"));
}

static bool is_xml(struct slice type)
{
    return slice_equal_nocase(type, SLICE("text/xml")) ||
           slice_equal_nocase(type, SLICE("application/xml"));
}

static bool is_image(struct slice type)
{
    return slice_starts_nocase(type, SLICE("image/"));
}

static bool is_sound(struct slice type)
{
    return slice_starts_nocase(type, SLICE("audio/"));
}

static bool is_film(struct slice type)
{
    return slice_starts_nocase(type, SLICE("video/"));
}

bool media_is_kin(struct slice type, struct slice other)
{
    static bool (*const families[])(struct slice) = { is_font,  is_script, is_xml,
                                                      is_image, is_sound,  is_film };

    type = without_parameters(type);
    other = without_parameters(other);
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        if (families[i](type) && families[i](other))
            return true;
    }
    return slice_equal_nocase(type, other);
}
