/** Errors under the names that browsers give them. */
import { FileFault, type Fault } from '@varve/files';

const NAMES: Readonly<Record<Fault, string>> = {
  'not-found': 'NotFoundError',
  busy: 'NoModificationAllowedError',
  denied: 'NotAllowedError',
  'no-space': 'QuotaExceededError',
  io: 'InvalidStateError',
};

export function domError(name: string, message: string): DOMException {
  return new DOMException(message, name);
}

/** What the disk threw, as a browser would say it. A crash of the machine stays what it is. */
export function asDomError(error: unknown): unknown {
  return error instanceof FileFault ? domError(NAMES[error.fault], error.message) : error;
}

/** Runs an operation of the disk under a browser's error names. */
export function inDomErrors<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw asDomError(error);
  }
}

export async function inDomErrorsAsync<T>(operation: () => Promise<T>): Promise<T> {
  try {
    return await operation();
  } catch (error) {
    throw asDomError(error);
  }
}
