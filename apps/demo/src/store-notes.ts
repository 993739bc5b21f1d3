/**
 * What happened to a store, line by line, for the event list.
 *
 * Always true: at most `LIMIT` lines are kept, and a run of flushes is one line that counts them.
 */
import { Emitter } from './ui/emitter.ts';
import { count } from './ui/format.ts';

export interface Note {
  readonly atMs: number;
  readonly tone: 'calm' | 'watch' | 'alarm';
  readonly text: string;
  /** How many happenings this line stands for. */
  readonly times: number;
}

const LIMIT = 120;

export const note = (tone: Note['tone'], text: string): Note => ({
  atMs: Date.now(),
  tone,
  text,
  times: 1,
});

export class NoteList {
  readonly changed = new Emitter<void>();
  readonly #notes: Note[] = [];
  #durableRun = false;

  get all(): readonly Note[] {
    return this.#notes;
  }

  add(entry: Note): void {
    this.#durableRun = false;
    this.#push(entry);
  }

  /** A flush reached the disk. */
  durable(lsn: number): void {
    const last = this.#notes.at(-1);
    const text = `Durable up to LSN ${count(lsn)}`;
    if (this.#durableRun && last !== undefined) {
      this.#notes[this.#notes.length - 1] = {
        atMs: Date.now(),
        tone: 'calm',
        text,
        times: last.times + 1,
      };
      this.changed.emit();
      return;
    }
    this.#push(note('calm', text));
    this.#durableRun = true;
  }

  #push(entry: Note): void {
    this.#notes.push(entry);
    if (this.#notes.length > LIMIT) this.#notes.splice(0, this.#notes.length - LIMIT);
    this.changed.emit();
  }
}
