/* What a microphone driver offers: 16 kHz mono PCM16 that goes into the PCM ring (pcm_ring.h). */
#ifndef MICROPHONE_H
#define MICROPHONE_H

/* From here on samples arrive, without anyone's asking. */
void microphone_start(void);

void microphone_stop(void);

/* Interrupt MICROPHONE_IRQ; only a driver that uses one has it. */
void microphone_interrupt(void);

#endif
