export { createRing, recordBytesMax } from './layout.ts';
export { RingConsumer } from './consumer.ts';
export { RingProducer } from './producer.ts';
export type { Reservation } from './producer.ts';
export { RingError } from './ring-error.ts';
export type { Timers } from './bell.ts';
