/**
 * What opening does, by what the witness says and what the file holds. Exactly one row matches (a
 * test generates every combination).
 */
import type { WitnessState } from '@varve/files';

export interface OpeningFacts {
  readonly witness: WitnessState | 'none';
  /** `absent`: no name · `unreadable`: no valid superblock · `valid`: at least one. */
  readonly file: 'absent' | 'unreadable' | 'valid';
  /** The seedId in the file is the witness's; only with a `valid` file and a witness. */
  readonly sameStore: boolean;
}

export type OpeningAction =
  /** Make a new store. */
  | 'create'
  /** Remove what is left of the old one, then as if nothing had been there. */
  | 'finish-erasing'
  /** Recover it. */
  | 'open'
  /** Recover it and write the witness that is missing. */
  | 'open-and-witness'
  /** STORE_LOST: never a silent fresh start. */
  | 'lost'
  /** CORRUPT: never formatted over. */
  | 'corrupt';

export interface OpeningRow {
  readonly name: string;
  readonly cause: string;
  readonly action: OpeningAction;
  readonly matches: (facts: OpeningFacts) => boolean;
}

export const OPENING_ROWS: readonly OpeningRow[] = [
  {
    name: 'erase-interrupted',
    cause: 'A crash while the store was being deleted.',
    action: 'finish-erasing',
    matches: ({ witness }) => witness === 'erasing',
  },
  {
    name: 'fresh',
    cause: 'First visit; or a crash before the first name was made.',
    action: 'create',
    matches: ({ witness, file }) =>
      file === 'absent' && (witness === 'none' || witness === 'formatting'),
  },
  {
    name: 'files-gone',
    cause: 'The files were cleared or evicted, or their name was lost with the power.',
    action: 'lost',
    matches: ({ witness, file }) => file === 'absent' && witness === 'live',
  },
  {
    name: 'format-interrupted',
    cause: 'A crash while the store was being made: nothing was acknowledged yet.',
    action: 'create',
    matches: ({ witness, file }) => file === 'unreadable' && witness === 'formatting',
  },
  {
    name: 'superblocks-destroyed',
    cause: 'Both superblocks are damaged, or the file is something else.',
    action: 'corrupt',
    matches: ({ file }) => file === 'unreadable',
  },
  {
    name: 'another-store',
    cause: 'The store that the witness knows is gone; a different one stands in its place.',
    action: 'lost',
    matches: ({ witness, sameStore }) => witness === 'live' && !sameStore,
  },
  {
    name: 'present',
    cause: 'An ordinary open.',
    action: 'open',
    matches: ({ witness }) => witness === 'live',
  },
  {
    name: 'witness-missing',
    cause: 'A crash between the format and the witness; a copied folder; IndexedDB cleared alone.',
    action: 'open-and-witness',
    matches: () => true,
  },
];
