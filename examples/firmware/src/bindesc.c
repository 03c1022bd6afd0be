/*
 * Binary descriptors (Zephyr's include/zephyr/bindesc.h describes the format), right behind the vector table:
 * magic, entries of tag, length and data, each padded to four bytes, and an end tag.
 */
#include <stdint.h>

#define TYPE_STRING 0x1
#define TYPE_BYTES 0x2
#define TAG(type, id) (uint16_t)(((type) << 12) | (id))

#define ID_APP_VERSION_STRING 0x800
#define ID_FAULTCAST_BUILD_ID 0x5F1 /* ids below 0x800 are free for applications */

#define APP_VERSION "1.4.2"

#define DESCRIPTOR(position) __attribute__((used, aligned(4), section(".bindesc." #position)))

struct string_descriptor {
	uint16_t tag;
	uint16_t length;
	char data[sizeof(APP_VERSION)];
};

struct build_id_descriptor {
	uint16_t tag;
	uint16_t length;
	uint8_t data[20];
};

DESCRIPTOR(0) const uint64_t bindesc_magic = 0xb9863e5a7ea46046;

DESCRIPTOR(1) const struct string_descriptor bindesc_entry_app_version_string = {
	TAG(TYPE_STRING, ID_APP_VERSION_STRING), sizeof(APP_VERSION), APP_VERSION};

/* Zeros until build_id.py has seen the linked image. */
DESCRIPTOR(2) const struct build_id_descriptor bindesc_entry_faultcast_build_id = {
	TAG(TYPE_BYTES, ID_FAULTCAST_BUILD_ID), 20, {0}};

DESCRIPTOR(3) const uint32_t bindesc_end = 0x0000ffff;
