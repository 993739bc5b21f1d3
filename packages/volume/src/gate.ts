/**
 * Who changes the volume goes through here; it is closed while nothing may change.
 *
 * Always true: tasks begin in the order in which they came, and synchronously: at once when the gate
 * is open, else as it opens.
 */
export class Gate {
  private holders = 0;
  private waiting: (() => void)[] = [];

  get isOpen(): boolean {
    return this.holders === 0 && this.waiting.length === 0;
  }

  /** How many tasks wait for it. */
  get waitingCount(): number {
    return this.waiting.length;
  }

  enter<T>(task: () => Promise<T>): Promise<T> {
    if (this.isOpen) return task();
    return new Promise((resolve, reject) => {
      this.waiting.push(() => {
        task().then(resolve, reject);
      });
    });
  }

  close(): void {
    this.holders++;
  }

  open(): void {
    this.holders--;
    while (this.holders === 0 && this.waiting.length > 0) this.waiting.shift()!();
  }
}
