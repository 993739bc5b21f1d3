/**
 * What one tab asks of another by a port of their own: `openLog(name, { transport: ports() })`.
 *
 * Always true:
 * - the page only passes ways to the introducer on to its engine, once that has said hello
 * - nothing waits for it: where it does not load, or never answers, links stay on `BroadcastChannel`
 * - one that died is replaced (Chromium runs it in one of the tabs' processes): not one whose script
 *   never ran, and not for ever one that dies as soon as it is there
 */
import type { DataPort, Transport } from './api.ts';

export type { DataPort, Transport } from './api.ts';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedTypesPolicy;
}

interface TrustedTypesPolicy {
  createScriptURL(url: string): unknown;
}

/** A tab whose leader died with the introducer has better things to do first. */
const PAUSE_MS = 250;
/** Whatever dies sooner … */
const EARLY_MS = 10_000;
/** … so often in a row takes the process of another tab along each time: it is left alone. */
const EARLY_DEATHS_MAX = 5;

/** A page may make a policy of one name only once, and `varve` is made for the engine's worker. */
let policy: TrustedTypesPolicy | undefined;

/**
 * Links between tabs go by port, introduced by a `SharedWorker`; `next` is what else stands between
 * page and engine, `ring()` say. Where there is no `SharedWorker`: `next` alone.
 */
export function ports(next?: Transport): Transport | undefined {
  if (typeof SharedWorker === 'undefined') return next;
  return (port, ended) => {
    const outer: DataPort = {
      onmessage: null,
      postMessage: (message, transfer) => port.postMessage(message, transfer),
    };
    port.onmessage = (event: MessageEvent<{ readonly kind: string }>) => {
      if (event.data.kind === 'hello') keepIntroduced(port, ended);
      outer.onmessage?.(event);
    };
    return next?.(outer, ended) ?? outer;
  };
}

/** `engine` is passed the way to an introducer, and to another one when that has died. */
function keepIntroduced(engine: DataPort, ended: AbortSignal): void {
  let earlyDeaths = 0;
  let startedMs: number;
  start();

  function start(): void {
    if (ended.aborted) return;
    const introducer = startIntroducer();
    if (introducer === undefined) return;
    startedMs = performance.now();
    introducer.onmessage = ({ data: life }: MessageEvent<string>) => void watch(life);
    ended.addEventListener('abort', () => introducer.close());
    // The connection stays here: who is watched is who the engine's end of this leads to.
    const { port1, port2 } = new MessageChannel();
    introducer.postMessage(undefined, [port2]);
    engine.postMessage({ kind: 'introducer', port: port1 }, [port1]);
  }

  /** The introducer holds that lock as long as it lives: no event tells of the death of a port. */
  async function watch(life: string): Promise<void> {
    const { locks } = navigator;
    const wait = (): unknown => locks.request(life, { mode: 'shared', signal: ended }, died);
    try {
      // In a page whose origin was cleared locks are others: there it is free from the beginning.
      await locks.request(life, { ifAvailable: true }, (free) => (free ? undefined : wait()));
    } catch {
      // It ended first, or locks are refused: nobody is told.
    }
  }

  function died(): void {
    earlyDeaths = performance.now() - startedMs < EARLY_MS ? earlyDeaths + 1 : 0;
    if (earlyDeaths < EARLY_DEATHS_MAX) setTimeout(start, PAUSE_MS);
  }
}

/** Undefined: it is refused. */
function startIntroducer(): MessagePort | undefined {
  try {
    return newIntroducer().port;
  } catch {
    return undefined;
  }
}

function newIntroducer(): SharedWorker {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  try {
    // Bundlers look for this very form.
    return new SharedWorker(new URL('./ports-worker.ts', import.meta.url), {
      type: 'module',
      name: 'varve-ports',
    });
  } catch (error) {
    if (trustedTypes === undefined) throw error;
    policy ??= trustedTypes.createPolicy('varve-ports', { createScriptURL: (url) => url });
    const url = new URL('./ports-worker.ts', import.meta.url).href;
    return new SharedWorker(policy.createScriptURL(url) as URL, {
      type: 'module',
      name: 'varve-ports',
    });
  }
}
