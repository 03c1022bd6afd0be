// What C++ has and C has not; `stop_here` is where the debugger stops, and `run` holds the values.
#include <cstdint>
#include <cstddef>

extern "C" void stop_here() { asm volatile("" ::: "memory"); }

namespace app {
enum class Color : uint8_t { Red = 1, Green = 2 };
enum Level { Low = -1, High = 4 };

struct Base {
    int x;
    virtual int get() { return x; }
    void plain() {}
};
struct Left : virtual Base { int left; };
struct Right : virtual Base { int right; };
struct Bottom : Left, Right { int bottom; };
struct Flat : Base { short y; static int count; };
int Flat::count = 3;

template <typename T, int N> struct Ring { T items[N]; unsigned head : 5; unsigned tail : 5; signed low : 3; };

struct Tagged {
    int kind;
    union { int number; float real; };
    struct { char a; char b; };
};
namespace { int hidden = 11; }
}

struct Trailer { int count; int items[]; };
static int table[2][3] = {{1, 2, 3}, {4, 5, 6}};
static thread_local int per_thread = 5;

__attribute__((noinline)) int run(int n) {
    static int calls = 7;
    app::Bottom diamond; diamond.x = 1; diamond.left = 2; diamond.right = 3; diamond.bottom = 4;
    app::Flat flat; flat.x = 5; flat.y = -6;
    app::Base &reference = flat;
    app::Base *pointer = &flat;
    app::Ring<uint16_t, 3> ring = {{1, 2, 3}, 17, 31, -2};
    app::Tagged tagged; tagged.kind = 1; tagged.number = 0x3fc00000; tagged.a = 'a'; tagged.b = 'b';
    app::Color color = app::Color::Green;
    app::Level level = app::Low;
    int app::Flat::*member = &app::Flat::x;
    short app::Flat::*second = &app::Flat::y;
    void (app::Base::*method)() = &app::Base::plain;
    int (app::Base::*dynamic)() = &app::Base::get;
    std::nullptr_t nothing = nullptr;
    char8_t utf8[] = u8"h\u00e9";
    char16_t utf16[] = u"h\u00e9";
    wchar_t wide = L'x';
    bool yes = true;
    int vla[n];
    for (int i = 0; i < n; i++) vla[i] = i * i;
    int grid[n][2];
    for (int i = 0; i < n; i++) grid[i][0] = i, grid[i][1] = -i;
    long double quarter = 0.25L;
    __int128 big = ((__int128)1 << 100) + 1;
    void (*function)() = stop_here;
    const char *text = "hello";
    int (*row)[3] = &table[1];
    per_thread += n;
    calls += app::hidden;
    stop_here();
    return vla[1] + grid[1][0] + (int)ring.head + (int)diamond.x + reference.x + pointer->x + tagged.kind + (int)color
        + (int)level + (flat.*member) + (flat.*second) + utf8[0] + utf16[0] + wide + yes + (int)quarter + (int)big
        + (function != 0) + text[0] + (*row)[0] + (nothing == nullptr) + (method != nullptr) + (dynamic != nullptr);
}

int main() { return run(4); }
