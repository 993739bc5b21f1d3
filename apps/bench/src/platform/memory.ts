/**
 * Memory in use, garbage taken away first: of the page with its workers, or of the Node process.
 *
 * Null where the platform does not tell: outside isolated pages, and in workers.
 */
interface Measuring {
  measureUserAgentSpecificMemory?(): Promise<{ readonly bytes: number }>;
}

interface NodeScope {
  readonly process?: { memoryUsage(): { heapUsed: number; external: number } };
  readonly gc?: () => void;
}

export async function memoryBytes(): Promise<number | null> {
  const { process, gc } = globalThis as NodeScope;
  if (process !== undefined) {
    gc?.();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  }
  if (!('document' in globalThis)) return null;
  const measured = (performance as Measuring).measureUserAgentSpecificMemory?.();
  return measured === undefined ? null : (await measured).bytes;
}
