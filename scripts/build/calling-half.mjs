/**
 * The half of comlink that a page uses: it calls one method of one object, and is never called back.
 *
 * What else comlink can do hangs on the places below, and what hangs on them alone is left out by the
 * bundler. Each must be in comlink's text once: a new comlink is to be looked at again.
 */

/** What each is for. */
export const UNUSED = {
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
};

/** The same length and the same lines: the source map stays right. */
const blank = (/** @type {string} */ text) => text.replace(/[^\n]/g, ' ');

/**
 * @param {string} code comlink's module
 * @returns {string}
 */
export function callingHalf(code) {
  for (const [use, place] of Object.entries(UNUSED)) {
    const { length } = [...code.matchAll(place)];
    if (length !== 1) {
      throw new Error(`comlink is another, look at it again: ${length} places for ${use}`);
    }
    code = code.replace(place, blank);
  }
  return code;
}

export const callingHalfOfComlink = {
  name: 'calling-half-of-comlink',
  /** @param {string} code @param {string} id */
  transform: (code, id) =>
    id.endsWith('/comlink/dist/esm/comlink.mjs') ? { code: callingHalf(code), map: null } : null,
};
