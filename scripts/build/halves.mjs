/**
 * Halves of what others wrote. Of comlink: a page calls one method of one object, and is never called
 * back; a worker exposes that object, and calls nobody. Of idb: databases are opened, and their object
 * stores are asked by key within transactions.
 *
 * What else they can do hangs on the places below, and what hangs on them alone is left out by the
 * bundler. Each must be in their text once: a new comlink or idb is to be looked at again.
 */

/** Of comlink, not used by who calls, and what each is for. */
export const UNUSED_CALLING = {
  // By handlers it is called back (`proxy`) and throws. Our errors are answers (`wire-error.ts`); the
  // one throw that is left, of an answer that cannot be cloned, comes as undefined.
  'what handlers send':
    /^ {4}for \(const \[name, handler\] of transferHandlers\) \{.*?^ {4}\}\n/gms,
  'what handlers receive': /^ {8}case "HANDLER" .*?;\n/gms,
  'setting a property': /^ {8}set\(_target, .*?^ {8}\},\n/gms,
  'a second endpoint': /^ {12}if \(last === createEndpoint\) \{.*?^ {12}\}\n/gms,
  '`bind`': /^ {12}if \(last === "bind"\) \{.*?^ {12}\}\n/gms,
  'what only these two read': /^ {12}const last = path\[path\.length - 1\];\n/gms,
  '`new`': /^ {8}construct\(_target, .*?^ {8}\},\n/gms,
  // It is held for the client's life, and let go of in words (`control-client.ts`).
  'an object that is collected': /^ {4}registerProxy\(proxy, ep\);\n/gms,
  'an object that was not': /^ {20}unregisterProxy\(proxy\);\n/gms,
  'who looks after these':
    /^const proxyFinalizers = "FinalizationRegistry" in globalThis &&\n.*?^ {4}\}\);\n/gms,
  // Whoever ended is asked nothing more: `calls.ts` sees to that, before anything is sent.
  'a call after the end': /^ {8}throw new Error\("Proxy has been released.*?;\n/gms,
  'an endpoint that is no port': /^ {4}if \(isMessagePort\(endpoint\)\)\n/gms,
  // One random number is as good a name for a call as four, and as a number as good as in digits.
  'four random numbers': /0\)\n {8}\.map\(\(\) => Math\.floor\(/g,
  'their digits': / \* Number\.MAX_SAFE_INTEGER\)\.toString\(16\)/g,
  'reading a property':
    /^ {16}const r = requestResponseMessage\(ep, pendingListeners, \{\n {20}type: "GET".*?^ {16}return r\.then\.bind\(r\);\n/gms,
};

/** Of comlink, not used by who answers: our guard lets no message through but calls of the one method. */
export const UNUSED_ANSWERING = {
  'objects that are called back': /^ {4}\["proxy", proxyTransferHandler\],\n/gms,
  'setting a property': /^ {16}case "SET" .*?break;\n/gms,
  '`new`': /^ {16}case "CONSTRUCT" .*?break;\n/gms,
  'a second endpoint': /^ {16}case "ENDPOINT" .*?break;\n/gms,
  'origins of windows': /^ {8}if \(!isAllowedOrigin\(.*?^ {8}\}\n/gms,
};

/** Of idb, not used by anybody here. */
export const UNUSED_OF_IDB = {
  'shortcuts on a database':
    /^replaceTraps\(\(oldTraps\) => \(\{\n {4}\.\.\.oldTraps,\n {4}get: .*?^\}\)\);\n/gms,
  iterators: /^replaceTraps\(\(oldTraps\) => \(\{\n {4}\.\.\.oldTraps,\n {4}get\(.*?^\}\)\);\n/gms,
  'cursors that move on':
    /^ {4}if \(getCursorAdvanceMethods\(\)\.includes\(func\)\) \{.*?^ {4}\}\n/gms,
};

/** The same length and the same lines: the source map stays right. */
const blank = (/** @type {string} */ text) => text.replace(/[^\n]/g, ' ');

/**
 * @param {string} of whose
 * @param {string} code their module
 * @param {Readonly<Record<string, RegExp>>} unused
 * @returns {string}
 */
export function half(of, code, unused) {
  for (const [use, place] of Object.entries(unused)) {
    const { length } = [...code.matchAll(place)];
    if (length !== 1) {
      throw new Error(`${of} is another, look at it again: ${length} places for ${use}`);
    }
    code = code.replace(place, blank);
  }
  return code;
}

/** @param {string} of @param {string} module @param {Readonly<Record<string, RegExp>>} unused */
const halved = (of, module, unused) => ({
  name: `half-of-${of}`,
  /** @param {string} code @param {string} id */
  transform: (code, id) =>
    id.endsWith(module) ? { code: half(of, code, unused), map: null } : null,
});

/** @param {Readonly<Record<string, RegExp>>} unused */
export const halfOfComlink = (unused) => halved('comlink', '/comlink/dist/esm/comlink.mjs', unused);

export const halfOfIdb = halved('idb', '/idb/build/index.js', UNUSED_OF_IDB);
