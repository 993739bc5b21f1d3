/**
 * Which part of a slot is drawn, and where each byte lies in it.
 *
 * Bytes run left to right in thin layers; layers are laid down from the bottom up, as a lake does.
 * Always true: the window begins at the slot's first byte and holds all that was written.
 */

export interface SlotWindow {
  readonly bytes: number;
  readonly rows: number;
  readonly bytesPerRow: number;
}

const SMALLEST_BYTES = 4096;

/** The smallest window (a power of two) that shows everything written with some water above it. */
export function windowFor(usedBytes: number, segmentBytes: number): SlotWindow {
  let bytes = SMALLEST_BYTES;
  while (bytes < usedBytes * 1.15 && bytes < segmentBytes) bytes *= 2;
  bytes = Math.min(bytes, segmentBytes);
  const rows = bytes <= 16_384 ? 16 : bytes <= 131_072 ? 32 : 64;
  return { bytes, rows, bytesPerRow: bytes / rows };
}

export interface Piece {
  readonly row: number;
  /** Fractions of the row, 0 to 1. */
  readonly from: number;
  readonly to: number;
}

/** The rows that `[offset, offset + bytes)` runs through. */
export function piecesOf(view: SlotWindow, offset: number, bytes: number): Piece[] {
  const pieces: Piece[] = [];
  const end = Math.min(view.bytes, offset + bytes);
  for (let at = offset; at < end;) {
    const row = Math.floor(at / view.bytesPerRow);
    const rowEnd = Math.min(end, (row + 1) * view.bytesPerRow);
    pieces.push({
      row,
      from: (at - row * view.bytesPerRow) / view.bytesPerRow,
      to: (rowEnd - row * view.bytesPerRow) / view.bytesPerRow,
    });
    at = rowEnd;
  }
  return pieces;
}
