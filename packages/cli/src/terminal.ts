/**
 * What a command writes to: results on stdout, all else on stderr.
 *
 * Always true:
 * - colour and progress only where a person looks: on a terminal, and without NO_COLOR
 * - a reader that goes away (`| head`) ends the command quietly
 */
import { once } from 'node:events';

export type Paint = (text: string) => string;

export interface Paints {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
}

const sgr =
  (on: number, off: number): Paint =>
  (text) =>
    `\u001b[${on}m${text}\u001b[${off}m`;
const plain: Paint = (text) => text;

const COLOURED: Paints = {
  bold: sgr(1, 22),
  dim: sgr(2, 22),
  red: sgr(31, 39),
  green: sgr(32, 39),
  yellow: sgr(33, 39),
};
const PLAIN: Paints = { bold: plain, dim: plain, red: plain, green: plain, yellow: plain };

function paintsFor(stream: NodeJS.WriteStream): Paints {
  const refused = (process.env['NO_COLOR'] ?? '') !== '' || process.env['TERM'] === 'dumb';
  return stream.isTTY && !refused ? COLOURED : PLAIN;
}

export interface Progress {
  /** `done` of `total`, bytes. Redraws at most ten times a second. */
  update(done: number, total: number): void;
  end(): void;
}

const REDRAW_MS = 100;

export class Terminal {
  readonly paint: Paints = paintsFor(process.stdout);
  readonly paintError: Paints = paintsFor(process.stderr);
  #gone = false;

  constructor() {
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      this.#gone = true;
    });
  }

  /** Nobody reads stdout any more. */
  get isGone(): boolean {
    return this.#gone;
  }

  /** Resolves when more may be written. */
  async write(data: string | Uint8Array): Promise<void> {
    if (this.#gone || process.stdout.write(data)) return;
    await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(
      () => undefined,
    );
  }

  print(text = ''): Promise<void> {
    return this.write(`${text}\n`);
  }

  printJson(value: unknown): Promise<void> {
    return this.print(JSON.stringify(value, null, 2));
  }

  /** A remark beside the result. */
  note(text: string): void {
    process.stderr.write(`${this.paintError.yellow('note')}: ${text}\n`);
  }

  error(text: string, hint?: string): void {
    process.stderr.write(`${this.paintError.red('varve')}: ${text}\n`);
    if (hint !== undefined) process.stderr.write(`${hint}\n`);
  }

  progress(label: string): Progress {
    const { stderr } = process;
    if (!stderr.isTTY) return { update: () => undefined, end: () => undefined };
    let drawnMs = 0;
    return {
      update(done, total) {
        const nowMs = performance.now();
        if (nowMs - drawnMs < REDRAW_MS) return;
        drawnMs = nowMs;
        const percent = total > 0 ? Math.min(100, Math.floor((done / total) * 100)) : 0;
        const filled = Math.floor(percent / 5);
        stderr.write(
          `\r${label} ${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ${percent} %\u001b[K`,
        );
      },
      end() {
        if (drawnMs > 0) stderr.write('\r\u001b[K');
      },
    };
  }
}
