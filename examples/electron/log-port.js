/**
 * A log over a port: `{ id, order, value }` there, `{ id, result }` or `{ id, error }` back.
 *
 * Always true: an append is answered once it is durable; an error keeps its code, its facts and its
 * outcome on the way.
 */

const told = ({ code, message, facts, outcome }) => ({ code, message, facts, outcome });

const ORDERS = {
  append: (log, value) => log.append(value),
  async read(log, after) {
    const values = [];
    for await (const { lsn, value } of log.read({ after })) values.push({ lsn, value });
    return values;
  },
};

/**
 * @param port Electron's `MessagePortMain`
 * @param log a promise of one
 */
export function serveLog(port, log) {
  port.on('message', async ({ data: { id, order, value } }) => {
    try {
      port.postMessage({ id, result: await ORDERS[order](await log, value) });
    } catch (error) {
      port.postMessage({ id, error: told(error) });
    }
  });
  port.start();
}

/** @param port the page's `MessagePort` */
export function logClient(port) {
  const open = new Map();
  let last = 0;
  port.addEventListener('message', ({ data: { id, result, error } }) => {
    const { resolve, reject } = open.get(id);
    open.delete(id);
    if (error === undefined) resolve(result);
    else reject(Object.assign(new Error(error.message), error));
  });
  port.start();
  const ask = (order, value) =>
    new Promise((resolve, reject) => {
      open.set(++last, { resolve, reject });
      port.postMessage({ id: last, order, value });
    });
  return { append: (value) => ask('append', value), read: (after = 0) => ask('read', after) };
}
