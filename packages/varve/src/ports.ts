/**
 * What one tab asks of another by a port of their own: `openLog(name, { transport: ports() })`.
 *
 * Always true:
 * - the page only passes the introducer on to its engine, once that has said hello
 * - nothing waits for it: where it does not load, or never answers, links stay on `BroadcastChannel`
 */
import type { DataPort, Transport } from './api.ts';

export type { DataPort, Transport } from './api.ts';

interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): TrustedTypesPolicy;
}

interface TrustedTypesPolicy {
  createScriptURL(url: string): unknown;
}

/** A page may make a policy of one name only once, and `varve` is made for the engine's worker. */
let policy: TrustedTypesPolicy | undefined;

/**
 * Links between tabs go by port, introduced by a `SharedWorker`; `next` is what else stands between
 * page and engine, `ring()` say. Where there is no `SharedWorker`: `next` alone.
 */
export function ports(next?: Transport): Transport | undefined {
  if (typeof SharedWorker === 'undefined') return next;
  return (port, ended) => {
    const introducer = startIntroducer();
    const outer: DataPort = {
      onmessage: null,
      postMessage: (message, transfer) => port.postMessage(message, transfer),
    };
    port.onmessage = (event: MessageEvent<{ readonly kind: string }>) => {
      if (event.data.kind === 'hello' && introducer !== undefined) passOn(introducer, port);
      outer.onmessage?.(event);
    };
    return next?.(outer, ended) ?? outer;
  };
}

function passOn(introducer: MessagePort, to: DataPort): void {
  try {
    to.postMessage({ kind: 'introducer', port: introducer }, [introducer]);
  } catch {
    // Firefox closes the port of a script that did not load: it cannot be sent any more.
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
