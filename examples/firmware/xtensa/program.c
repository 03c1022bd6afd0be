/* Three functions that call each other through register windows, the innermost of which reads what is not there. */
volatile int latest;
static int *volatile input = (int *)0x70000004;

__attribute__((noinline)) static int register_read(int channel)
{
	return *input + channel;
}

__attribute__((noinline)) static int sensor_poll(int channel, int offset)
{
	int value = register_read(channel + 1);

	latest = value;
	return value + offset;
}

int app(int start)
{
	int value = sensor_poll(start, 3);

	latest = value;
	return value;
}
