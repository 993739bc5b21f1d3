/** It was asked wrongly: the message says how. */
export class UsageError extends Error {}
