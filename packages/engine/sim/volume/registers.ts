/**
 * Where each client writes, and what: registers that nobody else writes to, filled with the client's
 * number and that of its change.
 *
 * Always true:
 * - a register is zeros, or all of it is of one change; anything else is damage
 * - registers of several clients share chunks, and wide ones begin and end inside of them
 */
export const CHUNK_BYTES = 512;
export const CLIENTS_MAX = 160;
/** The first few are narrow; the last is wide. */
export const REGISTERS = 4;
export const WIDE = REGISTERS - 1;
const NARROW_BYTES = 32;
const WIDE_BYTES = 1_000;
const WORD_BYTES = 8;
const NARROW_AREA_BYTES = CLIENTS_MAX * WIDE * NARROW_BYTES;
/** To whole chunks. */
export const VOLUME_BYTES =
  Math.ceil((NARROW_AREA_BYTES + CLIENTS_MAX * WIDE_BYTES) / CHUNK_BYTES) * CHUNK_BYTES;

export interface Range {
  readonly at: number;
  readonly length: number;
}

export function rangeOf(client: number, register: number): Range {
  if (client < 1 || client > CLIENTS_MAX) throw new Error(`there is no room for client ${client}`);
  const before = client - 1;
  return register === WIDE
    ? { at: NARROW_AREA_BYTES + before * WIDE_BYTES, length: WIDE_BYTES }
    : { at: (before * WIDE + register) * NARROW_BYTES, length: NARROW_BYTES };
}

/** What holds the registers of clients 1 to `clients`: the narrow ones, and the wide ones. */
export function areasOf(clients: number): readonly [Range, Range] {
  return [
    { at: 0, length: clients * WIDE * NARROW_BYTES },
    { at: NARROW_AREA_BYTES, length: clients * WIDE_BYTES },
  ];
}

export function contentOf(client: number, register: number, change: number): Uint8Array {
  const bytes = new Uint8Array(rangeOf(client, register).length);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < bytes.length; at += WORD_BYTES) {
    view.setUint32(at, client);
    view.setUint32(at + 4, change);
  }
  return bytes;
}

/** A register's name. */
export const cellOf = (client: number, register: number): string => `${client}.${register}`;

export const ownerOf = (cell: string): number => Number.parseInt(cell, 10);

/**
 * The registers of the clients 1 to `clients` that lie in an area, by name → number of the change that
 * each shows; 0: zeros.
 * @throws when one shows anything else
 */
export function seenIn(bytes: Uint8Array, area: Range, clients: number): Map<string, number> {
  const seen = new Map<string, number>();
  for (let client = 1; client <= clients; client++) {
    for (let register = 0; register < REGISTERS; register++) {
      const { at } = rangeOf(client, register);
      if (at < area.at || at >= area.at + area.length) continue;
      seen.set(cellOf(client, register), changeIn(bytes, area, client, register));
    }
  }
  return seen;
}

function changeIn(bytes: Uint8Array, area: Range, client: number, register: number): number {
  const { at, length } = rangeOf(client, register);
  const view = new DataView(bytes.buffer, bytes.byteOffset + at - area.at, length);
  const change = view.getUint32(4);
  const owner = change === 0 ? 0 : client;
  for (let word = 0; word < length; word += WORD_BYTES) {
    const found = `${view.getUint32(word)}:${view.getUint32(word + 4)}`;
    if (found !== `${owner}:${change}`)
      throw new Error(
        `register ${client}.${register} shows ${found} at ${word}, and ${change} at 0`,
      );
  }
  return change;
}
