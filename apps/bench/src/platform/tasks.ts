/** Tasks: what runs between two turns of the event loop. */

/** Resolves in a task of its own, as soon as the event loop gets to it. */
export function nextTask(): Promise<void> {
  return new Promise(schedule);
}

// A message channel is the quickest task of a browser; in Node an open port keeps a process alive.
const schedule: (task: () => void) => void =
  'setImmediate' in globalThis ? (task) => setImmediate(task) : viaChannel();

function viaChannel(): (task: () => void) => void {
  const waiting: (() => void)[] = [];
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = () => waiting.shift()?.();
  return (task) => {
    waiting.push(task);
    port2.postMessage(0);
  };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
