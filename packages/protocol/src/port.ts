/**
 * The part of a `MessagePort` that both sides use: the same in browsers, workers and Node, so that
 * nothing below the edges needs their types.
 */
export interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  addEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  removeEventListener(type: string, listener: (event: { readonly data?: unknown }) => void): void;
  start?(): void;
  close(): void;
}
