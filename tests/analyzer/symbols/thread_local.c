/* Variables that every thread has one of. */

__thread int counter = 3;
static __thread int hidden;
int plain = 7;

void *__aeabi_read_tp(void)
{
	return &plain;
}

int use(int by)
{
	static __thread int inner;

	inner += by;
	hidden += inner;
	return counter + hidden + plain;
}

void _start(void)
{
	use(1);
	for (;;) {
	}
}
