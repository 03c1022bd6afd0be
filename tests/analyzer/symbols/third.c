/* A third unit: completes a type that other.c declares, and calls another structure by a name that other.c uses. */
#include <stdint.h>
struct opaque { uint32_t key[2]; };
struct clash { int same; float first; };
struct point { int16_t x, y; };
struct point origin = {1, 2};
struct opaque secrets = {{1, 2}};
__attribute__((noinline)) int third(struct clash *c) { return c->same + origin.x + (int)secrets.key[0]; }
int other(void *, void *);
void _start(void) { other(0, 0); third(0); }
