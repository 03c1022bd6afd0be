/* The barometer, in C++: see gauge.cpp. Only where the architecture's compiler has a C++ side (CONFIG_CPP). */
#ifndef APP_GAUGE_H
#define APP_GAUGE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

int32_t gauge_show(int32_t raw);

#ifdef __cplusplus
}
#endif

#endif
