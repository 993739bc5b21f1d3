/**
 * Text as UTF-8 and back, with nothing but the language: the floors below the edges have no platform.
 *
 * Always true: what is not well-formed is refused both ways.
 */

/** Undefined: the text holds half a surrogate pair. */
export function encodeUtf8(text: string): Uint8Array | undefined {
  try {
    const escaped = encodeURIComponent(text);
    const bytes: number[] = [];
    for (let at = 0; at < escaped.length; at++) {
      if (escaped[at] === '%') {
        bytes.push(Number.parseInt(escaped.slice(at + 1, at + 3), 16));
        at += 2;
      } else bytes.push(escaped.charCodeAt(at));
    }
    return Uint8Array.from(bytes);
  } catch {
    return undefined;
  }
}

/** Undefined: the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let escaped = '';
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, '0')}`;
  try {
    return decodeURIComponent(escaped);
  } catch {
    return undefined;
  }
}
