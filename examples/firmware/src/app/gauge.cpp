// The barometer: C++ without exceptions, run-time types and library.
#include "app/gauge.h"

namespace weather {

struct Scale {
	int32_t zero;
	int32_t divisor;
};

class Instrument {
public:
	int32_t serial = 4711;
	virtual int32_t read(const Scale &scale) const = 0;
};

class Located : public virtual Instrument {
public:
	int16_t altitude = 412;
};

template <typename T, unsigned N> class Ring {
public:
	[[gnu::noinline]] const T &push(const T &item)
	{
		T &slot = items[next % N];

		slot = item;
		next++;
		return slot;
	}

	T items[N] = {};
	unsigned next = 0;
};

class Barometer : public Located {
public:
	explicit Barometer(int32_t raw) : raw(raw) {}

	[[gnu::noinline]] int32_t read(const Scale &scale) const override
	{
		return (raw - scale.zero) * 8 + altitude;
	}

private:
	int32_t raw;
};

static Ring<int32_t, 4> history;
static const Scale *storage_scale; // nobody loaded it

[[gnu::noinline]] static int32_t average(const Instrument &instrument, const Scale &scale, const Ring<int32_t, 4> &past)
{
	int32_t sum = instrument.read(scale);

	for (int32_t each : past.items) {
		sum += each;
	}
	return sum / 5;
}

} // namespace weather

extern "C" int32_t gauge_show(int32_t raw)
{
	weather::Barometer barometer(raw);
	const int32_t &kept = weather::history.push(raw - 1);

	return weather::average(barometer, *weather::storage_scale, weather::history) + kept;
}

extern "C" void __cxa_pure_virtual()
{
	__builtin_trap();
}
