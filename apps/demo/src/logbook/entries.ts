/**
 * What the logbook's records mean.
 *
 * Always true:
 * - a record is never changed: an edit, a deletion and its undoing are records of their own
 * - the state is a pure function of the records, in the order of their LSNs
 * - the numbers that tabs write to be counted ('pulse') are no part of the state
 * - an attachment's bytes are one record of type `AttachmentType`; entries point at it by LSN
 */
import type { Entry } from 'varve';

export const EntryType = 64;
export const AttachmentType = 65;
export const PulseType = 66;

/** Numbers 1, 2, 3 … of one tab, each appended when the one before was answered. */
export interface Pulse {
  readonly kind: 'pulse';
  /** Names the tab; the tab's label is for people. */
  readonly tab: string;
  readonly number: number;
  /** Numbers since the last acknowledged one of which the tab was not told whether they are there. */
  readonly unsure: readonly number[];
}

export interface Attachment {
  readonly lsn: number;
  readonly name: string;
  /** MIME type as the file's owner stated it. */
  readonly mime: string;
  readonly bytes: number;
}

export type LogbookRecord =
  | {
      readonly kind: 'entry';
      readonly id: string;
      readonly atMs: number;
      readonly text: string;
      readonly files: readonly Attachment[];
    }
  | { readonly kind: 'edit'; readonly id: string; readonly text: string }
  | { readonly kind: 'delete'; readonly id: string }
  | { readonly kind: 'restore'; readonly id: string }
  | Pulse;

export interface LogbookEntry {
  readonly id: string;
  readonly lsn: number;
  readonly atMs: number;
  readonly text: string;
  readonly files: readonly Attachment[];
  readonly edited: boolean;
  readonly deleted: boolean;
}

/** All entries by id, deleted ones included: an undo brings them back. */
export type LogbookState = ReadonlyMap<string, LogbookEntry>;

export function applyRecord(
  state: Map<string, LogbookEntry>,
  record: Entry<LogbookRecord>,
): Map<string, LogbookEntry> {
  const { value, lsn } = record;
  if (value.kind === 'entry') {
    const { id, atMs, text, files } = value;
    state.set(id, { id, lsn, atMs, text, files, edited: false, deleted: false });
    return state;
  }
  if (value.kind === 'pulse') return state;
  const entry = state.get(value.id);
  if (entry === undefined) return state;
  if (value.kind === 'edit') state.set(value.id, { ...entry, text: value.text, edited: true });
  else state.set(value.id, { ...entry, deleted: value.kind === 'delete' });
  return state;
}

/** Newest first, without what was deleted. */
export function visibleEntries(state: LogbookState): LogbookEntry[] {
  return [...state.values()]
    .filter((entry) => !entry.deleted)
    .sort((a, b) => b.atMs - a.atMs || b.lsn - a.lsn);
}

/** Every word of the query must occur in the text or in a file's name. */
export function matches(entry: LogbookEntry, words: readonly string[]): boolean {
  const hay =
    `${entry.text}\n${entry.files.map((file) => file.name).join('\n')}`.toLocaleLowerCase();
  return words.every((word) => hay.includes(word));
}

export const wordsOf = (query: string): string[] =>
  query
    .toLocaleLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
