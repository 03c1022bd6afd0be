/* A radio whose receive interrupt reads a FIFO. On this board its registers are a few words of RAM. */
#include "app/station.h"

#include "arch/arch.h"

#define FRAME_BYTES 16

struct radio_registers {
	volatile uint32_t status;
	volatile uint32_t fifo;
};

struct radio_device {
	struct radio_registers *registers;
	uint8_t channel;
	int8_t rssi;
	uint16_t frames;
};

static struct radio_registers emulated = {.status = 4, .fifo = 0x2a};
static struct radio_device radio = {&emulated, 26, -71, 0};

static ALWAYS_INLINE uint32_t radio_read_fifo(const struct radio_device *device)
{
	return device->registers->fifo;
}

static NOINLINE size_t radio_receive(struct radio_device *device, uint8_t *frame, size_t size)
{
	size_t received = 0;

	while (received < size) {
		uint32_t word = radio_read_fifo(device);

		for (unsigned int i = 0; i < sizeof(word); i++) {
			frame[received++] = (uint8_t)(word >> (8 * i));
		}
	}
	device->frames++;
	return received;
}

static void radio_isr(const void *arg)
{
	struct radio_device *device = (struct radio_device *)arg;
	uint8_t frame[FRAME_BYTES];
	size_t size = radio_receive(device, frame, sizeof(frame));

	device->rssi = (int8_t)(frame[0] - (int)size);
}

void radio_init(void)
{
	arch_irq_connect(ARCH_SOFTWARE_IRQ, radio_isr, &radio);
	radio_receive_interrupt();
}

void radio_receive_interrupt(void)
{
	arch_irq_pend(ARCH_SOFTWARE_IRQ);
}

void radio_break_register_map(void)
{
	radio.registers = (struct radio_registers *)ARCH_NOWHERE; /* nothing is there */
}
