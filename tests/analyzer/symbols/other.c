/* A second unit: the same names as program.c uses, partly for other things. */
#include <stdint.h>
struct point { int16_t x, y; };
struct opaque;
struct node { struct node *next; struct opaque *secret; struct point at; };
struct clash { int same; char *first; };
static int helper(struct node *n) { return n->at.x; }
__attribute__((noinline)) int other(struct node *n, struct clash *c) { return helper(n) + c->same; }
