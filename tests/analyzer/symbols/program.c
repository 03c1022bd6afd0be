/* A little of everything: inlining two deep, loops with blocks, bit-fields, a union, a static, a noreturn function. */
#include <stdint.h>
#include <stdbool.h>
struct point { int16_t x, y; };
enum color { RED, GREEN = 5, BLUE = -1 };
union u { uint32_t w; uint8_t b[4]; float f; };
struct sensor { const char *name; struct point pos[2]; enum color color; unsigned a:3; signed b:5; unsigned c:24; union u u; int (*read)(struct sensor *, int); struct sensor *next; bool ok; char tag[8]; double d; uint64_t big; };
static int read_it(struct sensor *s, int k);
struct sensor sensors[2] = { { "alpha", {{1,2},{3,4}}, GREEN, 5, -3, 77, {.f = 1.5f}, read_it, &sensors[1], true, "tagged", 2.25, 1ull<<40 } };
volatile int sink;
const uint8_t table[16] = {1,2,3};
static inline __attribute__((always_inline)) int innermost(int *p, int v) { int twice = v * 2; *p = twice; return twice + sink; }
static inline __attribute__((always_inline)) int middle(struct sensor *s, int v) {
  int acc = 0;
  for (int i = 0; i < v; i++) { int step = i * 3; acc += innermost(&s->pos[0].x ? (int *)&s->u.w : 0, step); }
  return acc;
}
__attribute__((noinline)) static int read_it(struct sensor *s, int k) { int r = middle(s, k); sink = r; return r + s->a; }
__attribute__((noreturn, noinline)) void die(int code) { sink = code; for (;;) ; }
__attribute__((noinline)) int work(int a, int b) { static int calls; calls++; int r = read_it(&sensors[a & 1], b); if (r > 1000) die(r); return r * calls; }
int main(void) { int n = 3; while (1) { n = work(n, n + 1); } }
void _start(void) { main(); }
