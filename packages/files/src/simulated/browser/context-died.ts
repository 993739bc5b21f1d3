/** Thrown by whatever a dead context still tries: its code must get no further. */
export class ContextDied extends Error {
  override readonly name = 'ContextDied';
}
