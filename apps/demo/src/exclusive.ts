/**
 * What only one tab of the demo may do at a time: its stores or its ledger are the same in all tabs.
 *
 * Always true: a tab that goes away, however it goes, lets the next one in.
 */
const lockOf = (what: string): string => `varve-demo:${what}`;

/** Runs `task` when no other tab is at it any more. */
export async function inTurn<T>(what: string, task: () => Promise<T>): Promise<T> {
  return navigator.locks.request(lockOf(what), task);
}

/** Keeps all other tabs out; undefined if one of them does so already. @returns how to let go */
export function keepOut(what: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(lockOf(what), { ifAvailable: true }, (lock) => {
        if (lock === null) return resolve(undefined);
        return new Promise<void>((letGo) => resolve(letGo));
      })
      .catch(reject);
  });
}
