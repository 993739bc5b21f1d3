/**
 * Looks at one store, a few times a second, while somebody is watching.
 *
 * Always true:
 * - at most one look is under way; a hidden page looks at nothing
 * - layout and batches are asked for only when the status says that something moved
 */
import type { BatchLayout, Log, LogStatus, StoreLayout } from 'varve';
import { Emitter } from '../ui/emitter.ts';
import type { Phase } from '../live-store.ts';
import type { NoteList } from '../store-notes.ts';

/** How soon after news, and how often without any. */
const LOOK_AFTER_NEWS_MS = 200;
const LOOK_ANYWAY_MS = 2_000;

/** A store as the inspector needs it, whatever its records are. */
export interface WatchedStore {
  readonly name: string;
  readonly label: string;
  readonly phase: Phase;
  readonly openedInMs: number;
  readonly notes: NoteList;
  readonly changed: Emitter<void>;
  readonly log: Pick<Log<unknown>, 'refreshStatus' | 'layout' | 'batches' | 'export'> | undefined;
}

/** What the inspector draws. The parts stay from the last look while the store is down. */
export interface StoreView {
  readonly label: string;
  readonly phase: Phase;
  readonly openedInMs: number;
  readonly status: LogStatus | undefined;
  readonly layout: StoreLayout | undefined;
  /** The slot that is drawn from inside, with its batches. */
  readonly slot: number;
  readonly followsTail: boolean;
  readonly batches: readonly BatchLayout[];
}

const NOTHING: StoreView = {
  label: '',
  phase: 'closed',
  openedInMs: 0,
  status: undefined,
  layout: undefined,
  slot: 0,
  followsTail: true,
  batches: [],
};

/** Changes exactly when the picture of the store would. */
const fingerprint = (status: LogStatus): string =>
  [
    status.generation,
    status.role,
    status.lastLsn,
    status.durableLsn,
    status.coveredLsn,
    status.firstLsn,
    status.fileBytes,
    status.state,
    status.segments.spare,
    status.commits.flushes,
  ].join();

export class StoreWatch {
  readonly viewed = new Emitter<StoreView>();
  #store: WatchedStore | undefined;
  #view = NOTHING;
  #seen = '';
  #looking = false;
  #slot: number | 'tail' = 'tail';

  #hasNews = true;
  #lookedAtMs = 0;
  #unwatch = (): void => undefined;

  constructor() {
    setInterval(() => {
      if (this.#hasNews || performance.now() - this.#lookedAtMs > LOOK_ANYWAY_MS) void this.look();
    }, LOOK_AFTER_NEWS_MS);
    document.addEventListener('visibilitychange', () => void this.look());
  }

  get store(): WatchedStore | undefined {
    return this.#store;
  }

  get view(): StoreView {
    return this.#view;
  }

  watch(store: WatchedStore): void {
    if (this.#store === store) return;
    this.#store = store;
    this.#unwatch();
    this.#unwatch = store.changed.on(() => {
      this.#hasNews = true;
    });
    this.#slot = 'tail';
    this.#seen = '';
    this.#view = { ...NOTHING, label: store.label };
    void this.look();
  }

  /** Draws this slot from inside; 'tail' follows wherever appends go. */
  zoom(slot: number | 'tail'): void {
    this.#slot = slot;
    this.#seen = '';
    void this.look();
  }

  async look(): Promise<void> {
    const store = this.#store;
    if (store === undefined || this.#looking || document.hidden) return;
    this.#looking = true;
    this.#hasNews = false;
    this.#lookedAtMs = performance.now();
    try {
      const view = await this.#lookAt(store);
      if (view !== undefined && store === this.#store) {
        this.#view = view;
        this.viewed.emit(view);
      }
    } catch {
      // The store went away while it was looked at; the next look says so.
    } finally {
      this.#looking = false;
    }
  }

  async #lookAt(store: WatchedStore): Promise<StoreView | undefined> {
    const { log, phase, label, openedInMs } = store;
    const before = { ...this.#view, label, phase, openedInMs };
    if (log === undefined) {
      if (this.#seen === phase) return undefined;
      this.#seen = phase;
      return before;
    }
    const status = await log.refreshStatus();
    const seen = fingerprint(status);
    if (seen === this.#seen) return undefined;
    const layout = await log.layout();
    const tail = layout.slots.find((slot) => slot.state === 'tail')?.slot ?? 0;
    const wanted = this.#slot === 'tail' ? tail : this.#slot;
    const slot = layout.slots.some((each) => each.slot === wanted) ? wanted : tail;
    const batches = layout.slots.length === 0 ? [] : await log.batches(slot);
    this.#seen = seen;
    return { ...before, status, layout, slot, followsTail: this.#slot === 'tail', batches };
  }
}
