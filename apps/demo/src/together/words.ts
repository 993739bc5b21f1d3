/** What tabs of the demo say to each other, and what they call themselves. */

/** `silent`: the leader does not answer. */
export type TabState = 'opening' | 'leader' | 'follower' | 'silent' | 'down' | 'failed';

export interface TabFacts {
  /** Random, of one page's life. */
  readonly id: string;
  readonly label: string;
  readonly state: TabState;
  /** The generation that this tab knows of; 0: none yet. */
  readonly epoch: number;
  readonly isWriting: boolean;
}

export interface Moment {
  readonly tone: 'calm' | 'watch' | 'alarm';
  /** Reads on behind the tab's label. */
  readonly text: string;
}

export type Word =
  | { readonly kind: 'who' }
  | { readonly kind: 'here'; readonly tab: TabFacts }
  | { readonly kind: 'moment'; readonly tab: string; readonly moment: Moment }
  | { readonly kind: 'writing'; readonly on: boolean };

const STATES: ReadonlySet<unknown> = new Set<TabState>([
  'opening',
  'leader',
  'follower',
  'silent',
  'down',
  'failed',
]);
const TONES: ReadonlySet<unknown> = new Set<Moment['tone']>(['calm', 'watch', 'alarm']);

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** Another tab may run another build of the demo. */
export function isWord(data: unknown): data is Word {
  if (!isObject(data)) return false;
  const { tab, moment } = data;
  switch (data['kind']) {
    case 'who':
      return true;
    case 'writing':
      return typeof data['on'] === 'boolean';
    case 'moment':
      return (
        typeof tab === 'string' &&
        isObject(moment) &&
        TONES.has(moment['tone']) &&
        typeof moment['text'] === 'string'
      );
    case 'here':
      return (
        isObject(tab) &&
        typeof tab['id'] === 'string' &&
        typeof tab['label'] === 'string' &&
        STATES.has(tab['state']) &&
        Number.isSafeInteger(tab['epoch']) &&
        typeof tab['isWriting'] === 'boolean'
      );
    default:
      return false;
  }
}

/** Whoever lives at a lake. */
const LABELS = [
  'Otter',
  'Heron',
  'Pike',
  'Grebe',
  'Perch',
  'Loon',
  'Trout',
  'Bittern',
  'Char',
  'Tench',
];

/** A label that is not taken; with a number when there are more tabs than labels. */
export function labelFor(id: string, taken: readonly string[]): string {
  let start = 0;
  for (let at = 0; at < id.length; at += 1) start += id.charCodeAt(at);
  for (let step = 0; ; step += 1) {
    const round = Math.floor(step / LABELS.length);
    const label = LABELS[(start + step) % LABELS.length]!;
    const numbered = round === 0 ? label : `${label} ${round + 1}`;
    if (!taken.includes(numbered)) return numbered;
  }
}
