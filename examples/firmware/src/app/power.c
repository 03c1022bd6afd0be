/* Names of power states. */
#include "app/station.h"

const char *power_state_name(enum power_state state)
{
	switch (state) {
	case POWER_OFF:
		return "off";
	case POWER_IDLE:
		return "idle";
	case POWER_ACTIVE:
		return "active";
	default:
		/* No such state can be: stop rather than go on with a name that means nothing. */
		__builtin_trap();
	}
}
