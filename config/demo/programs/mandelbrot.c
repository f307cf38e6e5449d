/*
 * program.localhost: a compiled program as a CGI program, run directly.
 *
 *   /index.cgi                     a page with a picture of the whole set
 *   /index.cgi/X,Y,WIDTH?PX,PY     the page after a click on pixel PX,PY of that picture (a
 * server-side image map) /index.cgi/X,Y,WIDTH/picture   the picture itself, a BMP
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIXELS_X  720
#define PIXELS_Y  480
#define STEPS     400
#define NARROWER  3.0
#define NARROWEST 1e-12

struct view {
    double x;
    double y;
    double width;
};

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value ? value : "";
}

static struct view read_view(const char *path)
{
    struct view view = { .x = -0.6, .y = 0, .width = 3.2 };
    struct view told;

    if (sscanf(path, "/%lf,%lf,%lf", &told.x, &told.y, &told.width) == 3 && told.x >= -4 &&
        told.x <= 4 && told.y >= -4 && told.y <= 4 && told.width >= NARROWEST && told.width <= 8)
        view = told;
    return view;
}

/* A browser tells where its user clicked as "?PX,PY". */
static bool read_click(const char *query, struct view *view)
{
    int px;
    int py;

    if (sscanf(query, "%d,%d", &px, &py) != 2)
        return false;
    double pixel = view->width / PIXELS_X;
    view->x += (px - PIXELS_X / 2) * pixel;
    view->y -= (py - PIXELS_Y / 2) * pixel;
    if (view->width / NARROWER >= NARROWEST)
        view->width /= NARROWER;
    return true;
}

/* ---- the picture ---- */

static int steps_at(double cx, double cy)
{
    double x = 0;
    double y = 0;
    int step = 0;

    while (step < STEPS && x * x + y * y < 16) {
        double next = x * x - y * y + cx;

        y = 2 * x * y + cy;
        x = next;
        step++;
    }
    return step;
}

static void put_number(unsigned long number, int bytes)
{
    for (; bytes > 0; bytes--, number >>= 8)
        putchar((int)(number & 0xff));
}

static void put_bitmap_head(void)
{
    unsigned long size = 3ul * PIXELS_X * PIXELS_Y;

    fputs("BM", stdout);
    put_number(54 + size, 4);
    put_number(0, 4);
    put_number(54, 4);
    put_number(40, 4);
    put_number(PIXELS_X, 4);
    put_number(PIXELS_Y, 4);
    put_number(1, 2);
    put_number(24, 2);
    put_number(0, 4);
    put_number(size, 4);
    put_number(0, 16);
}

/* From dusk to a lit window; the set itself is dark. */
static void put_pixel(int step)
{
    static const unsigned char stops[5][3] = {
        { 88, 51, 44 }, { 74, 102, 199 }, { 122, 178, 240 }, { 196, 233, 255 }, { 88, 51, 44 }
    };
    double at = (step % 64) / 16.0;
    int stop = (int)at;
    double part = at - stop;

    for (int i = 0; i < 3; i++)
        putchar(step == STEPS ? 20
                              : (int)(stops[stop][i] * (1 - part) + stops[stop + 1][i] * part));
}

static void picture(const struct view *view)
{
    double pixel = view->width / PIXELS_X;

    printf("Content-Type: image/bmp\r\nCache-Control: max-age=3600\r\n\r\n");
    put_bitmap_head();
    for (int py = PIXELS_Y - 1; py >= 0; py--) { /* a BMP begins at its lowest line */
        for (int px = 0; px < PIXELS_X; px++)
            put_pixel(steps_at(view->x + (px - PIXELS_X / 2) * pixel,
                               view->y - (py - PIXELS_Y / 2) * pixel));
    }
}

/* ---- the page ---- */

static void page(const struct view *view)
{
    char place[128];

    snprintf(place, sizeof(place), "/index.cgi/%.17g,%.17g,%.9g", view->x, view->y, view->width);
    printf("Content-Type: text/html; charset=utf-8\r\n\r\n"
           "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
           "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
           "<title>program.localhost</title>\n<link rel=\"stylesheet\" href=\"/house.css\">\n"
           "<nav><a href=\"http://localhost:8080/\">← the demo house</a></nav>\n"
           "<header>\n<h1>A compiled program</h1>\n"
           "<p class=\"lead\">C, started directly for each page and each picture. Click to go "
           "deeper, or "
           "<a href=\"/\">begin again</a>.</p>\n</header>\n"
           "<a href=\"%s\"><img src=\"%s/picture\" ismap width=\"%d\" height=\"%d\" "
           "alt=\"A part of the Mandelbrot set\"></a>\n"
           "<p><small>%g wide around %g%+gi; the place is in the path behind the program's name "
           "(<code>PATH_INFO</code>), the click in the query.</small></p>\n</html>\n",
           place, place, PIXELS_X, PIXELS_Y, view->width, view->x, view->y);
}

int main(void)
{
    const char *path = variable("PATH_INFO");
    struct view view = read_view(path);

    if (strstr(path, "/picture")) {
        picture(&view);
        return 0;
    }
    read_click(variable("QUERY_STRING"), &view);
    page(&view);
    return 0;
}
