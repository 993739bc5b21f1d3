/** Codecs: how values become bytes. `varve/codec`. Importing it runs nothing that needs a page. */
export type { Codec } from '../api.ts';
export { bytesCodec, bytesViewCodec } from './bytes.ts';
export { jsonCodec } from './json.ts';
export { structuredCodec } from './structured.ts';
