/* Types and codes of the messages; docs/wire-format.md says what each carries. */
#ifndef MESSAGES_H
#define MESSAGES_H

#define PROTOCOL_VERSION 3u

enum {
    REQUEST_HELLO = 0x01,
    REQUEST_BEGIN = 0x02,
    REQUEST_AUDIO = 0x03,
    REQUEST_END = 0x04,
    REQUEST_MEMORY = 0x05,
    REQUEST_LISTEN = 0x06,
    REQUEST_SAMPLES = 0x07,
    REQUEST_STOP = 0x08,
    REQUEST_PROFILE = 0x09,
    REQUEST_HEALTH = 0x0A,
};

enum {
    REPLY_HELLO = 0x81,
    REPLY_ACK = 0x82,
    REPLY_RESULT = 0x83,
    REPLY_TAP = 0x84,
    REPLY_MEMORY = 0x85,
    REPLY_LISTENING = 0x86,
    REPLY_LIVE = 0x87,
    REPLY_PROFILE = 0x88,
    REPLY_HEALTH = 0x8A,
    REPLY_ERROR = 0x8F,
};

typedef enum {
    ERROR_NONE = 0,
    ERROR_DAMAGED_FRAME = 1,
    ERROR_FRAME_TOO_LONG = 2,
    ERROR_UNKNOWN_TYPE = 3,
    ERROR_MALFORMED_PAYLOAD = 4,
    ERROR_NO_SUCH_WINDOW = 5,
    ERROR_WINDOW_TOO_SHORT = 6,
    ERROR_WINDOW_TOO_LONG = 7,
    ERROR_NO_SUCH_LAYER = 8,
    ERROR_IMPOSSIBLE_SUMS = 9,
    ERROR_NO_MICROPHONE = 10,
    ERROR_IMAGE_DAMAGED = 11,
    ERROR_STACK_OVERFLOW = 12,
} error_code;

enum {
    RESULT_RIGHT = 0,
    RESULT_STATISTICS_DIFFER = 1,
};

/* What normalises a window: its own sums, or a running estimate that begins with it. */
enum {
    NORMALISER_WINDOW = 0,
    NORMALISER_RUNNING = 1,
};

/* What the image's checksum says. */
typedef enum {
    IMAGE_SOUND = 0,
    IMAGE_DAMAGED = 1,
    IMAGE_NOT_CHECKED = 2,
} image_state;

/* What ended the run before. */
typedef enum {
    RESET_UNKNOWN = 0,
    RESET_CORTEX_M_FAULT = 1,
    RESET_RISCV_TRAP = 2,
    RESET_XTENSA_EXCEPTION = 3,
    RESET_WATCHDOG = 4,
    RESET_STACK_OVERFLOW = 5,
    RESET_ESP_IDF_PANIC = 6,
} reset_kind;

/* Where live audio comes from. */
enum {
    SOURCE_MICROPHONE = 0,
    SOURCE_HOST = 1,
};

#define HELLO_TOKEN_BYTES 8u

#endif
